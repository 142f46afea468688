"""What the residual stream says before it is done, and which parts of a model said it.

The logit lens (nostalgebraist 2020) and direct logit attribution (Elhage et al. 2021). Leaves
out every effect that passes through a later layer: that takes an intervention.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from minitransformer.cache import ActivationCache, check_positions
from minitransformer.normalization import LayerNorm, NoNorm
from minitransformer.stream import Parts, Writers
from minitransformer.transformer import Transformer

By = Literal["layer", "head", "neuron"]


def logit_lens(
    model: Transformer, stream: Float[Tensor, "*layers batch pos d_model"]
) -> Float[Tensor, "*layers batch pos d_vocab"]:
    """The logits if the model stopped here: the final norm and unembedding of any residual.

    >>> lens = logit_lens(model, cache.stack("resid_post"))    # one a layer   # doctest: +SKIP

    After the last layer they are the model's own. The norm divides by this stream's scale.
    """
    *layers, batch, pos, d_model = stream.shape
    return model.to_logits(stream.reshape(-1, pos, d_model)).unflatten(0, (*layers, batch))


def logit_direction(
    model: Transformer,
    answer: Int[Tensor, "*batch"],
    other: Int[Tensor, "*batch"] | None = None,
) -> Float[Tensor, "*batch d_model"]:
    """What the final norm's output is multiplied by to give logit(answer) - logit(other).

    >>> direction = logit_direction(model, prompts.io, prompts.s)              # doctest: +SKIP

    Without `other`, logit(answer) itself. Raises IndexError for a token that is not there.
    """
    for tokens in [answer] if other is None else [answer, other]:
        low, high = int(tokens.min()), int(tokens.max())
        if low < 0 or high >= model.config.d_vocab:
            raise IndexError(
                f"expected token ids from 0 to {model.config.d_vocab - 1}, got "
                f"{low if low < 0 else high}"
            )
    columns = model.W_U.T
    return columns[answer] if other is None else columns[answer] - columns[other]


def direct(
    model: Transformer,
    cache: ActivationCache,
    direction: Float[Tensor, "*batch d_model"],
    by: By = "layer",
    at: Sequence[int] | None = None,
) -> Parts:
    """How much each layer, head or neuron adds to a logit, or a difference of logits, directly.

    >>> parts = direct(model, cache, logit_direction(model, io, s), by="head", at=[-1])
    ...                                                                       # doctest: +SKIP
    >>> parts["blocks.9.attn.head.6"].mean()                                  # doctest: +SKIP

    `direction` is one for all rows or one a row. The values, [part, batch, pos] in logits, sum
    to the final norm's output times `direction`: the norm's scale is held at what the pass
    divided by, so each part is a dot product. LayerNorm's shift adds the part "norm.b". By
    head, MLPs are parts by layer; by neuron, attention is. Needs what `cache.decompose` needs,
    and `final_norm.scale`. Raises as that does.
    """
    norm = model.final_norm
    w, b, center = norm_weights(model)
    toward = direction * w
    if center:  # the mean of a part is subtracted: so the direction's mean adds nothing
        toward = toward - toward.mean(dim=-1, keepdim=True)
    parts = cache.project(toward, "resid_post", -1, at, writers(model, by))
    if isinstance(norm, NoNorm):
        return parts
    values = parts.values / final_scale(cache, at)[..., 0]
    if b is None:
        return Parts(parts.names, values)
    shift = (direction @ b)[..., None].expand_as(values[:1])
    return Parts([*parts.names, "norm.b"], torch.cat([values, shift]))


def final_parts(
    model: Transformer, cache: ActivationCache, by: By = "layer", at: Sequence[int] | None = None
) -> Parts:
    """The stream after the last layer, taken apart and passed through the final norm.

    [part, batch, pos, d_model]; the parts sum to the final norm's output, so that times
    `model.W_U` they sum to the logits (a folded model's `b_u` apart). By neuron this is large:
    name few positions, or use `direct`.
    """
    parts = cache.decompose("resid_post", -1, at, writers(model, by))
    if isinstance(model.final_norm, NoNorm):
        return parts
    return parts.normed(final_scale(cache, at), *norm_weights(model))


def writers(model: Transformer, by: By) -> Writers:
    """The weights by which `cache.decompose` splits a model's layers."""
    if by == "layer":
        return Writers()
    if by == "head":
        attns: list[Any] = [block.attn for block in model.blocks]
        return Writers(W_O=[a.W_O for a in attns], b_O=biases(attns, "b_o"))
    if by != "neuron":
        raise ValueError(f'expected by="layer", "head" or "neuron", got "{by}"')
    if model.config.d_mlp is None:
        raise ValueError('expected a model with MLPs for by="neuron", got one whose d_mlp is None')
    mlps: list[Any] = [block.mlp for block in model.blocks]
    return Writers(W_out=[m.W_out for m in mlps], b_out=biases(mlps, "b_out"))


def biases(layers: Sequence[Any], name: str) -> list[Any] | None:
    """Each layer's bias of this name, or None where the model has none."""
    found = [getattr(layer, name, None) for layer in layers]
    return None if any(b is None for b in found) else [*found]


def norm_weights(model: Transformer) -> tuple[Tensor, Tensor | None, bool]:
    """The final norm's w and b, and whether it subtracts the mean."""
    norm: Any = model.final_norm
    if isinstance(norm, NoNorm):
        return torch.ones_like(model.W_E[0]), None, False
    if isinstance(norm, LayerNorm):
        return norm.w, norm.b, True
    return norm.w, None, False


def final_scale(cache: ActivationCache, at: Sequence[int] | None) -> Float[Tensor, "batch pos 1"]:
    """What the final norm divided by at these positions."""
    scale, n_pos = cache["final_norm.scale"], cache["embed"].shape[1]
    if scale.shape[1] != n_pos:
        raise ValueError(
            f"expected the final norm's scale at all {n_pos} positions, got it at "
            f"{scale.shape[1]}: keep a pass whose logits are those of every position"
        )
    return scale[:, check_positions(at, n_pos)]
