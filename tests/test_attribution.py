"""The logit lens, and logit differences taken apart: they sum to what the model says."""

from __future__ import annotations

import pytest
import torch

from minitransformer import pretrained
from minitransformer.attribution import direct, logit_direction, logit_lens
from minitransformer.config import Config
from minitransformer.experiments.ioi import ioi_prompts
from minitransformer.transformer import Transformer

CONFIGS = {
    "gpt2": Config(
        n_layers=2, d_model=20, n_heads=6, d_head=8, d_vocab=50, n_ctx=16, d_mlp=44
    ),
    "llama": Config(
        n_layers=3, d_model=30, n_heads=6, n_kv_heads=2, d_head=8, d_vocab=50, n_ctx=16, d_mlp=44,
        act="silu", gated=True, norm="rms", positions="rotary", bias=False, tied=True,
    ),
    "no norm": Config(
        n_layers=2, d_model=20, n_heads=6, d_head=8, d_vocab=50, n_ctx=16, d_mlp=44, norm=None
    ),
}  # fmt: skip
TOKENS = torch.randint(0, 50, (3, 7), generator=torch.Generator().manual_seed(1))
ANSWER, OTHER = torch.tensor([7, 8, 9]), torch.tensor([30, 20, 10])


def make(config: Config) -> Transformer:
    model = Transformer(config)
    generator = torch.Generator().manual_seed(0)
    for weight in model.parameters():
        torch.nn.init.normal_(weight, 0.0, 0.3, generator=generator)
    return model.requires_grad_(False)


@pytest.fixture(params=CONFIGS)
def model(request) -> Transformer:
    return make(CONFIGS[request.param])


def test_the_lens_after_the_last_layer_is_the_model(model):
    logits, cache = model.run_with_cache(TOKENS)
    lens = logit_lens(model, cache.stack("resid_post"))
    assert lens.shape == (model.config.n_layers, 3, 7, 50)
    torch.testing.assert_close(lens[-1], logits)
    # Before it: as if the later blocks wrote nothing.
    outs = [f"blocks.{i}.{x}_out" for i in range(1, len(lens)) for x in ("attn", "mlp")]
    silent = {out: torch.zeros_like for out in outs}
    early, _ = model.run_with_cache(TOKENS, keep=[], edit=silent)
    torch.testing.assert_close(lens[0], early)
    torch.testing.assert_close(logit_lens(model, cache["resid_post", 0]), early)


@pytest.mark.parametrize("by", ["layer", "head", "neuron"])
def test_the_parts_sum_to_the_logit_difference(model, by):
    logits, cache = model.run_with_cache(TOKENS)
    n = torch.arange(3)
    expected = logits[n, :, ANSWER] - logits[n, :, OTHER]  # [batch, pos]
    direction = logit_direction(model, ANSWER, OTHER)
    parts = direct(model, cache, direction, by)
    torch.testing.assert_close(parts.sum(), expected, atol=1e-4, rtol=1e-4)
    last = direct(model, cache, direction, by, at=[-1])
    assert last.values.shape == (len(parts), 3, 1)
    torch.testing.assert_close(last.values, parts.values[:, :, -1:])
    one = direct(model, cache, logit_direction(model, torch.tensor(7)), by)
    torch.testing.assert_close(one.sum(), logits[:, :, 7], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("by", "name"),
    [("layer", "blocks.1.mlp_out"), ("head", "blocks.1.attn.head.3"),
     ("neuron", "blocks.1.mlp.neuron.17")],
)  # fmt: skip
def test_a_part_is_what_the_logits_lose_without_it_while_the_norm_is_held(model, by, name):
    """By the model itself: take the part out of the last stream, hold the scale, look."""
    logits, cache = model.run_with_cache(TOKENS)
    block = model.blocks[1]
    wrote = {
        "layer": cache["mlp_out", 1],
        "head": cache["z", 1][:, :, 3] @ block.attn.W_O[3],
        "neuron": cache["mlp_post", 1][:, :, 17, None] * block.mlp.W_out[17],
    }[by]
    held = {}
    if model.config.norm is not None:
        held["final_norm.scale"] = lambda _: cache["final_norm.scale"]
    last = f"blocks.{model.config.n_layers - 1}.resid_post"
    without, _ = model.run_with_cache(TOKENS, keep=[], edit={last: lambda x: x - wrote, **held})
    lost = (logits - without)[:, :, 5] - (logits - without)[:, :, 6]
    direction = logit_direction(model, torch.tensor(5), torch.tensor(6))
    parts = direct(model, cache, direction, by)
    torch.testing.assert_close(parts[name], lost, atol=1e-4, rtol=1e-4)


def test_bad_questions_are_refused():
    model = make(CONFIGS["gpt2"])
    _, cache = model.run_with_cache(TOKENS)
    with pytest.raises(IndexError, match="ids from 0 to 49, got 50"):
        logit_direction(model, torch.tensor([3, 50, 1]), ANSWER)
    with pytest.raises(IndexError, match="ids from 0 to 49, got -1"):
        logit_direction(model, ANSWER, torch.tensor([3, -1, 1]))
    direction = logit_direction(model, ANSWER)
    with pytest.raises(IndexError, match=r"positions from -7 to 6, got \[9\]"):
        direct(model, cache, direction, at=[9])
    bare = make(Config(n_layers=1, d_model=20, n_heads=6, d_head=8, d_vocab=50, n_ctx=16))
    _, cache = bare.run_with_cache(TOKENS)
    with pytest.raises(ValueError, match="with MLPs"):
        direct(bare, cache, direction, by="neuron")


@pytest.mark.slow
@torch.no_grad()
def test_the_heads_that_write_the_name_in_smollm2():
    """Against a plain prototype's figures (48 prompts of one template), and the difference."""
    model = pretrained.load("smollm2-135m-instruct")
    tokenizer = pretrained.load_tokenizer("smollm2-135m-instruct")
    prompts = ioi_prompts(tokenizer, 24, seed=0, template=0)
    logits, cache = model.run_with_cache(prompts.tokens)
    n = torch.arange(24)
    expected = logits[n, -1, prompts.io] - logits[n, -1, prompts.s]
    direction = logit_direction(model, prompts.io, prompts.s)
    for by in ("layer", "head", "neuron"):
        parts = direct(model, cache, direction, by, at=[-1])
        torch.testing.assert_close(parts.sum()[:, 0], expected, atol=3e-4, rtol=1e-4)
    heads = direct(model, cache, direction, "head", at=[-1])
    mean = {name: heads[name].mean().item() for name in heads.names if "head" in name}
    order = sorted(mean, key=mean.__getitem__)
    prototype = {"23.3": 2.26, "29.1": 1.40, "29.0": -1.15, "24.4": -1.03}
    paths = {f"blocks.{h.replace('.', '.attn.head.')}": by_it for h, by_it in prototype.items()}
    assert set(order[:2] + order[-2:]) == set(paths)
    for name, by_it in paths.items():
        assert mean[name] == pytest.approx(by_it, abs=0.4)
