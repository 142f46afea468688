"""Recipes can be interrupted at any moment, and go on from there."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from minitransformer import recipes
from minitransformer.recipes import Recipe


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A recipe of three seeds; `asked` is what has been measured, `stop_at` a seed that is not."""

    log = SimpleNamespace(asked=[], stop_at=None)

    def measured(seed: int) -> recipes.Measured:
        if seed == log.stop_at:
            raise KeyboardInterrupt
        log.asked.append(seed)
        return {"a.b": {"ours": seed / 10, "control": 0.0}}

    monkeypatch.setitem(
        recipes.RECIPES, "small", Recipe("a test", 0.0, (4, 5, 6), lambda: measured)
    )
    monkeypatch.setattr(recipes, "CHECKPOINTS", tmp_path / "checkpoints")
    monkeypatch.setenv("MINITRANSFORMER_CACHE", str(tmp_path / "cache"))
    return log


def test_it_records_every_seed_with_where_it_comes_from(small):
    recipes.cook("small")
    recorded = recipes.recorded("small")
    assert [run["seed"] for run in recorded["runs"]] == [4, 5, 6]
    assert recorded["runs"][1]["rows"] == {"a.b": {"ours": 0.5, "control": 0.0}}
    assert recorded["recipe"] == "small"
    assert all(recorded[key] for key in ("commit", "date", "cpu"))


def test_interrupted_it_goes_on_from_there(small):
    small.stop_at = 6
    with pytest.raises(KeyboardInterrupt):
        recipes.cook("small")
    assert not (recipes.CHECKPOINTS / "small.json").exists()
    small.stop_at = None
    recipes.cook("small")
    assert small.asked == [4, 5, 6]  # none twice
    assert len(recipes.recorded("small")["runs"]) == 3


def test_what_other_code_measured_does_not_count(small, monkeypatch):
    small.stop_at = 5
    with pytest.raises(KeyboardInterrupt):
        recipes.cook("small")
    monkeypatch.setattr(recipes, "commit", lambda: "another")
    small.stop_at = None
    recipes.cook("small")
    assert small.asked == [4, 4, 5, 6]


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.json"
    recipes.write_json(path, {"old": 1})
    with pytest.raises(TypeError):
        recipes.write_json(path, {"new": object()})
    assert json.loads(path.read_text()) == {"old": 1}


def test_an_unknown_recipe_is_met_with_the_nearest():
    with pytest.raises(KeyError, match='did you mean "attention-seeds"'):
        recipes.cook("attention-seed")
