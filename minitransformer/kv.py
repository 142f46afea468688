"""KVCache: the keys and values of the positions a model has already seen.

Leaves out eviction and paging: it grows by concatenation and holds one batch.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


class LayerKV:
    """One layer's past: keys as attention compares them (after rotary), and values."""

    def __init__(self) -> None:
        self.k: Tensor | None = None
        self.v: Tensor | None = None

    @property
    def length(self) -> int:
        """How many positions have been seen."""
        return 0 if self.k is None else self.k.shape[1]

    def extend(
        self,
        k: Float[Tensor, "batch pos n_kv_heads d_head"],
        v: Float[Tensor, "batch pos n_kv_heads d_head"],
    ) -> tuple[
        Float[Tensor, "batch key n_kv_heads d_head"], Float[Tensor, "batch key n_kv_heads d_head"]
    ]:
        """Append new keys and values; return all of them, the oldest first."""
        if self.k is not None and self.v is not None:
            if self.k.shape[0] != k.shape[0]:
                raise ValueError(
                    f"this cache holds a batch of {self.k.shape[0]}, got one of {k.shape[0]}: "
                    "use one KVCache a batch"
                )
            k, v = torch.cat([self.k, k], dim=1), torch.cat([self.v, v], dim=1)
        self.k, self.v = k, v
        return k, v


class KVCache:
    """What every attention layer needs of the past, so that a call reads only new tokens.

    >>> kv = KVCache(n_layers=model.config.n_layers)                      # doctest: +SKIP
    >>> model(tokens[:, :5], kv=kv)      # prefill                        # doctest: +SKIP
    >>> model(tokens[:, 5:6], kv=kv)     # decode: one new token          # doctest: +SKIP
    """

    def __init__(self, n_layers: int) -> None:
        self.layers = [LayerKV() for _ in range(n_layers)]

    @property
    def length(self) -> int:
        """How many positions have been seen."""
        return self.layers[0].length if self.layers else 0
