"""Fold the norms' weights into the matrices that read from them: the same model, fewer parts.

Elhage et al. 2021 (their appendix on layer normalization). Afterwards W_Q, W_K, W_V, W_in and
W_U are what each part does to the stream divided by its scale, and circuits read off them miss
nothing of the norm but that scale. Nothing here is on by default. Leaves out centering W_U and
folding the value biases.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from minitransformer.normalization import LayerNorm, RMSNorm
from minitransformer.transformer import Transformer


@torch.no_grad()
def fold_norms(model: Transformer) -> Transformer:
    """A new model with the same logits, whose norms only divide; the given one stays as it is.

    >>> folded = fold_norms(model)                                            # doctest: +SKIP
    >>> folded.final_norm.w.unique(), folded.config.tied                      # doctest: +SKIP
    (tensor([1.]), False)

    Each norm's w goes into the matrices that read it, and LayerNorm's b into their biases (made
    where there were none; the final norm's becomes `unembed.b_u`, which no Config knows of).
    LayerNorm also subtracts the mean: now whatever writes into the stream leaves none (W_E,
    W_pos, W_O, W_out and their biases), so the new model's norms are RMSNorms, and its streams
    are the old ones less their means. A tied unembedding gets a matrix of its own. Raises
    ValueError for gated MLPs behind a LayerNorm: they have no bias to take its shift.
    """
    config = model.config
    layer_norm = config.norm == "layer"
    if layer_norm and config.gated and config.d_mlp is not None:
        raise ValueError(
            "expected RMSNorm where MLPs are gated, got LayerNorm: its shift would need biases "
            "that a gated MLP has not"
        )
    folded = copy.deepcopy(model)
    blocks: list[Any] = list(folded.blocks)
    unembed = folded.unembed
    unembed.w_u = like(unembed.w_u.clone(), unembed.w_u)  # no longer the embedding's own
    if config.norm is not None:
        for block in blocks:
            block.attn_norm = into_readers(block.attn_norm, block.attn, "qkv")
            if block.mlp is not None:
                readers = ("gate", "in") if config.gated else ("in",)
                block.mlp_norm = into_readers(block.mlp_norm, block.mlp, readers)
        folded.final_norm = into_readers(folded.final_norm, unembed, "u")
    if layer_norm:
        for block in blocks:
            center_writer(block.attn, "o")
            if block.mlp is not None:
                center_writer(block.mlp, "out")
        embeddings = [folded.W_E] if folded.pos_embed is None else [folded.W_E, folded.W_pos]
        for w in embeddings:
            w -= w.mean(dim=1, keepdim=True)
    norm = None if config.norm is None else "rms"
    bias = config.bias or layer_norm
    folded.config = dataclasses.replace(config, tied=False, norm=norm, bias=bias)
    return folded


def into_readers(norm: Any, layer: Any, readers: Iterable[str]) -> RMSNorm:
    """Fold a norm into matrices of a layer (`w_q` for "q"); returns the norm that remains."""
    for reader in readers:
        w = getattr(layer, f"w_{reader}")  # [out, d_model]
        if isinstance(norm, LayerNorm):
            add_bias(layer, f"b_{reader}", w @ norm.b, w)
        w *= norm.w
    plain = RMSNorm(len(norm.w), norm.eps).to(norm.w)
    return plain.requires_grad_(norm.w.requires_grad)


def center_writer(layer: Any, writer: str) -> None:
    """Take the mean over d_model out of everything that a layer writes."""
    w = getattr(layer, f"w_{writer}")  # [d_model, in]
    w -= w.mean(dim=0)
    b = getattr(layer, f"b_{writer}")
    add_bias(layer, f"b_{writer}", w.new_zeros(len(w)) if b is None else -b.mean().expand_as(b), w)


def add_bias(layer: Any, name: str, value: Tensor, w: Tensor) -> None:
    """Add to a layer's bias, which is made where there is none."""
    old = getattr(layer, name)
    setattr(layer, name, like(value if old is None else old + value, w))


def like(value: Tensor, w: Tensor) -> nn.Parameter:
    """A parameter that is trained if `w` is."""
    return nn.Parameter(value, requires_grad=w.requires_grad)
