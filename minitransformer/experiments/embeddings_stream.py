"""What one can do to the stream of a running model: move positions, swap tokens, take writing out.

Leaves out what is asked of the table alone (embeddings_table.py).
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from minitransformer.cache import record
from minitransformer.taps import Edit
from minitransformer.transformer import Transformer
from minitransformer.weights import named


def stand_at(model: Transformer, positions: Float[Tensor, " pos"]) -> dict[str, Edit]:
    """Edits that turn queries and keys as if each token stood at another position.

    >>> edit = stand_at(model, torch.arange(24.0) + 100)                  # doctest: +SKIP

    They come turned for 0, 1, 2, ...; we turn them on by what is missing.
    """
    half = model.config.d_head // 2
    frequency = model.config.rotary_base ** (-torch.arange(half) / half)
    angle = torch.outer(positions - torch.arange(len(positions)), frequency)[:, None]
    cos, sin = angle.cos(), angle.sin()  # [pos, 1, half]

    def turn(x: Float[Tensor, "batch pos heads d_head"]) -> Tensor:
        a, b = x.chunk(2, dim=-1)
        return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)

    return {"rot_q": turn, "rot_k": turn}


def without(direction: Float[Tensor, " d_model"], instead: Tensor | None = None) -> Edit:
    """Take out of a value what it has along a unit direction, but for the first position.

    With `instead`, another unit direction, as much is taken out along that: the control.
    """
    along = direction if instead is None else instead

    def edit(value: Float[Tensor, "batch pos d_model"]) -> Tensor:
        size = (value @ direction)[..., None]
        return torch.cat([value[:, :1], (value - size * along)[:, 1:]], dim=1)

    return edit


def unit_vectors(n: int, d_model: int, seed: int) -> Float[Tensor, "n d_model"]:
    """Random directions, all of length 1."""
    vectors = torch.randn(n, d_model, generator=torch.Generator().manual_seed(seed))
    return vectors / vectors.norm(dim=1, keepdim=True)


def first_write(model: Transformer, tokens: Int[Tensor, "batch pos"]) -> Float[Tensor, " d_model"]:
    """The direction of what layer 0's MLP writes on average, without the first position."""
    _, cache = record(
        lambda tap: model.run_blocks(model.embed_tokens(tokens), tap, stop=1), ["mlp_out"]
    )
    mean = cache["mlp_out", 0][:, 1:].mean(dim=(0, 1))
    return mean / mean.norm()


def heard(model: Transformer, written: Float[Tensor, "n d_model"], first: int) -> float:
    """The mean overlap of what was written with what the MLPs from layer `first` on read.

    ||written @ W_in|| / (||written|| ||W_in||), W_in with the norm's weights in it; close to
    1 / sqrt(d_model) for directions that have nothing to do with each other.
    """
    weights, found = named(model), []
    for layer in range(first, model.config.n_layers):
        part = f"blocks.{layer}.mlp"
        read = weights[f"{part}_norm.w"][:, None] * weights[f"{part}.W_in"]
        found.append(float((written @ read).norm() / (written.norm() * read.norm())))
    return sum(found) / len(found)


def heard_by_chance(
    model: Transformer, written: Float[Tensor, "n d_model"], first: int, seed: int, n: int = 6
) -> float:
    """The same with the numbers of the stream shuffled, each time anew: the mean of n shuffles."""
    generator = torch.Generator().manual_seed(seed)
    orders = [torch.randperm(written.shape[1], generator=generator) for _ in range(n)]
    return sum(heard(model, written[:, order], first) for order in orders) / n


def log_mass(logits: Float[Tensor, "batch pos d_vocab"], words: Int[Tensor, " n"]) -> float:
    """The log of the probability that some words have together, averaged over positions."""
    return float(logits.log_softmax(dim=-1)[:, 1:, words].logsumexp(dim=-1).mean())


def kl(p: Float[Tensor, "batch pos d_vocab"], q: Float[Tensor, "batch pos d_vocab"]) -> float:
    """The KL divergence of the second prediction from the first, averaged over positions."""
    log_p, log_q = p.log_softmax(dim=-1), q.log_softmax(dim=-1)
    return float((log_p.exp() * (log_p - log_q)).sum(dim=-1).mean())


def inserted(
    tokens: Int[Tensor, "batch pos"], new: Int[Tensor, " batch"], at: int
) -> Int[Tensor, "batch longer"]:
    """Every text with one token more, at position `at`."""
    return torch.cat([tokens[:, :at], new[:, None], tokens[:, at:]], dim=1)
