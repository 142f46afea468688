"""Chapter 05's experiments: what is read, what is written, and the recorded runs."""

from __future__ import annotations

import pytest
import torch

from minitransformer import recipes
from minitransformer.config import Config
from minitransformer.experiments import generation
from minitransformer.experiments.heads import loss_per_token
from minitransformer.experiments.repeats import repeated, sentences, surprisal, write
from minitransformer.generation import generate
from minitransformer.sampling import greedy, repetition_penalty
from minitransformer.transformer import Transformer


@pytest.fixture
def tiny():
    config = Config(n_layers=2, d_model=24, n_heads=3, d_head=8, d_vocab=31, n_ctx=40)
    model = Transformer(config, torch.Generator().manual_seed(0)).requires_grad_(False)
    model.W_U.mul_(40)  # so that its predictions differ
    return model


def test_repeated_by_hand():
    assert repeated([5, 6, 5, 6, 5], 2) == 0.5
    assert repeated([5, 6, 5, 6, 5], 1) == pytest.approx(0.6)
    assert repeated([1, 2, 3, 4, 5]) == 0
    assert repeated([7] * 11) == pytest.approx(7 / 8)


def test_surprisal_and_entropy_by_hand():
    logits = torch.tensor([[0.5, 0.25, 0.25], [1.0, 1.0, 1.0]]).log()
    assert surprisal(logits, torch.tensor([1, 2])).tolist() == pytest.approx([1.3863, 1.0986], 1e-4)
    assert generation.entropy(logits).tolist() == pytest.approx([1.0397, 1.0986], 1e-4)


def test_a_prediction_that_is_right_is_calibrated():
    """Texts drawn from the very probabilities that are judged: the loss is the entropy."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(400, 30, 6, generator=generator)
    drawn = torch.multinomial(logits[:, :-1].softmax(-1).flatten(0, 1), 1, generator=generator)
    text = torch.cat([torch.zeros(400, 1, dtype=torch.long), drawn.view(400, 29)], dim=1)
    assert abs(generation.overconfidence(logits, text)) < 0.02
    assert generation.overconfidence(3 * logits, text) > 0.5


def test_shuffled_keeps_each_rows_words():
    text = torch.arange(60).view(4, 15)
    mixed = generation.shuffled(text, seed=3)
    assert torch.equal(mixed.sort(dim=1).values, text)
    assert not torch.equal(mixed, text)
    assert torch.equal(mixed, generation.shuffled(text, seed=3))


def test_ways_that_ride_together_write_what_each_would_alone(tiny):
    def penalised(logits, seen):
        return greedy(repetition_penalty(logits, seen, 1.5))

    prompts = [[1, 2, 3], [4, 5, 6], [9, 9, 2]]
    texts = write(tiny, prompts, 9, {"greedy": greedy, "penalised": penalised})
    assert texts["greedy"].rows == generate(tiny, prompts, 9, greedy)
    assert texts["penalised"].rows == generate(tiny, prompts, 9, penalised)
    assert texts["greedy"].rows != texts["penalised"].rows
    for text in texts.values():
        whole = torch.tensor([p + row for p, row in zip(prompts, text.rows, strict=True)])
        loss = loss_per_token(tiny(whole), whole)[:, 2:]
        assert torch.allclose(text.surprisal, loss, atol=1e-4)


def test_a_token_read_with_its_cache_is_read_as_in_the_whole(tiny):
    text = torch.randint(0, 31, (3, 12), generator=torch.Generator().manual_seed(0))
    with_cache, without = generation.cache_differences(tiny, text, tiny(text)[:, -1])
    assert with_cache < 1e-4 < without


def test_by_copy_leaves_out_the_first_token_of_each(monkeypatch):
    monkeypatch.setattr(generation, "SENTENCE", 3)
    loss = torch.arange(1.0, 9.0)[None]  # of tokens 1 to 8 of three sentences of three
    assert [row.tolist() for row in generation.by_copy(loss)] == [[[1, 2]], [[4, 5]], [[7, 8]]]


def test_held_out_sentences_are_others(tokenizer):
    found = sentences(tokenizer, 80, 8, seed=0, held_out=False)
    held_out = sentences(tokenizer, 80, 8, seed=1, held_out=True)
    assert found.shape == held_out.shape == (80, 8)
    assert len({tuple(row) for row in held_out.tolist()}) == 80
    assert not {tuple(r) for r in found.tolist()} & {tuple(r) for r in held_out.tolist()}
    with pytest.raises(ValueError, match="5000 were asked for"):
        sentences(tokenizer, 5000, 8, seed=0, held_out=True)


@pytest.mark.slow
@torch.no_grad()
def test_a_rerun_follows_the_recorded_run(model, tokenizer):
    run = recipes.recorded("generation-seeds")["runs"][0]
    again = generation.measure_copies(run["seed"], model, tokenizer)
    again |= generation.measure_text(run["seed"], model, tokenizer)
    for id, (ours, control) in again.items():
        assert ours == pytest.approx(run["rows"][id]["ours"], abs=5e-3), id
        assert control == pytest.approx(run["rows"][id]["control"], abs=5e-3), id
