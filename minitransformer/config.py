"""The shape of a model, in one small frozen value; presets are literals.

Leaves out everything about training: that belongs to the loop, not to the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Config:
    """What a Transformer is made of; checked when it is made.

    >>> Config(n_layers=2, d_model=64, n_heads=4, d_head=16, d_vocab=50, n_ctx=32).n_kv_heads
    4

    `n_kv_heads` is the number of key/value heads: equal to `n_heads` when left out, fewer
    for grouped heads (Ainslie et al. 2023), one for multi-query. `d_mlp=None` leaves the
    MLPs out. `n_ctx` is the longest sequence, in tokens. With `window`, a position sees only
    itself and the `window` - 1 before it. A size that cannot be raises ValueError.
    """

    n_layers: int
    d_model: int
    n_heads: int
    d_head: int
    d_vocab: int
    n_ctx: int
    n_kv_heads: int = 0
    d_mlp: int | None = None
    act: Literal["relu", "gelu", "gelu_tanh", "silu"] = "gelu_tanh"
    gated: bool = False
    norm: Literal["layer", "rms"] | None = "layer"
    norm_eps: float = 1e-5
    positions: Literal["learned", "rotary"] | None = "learned"
    rotary_base: float = 10_000.0
    bias: bool = True
    tied: bool = False
    window: int | None = None

    def __post_init__(self) -> None:
        if self.n_kv_heads == 0:
            object.__setattr__(self, "n_kv_heads", self.n_heads)
        sizes = ("n_layers", "d_model", "n_heads", "d_head", "d_vocab", "n_ctx", "n_kv_heads")
        for name in sizes:
            size = getattr(self, name)
            if not isinstance(size, int) or size < (0 if name == "n_layers" else 1):
                raise ValueError(f"{name} must be a positive whole number, got {size!r}")
        if self.d_mlp is not None and self.d_mlp < 1:
            raise ValueError(f"d_mlp must be positive, or None for no MLPs, got {self.d_mlp}")
        if self.window is not None and self.window < 1:
            raise ValueError(f"window must be positive, or None to see all, got {self.window}")
        if self.n_heads % self.n_kv_heads:
            raise ValueError(
                f"n_kv_heads must divide n_heads, so that every key/value head serves as many "
                f"query heads: expected a divisor of {self.n_heads}, got {self.n_kv_heads}"
            )
        if self.positions == "rotary" and self.d_head % 2:
            raise ValueError(f"rotary positions turn pairs: d_head must be even, got {self.d_head}")


PRESETS: dict[str, Config] = {
    # Radford et al. 2019, the smallest of the four.
    "gpt2-small": Config(
        n_layers=12,
        d_model=768,
        n_heads=12,
        d_head=64,
        d_vocab=50_257,
        n_ctx=1024,
        d_mlp=3072,
        act="gelu_tanh",
        norm="layer",
        positions="learned",
        bias=True,
        tied=True,
    ),
    # Ben Allal et al. 2025; the shape is Llama's.
    "smollm2-135m-instruct": Config(
        n_layers=30,
        d_model=576,
        n_heads=9,
        n_kv_heads=3,
        d_head=64,
        d_vocab=49_152,
        n_ctx=8192,
        d_mlp=1536,
        act="silu",
        gated=True,
        norm="rms",
        positions="rotary",
        rotary_base=100_000.0,
        bias=False,
        tied=True,
    ),
}
