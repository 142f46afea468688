"""Attention against torch's own, by hand, and the fused branch against the written-out one."""

from __future__ import annotations

import pytest
import torch

from minitransformer.attention import Attention, hidden_keys
from minitransformer.config import Config
from minitransformer.kv import KVCache, LayerKV
from minitransformer.rotary import Rotary
from minitransformer.taps import Tap


def make(n_kv_heads: int, rotary: bool = False, bias: bool = True) -> Attention:
    config = Config(
        n_layers=1, d_model=20, n_heads=6, n_kv_heads=n_kv_heads, d_head=8, d_vocab=5, n_ctx=32,
        bias=bias,
    )  # fmt: skip
    attn = Attention(config, Rotary(8, 32, 100.0) if rotary else None)
    generator = torch.Generator().manual_seed(n_kv_heads)
    for weight in attn.parameters():
        torch.nn.init.normal_(weight, 0.0, 0.5, generator=generator)
    return attn.requires_grad_(False)


@pytest.fixture
def x() -> torch.Tensor:
    return torch.randn(3, 7, 20, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("n_kv_heads", [1, 2, 3, 6])
@pytest.mark.parametrize("past", [0, 4])
def test_the_fused_branch_equals_the_formula(x, n_kv_heads, past):
    attn = make(n_kv_heads, rotary=True)
    caches = LayerKV(), LayerKV()
    for kv in caches:
        if past:
            attn(x[:, :past], kv=kv)
    fused = attn(x[:, past:], kv=caches[0])
    written_out = attn(x[:, past:], Tap(keep=["pattern"]), kv=caches[1])
    torch.testing.assert_close(fused, written_out, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("n_kv_heads", [1, 2, 6])
def test_it_equals_loops_over_the_definition(x, n_kv_heads):
    attn = make(n_kv_heads, bias=False)
    expected = torch.zeros(3, 7, 20)
    for h in range(6):
        kv = h // (6 // n_kv_heads)
        for b in range(3):
            for query in range(7):
                q = x[b, query] @ attn.W_Q[h]
                scores = torch.tensor(
                    [q @ (x[b, key] @ attn.W_K[kv]) / 8**0.5 for key in range(query + 1)]
                )
                weights = scores.exp() / scores.exp().sum()
                z = sum(w * (x[b, k] @ attn.W_V[kv]) for k, w in enumerate(weights))
                expected[b, query] += z @ attn.W_O[h]
    torch.testing.assert_close(attn(x), expected, atol=1e-4, rtol=1e-4)


def test_it_equals_torchs_multi_head_attention(x):
    attn = make(6)
    # torch wants n_heads * d_head == d_model: take the same heads on a stream of 48.
    wide = torch.nn.functional.pad(x, (0, 28))
    theirs = torch.nn.MultiheadAttention(48, 6, batch_first=True).requires_grad_(False)
    pad = torch.zeros(48, 28)
    theirs.in_proj_weight[:] = torch.cat(
        [torch.cat([w, pad], dim=1) for w in (attn.w_q, attn.w_k, attn.w_v)]
    )
    theirs.in_proj_bias[:] = torch.cat([attn.b_q, attn.b_k, attn.b_v])
    theirs.out_proj.weight[:] = torch.cat([attn.w_o, torch.zeros(28, 48)])
    theirs.out_proj.bias[:] = torch.cat([attn.b_o, torch.zeros(28)])
    future = hidden_keys(7, 7, x.device)
    expected, weights = theirs(wide, wide, wide, attn_mask=future, average_attn_weights=False)
    tap = Tap(keep=["pattern"])
    torch.testing.assert_close(attn(x, tap), expected[..., :20], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(tap.kept["pattern"], weights, atol=1e-6, rtol=0)


def test_the_masks_last_query_is_its_last_key():
    assert hidden_keys(2, 4, torch.device("cpu")).tolist() == [
        [False, False, False, True],
        [False, False, False, False],
    ]


def test_rotary_keeps_lengths_and_sees_only_distances():
    rotary = Rotary(d_head=8, n_ctx=32, base=100.0)
    generator = torch.Generator().manual_seed(0)
    q, k = torch.randn(2, 1, 1, 1, 8, generator=generator)
    turned = {p: (rotary(q, past=p), rotary(k, past=p)) for p in (0, 3, 10, 13)}
    torch.testing.assert_close(turned[13][0].norm(), q.norm())
    near = (turned[3][0] * turned[0][1]).sum()
    far = (turned[13][0] * turned[10][1]).sum()
    torch.testing.assert_close(near, far, atol=1e-5, rtol=1e-5)
    assert (near - (turned[10][0] * turned[0][1]).sum()).abs() > 1e-2


def test_rotary_by_hand():
    # d_head 4, base 100: pairs (0, 2) and (1, 3) turn by 1 and by 1 / 10 radian a position.
    rotary = Rotary(d_head=4, n_ctx=8, base=100.0)
    x = torch.tensor([1.0, 1.0, 0.0, 0.0]).view(1, 1, 1, 4)
    angles = torch.tensor([2.0, 0.2])
    expected = torch.cat([angles.cos(), angles.sin()]).view(1, 1, 1, 4)
    torch.testing.assert_close(rotary(x, past=2), expected)


def test_a_cache_holds_one_batch(x):
    attn, kv = make(2), KVCache(1).layers[0]
    attn(x, kv=kv)
    with pytest.raises(ValueError, match="holds a batch of 3, got one of 2"):
        attn(x[:2], kv=kv)
