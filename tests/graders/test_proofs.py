"""The graders are tested like products: what holds for every exercise of every chapter.

Each exercise's stub is "not done yet" and nothing else, its solution passes, in float64 and on any
number of threads too, so do right answers in other styles, each catalogued wrong answer fails with
its own sentence, and the book's page shows it. Leaves out what takes minutes: all seeds and all
mutants, which `tests/mutation/prove.py` proves and records.
"""

from __future__ import annotations

import ast
import copy
import inspect
import re
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
import torch

from minitransformer.workbook.grading import catalogue
from minitransformer.workbook.grading.compare import agree
from minitransformer.workbook.project import Project
from minitransformer.workbook.running.references import References

PROJECT = Project(Path(__file__).resolve().parents[2])
CHAPTERS = {chapter.topic: chapter for chapter in PROJECT.chapters()}
EXERCISES = {e.id: e for chapter in CHAPTERS.values() for e in chapter.exercises}
SEEDS = range(2)  # they show it at once; prove.py tries the others


def load(chapter):
    module = catalogue.load_module(PROJECT.grader(chapter), f"graders_of_{chapter.slug}")
    return catalogue.graders(module)


GRADERS = {topic: load(chapter) for topic, chapter in CHAPTERS.items()}
every_exercise = pytest.mark.parametrize("id", EXERCISES)


def grader(id):
    return GRADERS[id.partition(".")[0]][id]


@cache
def wrong(id):
    topic, _, name = id.partition(".")
    return catalogue.wrong_answers(PROJECT.wrong(CHAPTERS[topic]), name)


@cache
def right(id):
    """Right answers in other styles than the solution's, by name."""
    topic, _, name = id.partition(".")
    chapter = CHAPTERS[topic]
    return catalogue.right_answers(PROJECT.right(chapter), chapter).get(name, {})


def all_needs(id):
    direct = set(EXERCISES[id].needs)
    return direct.union(*(all_needs(need) for need in direct))


@pytest.mark.parametrize("topic", CHAPTERS)
def test_every_exercise_has_a_grader_and_every_grader_an_exercise(topic):
    assert list(GRADERS[topic]) == [e.id for e in CHAPTERS[topic].exercises]


@pytest.mark.parametrize("topic", CHAPTERS)
def test_every_file_of_wrong_answers_belongs_to_an_exercise(topic):
    files = {path.stem for path in PROJECT.wrong(CHAPTERS[topic]).glob("*.py")}
    assert files <= {e.name for e in CHAPTERS[topic].exercises}


@every_exercise
def test_the_stub_is_not_done_yet_and_nothing_else(id):
    stub = References.of(CHAPTERS.values(), {id: EXERCISES[id].stub}).get(id)
    verdict = grader(id).climb(stub, 0, wrong(id))
    assert (verdict.status, verdict.message) == ("todo", "not done yet")


@every_exercise
def test_the_solution_passes(id):
    solution = References.of(CHAPTERS.values()).get(id)
    for seed in SEEDS:
        verdict = grader(id).climb(solution, seed)
        assert verdict.passed, f"seed {seed}: {verdict.message}"


def in_float64(value):
    """What a grader hands in, in float64: tensors, models, and functions that compute with them."""
    if isinstance(value, torch.Tensor):
        return value.double() if value.is_floating_point() else value
    if isinstance(value, torch.nn.Module):
        return copy.deepcopy(value).double()
    if isinstance(value, (list, tuple)):
        return type(value)(map(in_float64, value))
    if isinstance(value, dict):
        return {key: in_float64(inside) for key, inside in value.items()}
    if callable(value) and not isinstance(value, type):
        return lambda *given: in_float64(value(*map(in_float32, given)))
    return value


def in_float32(value):
    return value.float() if isinstance(value, torch.Tensor) and value.is_floating_point() else value


@every_exercise
def test_the_solution_passes_on_inputs_in_float64(id):
    solution = References.of(CHAPTERS.values()).get(id)
    verdict = grader(id).climb(lambda *given: solution(*map(in_float64, given)))
    assert verdict.passed, verdict.message


@every_exercise
def test_the_solution_passes_where_new_tensors_are_of_float64(id):
    """A learner may have called torch.set_default_dtype in the notebook."""
    torch.set_default_dtype(torch.float64)
    try:
        verdict = grader(id).climb(References.of(CHAPTERS.values()).get(id))
    finally:
        torch.set_default_dtype(torch.float32)
    assert verdict.passed, verdict.message


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2, 3])
@every_exercise
def test_the_solution_passes_on_any_number_of_threads(id, threads):
    solution = References.of(CHAPTERS.values()).get(id)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        verdict = grader(id).climb(solution)
    finally:
        torch.set_num_threads(before)
    assert verdict.passed, verdict.message


@pytest.mark.parametrize(
    ("id", "name"), [pytest.param(id, name, id=name) for id in EXERCISES for name in right(id)]
)
def test_a_right_answer_in_another_style_passes(id, name):
    for seed in SEEDS:
        verdict = grader(id).climb(right(id)[name], seed, wrong(id))
        assert verdict.passed, f"seed {seed}: {verdict.message}"


@every_exercise
def test_two_other_right_answers_are_differently_written(id):
    """Not even with the same names for everything are any two of them, or the solution, alike."""
    sources = [EXERCISES[id].solution, *map(inspect.getsource, right(id).values())]
    written = [anonymous(source) for source in sources]
    assert len(set(written)) == len(written) >= 3


@pytest.mark.parametrize(
    "style",
    {
        "loops": lambda node: isinstance(node, (ast.For, ast.While)),
        "numpy": lambda node: isinstance(node, ast.Name) and node.id == "np",
        "einsum": lambda node: isinstance(node, ast.Attribute) and node.attr == "einsum",
        "float64": lambda node: isinstance(node, ast.Attribute) and node.attr in DOUBLE,
        "in place, on a copy": lambda node: isinstance(node, ast.AugAssign),
    }.items(),
    ids=lambda style: style[0],
)
def test_every_style_is_tried_on_several_exercises(style):
    tried = {
        id
        for id in EXERCISES
        for answer in right(id).values()
        if any(map(style[1], ast.walk(ast.parse(inspect.getsource(answer)))))
    }
    assert len(tried) >= 8, f"{style[0]}: only {tried}"


DOUBLE = ("double", "float64")


def anonymous(source):
    """A function's code without its names, its notes and its types."""
    (function,) = (n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef))
    body = function.body[ast.get_docstring(function) is not None :]
    tree = ast.Module(body, [])
    for node in ast.walk(tree):
        for field in ("id", "arg"):
            if hasattr(node, field):
                setattr(node, field, "")
    return ast.dump(tree)


@every_exercise
def test_there_are_three_wrong_answers_with_sentences_of_their_own(id):
    sentences = [answer.sentence for answer in wrong(id)]
    assert len(sentences) >= 3
    assert all(len(sentence.split()) >= 5 for sentence in sentences)
    assert len(set(sentences)) == len(sentences)


def wrong_in_turn():
    """Every catalogued wrong answer; behind an exercise's first five they are slow tests."""
    for id in EXERCISES:
        for i, answer in enumerate(wrong(id)):
            marks = [pytest.mark.slow] * (i >= 5)
            yield pytest.param(id, answer.name, id=f"{id}-{answer.name}", marks=marks)


@pytest.mark.parametrize(("id", "name"), list(wrong_in_turn()))
def test_each_wrong_answer_fails_with_its_own_sentence(id, name):
    known = wrong(id)
    answer = next(w for w in known if w.name == name)
    verdict = grader(id).climb(answer.function, 0, known)
    assert verdict.status == "failed", "it passes"
    if grader(id).cases is None:  # open-ended: the predicate says it, and then the numbers
        assert verdict.message.startswith(answer.sentence)
    else:
        assert verdict.message.splitlines()[0] == answer.sentence, verdict.rung


@pytest.mark.parametrize("id", [id for id in EXERCISES if grader(id).cases is not None])
def test_wrong_answers_differ_pairwise_on_the_cases(id):
    seen = {w.name: grader(id).behaviour(w.function, 0) for w in wrong(id)}
    alike = [pair for pair in combinations(seen, 2) if agree(seen[pair[0]], seen[pair[1]])]
    assert alike == []


@every_exercise
def test_hints_points_minutes_and_needs_are_there(id):
    exercise = EXERCISES[id]
    assert len(set(exercise.hints)) == 3
    assert all(hint.strip() for hint in exercise.hints)
    assert 1 <= exercise.points <= 10
    assert 1 <= exercise.minutes <= 60
    earlier = list(EXERCISES)[: list(EXERCISES).index(id)]
    assert set(exercise.needs) <= set(earlier)
    asked = set(re.findall(r'mine\("([^"]+)"\)', exercise.stub + exercise.solution))
    assert asked <= all_needs(id), (
        "what it calls through mine(...) is needed, at one remove or more"
    )
    assert exercise.prose, "markdown before it says what is asked"


@every_exercise
def test_the_page_shows_it(id):
    page = PROJECT.pages / f"{CHAPTERS[id.partition('.')[0]].slug}.md"
    assert page.is_file(), f"there is no page {page.name}"
    text = page.read_text(encoding="utf-8")
    assert re.search(rf"^`{{3,}}\{{exercise\}} {re.escape(id)}$", text, re.MULTILINE)
