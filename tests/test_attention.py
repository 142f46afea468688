"""Attention against torch's own, by hand, and the fused branch against the written-out one."""

from __future__ import annotations

import pytest
import torch

from minitransformer.attention import Attention, hidden_keys
from minitransformer.config import Config
from minitransformer.kv import LayerKV
from minitransformer.rotary import Rotary
from minitransformer.taps import Tap
from minitransformer.transformer import Transformer


def make(
    n_kv_heads: int, rotary: bool = False, bias: bool = True, window: int | None = None
) -> Attention:
    config = Config(
        n_layers=1, d_model=20, n_heads=6, n_kv_heads=n_kv_heads, d_head=8, d_vocab=5, n_ctx=32,
        bias=bias, window=window,
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
@pytest.mark.parametrize("past", [0, 4, 6])
@pytest.mark.parametrize("window", [None, 1, 3, 7])
@pytest.mark.parametrize("padded", [False, True])
def test_the_fused_branch_equals_the_formula(x, n_kv_heads, past, window, padded):
    attn = make(n_kv_heads, rotary=True, window=window)
    start = torch.tensor([0, 2, 5]) if padded else None
    caches = LayerKV(start), LayerKV(start)
    for kv in caches:
        if past:
            attn(x[:, :past], kv=kv)
    fused = attn(x[:, past:], kv=caches[0])
    written_out = attn(x[:, past:], Tap(keep=["pattern"]), kv=caches[1])
    torch.testing.assert_close(fused, written_out, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("n_kv_heads", [1, 2, 6])
@pytest.mark.parametrize("window", [None, 1, 3, 9])
def test_it_equals_loops_over_the_definition(x, n_kv_heads, window):
    attn = make(n_kv_heads, bias=False, window=window)
    expected = torch.zeros(3, 7, 20)
    for h in range(6):
        kv = h // (6 // n_kv_heads)
        for b in range(3):
            for query in range(7):
                keys = [key for key in range(7) if 0 <= query - key < (window or 7)]
                q = x[b, query] @ attn.W_Q[h]
                scores = torch.tensor([q @ (x[b, key] @ attn.W_K[kv]) / 8**0.5 for key in keys])
                weights = scores.exp() / scores.exp().sum()
                z = sum(w * (x[b, k] @ attn.W_V[kv]) for w, k in zip(weights, keys, strict=True))
                expected[b, query] += z @ attn.W_O[h]
    torch.testing.assert_close(attn(x), expected, atol=1e-4, rtol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("n_kv_heads", [1, 2, 6])
@pytest.mark.parametrize("window", [1, 4, 9])
def test_a_windowed_model_equals_transformers_mistral(n_kv_heads, window):
    transformers = pytest.importorskip("transformers")
    c = Config(
        n_layers=3, d_model=30, n_heads=6, n_kv_heads=n_kv_heads, d_head=8, d_vocab=50, n_ctx=16,
        d_mlp=44, act="silu", gated=True, norm="rms", positions="rotary", rotary_base=1e5,
        bias=False, window=window,
    )  # fmt: skip
    model = Transformer(c)
    for seed, weight in enumerate(model.parameters()):
        weight.normal_(0.0, 0.3, generator=torch.Generator().manual_seed(seed))
    theirs = transformers.MistralForCausalLM(
        transformers.MistralConfig(
            hidden_size=30, intermediate_size=44, num_hidden_layers=3, num_attention_heads=6,
            num_key_value_heads=n_kv_heads, head_dim=8, vocab_size=50, max_position_embeddings=16,
            rms_norm_eps=c.norm_eps, rope_parameters={"rope_type": "default", "rope_theta": 1e5},
            sliding_window=window, attn_implementation="eager",
        )
    ).eval()  # fmt: skip
    state = {"model.embed_tokens.weight": model.W_E, "model.norm.weight": model.final_norm.w}
    state["lm_head.weight"] = model.W_U.T
    for i, block in enumerate(model.blocks):
        ours = {
            "input_layernorm": block.attn_norm.w, "post_attention_layernorm": block.mlp_norm.w,
            "self_attn.q_proj": block.attn.w_q, "self_attn.k_proj": block.attn.w_k,
            "self_attn.v_proj": block.attn.w_v, "self_attn.o_proj": block.attn.w_o,
            "mlp.gate_proj": block.mlp.w_gate, "mlp.up_proj": block.mlp.w_in,
            "mlp.down_proj": block.mlp.w_out,
        }  # fmt: skip
        state |= {f"model.layers.{i}.{name}.weight": weight for name, weight in ours.items()}
    theirs.load_state_dict(state, strict=True)
    tokens = torch.randint(0, 50, (3, 11), generator=torch.Generator().manual_seed(1))
    expected = theirs(tokens, output_attentions=True)
    logits, cache = model.run_with_cache(tokens)
    torch.testing.assert_close(logits, expected.logits, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        cache.stack("pattern"), torch.stack(expected.attentions), atol=1e-5, rtol=0
    )
    torch.testing.assert_close(model(tokens), expected.logits, atol=1e-4, rtol=1e-4)


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


def test_the_mask_by_hand():
    # A window of 3 over 5 keys; the second row begins with 2 paddings. Queries 3 and 4 are new.
    mask = hidden_keys(2, 5, torch.device("cpu"), window=3, start=torch.tensor([0, 2]))
    assert mask.int().tolist() == [
        [[[1, 0, 0, 0, 1], [1, 1, 0, 0, 0]]],
        [[[1, 1, 0, 0, 1], [1, 1, 0, 0, 0]]],
    ]


def test_padding_sees_itself_and_nobody_else_sees_it():
    mask = hidden_keys(4, 4, torch.device("cpu"), start=torch.tensor([2]))
    assert (~mask[0, 0]).int().tolist() == [
        [1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 1],
    ]  # fmt: skip


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
