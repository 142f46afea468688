"""QK and OV circuits: what a head compares, and what it moves, read off its weights.

Elhage et al. 2021, with vectors as rows: they write the transposes. Leaves out composition
between heads and the folding of norms.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from minitransformer.attention import Attention
from minitransformer.transformer import Transformer


@dataclass(frozen=True)
class FactoredMatrix:
    """A matrix that is a product of a tall and a wide one, kept that way.

    >>> m = FactoredMatrix(torch.ones(5, 2), torch.ones(2, 7))
    >>> m.full().shape, torch.ones(3, 5) @ m.left @ m.right == 10 * torch.ones(3, 7)
    (torch.Size([5, 7]), tensor([[True, ...

    A head's QK or OV circuit is d_model by d_model and has rank d_head: multiplied out it
    would cost d_model / (2 d_head) times the memory and the work.
    """

    left: Float[Tensor, "rows rank"]
    right: Float[Tensor, "rank columns"]

    def full(self) -> Float[Tensor, "rows columns"]:
        """The product, multiplied out."""
        return self.left @ self.right

    def eigenvalues(self) -> Tensor:
        """Its non-zero eigenvalues, complex, [rank]: those of the small product right @ left."""
        return torch.linalg.eigvals(self.right @ self.left)


def qk(model: Transformer, layer: int, head: int) -> FactoredMatrix:
    """W_Q W_K^T of one head: `x_query @ qk.full() @ x_key` is its raw score, before positions."""
    attn = attention_of(model, layer, head)
    kv_head = head // (attn.n_heads // attn.n_kv_heads)
    return FactoredMatrix(attn.W_Q[head], attn.W_K[kv_head].T)


def ov(model: Transformer, layer: int, head: int) -> FactoredMatrix:
    """W_V W_O of one head: what it adds to the stream is the attended `x @ ov.full()`."""
    attn = attention_of(model, layer, head)
    kv_head = head // (attn.n_heads // attn.n_kv_heads)
    return FactoredMatrix(attn.W_V[kv_head], attn.W_O[head])


def attention_of(model: Transformer, layer: int, head: int) -> Attention:
    """A layer's attention; raises IndexError for a layer or a head that the model has not."""
    config = model.config
    if not (0 <= layer < config.n_layers and 0 <= head < config.n_heads):
        raise IndexError(
            f"expected layer 0 to {config.n_layers - 1} and head 0 to {config.n_heads - 1}, "
            f"got {layer}.{head}"
        )
    attn = model.blocks[layer].attn
    assert isinstance(attn, Attention)
    return attn
