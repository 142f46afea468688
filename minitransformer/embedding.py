"""Into the residual stream and out of it: tokens to vectors, positions, vectors to logits.

Positions that rotate queries and keys are in rotary.py.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn


class Embed(nn.Module):
    """One row of W_E for each token of the vocabulary."""

    def __init__(self, d_vocab: int, d_model: int) -> None:
        super().__init__()
        self.w_e = nn.Parameter(torch.empty(d_vocab, d_model))

    def forward(self, tokens: Int[Tensor, "batch pos"]) -> Float[Tensor, "batch pos d_model"]:
        return F.embedding(tokens, self.w_e)


class PosEmbed(nn.Module):
    """One learned row of W_pos for each position, as in GPT-2."""

    def __init__(self, n_ctx: int, d_model: int) -> None:
        super().__init__()
        self.w_pos = nn.Parameter(torch.empty(n_ctx, d_model))

    def forward(
        self, n_pos: int, past: int = 0, start: Int[Tensor, "batch"] | None = None
    ) -> Float[Tensor, "*batch pos d_model"]:
        """The rows of `n_pos` positions, of which the first comes after `past` others.

        With `start`, row b's count begins at its first token, which stands at start[b].
        """
        if start is None:
            return self.w_pos[past : past + n_pos]
        here = torch.arange(past, past + n_pos, device=start.device)
        return self.w_pos[(here - start[:, None]).clamp(min=0)]


class Unembed(nn.Module):
    """The score of every token as the next: one column of W_U each.

    `b_u` is None but in a model whose final norm was folded (folding.py): its shift.
    """

    def __init__(self, d_vocab: int, d_model: int) -> None:
        super().__init__()
        self.w_u = nn.Parameter(torch.empty(d_vocab, d_model))
        self.b_u: nn.Parameter | None = None

    def forward(self, x: Float[Tensor, "batch pos d_model"]) -> Float[Tensor, "batch pos d_vocab"]:
        return F.linear(x, self.w_u, self.b_u)
