"""Edits by hand on small values, and in a model against what they must amount to."""

from __future__ import annotations

import pytest
import torch

from minitransformer.cache import record
from minitransformer.config import Config
from minitransformer.interventions import (
    ablate_head,
    add,
    freeze,
    mean,
    replace,
    resample,
    zero,
)
from minitransformer.transformer import Transformer

TOKENS = torch.randint(0, 11, (3, 5), generator=torch.Generator().manual_seed(1))
OTHERS = torch.randint(0, 11, (3, 5), generator=torch.Generator().manual_seed(2))
Z = torch.arange(1.0, 1 + 2 * 3 * 4 * 5).view(2, 3, 4, 5)  # [batch, pos, n_heads, d_head]


@pytest.fixture(scope="module")
def model() -> Transformer:
    config = Config(n_layers=3, d_model=20, n_heads=4, d_head=6, d_vocab=11, n_ctx=8, d_mlp=44)
    model = Transformer(config)
    generator = torch.Generator().manual_seed(0)
    for weight in model.parameters():
        torch.nn.init.normal_(weight, 0.0, 0.3, generator=generator)
    return model.requires_grad_(False)


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(5)


EDITS = {
    "zero": lambda **where: zero(**where),
    "mean": lambda **where: mean(**where),
    "resample": lambda **where: resample(Z + 1000, seeded(), **where),
    "add": lambda **where: add(torch.ones(5), 2.0, **where),
    "replace": lambda **where: replace(-Z, **where),
}


@pytest.mark.parametrize("kind", EDITS)
def test_only_the_chosen_positions_and_heads_change(kind):
    whole = EDITS[kind]()(Z)
    assert (whole != Z).all()
    before = Z.clone()
    for positions, heads in [([1], None), (None, [0, 3]), ([0, -1], [2]), ([], None)]:
        found = EDITS[kind](positions=positions, heads=heads)(Z)
        for pos in range(3):
            for head in range(4):
                inside = (positions is None or pos in [p % 3 for p in positions]) and (
                    heads is None or head in heads
                )
                expected = whole if inside else Z
                assert torch.equal(found[:, pos, head], expected[:, pos, head])
    assert torch.equal(Z, before)


@pytest.mark.parametrize("kind", EDITS)
@pytest.mark.parametrize(
    ("where", "error", "message"),
    [
        ({"positions": [3]}, IndexError, r"positions from -3 to 2, got \[3\]"),
        ({"heads": [0, -5]}, IndexError, r"heads from -4 to 3, got \[0, -5\]"),
    ],
)
def test_a_position_or_a_head_there_is_not_is_refused(kind, where, error, message):
    with pytest.raises(error, match=message):
        EDITS[kind](**where)(Z)


def test_a_stream_has_no_heads():
    with pytest.raises(ValueError, match=r"n_heads, d_head\], got \(1, 2, 6\)"):
        zero(heads=[0])(torch.ones(1, 2, 6))


def test_zero_and_mean_by_hand():
    assert zero()(Z).abs().max() == 0
    assert torch.equal(zero(heads=[1, 2])(Z), ablate_head([1, 2])(Z))
    stream = torch.tensor([[[1.0, 2.0], [5.0, 0.0]], [[3.0, 6.0], [7.0, 4.0]]])
    assert mean()(stream).tolist() == [[[2, 4], [6, 2]]] * 2
    assert mean(stream, positions=[1])(torch.zeros(1, 2, 2)).tolist() == [[[0, 0], [6, 2]]]


def test_resampled_rows_are_rows_of_the_other_batch_each_once():
    of = torch.arange(6.0).view(6, 1, 1).expand(6, 2, 3)
    rows = resample(of, seeded())(torch.zeros(4, 2, 3))
    assert (rows == rows[:, :1, :1]).all()  # whole rows
    drawn = rows[:, 0, 0].tolist()
    assert len(set(drawn)) == 4
    assert set(drawn) <= set(range(6))
    again = resample(of, seeded())(torch.zeros(4, 2, 3))
    assert torch.equal(rows, again)  # the generator decides
    generator = seeded()
    edit = resample(of, generator)
    assert not torch.equal(edit(torch.zeros(4, 2, 3)), edit(torch.zeros(4, 2, 3)))


def test_resampling_all_of_a_layer_permutes_what_the_model_says(model):
    """Where every row takes another's stream, it says what that other prompt would have."""
    _, cache = model.run_with_cache(OTHERS)
    edit = {"blocks.1.resid_pre": resample(cache["resid_pre", 1], seeded())}
    found, _ = model.run_with_cache(TOKENS, keep=[], edit=edit)
    order = torch.randperm(3, generator=seeded())
    torch.testing.assert_close(found, model(OTHERS)[order])


def test_adding_a_direction_by_hand(model):
    stream = torch.zeros(2, 3, 2)
    found = add(torch.tensor([1.0, -1.0]), 3.0, positions=[0, -1])(stream)
    assert found.tolist() == [[[3, -3], [0, 0], [3, -3]]] * 2
    rows = torch.tensor([[[1.0, 0.0]], [[0.0, 2.0]]])  # another one for each row
    assert add(rows)(stream)[:, 1].tolist() == [[1, 0], [0, 2]]
    # Steering all the way: the difference of two streams carries one run into the other.
    _, there = model.run_with_cache(OTHERS)
    _, here = model.run_with_cache(TOKENS)
    step = there["resid_pre", 2] - here["resid_pre", 2]
    edit = {"blocks.2.resid_pre": add(step / 4, scale=4.0)}
    found, _ = model.run_with_cache(TOKENS, keep=[], edit=edit)
    torch.testing.assert_close(found, there["logits"], atol=1e-4, rtol=1e-4)


def test_replacing_a_position_carries_it_over(model):
    """At the last layer nothing mixes positions after the MLP: so one position is the other's."""
    logits, cache = model.run_with_cache(OTHERS)
    edit = {"blocks.2.resid_post": replace(cache["resid_post", 2], positions=[1, -1])}
    found, _ = model.run_with_cache(TOKENS, keep=[], edit=edit)
    torch.testing.assert_close(found[:, [1, 4]], logits[:, [1, 4]])
    torch.testing.assert_close(found[:, [0, 2, 3]], model(TOKENS)[:, [0, 2, 3]])


def test_everything_frozen_the_run_is_the_other_run(model):
    logits, cache = model.run_with_cache(OTHERS)
    edit = freeze(cache, ["attn_out", "mlp_out", "embed"])
    assert len(edit) == 7
    found, _ = model.run_with_cache(TOKENS, keep=[], edit=edit)
    torch.testing.assert_close(found, logits)
    one = freeze(cache, ["blocks.1.mlp.mlp_post"])
    _, kept = model.run_with_cache(TOKENS, edit=one)
    assert torch.equal(kept["mlp_post", 1], cache["mlp_post", 1])
    assert not torch.equal(kept["mlp_post", 0], cache["mlp_post", 0])


def test_patterns_and_scales_frozen_an_attention_only_model_is_linear():
    config = Config(n_layers=2, d_model=20, n_heads=4, d_head=6, d_vocab=11, n_ctx=8)
    model = Transformer(config)
    for weight in model.parameters():
        torch.nn.init.normal_(weight, 0.0, 0.3, generator=seeded())
    _, cache = model.run_with_cache(TOKENS)
    edit = freeze(cache, ["pattern", "scale"])
    x, y = torch.randn(2, 3, 5, 20, generator=seeded())

    @torch.no_grad()
    def run(stream: torch.Tensor, edits) -> torch.Tensor:
        return record(lambda tap: model.to_logits(model.run_blocks(stream, tap), tap), [], edits)[0]

    # f(x + y) + f(0) = f(x) + f(y): linear up to its shift.
    sides = [run(x + y, edit) + run(0 * x, edit), run(x, edit) + run(y, edit)]
    torch.testing.assert_close(*sides, atol=1e-4, rtol=1e-4)
    assert (run(x + y, {}) + run(0 * x, {}) - run(x, {}) - run(y, {})).abs().max() > 0.1


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (replace(Z[:, :2]), r"value of \(2, 3, 4, 5\), got \(2, 2, 4, 5\)"),
        (mean(Z[:, :2]), r"batch of \(3, 4, 5\) a row, got \(2, 4, 5\)"),
        (resample(Z[:, :, :1], seeded()), r"batch of \(3, 4, 5\) a row, got \(3, 1, 5\)"),
        (resample(Z[:1], seeded()), "at least 2 rows to draw from, got 1"),
        (add(torch.ones(6)), r"broadcasts to \(2, 3, 4, 5\), got \(6,\)"),
        (add(torch.ones(7, 2, 3, 4, 5)), r"broadcasts to \(2, 3, 4, 5\), got \(7, "),
    ],
)
def test_values_of_another_shape_are_refused(edit, message):
    with pytest.raises(ValueError, match=message):
        edit(Z)


def test_freezing_what_was_not_kept_is_refused(model):
    _, cache = model.run_with_cache(TOKENS, keep=["pattern"])
    with pytest.raises(KeyError, match='"patern" was not kept; did you mean "pattern"'):
        freeze(cache, ["patern"])
    with pytest.raises(KeyError, match=r"blocks\.3\.attn\.pattern"):
        freeze(cache, ["blocks.3.attn.pattern"])


def test_a_gradient_flows_through_every_edit():
    for kind, made in EDITS.items():
        z = Z.clone().requires_grad_(True)
        made(positions=[1])(z).sum().backward()
        kept = torch.tensor([True, False, True])
        assert (z.grad[:, kept] == 1).all()
        # mean is a function of the value; the others put something else there, or add to it.
        assert (z.grad[:, ~kept] == (1 if kind in ("mean", "add") else 0)).all()
