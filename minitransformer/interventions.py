"""Edits for `run_with_cache(edit=...)`: functions from a value to the value put in its place."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from minitransformer.taps import Edit


def ablate_head(head: int | Sequence[int], to: Tensor | float = 0.0) -> Edit:
    """Put `to` in place of one head's output, or several heads'; for the site `z`.

    >>> z = torch.ones(1, 2, 3, 4)                       # [batch, pos, n_heads, d_head]
    >>> ablate_head(1)(z)[0, 0, :, 0]
    tensor([1., 0., 1.])

    `to` is a number, or a tensor of the ablated heads' shape or one that broadcasts to it: a
    mean over other prompts makes a mean ablation. Raises IndexError for a head there is not.
    """
    heads = [head] if isinstance(head, int) else list(head)

    def edit(z: Float[Tensor, "batch pos n_heads d_head"]) -> Tensor:
        if not all(0 <= h < z.shape[2] for h in heads):
            raise IndexError(f"expected heads from 0 to {z.shape[2] - 1}, got {heads}")
        z = z.clone()
        ablated = head if isinstance(head, int) else heads  # one head has no axis of its own
        z[:, :, ablated] = torch.as_tensor(to, dtype=z.dtype, device=z.device)
        return z

    return edit


def replace(value: Tensor) -> Edit:
    """Put another run's value in place of this one's (the same shape)."""
    return lambda _: value


def forbid_key(position: int, first_query: int) -> Edit:
    """Hide one position from `first_query` and all later queries; for the site `attn_scores`.

    The attention that would have gone there is shared out among the other keys by the
    softmax. A position cannot be hidden from itself: it may have nothing else to attend to.
    """
    if first_query <= position:
        raise ValueError(f"expected a first_query after position {position}, got {first_query}")

    def edit(scores: Float[Tensor, "batch n_heads query key"]) -> Tensor:
        scores = scores.clone()
        scores[:, :, first_query:, position] = float("-inf")
        return scores

    return edit
