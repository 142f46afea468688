"""The whole forward pass, its cache of keys and values, and what it refuses."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from minitransformer.cache import record
from minitransformer.config import PRESETS, Config
from minitransformer.kv import KVCache
from minitransformer.taps import BLOCK_SITES, MODEL_SITES
from minitransformer.transformer import Transformer, check_tokens

# No two sizes agree, so that a transposed weight cannot pass unseen.
GPT2_SHAPED = Config(n_layers=2, d_model=20, n_heads=6, d_head=8, d_vocab=50, n_ctx=16, d_mlp=44)
LLAMA_SHAPED = Config(
    n_layers=3, d_model=30, n_heads=6, n_kv_heads=2, d_head=8, d_vocab=50, n_ctx=16, d_mlp=44,
    act="silu", gated=True, norm="rms", positions="rotary", rotary_base=1e5, bias=False, tied=True,
)  # fmt: skip
ATTENTION_ONLY = Config(
    n_layers=2, d_model=20, n_heads=6, d_head=8, d_vocab=50, n_ctx=16, norm=None, bias=False
)
CONFIGS = {"gpt2": GPT2_SHAPED, "llama": LLAMA_SHAPED, "attention-only": ATTENTION_ONLY}


def make(config: Config) -> Transformer:
    generator = torch.Generator().manual_seed(0)
    model = Transformer(config)
    for weight in model.parameters():  # large, so that every part makes a difference
        torch.nn.init.normal_(weight, 0.0, 0.3, generator=generator)
    return model.requires_grad_(False)


@pytest.fixture(params=CONFIGS)
def model(request) -> Transformer:
    return make(CONFIGS[request.param])


@pytest.fixture
def tokens() -> torch.Tensor:
    return torch.randint(0, 50, (3, 7), generator=torch.Generator().manual_seed(1))


def transformers_llama(model: Transformer):
    """The same weights in transformers' Llama."""
    transformers = pytest.importorskip("transformers")
    c = model.config
    theirs = transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            hidden_size=c.d_model, intermediate_size=c.d_mlp, num_hidden_layers=c.n_layers,
            num_attention_heads=c.n_heads, num_key_value_heads=c.n_kv_heads, head_dim=c.d_head,
            vocab_size=c.d_vocab, max_position_embeddings=c.n_ctx, rms_norm_eps=c.norm_eps,
            rope_parameters={"rope_type": "default", "rope_theta": c.rotary_base},
            tie_word_embeddings=True, attn_implementation="eager",
        )
    )  # fmt: skip
    state = {"model.embed_tokens.weight": model.W_E, "model.norm.weight": model.final_norm.w}
    for i, block in enumerate(model.blocks):
        state |= {
            f"model.layers.{i}.input_layernorm.weight": block.attn_norm.w,
            f"model.layers.{i}.self_attn.q_proj.weight": block.attn.w_q,
            f"model.layers.{i}.self_attn.k_proj.weight": block.attn.w_k,
            f"model.layers.{i}.self_attn.v_proj.weight": block.attn.w_v,
            f"model.layers.{i}.self_attn.o_proj.weight": block.attn.w_o,
            f"model.layers.{i}.post_attention_layernorm.weight": block.mlp_norm.w,
            f"model.layers.{i}.mlp.gate_proj.weight": block.mlp.w_gate,
            f"model.layers.{i}.mlp.up_proj.weight": block.mlp.w_in,
            f"model.layers.{i}.mlp.down_proj.weight": block.mlp.w_out,
        }
    missing, unexpected = theirs.load_state_dict(state, strict=False)
    assert missing == ["lm_head.weight"]  # tied to the embedding
    assert unexpected == []
    theirs.tie_weights()
    return theirs.eval()


@torch.no_grad()
def test_llama_shape_equals_transformers(tokens):
    model = make(LLAMA_SHAPED)
    expected = transformers_llama(model)(tokens, output_attentions=True, output_hidden_states=True)
    logits, cache = model.run_with_cache(tokens)
    torch.testing.assert_close(logits, expected.logits, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        cache.stack("pattern"), torch.stack(expected.attentions), atol=1e-5, rtol=0
    )
    for layer in range(model.config.n_layers):
        torch.testing.assert_close(
            cache["resid_pre", layer], expected.hidden_states[layer], atol=1e-4, rtol=1e-4
        )


@torch.no_grad()
def test_gpt2_shape_equals_transformers(tokens):
    transformers = pytest.importorskip("transformers")
    c = Config(
        n_layers=2, d_model=48, n_heads=6, d_head=8, d_vocab=50, n_ctx=16, d_mlp=44, tied=True
    )
    model = make(c)
    theirs = transformers.GPT2LMHeadModel(
        transformers.GPT2Config(
            n_embd=48, n_layer=2, n_head=6, vocab_size=50, n_positions=16, n_inner=44,
            activation_function="gelu_new", attn_implementation="eager",
        )
    ).eval()  # fmt: skip
    state = {"wte.weight": model.W_E, "wpe.weight": model.W_pos}
    state |= {"ln_f.weight": model.final_norm.w, "ln_f.bias": model.final_norm.b}
    for i, block in enumerate(model.blocks):
        a, m = block.attn, block.mlp
        state |= {
            f"h.{i}.ln_1.weight": block.attn_norm.w,
            f"h.{i}.ln_1.bias": block.attn_norm.b,
            f"h.{i}.attn.c_attn.weight": torch.cat([a.w_q, a.w_k, a.w_v]).T,
            f"h.{i}.attn.c_attn.bias": torch.cat([a.b_q, a.b_k, a.b_v]),
            f"h.{i}.attn.c_proj.weight": a.w_o.T,
            f"h.{i}.attn.c_proj.bias": a.b_o,
            f"h.{i}.ln_2.weight": block.mlp_norm.w,
            f"h.{i}.ln_2.bias": block.mlp_norm.b,
            f"h.{i}.mlp.c_fc.weight": m.W_in,
            f"h.{i}.mlp.c_fc.bias": m.b_in,
            f"h.{i}.mlp.c_proj.weight": m.W_out,
            f"h.{i}.mlp.c_proj.bias": m.b_out,
        }
    theirs.transformer.load_state_dict(state, strict=True)
    expected = theirs(tokens, output_attentions=True)
    logits, cache = model.run_with_cache(tokens)
    torch.testing.assert_close(logits, expected.logits, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(
        cache.stack("pattern"), torch.stack(expected.attentions), atol=1e-5, rtol=0
    )


def test_prefill_then_decode_equals_the_full_pass(model, tokens):
    kv = KVCache(model.config.n_layers)
    parts = [model(tokens[:, a:b], kv=kv) for a, b in [(0, 4), (4, 5), (5, 7)]]
    torch.testing.assert_close(torch.cat(parts, dim=1), model(tokens), atol=1e-5, rtol=1e-5)
    assert kv.length == 7


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_a_pass_stopped_and_started_again_is_the_pass(model, tokens, layer):
    logits, whole = model.run_with_cache(tokens)
    stream, below = record(
        lambda tap: model.run_blocks(model.embed_tokens(tokens, tap), tap, stop=layer)
    )
    found, above = record(
        lambda tap: model.to_logits(model.run_blocks(stream, tap, start=layer), tap)
    )
    torch.testing.assert_close(found, logits)
    assert set(below) | set(above) == set(whole)
    assert not set(below) & set(above)
    assert below.layers("attn_out") == list(range(layer))
    if layer < model.config.n_layers:
        torch.testing.assert_close(stream, whole["resid_pre", layer])


@pytest.mark.parametrize("positions", [[-1], [0, 4], [2]])
def test_logits_at_chosen_positions_are_those_of_the_whole_pass(model, tokens, positions):
    stream = model.run_blocks(model.embed_tokens(tokens))
    found = model.to_logits(stream[:, positions])
    torch.testing.assert_close(found, model(tokens)[:, positions])


def test_a_pass_started_late_reads_and_grows_its_own_cache(model, tokens):
    """As a patch sweep does: the positions before the edited one are not run again."""
    kv = KVCache(model.config.n_layers)
    model(tokens[:, :6], kv=kv)
    stream = model.embed_tokens(tokens[:, 6:], kv=kv)
    stream = model.run_blocks(stream, kv=kv, stop=1)
    stream = model.run_blocks(stream, kv=kv, start=1)
    torch.testing.assert_close(
        model.to_logits(stream)[:, 0], model(tokens)[:, 6], atol=1e-5, rtol=1e-5
    )


@pytest.mark.parametrize(("start", "stop"), [(3, None), (-1, None), (0, 3), (2, 1)])
def test_blocks_there_are_not_are_refused(start, stop):
    model = make(GPT2_SHAPED)
    stream = torch.zeros(1, 2, 20)
    message = f"stop <= 2, the number of blocks, got start = {start} and stop = {stop or 2}"
    with pytest.raises(IndexError, match=message):
        model.run_blocks(stream, start=start, stop=stop)


def test_a_recorded_part_refuses_the_sites_it_does_not_meet(model, tokens):
    with pytest.raises(KeyError, match=r'no site is called "blocks\.1\.attn\.z"'):
        record(
            lambda tap: model.run_blocks(model.embed_tokens(tokens), tap, stop=1),
            keep=["blocks.1.attn.z"],
        )


def test_the_future_changes_nothing_before_it(model, tokens):
    changed = tokens.clone()
    changed[:, 5:] = (changed[:, 5:] + 1) % 50
    before, after = model(tokens), model(changed)
    torch.testing.assert_close(before[:, :5], after[:, :5])
    assert (before[:, 5:] - after[:, 5:]).abs().max() > 0.1


def test_weights_by_name_have_the_shapes_of_the_formula():
    attn = make(LLAMA_SHAPED).blocks[1].attn
    assert attn.W_Q.shape == (6, 30, 8)
    assert attn.W_K.shape == attn.W_V.shape == (2, 30, 8)
    assert attn.W_O.shape == (6, 8, 30)
    x = torch.randn(4, 30, generator=torch.Generator().manual_seed(2))
    q = torch.einsum("pm,hmd->phd", x, attn.W_Q)
    torch.testing.assert_close(q.flatten(1), x @ attn.w_q.T)
    z = torch.randn(4, 6, 8, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(torch.einsum("phd,hdm->pm", z, attn.W_O), z.flatten(1) @ attn.w_o.T)
    attn.W_Q[3] = 0.0  # the names are views: writing to them changes the model
    assert attn.w_q[3 * 8 : 4 * 8].abs().max() == 0


def test_the_list_of_sites_is_what_a_pass_meets(tokens):
    expected = {*MODEL_SITES, *(f"blocks.{i}.{site}" for i in range(3) for site in BLOCK_SITES)}
    _, llama = make(LLAMA_SHAPED).run_with_cache(tokens)
    assert set(llama) == expected - {"pos_embed"}
    _, gpt2 = make(GPT2_SHAPED).run_with_cache(tokens)
    rotated = {f"blocks.{i}.attn.rot_{x}" for i in range(3) for x in "qk"}
    assert set(gpt2) == {s for s in expected - rotated if not s.startswith("blocks.2")}


@pytest.mark.slow
def test_it_compiles_whole_while_recording():
    # In a process of its own: the shape checks that tests switch on do not compile.
    script = """
import torch
from minitransformer import Config, Tap, Transformer
model = Transformer(Config(n_layers=3, d_model=20, n_heads=4, d_head=6, d_vocab=50, n_ctx=16,
                           d_mlp=44, norm="rms", positions="rotary")).requires_grad_(False)
def run(tokens):
    tap = Tap(keep=["pattern"])
    return model(tokens, tap), tap.kept
tokens = torch.tensor([[1, 2, 3, 4]])
logits, kept = torch.compile(run, fullgraph=True, backend="eager")(tokens)
torch.testing.assert_close(logits, model(tokens))
assert len(kept) == 3, kept
print("compiled")
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ran.stdout == "compiled\n", ran.stderr


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (torch.zeros(1, 0, dtype=torch.int64), r"the prompt is empty.*got shape \(1, 0\)"),
        (torch.zeros(1, 17, dtype=torch.int64), "at most n_ctx = 16 tokens, got 17"),
        (torch.tensor([[3, 50]]), "ids from 0 to 49, got 50"),
        (torch.tensor([[3, -1]]), "ids from 0 to 49, got -1"),
        (torch.tensor([3, 4]), r"\[batch, pos\].*shape \(2,\)"),
        (torch.tensor([[0.5]]), "whole numbers.*float32"),
    ],
)
def test_tokens_it_cannot_read_are_refused(tokens, message):
    with pytest.raises(ValueError, match=message):
        check_tokens(tokens, GPT2_SHAPED, past=0)


def test_the_forward_pass_checks_its_tokens():
    with pytest.raises(ValueError, match="ids from 0 to 49, got 50"):
        Transformer(GPT2_SHAPED)(torch.tensor([[50]]))


def test_a_full_cache_is_refused():
    model, kv = make(GPT2_SHAPED), KVCache(2)
    model(torch.zeros(1, 15, dtype=torch.int64), kv=kv)
    with pytest.raises(ValueError, match="got 2 after 15 already seen"):
        model(torch.zeros(1, 2, dtype=torch.int64), kv=kv)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_kv_heads": 4}, "expected a divisor of 6, got 4"),
        ({"n_heads": 0}, "n_heads must be a positive whole number, got 0"),
        ({"positions": "rotary", "d_head": 7}, "d_head must be even, got 7"),
        ({"d_mlp": 0}, "got 0"),
    ],
)
def test_a_config_that_cannot_be_is_refused(change, message):
    sizes = {"n_layers": 2, "d_model": 20, "n_heads": 6, "d_head": 8, "d_vocab": 50, "n_ctx": 16}
    with pytest.raises(ValueError, match=message):
        Config(**{**sizes, **change})


def test_the_presets_have_the_published_number_of_parameters():
    # Radford et al. 2019 print 117M for what the released files count as 124M.
    for name, millions in {"gpt2-small": 124.4, "smollm2-135m-instruct": 134.5}.items():
        with torch.device("meta"):
            model = Transformer(PRESETS[name])
        assert round(sum(p.numel() for p in model.parameters()) / 1e6, 1) == millions
