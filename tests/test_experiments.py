"""The experiments: their data, their claims, and the recorded runs."""

from __future__ import annotations

import pytest
import torch

from minitransformer import recipes
from minitransformer.experiments import attention
from minitransformer.experiments.data import capitalised, repeated_tokens, speeches
from minitransformer.experiments.heads import attention_to, effects, lookback, other_heads
from minitransformer.experiments.ioi import NAMES, TEMPLATES, ioi_prompts

NAME = "smollm2-135m-instruct"


def test_lookback_by_hand():
    pattern = torch.tensor([[1.0, 0, 0], [0.6, 0.4, 0], [0.1, 0.7, 0.2]])[None, None]
    assert lookback(pattern, 1).item() == pytest.approx(0.65)
    assert lookback(pattern, 1, first_query=2).item() == pytest.approx(0.7)
    assert lookback(pattern, 2).item() == pytest.approx(0.1)
    assert lookback(pattern, 0).item() == pytest.approx(1.6 / 3)
    assert lookback(pattern.expand(4, 1, 2, 3, 3), 1).shape == (4, 2)


def test_attention_to_by_hand():
    pattern = torch.tensor([[1.0, 0, 0], [0.6, 0.4, 0], [0.1, 0.7, 0.2]])[None, None]
    assert attention_to(pattern, 0).item() == pytest.approx(0.35)
    assert attention_to(pattern, 1).item() == pytest.approx(0.7)


def test_repeated_tokens_repeat_and_the_control_does_not():
    twice = repeated_tokens(5, 8, 49_152, seed=3)
    assert torch.equal(twice[:, :8], twice[:, 8:])
    once = repeated_tokens(5, 8, 49_152, seed=3, repeat=False)
    assert torch.equal(once[:, :8], twice[:, :8])
    assert not (once[:, :8] == once[:, 8:]).any()


def test_held_out_speeches_are_others(tokenizer):
    found = speeches(tokenizer, 60, 32, seed=0, held_out=False)
    held_out = speeches(tokenizer, 60, 32, seed=1, held_out=True)
    assert found.shape == held_out.shape == (60, 32)
    assert not {tuple(r) for r in found.tolist()} & {tuple(r) for r in held_out.tolist()}
    with pytest.raises(ValueError, match="1000 were asked for"):
        speeches(tokenizer, 1000, 32, seed=0, held_out=True)


@pytest.mark.parametrize("template", range(len(TEMPLATES)))
def test_the_two_names_stand_where_the_prompts_say(tokenizer, template):
    prompts = ioi_prompts(tokenizer, 40, seed=0, template=template)
    n = torch.arange(40)
    assert torch.equal(prompts.tokens[n, prompts.io_pos], prompts.io)
    for position in (prompts.s1_pos, prompts.s2_pos):
        assert torch.equal(prompts.tokens[n, position], prompts.s)
    assert (prompts.s1_pos < prompts.s2_pos).all()
    assert not (prompts.io == prompts.s).any()
    assert (prompts.io_pos < prompts.s1_pos).float().mean() == 0.5
    assert ((prompts.tokens == prompts.io[:, None]).sum(dim=1) == 1).all()


def test_names_are_single_tokens(tokenizer):
    assert all(len(tokenizer.encode(f" {name}")) == 1 for name in NAMES)


def test_capitalised_words_are_words(tokenizer):
    words = capitalised(tokenizer)
    assert len(words) > 5000
    assert int(tokenizer.encode(" Mary")[0]) in words
    assert int(tokenizer.encode(" mary")[0]) not in words


def test_other_heads_are_other_heads_of_the_same_layers(model):
    others = other_heads(model, 4, attention.INDUCTION, seed=0)
    assert len(set(others)) == 4
    assert not set(others) & set(attention.INDUCTION)
    assert {layer for layer, _ in others} <= {layer for layer, _ in attention.INDUCTION}


@torch.no_grad()
def test_effects_are_those_of_whole_passes(model, tokenizer):
    from minitransformer.interventions import ablate_head

    prompts, (layer, head) = ioi_prompts(tokenizer, 8, seed=0), attention.ELSEWHERE
    found = effects(model, prompts, [(layer, head)])[layer, head]
    clean, cache = model.run_with_cache(prompts.tokens, keep=["z"])
    mean = cache["z", layer][:, :, head].mean(dim=0)
    edit = {f"blocks.{layer}.attn.z": ablate_head(head, to=mean)}
    ablated, _ = model.run_with_cache(prompts.tokens, keep=[], edit=edit)
    kl = torch.nn.functional.kl_div(
        ablated[:, -1].log_softmax(-1), clean[:, -1].log_softmax(-1),
        log_target=True, reduction="batchmean",
    )  # fmt: skip
    assert found.kl == pytest.approx(kl.item(), rel=1e-3)


@torch.no_grad()
def test_the_discovery_data_finds_the_heads_that_are_named(model, tokenizer):
    text = speeches(tokenizer, 24, 32, attention.DISCOVERY, held_out=False)
    _, cache = model.run_with_cache(text, keep=["pattern"])
    previous = lookback(cache.stack("pattern"), 1)
    assert divmod(int(previous.argmax()), 9) == attention.PREVIOUS
    tokens = repeated_tokens(20, 20, model.config.d_vocab, attention.DISCOVERY)
    _, cache = model.run_with_cache(tokens, keep=["pattern"])
    induction = lookback(cache.stack("pattern"), 19, 20).flatten()
    top = [divmod(i, 9) for i in induction.topk(4).indices.tolist()]
    assert top == attention.INDUCTION


@pytest.mark.slow
@torch.no_grad()
def test_a_rerun_follows_the_recorded_run(model, tokenizer):
    run = recipes.recorded("attention-seeds")["runs"][0]
    again = attention.measure_copying(run["seed"], model, tokenizer)
    again |= attention.measure_text(run["seed"], model, tokenizer)
    for id, (ours, control) in again.items():
        assert ours == pytest.approx(run["rows"][id]["ours"], abs=2e-3), id
        assert control == pytest.approx(run["rows"][id]["control"], abs=2e-3), id
