"""`check("attention.scores")` in a notebook: the same grader, on the live function, at once.

It runs in the notebook's own process, so it is quick and not isolated: a loop that does not end is
stopped with the kernel's interrupt button. `minitransformer check` is the one that isolates.
"""

from __future__ import annotations

import functools
import html
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, no_type_check

from minitransformer.workbook.kernel.earlier import HOOK, source
from minitransformer.workbook.project import Project, Unknown
from minitransformer.workbook.verdict import FAILED, Verdict

_passed: dict[str, Any] = {}  # the live functions that passed, for `mine` in later checks


class Shown(str):
    """Text that a notebook shows with its line breaks, and a bar of colour."""

    colour = "#767676"

    def _repr_html_(self) -> str:
        style = f"border-left: 4px solid {self.colour}; padding-left: 0.8em; white-space: pre-wrap"
        return f'<div style="{style}">{html.escape(self)}</div>'

    def __repr__(self) -> str:
        return str(self)


@no_type_check  # the tests' shape checks would stand between this and its caller's frame
def check(id: str, *, seed: int = 0) -> Shown:
    """Grade the live function of the exercise `id`, say how it did, and remember a pass.

    `check("attention.scores")` looks for the function `scores` among the notebook's names.
    """
    namespace = sys._getframe(1).f_globals
    try:
        project = Project.find()
        chapter, exercise = project.exercise(id)
    except Unknown as problem:
        return Shown(problem)
    from minitransformer.workbook import advice, report
    from minitransformer.workbook.running import runner
    from minitransformer.workbook.standing import Standing
    from minitransformer.workbook.state import State

    version = runner.version(project, chapter, exercise)
    verdict = judge(project, id, namespace, seed, version)
    state = State(project.work)
    state.record([verdict], {id: source(namespace, id)})
    if state.word:
        print(state.word)

    standing = Standing(project, state)

    def passed(other: str) -> bool:
        """By the live cell where it has one: the file may not be saved yet."""
        if other == id:
            return verdict.passed
        live = source(namespace, other)
        return (state.status(other, live) if live else standing.status(other)) == "passed"

    if verdict.passed:
        _passed[id] = namespace[exercise.name]
        text = f"passed: {id}, {report.points(exercise.points)}."
        shown = Shown(f"{text}\n{advice.within(chapter, passed, state.hints, '!')}")
        shown.colour = "#2a7f3f"
        return shown
    word = "failed" if verdict.status == FAILED else "not done yet"
    said = [f"{word}: {id}", *report.lines(verdict, exercise, passed)]
    said.append(advice.hint(exercise, state.hints, "!"))
    shown = Shown("\n".join(filter(None, said)))
    shown.colour = "#b3261e" if verdict.status == FAILED else Shown.colour
    return shown


def judge(project: Project, id: str, namespace: dict[str, Any], seed: int, version: str) -> Verdict:
    """The verdict on the function of the exercise `id` in a notebook's names."""
    from minitransformer.workbook.grading import catalogue

    chapter, exercise = project.exercise(id)
    if exercise.name not in namespace:
        message = f"there is no {exercise.name} yet: run its cell first."
        return Verdict(id, FAILED, message, "import", seed=seed, version=version)
    module, references = _loaded(str(project.grader(chapter)), version, project)
    grader = catalogue.graders(module)[id]
    wrong = catalogue.wrong_answers(project.wrong(chapter), exercise.name)

    def resolve(other: str) -> Any:
        """The learner's, if this very function passed in this session; else the solution's."""
        live = namespace.get(other.rpartition(".")[2])
        same = live is not None and _passed.get(other) is live
        return live if same else references.get(other)

    before = namespace.get(HOOK)
    namespace[HOOK] = resolve
    try:
        verdict = grader.climb(namespace[exercise.name], seed, wrong)
    finally:
        if before is None:
            del namespace[HOOK]
        else:
            namespace[HOOK] = before
    return Verdict(**{**vars(verdict), "version": version})


@functools.lru_cache(maxsize=8)
def _loaded(grader: str, version: str, project: Project) -> tuple[ModuleType, Any]:
    """The grader's module and the solutions, read again when their version changes."""
    from minitransformer.workbook.grading import catalogue
    from minitransformer.workbook.running.references import References

    path = Path(grader)
    return catalogue.load_module(path, f"grader_{path.stem}"), References.of(project.chapters())
