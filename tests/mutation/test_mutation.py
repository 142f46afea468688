"""Graders are proven by mutation: each refuses every small change of its solution that matters."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from mutate import mutants
from survey import survey

from minitransformer.workbook import source
from minitransformer.workbook.grading import catalogue
from minitransformer.workbook.project import Project

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
EXERCISES = [
    exercise.id
    for path in sorted((ROOT / "solutions").glob("ch[0-9][0-9]_*.py"))
    for exercise in source.load(path).exercises
]


@cache
def surveyed(topic):
    """What survey.py finds for a chapter, by exercise; in a process of its own, as it says."""
    command = [sys.executable, str(HERE / "survey.py"), topic, "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert done.stdout, done.stderr
    return {found["id"]: found for found in json.loads(done.stdout)}


@pytest.mark.slow
@pytest.mark.parametrize("id", EXERCISES)
def test_no_mutant_survives(id):
    found = surveyed(id.partition(".")[0])[id]
    assert found["mutants"] >= 20, "too few mutants to prove anything"
    assert found["survivors"] == [], "kill these by a check, or list them in equivalent.toml"
    assert found["stale"] == [], "listed in equivalent.toml, but refused or no longer a mutant"


def test_a_grader_without_values_lets_mutants_live():
    chapter = source.load(ROOT / "solutions" / "ch03_attention.py")
    exercise = next(e for e in chapter.exercises if e.id == "attention.qk")
    module = catalogue.load_module(Project(ROOT).grader(chapter), "grader_to_weaken")
    whole = catalogue.graders(module)[exercise.id]
    weak = dataclasses.replace(whole, rungs=whole.rungs[:2])  # signature; shape and dtype
    assert survey(chapter, exercise, whole).survivors == []
    assert any("->hnm'" in change for change in survey(chapter, exercise, weak).survivors)


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("def f(a, b): return a - b", "return a - b  ->  return a + b"),
        ("def f(a, b): return a - b", "return a - b  ->  return b - a"),
        ("def f(a, b): return a - b", "return a - b  ->  return a"),
        ("def f(a): return a > 0", "return a > 0  ->  return a >= 0"),
        ("def f(a): return a > 0", "return a > 0  ->  return a > 1"),
        ("def f(a): return a.sum(dim=-1)", "return a.sum(dim=-1)  ->  return a.sum(dim=-2)"),
        ("def f(a): return a.sum(dim=-1)", "return a.sum(dim=-1)  ->  return a.sum(dim=1)"),
        ("def f(a): return a.sum(dim=-1)", "return a.sum(dim=-1)  ->  return a.mean(dim=-1)"),
        ("def f(a): return a.exp()", "return a.exp()  ->  return a"),
        ("def f(a, b): return g(a, b)", "return g(a, b)  ->  return g(b, a)"),
        ("def f(a):\n    a = a + 1\n    return a", "a = a + 1  ->  pass"),
        ("def f(a):\n    if a: a = 2\n    return a", "if a:  ->  if not a:"),
        ("def f(a): return a[:, 1:]", "return a[:, 1:]  ->  return a[:, :]"),
        ("def f(a): return einsum('ij->ij', a)", "'ij->ij', a)  ->  return einsum('ij->ji', a)"),
        ("def f(a): return einsum('ij->ij', a)", "'ij->ij', a)  ->  return einsum('ij->i', a)"),
    ],
)
def test_the_mutator_makes(code, change):
    assert any(mutant.change.endswith(change) for mutant in mutants(code))


def test_a_starred_argument_gives_what_it_holds():
    """`f(*x)` becomes `x`; nothing that is not Python counts as a mutant."""
    code = "def f(x, y): return 1 + g(*x, y) @ h(*y)"
    texts = [mutant.code for mutant in mutants(code)]
    assert "def f(x, y):\n    return 1 + x @ h(*y)" in texts
    for text in texts:
        compile(text, "mutant", "exec")


@pytest.mark.parametrize(
    ("code", "exchanged"),
    [
        ("def f(a, b): return a * b", "b * a"),
        ("def f(n): return n + 1", "1 + n"),
        ("def f(a, b): return a + b", "b + a"),
        ("def f(a, b): return a @ b", "b @ a"),
    ],
)
def test_operands_are_exchanged_where_that_can_matter(code, exchanged):
    texts = " ".join(mutant.code for mutant in mutants(code))
    assert (exchanged in texts) == (exchanged in ("b + a", "b @ a"))


def test_docstring_and_signature_stay():
    code = 'def f(a, b=1):\n    """Twice a."""\n    return 2 * a'
    for mutant in mutants(code):
        assert mutant.code.startswith('def f(a, b=1):\n    """Twice a."""\n    ')


def test_each_mutant_differs_in_one_place():
    code = "def f(a, b):\n    a = a - b\n    return a * 2"
    texts = [mutant.code for mutant in mutants(code)]
    assert len(texts) == len(set(texts))
    for text in texts:
        lines = zip(text.splitlines(), code.splitlines(), strict=True)
        assert sum(new != old for new, old in lines) == 1
