"""A folded model says what the model says, and its matrices are what the norm made of them."""

from __future__ import annotations

import copy
import dataclasses

import pytest
import torch

from minitransformer import circuits, pretrained
from minitransformer.attribution import direct, logit_direction
from minitransformer.config import Config
from minitransformer.folding import fold_norms
from minitransformer.kv import KVCache
from minitransformer.transformer import Transformer

GPT2_SHAPED = Config(
    n_layers=2, d_model=20, n_heads=6, d_head=8, d_vocab=50, n_ctx=16, d_mlp=44, tied=True
)
LLAMA_SHAPED = Config(
    n_layers=3, d_model=30, n_heads=6, n_kv_heads=2, d_head=8, d_vocab=50, n_ctx=16, d_mlp=44,
    act="silu", gated=True, norm="rms", positions="rotary", bias=False, tied=True,
)  # fmt: skip
CONFIGS = {
    "gpt2": GPT2_SHAPED,
    "llama": LLAMA_SHAPED,
    "gpt2 without biases": dataclasses.replace(GPT2_SHAPED, bias=False, tied=False),
    "llama with biases": dataclasses.replace(LLAMA_SHAPED, bias=True, gated=False, act="relu"),
    "attention only": dataclasses.replace(GPT2_SHAPED, d_mlp=None),
    "no norm": dataclasses.replace(GPT2_SHAPED, norm=None),
}
TOKENS = torch.randint(0, 50, (3, 7), generator=torch.Generator().manual_seed(1))


def make(config: Config) -> Transformer:
    model = Transformer(config)
    generator = torch.Generator().manual_seed(0)
    for weight in model.parameters():
        torch.nn.init.normal_(weight, 0.0, 0.3, generator=generator)
    for name, weight in model.named_parameters():
        if name.endswith("norm.w"):
            weight.data += 1
    return model.requires_grad_(False)


@pytest.fixture(params=CONFIGS)
def model(request) -> Transformer:
    return make(CONFIGS[request.param])


def test_the_logits_are_the_same(model):
    before = copy.deepcopy(model.state_dict())
    expected = model(TOKENS)
    folded = fold_norms(model)
    found = folded(TOKENS)
    assert (found - expected).abs().max() <= 1e-4 * expected.abs().max()
    # and those of tokens read one by one:
    kv = KVCache(model.config.n_layers)
    parts = [folded(TOKENS[:, a:b], kv=kv) for a, b in [(0, 4), (4, 7)]]
    torch.testing.assert_close(torch.cat(parts, dim=1), found, atol=1e-4, rtol=1e-4)
    # The model that was given is what it was.
    assert before.keys() == model.state_dict().keys()
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert (model.unembed.w_u is model.embed.w_e) is model.config.tied
    assert torch.equal(model(TOKENS), expected)


def test_the_norms_that_remain_only_divide(model):
    folded = fold_norms(model)
    assert folded.config.norm == (None if model.config.norm is None else "rms")
    assert folded.config.tied is False
    norms = {name: w for name, w in folded.named_parameters() if "norm" in name}
    assert len(norms) == sum(name.endswith("norm.w") for name, _ in model.named_parameters())
    assert all(torch.equal(w, torch.ones_like(w)) for w in norms.values())
    assert not any(w.requires_grad for w in folded.parameters())
    # Its config makes a model with the same weights, but for the unembedding's shift.
    expected = {name: w.shape for name, w in Transformer(folded.config).named_parameters()}
    found = {name: w.shape for name, w in folded.named_parameters()}
    shift = found.pop("unembed.b_u", None)
    assert found == expected
    assert shift == ((50,) if model.config.norm == "layer" else None)


def test_a_layer_norms_streams_lose_their_means():
    for name in ("gpt2", "gpt2 without biases"):
        model = make(CONFIGS[name])
        _, old = model.run_with_cache(TOKENS)
        _, new = fold_norms(model).run_with_cache(TOKENS)
        for site in ("resid_pre", "resid_mid", "resid_post", "attn_out", "mlp_out"):
            stream = old.stack(site)
            expected = stream - stream.mean(dim=-1, keepdim=True)
            torch.testing.assert_close(new.stack(site), expected, atol=1e-4, rtol=1e-4)
        # What the layers do with it is the same all the way.
        for site in ("q", "k", "v", "pattern", "z", "mlp_pre", "mlp_post"):
            torch.testing.assert_close(new.stack(site), old.stack(site), atol=1e-4, rtol=1e-4)


def test_a_folded_circuit_is_the_circuit_between_the_norms_weights():
    model = make(LLAMA_SHAPED)
    folded = fold_norms(model)
    w = model.blocks[1].attn_norm.w
    qk = circuits.qk(model, 1, 4).full()
    torch.testing.assert_close(circuits.qk(folded, 1, 4).full(), w[:, None] * qk * w)
    ov = circuits.ov(model, 1, 4).full()
    torch.testing.assert_close(circuits.ov(folded, 1, 4).full(), w[:, None] * ov)
    torch.testing.assert_close(folded.W_U, model.final_norm.w[:, None] * model.W_U)


def test_attribution_in_a_folded_model_is_attribution():
    """But for the shifts: b_u of two tokens is the part that was the norm's."""
    model = make(GPT2_SHAPED)
    folded = fold_norms(model)
    answer, other = torch.tensor([7, 8, 9]), torch.tensor([30, 20, 10])
    found = []
    for which in (model, folded):
        _, cache = which.run_with_cache(TOKENS)
        found.append(direct(which, cache, logit_direction(which, answer, other), "head"))
    old, new = found
    assert old.names == [*new.names, "norm.b"]
    torch.testing.assert_close(new.values, old.values[:-1], atol=1e-4, rtol=1e-4)
    b_u = folded.unembed.b_u
    torch.testing.assert_close((b_u[answer] - b_u[other])[:, None].expand(3, 7), old["norm.b"])


def test_a_folded_model_folds_to_itself():
    once = fold_norms(make(LLAMA_SHAPED))
    twice = fold_norms(once)
    assert all(
        torch.equal(a, b) for a, b in zip(once.parameters(), twice.parameters(), strict=True)
    )


def test_a_model_being_trained_folds_to_one_that_can_be():
    model = make(GPT2_SHAPED).requires_grad_(True)
    folded = fold_norms(model)
    assert all(w.requires_grad and w.grad_fn is None for w in folded.parameters())
    folded(TOKENS).sum().backward()
    assert all(w.grad is not None for w in folded.parameters())
    assert all(w.grad is None for w in model.parameters())


def test_what_cannot_be_folded_is_refused():
    config = dataclasses.replace(LLAMA_SHAPED, norm="layer")
    with pytest.raises(ValueError, match="expected RMSNorm where MLPs are gated, got LayerNorm"):
        fold_norms(make(config))


@pytest.mark.slow
@torch.no_grad()
def test_smollm2_folded_is_smollm2():
    model = pretrained.load("smollm2-135m-instruct")
    tokenizer = pretrained.load_tokenizer("smollm2-135m-instruct")
    text = "When Mary and John went to the store, John gave a drink to"
    tokens = torch.tensor([tokenizer.encode(text)])
    expected, found = model(tokens), fold_norms(model)(tokens)
    assert (found - expected).abs().max() <= 3e-4
    assert model.unembed.w_u is model.embed.w_e
