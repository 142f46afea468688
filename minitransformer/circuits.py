"""QK and OV circuits: what a head compares, what it moves, and how heads compose.

Elhage et al. 2021, with vectors as rows: they write the transposes. Leaves out biases, rotary
positions and norms (folding.py puts a norm's weights into these matrices).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from minitransformer.attention import Attention
from minitransformer.transformer import Transformer


@dataclass(frozen=True)
class FactoredMatrix:
    """A matrix that is a product of a tall and a wide one, kept that way.

    >>> m = FactoredMatrix(torch.ones(5, 2), torch.ones(2, 7))
    >>> m.full().shape, m.T.full().shape, float(m.norm())
    (torch.Size([5, 7]), torch.Size([7, 5]), 11.8321...)
    >>> (torch.ones(3, 5) @ m @ m.T).full().shape
    torch.Size([3, 5])

    A head's QK or OV circuit is d_model by d_model and has rank d_head: multiplied out it
    would cost d_model / (2 d_head) times the memory and the work. `@` with a matrix on either
    side stays factored.
    """

    left: Float[Tensor, "rows rank"]
    right: Float[Tensor, "rank columns"]

    def full(self) -> Float[Tensor, "rows columns"]:
        """The product, multiplied out."""
        return self.left @ self.right

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.left.shape[0], self.right.shape[1]

    @property
    def T(self) -> FactoredMatrix:
        return FactoredMatrix(self.right.T, self.left.T)

    def __matmul__(self, other: FactoredMatrix | Float[Tensor, "columns more"]) -> FactoredMatrix:
        """The product with a matrix to the right; raises ValueError where the sizes disagree."""
        if self.shape[1] != other.shape[0]:
            raise ValueError(
                f"expected {self.shape[1]} rows to the right of {self.shape}, got {other.shape[0]}"
            )
        if isinstance(other, Tensor):
            return FactoredMatrix(self.left, self.right @ other)
        middle = self.right @ other.left  # [rank, other's rank]: keep the smaller of the two
        if middle.shape[0] <= middle.shape[1]:
            return FactoredMatrix(self.left, middle @ other.right)
        return FactoredMatrix(self.left @ middle, other.right)

    def __rmatmul__(self, other: Float[Tensor, "more rows"]) -> FactoredMatrix:
        """The product with a matrix to the left, as `__matmul__`."""
        if other.shape[-1] != self.shape[0]:
            raise ValueError(
                f"expected {self.shape[0]} columns to the left of {self.shape}, got "
                f"{other.shape[-1]}"
            )
        return FactoredMatrix(other @ self.left, self.right)

    def norm(self) -> Float[Tensor, ""]:
        """The Frobenius norm: the root of the sum of the squares of every entry."""
        return self._core()[1].norm()

    def svd(
        self,
    ) -> tuple[Float[Tensor, "rows k"], Float[Tensor, "k"], Float[Tensor, "k columns"]]:
        """U, S and V^T with U diag(S) V^T the matrix; k is the rank, or a smaller side."""
        q, core, p = self._core()
        u, s, v = torch.linalg.svd(core, full_matrices=False)
        return q @ u, s, v @ p.T

    def eigenvalues(self) -> Tensor:
        """Its non-zero eigenvalues, complex, [rank]: those of the small product right @ left.

        Raises ValueError for a matrix that is not square.
        """
        if self.shape[0] != self.shape[1]:
            raise ValueError(f"expected a square matrix, got {self.shape[0]} x {self.shape[1]}")
        return torch.linalg.eigvals(self.right @ self.left)

    def _core(self) -> tuple[Tensor, Tensor, Tensor]:
        """q, core, p, with q core p^T the matrix and the columns of q and of p orthonormal."""
        q, left = torch.linalg.qr(self.left)
        p, right = torch.linalg.qr(self.right.T)
        return q, left @ right.T, p


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


Kind = Literal["Q", "K", "V"]


def composition(
    model: Transformer, kind: Kind
) -> Float[Tensor, "n_layers n_heads n_layers n_heads"]:
    """How much each head reads of what each earlier head writes, by their weights alone.

    >>> scores = composition(model, "K")                                      # doctest: +SKIP
    >>> scores[4, 11, 5, 5]     # does 5.5 look for what 4.11 writes?         # doctest: +SKIP

    `[layer, head, later layer, later head]`: the Frobenius norm of the two circuits' product
    over the product of their norms, between 0 and 1; zero where the second is not in a later
    layer. The earlier head's OV circuit is followed into the later head's queries ("Q": OV QK),
    its keys ("K": OV QK^T) or its values ("V": OV OV). Elhage et al. 2021, "Composition"; they
    subtract `composition_by_chance`. Raises ValueError for another kind.
    """
    if kind not in ("Q", "K", "V"):
        raise ValueError(f'expected kind "Q", "K" or "V", got {kind!r}')
    n_layers, n_heads = model.config.n_layers, model.config.n_heads
    # Orthonormal factors change no norm, so each head's d_model by d_model circuit shrinks to
    # the side that meets the other head: `writes` [rank, d_model] and `reads` [d_model, rank].
    writes, reads = [], []
    for layer in range(n_layers):
        ovs = [ov(model, layer, head) for head in range(n_heads)]
        qks = [qk(model, layer, head) for head in range(n_heads)]
        read = {"Q": qks, "K": [m.T for m in qks], "V": ovs}[kind]
        writes.append(torch.stack([compact(m.T).T for m in ovs]))
        reads.append(torch.stack([compact(m) for m in read]))
    scores = model.W_E.new_zeros(n_layers, n_heads, n_layers, n_heads)
    for early in range(n_layers):
        for late in range(early + 1, n_layers):
            product = torch.einsum("arm,bms->abrs", writes[early], reads[late]).norm(dim=(2, 3))
            size = writes[early].norm(dim=(1, 2))[:, None] * reads[late].norm(dim=(1, 2))
            scores[early, :, late] = product / size
    return scores


def compact(m: FactoredMatrix) -> Float[Tensor, "rows k"]:
    """A smaller matrix with the same norm, whatever multiplies it from the left."""
    return m.left @ torch.linalg.qr(m.right.T).R.T


def composition_by_chance(
    d_model: int, d_head: int, draws: int, generator: torch.Generator
) -> Float[Tensor, "draws"]:
    """The composition of pairs of heads whose weights are drawn at random (normal).

    >>> composition_by_chance(576, 64, 20, torch.Generator().manual_seed(0)).mean()
    tensor(0.04...)

    The same for all three kinds; about 1 / sqrt(d_model).
    """

    def head() -> FactoredMatrix:
        left = torch.randn(d_model, d_head, generator=generator)
        return FactoredMatrix(left, torch.randn(d_head, d_model, generator=generator))

    pairs = [(head(), head()) for _ in range(draws)]
    return torch.stack([(a @ b).norm() / (a.norm() * b.norm()) for a, b in pairs])


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
