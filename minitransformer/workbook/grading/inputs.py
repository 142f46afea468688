"""Seeded inputs for graders: random tensors, and tiny models with uneven attention.

Leaves out what belongs to one chapter alone; nothing here is drawn from the global generator.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from minitransformer.config import Config
from minitransformer.transformer import Transformer

# Sizes of which no two agree, so that a transposed axis cannot go unnoticed.
_TINY = {
    "n_layers": 2, "d_model": 7, "n_heads": 6, "n_kv_heads": 3, "d_head": 4, "d_mlp": 9,
    "d_vocab": 11, "n_ctx": 8, "norm": "rms", "positions": "rotary", "bias": False,
}  # fmt: skip


def draw(seed: int, *shape: int, scale: float = 1.0) -> Float[Tensor, "..."]:
    """Normal numbers, the same for the same seed and shape.

    >>> torch.equal(draw(3, 2, 5), draw(3, 2, 5)), torch.equal(draw(3, 2, 5), draw(4, 2, 5))
    (True, False)
    """
    generator = torch.Generator().manual_seed(1000 * seed + sum(shape))
    return scale * torch.randn(*shape, generator=generator)


def tiny_model(seed: int, **changes: object) -> tuple[Transformer, Int[Tensor, "2 5"]]:
    """A real model small enough for a grader, and two texts of five tokens.

    Two layers of 6 heads on 3 sets of keys and values, RMSNorm, rotary, no biases; `changes` are
    fields of Config. The weights are large, so that every pattern differs from an even one.
    """
    generator = torch.Generator().manual_seed(seed)
    model = Transformer(Config(**(_TINY | changes)), generator)  # type: ignore[arg-type]
    model.requires_grad_(False)
    for name, weight in model.named_parameters():
        if weight.ndim == 2:
            weight.mul_(60 if name.endswith("w_o") else 30)
    return model, torch.randint(0, model.config.d_vocab, (2, 5), generator=generator)
