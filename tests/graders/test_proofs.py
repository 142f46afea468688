"""The graders are tested like products: what holds for every exercise of every chapter.

Each exercise's stub is "not done yet" and nothing else, its solution passes on many seeds, so do
right answers in other styles, each catalogued wrong answer fails with its own sentence, and the
book's page shows it.
"""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import pytest

from minitransformer.workbook.grading import catalogue
from minitransformer.workbook.grading.compare import agree
from minitransformer.workbook.project import Project
from minitransformer.workbook.running.references import References

PROJECT = Project(Path(__file__).resolve().parents[2])
CHAPTERS = {chapter.topic: chapter for chapter in PROJECT.chapters()}
EXERCISES = {e.id: e for chapter in CHAPTERS.values() for e in chapter.exercises}
# A few seeds show it at once; `make check` tries the others too.
SEEDS = [
    pytest.param(range(2), id="few seeds"),
    pytest.param(range(2, 10), id="many seeds", marks=pytest.mark.slow),
]


def load(chapter):
    module = catalogue.load_module(PROJECT.grader(chapter), f"graders_of_{chapter.slug}")
    return catalogue.graders(module)


GRADERS = {topic: load(chapter) for topic, chapter in CHAPTERS.items()}
every_exercise = pytest.mark.parametrize("id", EXERCISES)


def grader(id):
    return GRADERS[id.partition(".")[0]][id]


def wrong(id):
    topic, _, name = id.partition(".")
    return catalogue.wrong_answers(PROJECT.wrong(CHAPTERS[topic]), name)


def alternatives(chapter):
    """Right answers in other styles: functions right_<exercise>_<style>, by exercise."""
    path = PROJECT.root / "tests" / "alternatives" / f"{chapter.slug}.py"
    functions = vars(catalogue.load_module(path, f"alternatives_{chapter.slug}"))
    names = sorted((e.name for e in chapter.exercises), key=len, reverse=True)
    for key, value in functions.items():
        if key.startswith("right_"):
            name = next(n for n in names if key.startswith(f"right_{n}_"))
            yield pytest.param(f"{chapter.topic}.{name}", value, id=key)


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


@pytest.mark.parametrize("seeds", SEEDS)
@every_exercise
def test_the_solution_passes_on_many_seeds(id, seeds):
    solution = References.of(CHAPTERS.values()).get(id)
    for seed in seeds:
        verdict = grader(id).climb(solution, seed)
        assert verdict.passed, f"seed {seed}: {verdict.message}"


@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize(
    ("id", "answer"), [p for chapter in CHAPTERS.values() for p in alternatives(chapter)]
)
def test_a_right_answer_in_another_style_passes(id, answer, seeds):
    for seed in seeds:
        verdict = grader(id).climb(answer, seed, wrong(id))
        assert verdict.passed, f"seed {seed}: {verdict.message}"


@every_exercise
def test_every_exercise_has_another_right_style(id):
    chapter = CHAPTERS[id.partition(".")[0]]
    assert any(parameters.values[0] == id for parameters in alternatives(chapter))


@every_exercise
def test_there_are_three_wrong_answers_with_sentences_of_their_own(id):
    sentences = [answer.sentence for answer in wrong(id)]
    assert len(sentences) >= 3
    assert all(len(sentence.split()) >= 5 for sentence in sentences)
    assert len(set(sentences)) == len(sentences)


@pytest.mark.parametrize(
    ("id", "name"),
    [pytest.param(id, w.name, id=f"{id}-{w.name}") for id in EXERCISES for w in wrong(id)],
)
@pytest.mark.parametrize(
    "seeds",
    [
        pytest.param((0,), id="one seed"),
        pytest.param((1, 2), id="more seeds", marks=pytest.mark.slow),
    ],
)
def test_each_wrong_answer_fails_with_its_own_sentence(id, name, seeds):
    known = wrong(id)
    answer = next(w for w in known if w.name == name)
    for seed in seeds:
        verdict = grader(id).climb(answer.function, seed, known)
        assert verdict.status == "failed", f"seed {seed}: it passes"
        if grader(id).cases is None:  # open-ended: the predicate says it, and then the numbers
            assert verdict.message.startswith(answer.sentence), f"seed {seed}"
        else:
            assert verdict.message == answer.sentence, f"seed {seed}: {verdict.rung}"


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
