"""Rotary positions (Su et al. 2021): turn queries and keys by an angle that grows with position.

Half-split, as Llama-shaped checkpoints are run: coordinate i is paired with i + d_head / 2.
Leaves out every scaling of the base for longer contexts.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Rotary(nn.Module):
    """Rotates pair i of a head's coordinates at position p by p * base^(-2i / d_head) radians.

    >>> rotary = Rotary(d_head=64, n_ctx=8192, base=100_000.0)
    >>> rotary(torch.ones(1, 5, 9, 64)).shape
    torch.Size([1, 5, 9, 64])

    The dot product of a rotated query and a rotated key depends on how far apart they are,
    not on where they stand.
    """

    def __init__(self, d_head: int, n_ctx: int, base: float) -> None:
        super().__init__()
        self.d_head, self.n_ctx, self.base = d_head, n_ctx, base
        self.cos: Tensor
        self.sin: Tensor
        cos, sin = self.tables()
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def tables(self) -> tuple[Float[Tensor, "n_ctx half"], Float[Tensor, "n_ctx half"]]:
        """The cosine and sine of every position's angles."""
        pair = torch.arange(0, self.d_head, 2, device="cpu").float()
        frequency = self.base ** (-pair / self.d_head)
        angle = torch.outer(torch.arange(self.n_ctx, device="cpu").float(), frequency)
        return angle.cos(), angle.sin()

    def forward(
        self, x: Float[Tensor, "batch pos heads d_head"], past: int = 0
    ) -> Float[Tensor, "batch pos heads d_head"]:
        """Rotate x, whose first position comes after `past` others."""
        here = slice(past, past + x.shape[1])
        cos = self.cos[here, None, :].to(x.dtype)
        sin = self.sin[here, None, :].to(x.dtype)
        a, b = x.chunk(2, dim=-1)
        return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)
