"""KVCache: the keys and values of the positions a model has already seen.

Leaves out eviction and paging: what it holds grows with the text, and it holds one batch.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor


class LayerKV:
    """One layer's past: keys as attention compares them (after rotary), and values."""

    def __init__(self, start: Int[Tensor, "batch"] | None = None) -> None:
        self.start = start
        self.length = 0  # how many positions have been seen
        self._k: Tensor | None = None
        self._v: Tensor | None = None

    def extend(
        self,
        k: Float[Tensor, "batch pos n_kv_heads d_head"],
        v: Float[Tensor, "batch pos n_kv_heads d_head"],
    ) -> tuple[
        Float[Tensor, "batch key n_kv_heads d_head"], Float[Tensor, "batch key n_kv_heads d_head"]
    ]:
        """Append new keys and values; return all of them, the oldest first."""
        holder = self._k if self._k is not None else self.start
        if holder is not None and holder.shape[0] != k.shape[0]:
            raise ValueError(
                f"this cache holds a batch of {holder.shape[0]}, got one of {k.shape[0]}: "
                "use one KVCache a batch"
            )
        self._k, self._v = append(self._k, k, self.length), append(self._v, v, self.length)
        self.length += k.shape[1]
        return self._k[:, : self.length], self._v[:, : self.length]


class KVCache:
    """What every attention layer needs of the past, so that a call reads only new tokens.

    >>> kv = KVCache(n_layers=model.config.n_layers)                      # doctest: +SKIP
    >>> model(tokens[:, :5], kv=kv)      # prefill                        # doctest: +SKIP
    >>> model(tokens[:, 5:6], kv=kv)     # decode: one new token          # doctest: +SKIP

    Rows of unequal length are padded on the left, with any token; `start[b]` says how many
    paddings row b begins with. Its first token is then at position 0 for the model, and no
    token of it sees the padding. Raises ValueError for a model without layers, which has
    nothing to be kept.
    """

    def __init__(self, n_layers: int, start: Int[Tensor, "batch"] | None = None) -> None:
        if n_layers < 1:
            raise ValueError(f"expected a model of at least 1 layer, got {n_layers}: call it whole")
        self.start = start
        self.layers = [LayerKV(start) for _ in range(n_layers)]

    @property
    def length(self) -> int:
        """How many positions have been seen, padding included."""
        return self.layers[0].length


def append(
    old: Float[Tensor, "batch room n_kv_heads d_head"] | None,
    new: Float[Tensor, "batch pos n_kv_heads d_head"],
    length: int,
) -> Float[Tensor, "batch longer n_kv_heads d_head"]:
    """`old`, of which `length` positions are filled, with `new` after them, and room to spare.

    >>> room = append(append(None, torch.ones(1, 3, 1, 2), 0), torch.ones(1, 1, 1, 2), 3)
    >>> room.shape
    torch.Size([1, 8, 1, 2])

    The room doubles when it is full, so that a text of n tokens copies each of them about
    twice, and not n times. Where a gradient is to flow, nothing is written over: the parts
    are joined anew.
    """
    if old is None:
        return new
    end = length + new.shape[1]
    if new.requires_grad or old.requires_grad:
        return torch.cat([old[:, :length], new], dim=1)
    if end > old.shape[1]:
        batch, _, heads, size = new.shape
        # In memory each head's positions lie side by side: attention reads them head by head.
        room = new.new_empty(batch, heads, 2 * end, size).transpose(1, 2)
        room[:, :length] = old[:, :length]
        old = room
    old[:, length:end] = new
    return old
