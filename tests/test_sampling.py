"""Each way of narrowing the choice against transformers'; the draw against its probabilities."""

from __future__ import annotations

import pytest
import torch

from minitransformer.sampling import (
    greedy,
    min_p,
    repetition_penalty,
    sample,
    temperature,
    top_k,
    top_p,
)


@pytest.fixture(params=[0.1, 1.0, 8.0])
def logits(request) -> torch.Tensor:
    """Flat, ordinary and peaked."""
    return request.param * torch.randn(200, 97, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def theirs():
    pytest.importorskip("transformers")
    from transformers.generation import logits_process

    return logits_process


NONE = torch.zeros(200, 0, dtype=torch.int64)  # transformers asks for the tokens so far


@pytest.mark.parametrize("t", [0.1, 0.7, 1.0, 3.0])
def test_temperature_is_transformers(logits, theirs, t):
    expected = theirs.TemperatureLogitsWarper(t)(NONE, logits)
    torch.testing.assert_close(temperature(logits, t), expected)


@pytest.mark.parametrize("k", [1, 5, 97, 1000])
def test_top_k_is_transformers(logits, theirs, k):
    assert torch.equal(top_k(logits, k), theirs.TopKLogitsWarper(k)(NONE, logits))


@pytest.mark.parametrize("p", [1e-9, 0.3, 0.9, 0.999, 1.0])
def test_top_p_is_transformers(logits, theirs, p):
    found = top_p(logits, p)
    assert torch.equal(found, theirs.TopPLogitsWarper(p)(NONE, logits))
    # And it is what it says: what is left reaches p, and would not without its least token.
    left = torch.where(found.isfinite(), logits.softmax(dim=-1), torch.nan)
    held = left.nansum(dim=-1)
    assert (held >= p - 1e-5).all()
    least = left.nan_to_num(torch.inf).amin(dim=-1)
    assert (held - least < p + 1e-5).all()


@pytest.mark.parametrize("p", [0.0, 0.05, 0.5, 1.0])
def test_min_p_is_transformers(logits, theirs, p):
    assert torch.equal(min_p(logits, p), theirs.MinPLogitsWarper(p)(NONE, logits))


@pytest.mark.parametrize("penalty", [0.8, 1.0, 1.3, 2.0])
def test_the_repetition_penalty_is_transformers(logits, theirs, penalty):
    ids = torch.randint(0, 97, (200, 30), generator=torch.Generator().manual_seed(1))
    seen = torch.zeros(200, 97, dtype=torch.bool).scatter(1, ids, True)
    expected = theirs.RepetitionPenaltyLogitsProcessor(penalty)(ids, logits)
    assert torch.equal(repetition_penalty(logits, seen, penalty), expected)


def test_they_compose_as_in_transformers(logits, theirs):
    ids = torch.randint(0, 97, (200, 30), generator=torch.Generator().manual_seed(1))
    seen = torch.zeros(200, 97, dtype=torch.bool).scatter(1, ids, True)
    expected = logits
    for step in (
        theirs.RepetitionPenaltyLogitsProcessor(1.2),
        theirs.TemperatureLogitsWarper(0.7),
        theirs.TopKLogitsWarper(40),
        theirs.TopPLogitsWarper(0.8),
        theirs.MinPLogitsWarper(0.02),
    ):
        expected = step(ids, expected)
    found = temperature(repetition_penalty(logits, seen, 1.2), 0.7)
    found = min_p(top_p(top_k(found, 40), 0.8), 0.02)
    torch.testing.assert_close(found, expected)


def test_by_hand():
    logits = torch.tensor([[0.5, 0.1, 0.15, 0.25]]).log()

    def left(narrowed: torch.Tensor) -> list[int]:
        return narrowed[0].isfinite().nonzero()[:, 0].tolist()

    assert left(top_k(logits, 2)) == [0, 3]
    assert left(top_p(logits, 0.76)) == [0, 2, 3]
    assert left(top_p(logits, 0.4)) == [0]
    assert left(min_p(logits, 0.29)) == [0, 2, 3]
    assert greedy(logits).tolist() == [0]
    seen = torch.tensor([[True, False, False, True]])
    penalised = repetition_penalty(torch.tensor([[1.0, 1.0, -1.0, -1.0]]), seen, 2.0)
    assert penalised.tolist() == [[0.5, 1.0, -1.0, -2.0]]


def test_a_draw_has_the_probabilities_of_the_softmax():
    probability = torch.tensor([0.5, 0.2, 0.3, 0.0])
    rows = probability.log().expand(20_000, 4)
    drawn = sample(rows, torch.Generator().manual_seed(0))
    found = drawn.bincount(minlength=4) / len(rows)
    # Five standard deviations of a mean over 20,000 draws: 5 * sqrt(.25 / 20,000) = .018.
    torch.testing.assert_close(found, probability, atol=0.018, rtol=0)
    assert found[3] == 0


def test_the_same_seed_draws_the_same():
    rows = torch.zeros(50, 97)

    def draw(seed: int) -> list[int]:
        return sample(rows, torch.Generator().manual_seed(seed)).tolist()

    assert draw(3) == draw(3)
    assert draw(3) != draw(4)


@pytest.mark.parametrize(
    ("narrow", "message"),
    [
        (lambda x: temperature(x, 0.0), r"above 0, got 0\.0; for the likeliest token: greedy"),
        (lambda x: temperature(x, -1.0), "above 0, got -1"),
        (lambda x: temperature(x, float("nan")), "above 0, got nan"),
        (lambda x: top_k(x, 0), "at least 1 token, got 0"),
        (lambda x: top_p(x, 0.0), "above 0 and at most 1, got 0"),
        (lambda x: top_p(x, 1.1), "above 0 and at most 1, got 1.1"),
        (lambda x: min_p(x, -0.1), "from 0 to 1, got -0.1"),
        (lambda x: min_p(x, 1.5), "from 0 to 1, got 1.5"),
        (lambda x: repetition_penalty(x, x > 0, 0.0), "above 0, got 0"),
    ],
)
def test_what_cannot_be_is_refused(narrow, message):
    with pytest.raises(ValueError, match=message):
        narrow(torch.zeros(1, 5))
