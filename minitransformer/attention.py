"""Attention: causal, with many heads, which may share keys and values, or see only a window.

Leaves out dropout. The one padding it knows is on the left, as a KVCache says.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from minitransformer.config import Config
from minitransformer.kv import LayerKV
from minitransformer.rotary import Rotary
from minitransformer.taps import NO_TAP, AnyTap


class Attention(nn.Module):
    """softmax(q k / sqrt(d_head)) v for each head, and back into the stream (Vaswani et al. 2017).

    With fewer key/value heads than heads, consecutive query heads share one (grouped-query
    attention, Ainslie et al. 2023). With a window, a query sees itself and the `window` - 1
    positions before it (Beltagy et al. 2020). By name the weights have the shapes of the
    formula, heads first; they are stored flat, the way `F.linear` reads them in one product.
    """

    def __init__(self, config: Config, rotary: Rotary | None = None) -> None:
        super().__init__()
        self.n_heads, self.n_kv_heads = config.n_heads, config.n_kv_heads
        self.d_head, self.window = config.d_head, config.window
        q_size, kv_size = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
        self.w_q = nn.Parameter(torch.empty(q_size, config.d_model))
        self.w_k = nn.Parameter(torch.empty(kv_size, config.d_model))
        self.w_v = nn.Parameter(torch.empty(kv_size, config.d_model))
        self.w_o = nn.Parameter(torch.empty(config.d_model, q_size))
        self.b_q = nn.Parameter(torch.zeros(q_size)) if config.bias else None
        self.b_k = nn.Parameter(torch.zeros(kv_size)) if config.bias else None
        self.b_v = nn.Parameter(torch.zeros(kv_size)) if config.bias else None
        self.b_o = nn.Parameter(torch.zeros(config.d_model)) if config.bias else None
        self.rotary = rotary

    @property
    def W_Q(self) -> Float[Tensor, "n_heads d_model d_head"]:
        return self.w_q.unflatten(0, (self.n_heads, self.d_head)).transpose(1, 2)

    @property
    def W_K(self) -> Float[Tensor, "n_kv_heads d_model d_head"]:
        return self.w_k.unflatten(0, (self.n_kv_heads, self.d_head)).transpose(1, 2)

    @property
    def W_V(self) -> Float[Tensor, "n_kv_heads d_model d_head"]:
        return self.w_v.unflatten(0, (self.n_kv_heads, self.d_head)).transpose(1, 2)

    @property
    def W_O(self) -> Float[Tensor, "n_heads d_head d_model"]:
        return self.w_o.unflatten(1, (self.n_heads, self.d_head)).permute(1, 2, 0)

    def forward(
        self,
        x: Float[Tensor, "batch pos d_model"],
        tap: AnyTap = NO_TAP,
        kv: LayerKV | None = None,
    ) -> Float[Tensor, "batch pos d_model"]:
        q = tap("q", F.linear(x, self.w_q, self.b_q).unflatten(-1, (self.n_heads, -1)))
        k = tap("k", F.linear(x, self.w_k, self.b_k).unflatten(-1, (self.n_kv_heads, -1)))
        v = tap("v", F.linear(x, self.w_v, self.b_v).unflatten(-1, (self.n_kv_heads, -1)))
        if self.rotary is not None:
            past = 0 if kv is None else kv.length
            q = tap("rot_q", self.rotary(q, past))
            k = tap("rot_k", self.rotary(k, past))
        start = None
        if kv is not None:
            start = kv.start
            k, v = kv.extend(k, v)

        q, k, v = (heads.transpose(1, 2) for heads in (q, k, v))  # [batch, head, pos, d_head]
        if tap.wants("attn_scores") or tap.wants("pattern"):
            # Each key/value head serves a group of n_heads / n_kv_heads query heads.
            k = k.repeat_interleave(self.n_heads // self.n_kv_heads, dim=1)
            v = v.repeat_interleave(self.n_heads // self.n_kv_heads, dim=1)
            hidden = hidden_keys(q.shape[2], k.shape[2], x.device, self.window, start)
            scores = q @ k.transpose(2, 3) / self.d_head**0.5
            scores = tap("attn_scores", scores.masked_fill(hidden, float("-inf")))
            pattern = tap("pattern", scores.softmax(dim=-1))
            z = pattern @ v
        else:
            # The same formula in one fused kernel, when nobody asks for what is inside it.
            # tests/test_attention.py proves the two equal.
            z = fused(q, k, v, self.window, start)

        z = tap("z", z.transpose(1, 2))  # [batch, pos, n_heads, d_head]
        return F.linear(z.flatten(start_dim=2), self.w_o, self.b_o)


def hidden_keys(
    n_query: int,
    n_key: int,
    device: torch.device,
    window: int | None = None,
    start: Int[Tensor, "batch"] | None = None,
) -> Bool[Tensor, "*batch query key"]:
    """True where a query may not look at a key; the last query is the last key.

    >>> hidden_keys(2, 4, torch.device("cpu"), window=2).int()
    tensor([[1, 0, 0, 1],
            [1, 1, 0, 0]], dtype=torch.int32)

    With `start`, [batch, 1, query, key]: row b's first start[b] positions are padding, which
    no token sees. (Padding sees padding, so that no query is left without a key.)
    """
    key = torch.arange(n_key, device=device)
    query = key[n_key - n_query :, None]
    hidden = key > query  # the future
    if window is not None:
        hidden = hidden | (key <= query - window)
    if start is not None:
        first = start[:, None, None, None]
        hidden = hidden | ((key < first) & (query >= first))
    return hidden


def fused(
    q: Float[Tensor, "batch n_heads query d_head"],
    k: Float[Tensor, "batch n_kv_heads key d_head"],
    v: Float[Tensor, "batch n_kv_heads key d_head"],
    window: int | None = None,
    start: Int[Tensor, "batch"] | None = None,
) -> Float[Tensor, "batch n_heads query d_head"]:
    """softmax(q k / sqrt(d_head)) v without ever holding the pattern, or copies of k and v."""
    n_query, n_key = q.shape[2], k.shape[2]
    causal = start is None and (window is None or n_key <= window)
    if causal and n_query in (1, n_key):  # one query, the last, sees every key
        return F.scaled_dot_product_attention(q, k, v, is_causal=n_query > 1, enable_gqa=True)
    seen = ~hidden_keys(n_query, n_key, q.device, window, start)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=seen, enable_gqa=True)
