"""Chapter 04's experiments: neurons and their rules, norms, a mixture that collapses."""

from __future__ import annotations

import pytest
import torch

from minitransformer import recipes
from minitransformer.experiments import block, mixture
from minitransformer.experiments.data import speeches
from minitransformer.experiments.neurons import (
    ablate_neurons,
    begins,
    kl,
    logits_without,
    members,
    other_neurons,
    row,
    rule,
    share,
)


def test_rule_by_hand():
    # Two neurons, one text of four positions, the first two labelled.
    pre = torch.tensor([[[1.0, -1.0], [2.0, 3.0], [-1.0, 0.0], [0.5, -2.0]]])
    label = torch.tensor([[True, True, False, False]])
    assert rule(pre, label).tolist() == [0.5, 0.5]  # 1 - 1/2 and 1/2 - 0: a gate of 0 is shut
    assert rule(pre, ~label).tolist() == [-0.5, -0.5]
    assert rule(pre.expand(3, 1, 4, 2), label).shape == (3, 2)


def test_members_and_beginnings(tokenizer):
    a, the = members(tokenizer, "a"), members(tokenizer, "the thy")
    ids = {text: tokenizer.encode(text)[0] for text in (" a", "A", " an", " the", " thy", " apple")}
    assert [bool(a[ids[text]]) for text in ids] == [True, True, False, False, False, False]
    assert [bool(the[ids[text]]) for text in ids] == [False, False, False, True, True, False]
    words, vowels = begins(tokenizer), begins(tokenizer, "aeiou")
    assert [bool(words[ids[text]]) for text in ids] == [True, False, True, True, True, True]
    assert [bool(vowels[ids[text]]) for text in ids] == [True, False, True, False, False, True]
    assert not (vowels & ~words).any()


def test_kl_and_share_by_hand():
    even, sure = torch.zeros(1, 2), torch.tensor([[3.0, 0.0]]).log()
    assert kl(even, even) == 0
    # Half of log(1/2 / 1) and of log(1/2 / 0) would be infinite; here 3 to 0 has no log of 0.
    p = torch.tensor([[1.0, 3.0]]).log()
    assert kl(even, p) == pytest.approx(0.5 * (torch.tensor(2.0).log() + torch.tensor(2 / 3).log()))
    assert share(p, torch.tensor([False, True])) == pytest.approx(0.75)
    assert share(sure, torch.tensor([True, False])) == 1


def test_other_neurons_are_others():
    others = other_neurons(5, 3, 6, seed=0)
    assert sorted(others) == [0, 1, 2, 4, 5]
    assert other_neurons(2, 3, 6, seed=0) == others[:2]
    assert other_neurons(2, 3, 60, seed=1) != other_neurons(2, 3, 60, seed=2)


@torch.no_grad()
def test_a_pass_that_starts_late_is_the_whole_pass(model, tokenizer):
    text = speeches(tokenizer, 3, 12, seed=0, held_out=False)
    layer, number = block.ARTICLE
    clean, cache = model.run_with_cache(text, keep=["resid_pre"])
    where = torch.rand(text.shape, generator=torch.Generator().manual_seed(0)) < 0.5
    late = logits_without(model, cache, layer, [number, 7], where)
    edit = ablate_neurons(layer, [number, 7])
    whole, kept = model.run_with_cache(text, keep=["mlp_post"], edit=edit)
    torch.testing.assert_close(late, whole[where], atol=1e-4, rtol=1e-4)
    assert (kept["mlp_post", layer][..., [number, 7]] == 0).all()
    assert (kept["mlp_post", layer][..., 8] != 0).all()
    assert not torch.allclose(late, clean[where], atol=1e-2)


@torch.no_grad()
def test_a_row_is_what_a_neuron_of_the_last_layer_adds(model, tokenizer):
    """There nothing but the norm stands between: the change is along the row."""
    text = speeches(tokenizer, 1, 8, seed=0, held_out=False)
    logits, cache = model.run_with_cache(text, keep=["resid_pre", "scale", "mlp_post"])
    neuron = (29, 129)
    where = torch.zeros_like(text, dtype=torch.bool)
    where[0, -1] = True
    without = logits_without(model, cache, *(neuron[0], [neuron[1]]), where)
    added = (
        row(model, neuron) * cache["mlp_post", 29][0, -1, 129] / cache["final_norm.scale"][0, -1]
    )
    # Taking it out also changes what the norm divides by, a little.
    torch.testing.assert_close(logits[0, -1] - without[0], added, atol=0.05, rtol=0.05)


@torch.no_grad()
def test_the_discovery_speeches_find_the_neurons_that_are_named(model, tokenizer):
    text = speeches(tokenizer, block.N_SPEECHES, block.LENGTH, block.DISCOVERY, held_out=False)
    _, cache = model.run_with_cache(text, keep=["mlp_pre"])
    pre = cache.stack("mlp_pre")
    for word, neuron in (("a", block.ARTICLE), ("the", block.IDLE)):
        score = rule(pre, members(tokenizer, word)[text]).flatten()
        best = [divmod(i, pre.shape[-1]) for i in score.topk(3).indices.tolist()]
        assert neuron in best


def test_a_mixture_that_is_trained_twice_is_the_same():
    loads, errors = mixture.train(0, 1.0, steps=5)
    again, _ = mixture.train(0, 1.0, steps=5)
    assert torch.equal(loads, again)
    assert loads.shape == (5, mixture.N_EXPERTS)
    assert torch.allclose(loads.sum(dim=1), torch.ones(5))
    assert errors.shape == (5,)


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5, 6])
def test_a_draw_has_at_least_twenty_of_each_word(tokenizer, seed):
    text = speeches(tokenizer, block.N_SPEECHES, block.LENGTH, seed, held_out=True)
    for word in ("a", "the"):
        assert members(tokenizer, word)[text].sum() >= 20


@pytest.mark.slow
@torch.no_grad()
def test_a_rerun_follows_the_recorded_run(model, tokenizer):
    run = recipes.recorded("block-seeds")["runs"][0]
    text = speeches(tokenizer, block.N_SPEECHES, block.LENGTH, run["seed"], held_out=True)
    again = block.measure_neurons(run["seed"], model, tokenizer, text)
    again |= block.measure_mixture(run["seed"])
    for id, (ours, control) in again.items():
        assert ours == pytest.approx(run["rows"][id]["ours"], abs=5e-3), id
        assert control == pytest.approx(run["rows"][id]["control"], abs=5e-3), id
