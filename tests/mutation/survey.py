"""Judge every mutant of the solutions: `python tests/mutation/survey.py [TOPIC | TOPIC.NAME]`.

A mutant that a grader lets pass has survived. Each is to be killed by a new check, or listed in
equivalent.toml with the reason why it computes the same. Runs outside pytest, as graders do for
learners: without the shape checks and the strict warnings of the test run, which would kill
mutants that a learner's grader lets pass.
"""

from __future__ import annotations

import argparse
import ast
import json
import signal
import time
import tomllib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from mutate import mutants

from minitransformer.workbook.grading import Grader, catalogue
from minitransformer.workbook.project import Project
from minitransformer.workbook.running import cells
from minitransformer.workbook.running.references import References
from minitransformer.workbook.source import Chapter, Exercise

EQUIVALENT = Path(__file__).with_name("equivalent.toml")
SEEDS = range(4)
LIMIT = 10.0  # seconds of processor time a mutant; where there is no SIGPROF (Windows), none


@dataclass(frozen=True)
class Survey:
    """What became of an exercise's mutants."""

    id: str
    mutants: int
    survivors: list[str]  # not listed as equivalent
    equivalent: list[str]  # survived, and listed
    stale: list[str]  # listed, but refused, or no longer a mutant
    seconds: float


def survey(chapter: Chapter, exercise: Exercise, grader: Grader) -> Survey:
    """Put every mutant of `exercise` before `grader`."""
    start = time.perf_counter()
    references = References.of(Project(chapter.path.parents[1]).chapters())
    listed = set(listed_as_equivalent().get(exercise.id, {}))
    space = cells.namespace("mutant", references.get)
    for i, text in enumerate(chapter.given):
        cells.run(text, f"given {i + 1}", space)
    plain = ast.unparse(ast.parse(exercise.solution))
    verdict = grader.climb(cells.define(plain, exercise.id, space))
    assert verdict.passed, f"the solution itself is refused: {verdict.message}"
    found, alive = mutants(exercise.solution), []
    for mutant in found:
        with warnings.catch_warnings(), limited(LIMIT):
            warnings.simplefilter("ignore")
            answer = cells.define(mutant.code, exercise.id, space)
            # What is listed as computing the same must do so on other numbers, too.
            seeds = SEEDS if mutant.change in listed else SEEDS[:1]
            if all(grader.climb(answer, seed).passed for seed in seeds):
                alive.append(mutant.change)
    return Survey(
        exercise.id,
        len(found),
        [change for change in alive if change not in listed],
        [change for change in alive if change in listed],
        sorted(listed - set(alive)),
        time.perf_counter() - start,
    )


def listed_as_equivalent() -> dict[str, dict[str, str]]:
    """Exercise -> change -> reason, from equivalent.toml."""
    table = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))
    return {
        id: {change: entry["reason"] for entry in entries for change in entry["changes"]}
        for id, entries in table.items()
    }


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Break off what computes for longer; the answer then fails by the exception it raised.

    The clock on the wall is not asked: on a busy machine a right answer takes long by it.
    """
    if not hasattr(signal, "SIGPROF"):
        yield
        return

    def stop(*_: object) -> None:
        raise TimeoutError(f"longer than {seconds:g} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("of", nargs="?", default="", help="a topic, or an exercise")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    project, surveys = Project.find(Path(__file__).parent), []
    for chapter in project.chapters():
        if args.of.partition(".")[0] not in ("", chapter.topic):
            continue
        graders = catalogue.graders(catalogue.load_module(project.grader(chapter), "the_grader"))
        for exercise in chapter.exercises:
            if args.of in ("", chapter.topic, exercise.id):
                surveys.append(found := survey(chapter, exercise, graders[exercise.id]))
                if not args.json:
                    print(report(found))
    if args.json:
        print(json.dumps([asdict(found) for found in surveys]))
    else:
        print(
            f"{sum(s.mutants for s in surveys)} mutants in {sum(s.seconds for s in surveys):.0f} s"
        )
    return 0 if not any(s.survivors or s.stale for s in surveys) else 1


def report(found: Survey) -> str:
    lines = [
        f"{found.id}: {found.mutants} mutants, {len(found.survivors)} survived, "
        f"{len(found.equivalent)} equivalent, {found.seconds:.1f} s"
    ]
    lines += [f"  survived: {change}" for change in found.survivors]
    lines += [f"  listed as equivalent, but it is not: {change}" for change in found.stale]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
