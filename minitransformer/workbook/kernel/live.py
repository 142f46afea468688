"""`check("attention.scores")` in a notebook: the same grader, on the live function, at once.

`check("attention")` takes all of a chapter that the notebook has, and `check()` says what there is.
It runs in the notebook's own process, so it is quick and not isolated: a loop that does not end is
stopped with the kernel's interrupt button. `minitransformer check` is the one that isolates.
Leaves out how it looks (`shown.py`).
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, no_type_check

from minitransformer.workbook.kernel.earlier import HOOK, lent, source
from minitransformer.workbook.project import Project, Unknown
from minitransformer.workbook.source import Chapter, Exercise
from minitransformer.workbook.verdict import FAILED, PASSED, TODO, Verdict

if TYPE_CHECKING:
    from minitransformer.workbook.kernel.shown import Shown

_passed: dict[str, Any] = {}  # the live functions that passed, for `mine` in later checks


@no_type_check  # the tests' shape checks would stand between this and its caller's frame
def check(id: str = "", *, seed: int = 0) -> Shown:
    """Grade the live function of the exercise `id`, say how it did, and remember a pass.

    `check("attention.scores")` looks for the function `scores` among the notebook's names;
    `check("attention")` grades all of the chapter's that are there.
    """
    from minitransformer.workbook.kernel.shown import Shown

    namespace = sys._getframe(1).f_globals
    name = getattr(id, "__name__", id)  # check(scores), without the quotes
    try:
        checking = Checking(Project.find(), namespace, seed)
        if not name:
            return Shown(checking.there_is())
        if "." in str(name) or callable(id):
            return checking.one(str(name))
        return checking.chapter(str(name))
    except Unknown as problem:
        return Shown(str(problem))


class Checking:
    """One call of `check`: the notebook's names, and what is remembered."""

    def __init__(self, project: Project, namespace: dict[str, Any], seed: int) -> None:
        from minitransformer.workbook.standing import Standing

        self.project, self.namespace, self.seed = project, namespace, seed
        self.standing = Standing(project)
        self.state = self.standing.state
        if self.state.word:
            print(self.state.word)

    def passed(self, id: str) -> bool:
        """By the live cell where it has one: the file may not be saved yet."""
        live = source(self.namespace, id)
        status = self.state.status(id, live) if live else self.standing.status(id)
        return status == PASSED

    def verdict(self, chapter: Chapter, exercise: Exercise) -> Verdict:
        """Grade one exercise, and remember how it did."""
        from minitransformer.workbook.running import runner

        version = runner.version(self.project, chapter, exercise)
        verdict = judge(self.project, exercise.id, self.namespace, self.seed, version)
        self.state.record([verdict], {exercise.id: source(self.namespace, exercise.id)})
        if verdict.passed:
            _passed[exercise.id] = self.namespace[exercise.name]
        return verdict

    def one(self, id: str) -> Shown:
        """Grade one exercise: why it does not pass, or what comes next."""
        from minitransformer.workbook import advice, report
        from minitransformer.workbook.kernel.shown import Shown

        chapter, exercise = self.project.exercise(id)
        verdict = self.verdict(chapter, exercise)
        if verdict.passed:
            text = f"passed: {id}, {report.points(exercise.points)}."
            # Its cell may have no header: then `passed` knows nothing of it.
            passed = _or(self.passed, id)
            after = advice.within(chapter, passed, self.state.hints, "!")
            return Shown(f"{text}\n{after}", PASSED)
        word = "failed" if verdict.status == FAILED else "not done yet"
        said = [f"{word}: {id}", *report.lines(verdict, exercise, self.passed)]
        said.append(advice.hint(exercise, self.state.hints, "!"))
        return Shown("\n".join(said), verdict.status)

    def chapter(self, topic: str) -> Shown:
        """Grade every exercise of a chapter that the notebook has: a line each, and the first
        failure in full."""
        from minitransformer.workbook import report
        from minitransformer.workbook.kernel.shown import Shown

        chapter = self.project.chapter(topic)
        there = [e for e in chapter.exercises if callable(self.namespace.get(e.name))]
        if not there:
            return Shown(f"No exercise of {chapter.topic} is here yet: run its cells first.")
        verdicts = [self.verdict(chapter, exercise) for exercise in there]
        status = PASSED if all(v.passed for v in verdicts) else FAILED
        said = [report.total(chapter, verdicts)]
        words = {PASSED: "passed", FAILED: "failed", TODO: "not done"}
        said += [f"  {words[v.status]:<10}{v.id}" for v in verdicts]
        for verdict, exercise in zip(verdicts, there, strict=True):
            if verdict.status == FAILED:
                said += [f"{verdict.id}:", *report.lines(verdict, exercise, self.passed)]
                break
        return Shown("\n".join(said), status)

    def there_is(self) -> str:
        """What `check` can be asked for here."""
        chapters = self.project.chapters()
        here = [(c, e) for c in chapters for e in c.exercises if source(self.namespace, e.id)]
        if not here:
            example = chapters[0].exercises[0].id if chapters else "attention.scores"
            topics = ", ".join(chapter.topic for chapter in chapters)
            return (
                f'Expected an exercise, such as check("{example}"), whose cell was run before; '
                f"none was yet. The topics are: {topics}."
            )
        said = ["Of this notebook's exercises these were run; ask for one by its name, in quotes:"]
        for _, exercise in here:
            word = "passed" if self.passed(exercise.id) else "to do"
            said.append(f'  {word:<8}check("{exercise.id}")')
        return "\n".join([*said, f'All of them: check("{here[0][0].topic}")'])


def _or(passed: Callable[[str], bool], id: str) -> Callable[[str], bool]:
    return lambda other: other == id or passed(other)


def judge(project: Project, id: str, namespace: dict[str, Any], seed: int, version: str) -> Verdict:
    """The verdict on the function of the exercise `id` in a notebook's names."""
    from minitransformer.workbook.grading import catalogue

    chapter, exercise = project.exercise(id)
    if exercise.name not in namespace:
        message = f"there is no {exercise.name} yet: run its cell first."
        return Verdict(id, FAILED, message, "import", seed=seed, version=version)
    if lent(namespace[exercise.name]):
        message = f"{exercise.name} is what mine(...) gave here: run the cell that defines it."
        return Verdict(id, FAILED, message, "import", seed=seed, version=version)
    module, references = _loaded(str(project.grader(chapter)), version, project)
    grader = catalogue.graders(module)[id]
    wrong = catalogue.wrong_answers(project.wrong(chapter), exercise.name)

    order = [one.id for one in chapter.exercises]

    def resolve(other: str) -> Any:
        """The learner's, if this very function passed in this session; else the solution's.

        Only of an exercise before this one: no answer borrows its own solution.
        """
        if other in order[order.index(id) :]:
            raise LookupError("mine(...) gives an exercise before this one, never this one itself")
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
