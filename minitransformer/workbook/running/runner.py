"""The one runner: `grade(...)` gives a verdict for every exercise of a chapter, whatever happens.

`check`, the tests and the instructor's commands all come through here. Learners' code runs in a
process of its own (`child.py`) that works through the exercises in order. When it dies or hangs,
that exercise fails with a sentence of its own and a new process resumes at the next one. A verdict
counts only if it came over the private channel; no verdict is a failure, and exit codes are not
asked. Leaves out the limits (`isolation.py`).

Why subprocess and JSON, not multiprocessing: its pipes carry pickles, and reading a pickle that a
learner's process wrote would run the learner's code in here. Pipes and `subprocess` also work the
same on Linux, macOS and Windows, and nothing is forked from a process that has run torch's threads.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from minitransformer.workbook.project import Project, Told
from minitransformer.workbook.running.ahead import Ahead, preparations
from minitransformer.workbook.running.isolation import is_gone
from minitransformer.workbook.running.process import Death, Process
from minitransformer.workbook.running.submission import Submission
from minitransformer.workbook.source import Chapter, Exercise
from minitransformer.workbook.verdict import FAILED, Verdict

LIMIT = 10.0  # seconds of wall clock for one exercise
STARTUP = 120.0  # for importing torch and the graders, on a slow and cold machine


class GraderTrouble(Told):
    """The grader itself does not work: not the learner's fault."""


def version(project: Project, chapter: Chapter, exercise: Exercise) -> str:
    """A short digest of the exercise and its grader: a pass counts for the version it passed."""
    content = hashlib.sha256((exercise.header + exercise.stub).encode())
    for path in project.grader_files(chapter):
        content.update(path.read_bytes())
    return content.hexdigest()[:12]


def grade(
    project: Project,
    chapter: Chapter,
    submission: Submission,
    *,
    only: Iterable[str] | None = None,
    seed: int = 0,
    limit: float = LIMIT,
    report: Callable[[Verdict], None] = lambda verdict: None,
    at: Callable[[str], None] = lambda id: None,
    ahead: Ahead | None = None,
    private: Iterable[Path] = (),
) -> list[Verdict]:
    """Judge `submission` against `chapter`, in the chapter's order; `report` hears each at once.

    `only` names the exercises whose verdicts are returned; those that they need are judged too, so
    that `mine` finds the learner's own. `at` hears the id of the exercise that is begun. `ahead`
    has a process ready: the first verdict comes in a fraction of a second instead of in seconds.
    `private` folders, of other submissions, say, are closed to the answers, as the solutions are.
    """
    wanted = set(only) if only is not None else {e.id for e in chapter.exercises}
    exercises = _with_needs(chapter, wanted)
    closed = [str(folder.resolve()) for folder in private]
    run = _Run(project, chapter, submission, exercises, seed, limit, report, at, ahead, closed)
    run.go()
    return [run.verdicts[e.id] for e in chapter.exercises if e.id in wanted]


def _with_needs(chapter: Chapter, wanted: set[str]) -> list[Exercise]:
    """The wanted exercises of a chapter and, before them, all that they need."""
    reach = set(wanted)
    for exercise in reversed(chapter.exercises):  # needs name earlier exercises only
        if exercise.id in reach:
            reach.update(exercise.needs)
    return [exercise for exercise in chapter.exercises if exercise.id in reach]


@dataclass
class _Run:
    project: Project
    chapter: Chapter
    submission: Submission
    exercises: list[Exercise]
    seed: int
    limit: float
    report: Callable[[Verdict], None]
    at: Callable[[str], None]
    ahead: Ahead | None
    private: list[str]
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    code: dict[str, str] = field(default_factory=dict)
    dropped: list[int] = field(default_factory=list)  # definition cells that killed a process
    withdrawn: set[str] = field(default_factory=set)  # answers that passed, then killed one

    def __post_init__(self) -> None:
        path = self.submission.path
        self.file = path.read_bytes() if path.is_file() else b""

    def go(self) -> None:
        for exercise in self.exercises:
            try:
                self.code[exercise.id] = self.submission.answer(exercise.id)
            except LookupError as problem:
                message = f"{problem.args[0]}."
                self.decide(Verdict(exercise.id, FAILED, message, "import", seed=self.seed))
        while any(exercise.id not in self.verdicts for exercise in self.exercises):
            self.one_process()

    def decide(self, verdict: Verdict) -> None:
        """Take a verdict, once; add what only this side knows."""
        if verdict.id in self.verdicts:
            return
        exercise = next(e for e in self.exercises if e.id == verdict.id)
        message = verdict.message
        for name, place in self.submission.never_run().items():
            if f"name '{name}' is not defined" in message:
                message += (
                    f" ({name} is set in code cell {place}, which also does other things. While "
                    "grading, a cell without a header runs only if it does nothing but import and "
                    "define: move it to a cell of its own.)"
                )
        known = version(self.project, self.chapter, exercise)
        self.verdicts[verdict.id] = replace(verdict, message=message, version=known)
        self.report(self.verdicts[verdict.id])

    def deleted(self) -> bool:
        """Whether the learner's file is gone, which is mended; not while an editor saves it."""
        path = self.submission.path
        if not self.file or not is_gone(path):
            return False
        with contextlib.suppress(OSError), path.open("xb") as file:  # never over another
            file.write(self.file)
            return True
        return False

    def start(self) -> Process:
        """A process that is, or gets, ready for this chapter."""
        wanted = preparations(self.project, self.chapter)
        return self.ahead.take(wanted) if self.ahead else Process(wanted)

    def one_process(self) -> None:
        """Start a process and hear it out: until it is done, dead, or hangs."""
        with self.start() as process:
            ready = process.hear(STARTUP)
            if isinstance(ready, Death):  # no learner's code has run yet
                process.close()
                raise GraderTrouble(f"The grading process {ready.sentence}\n{process.errors()}")
            if "trouble" in ready:
                raise GraderTrouble(f"The graders do not load.\n{ready['trouble']}")
            process.give(self.work())
            self.hear(process)
        self.deleted()

    def hear(self, process: Process) -> None:
        """Take the verdicts of a process that has its work, and what its end may mean."""
        pending = [e.id for e in self.exercises if e.id not in self.verdicts]
        at: dict[str, Any] = {}  # what the process says it is doing
        while True:
            heard = process.hear(self.limit)
            if isinstance(heard, Death):
                break
            if "trouble" in heard:
                last = heard["trouble"].strip().rpartition("\n")[2]
                heard = Death(f"brought the grader down: {last.strip().rstrip('.')}.")
                break
            if "verdict" in heard:
                try:
                    verdict = Verdict.from_record(heard["verdict"])
                except (ValueError, TypeError):
                    heard = Death("sent the grader something that is no verdict.")
                    break
                if verdict.id == at.get("at"):
                    self.decide(verdict)
                    at = {"between": verdict.id}
                if all(id in self.verdicts for id in pending):
                    return
            else:
                at = heard
                if "at" in at:
                    self.at(at["at"])
        process.close()
        if "at" in at:
            message = f"it {heard.sentence}"
            if self.deleted():
                message += f" (And it deleted {self.submission.path.name}, which was put back.)"
            self.decide(Verdict(at["at"], FAILED, message, "running", seed=self.seed))
        elif "cell" in at:
            self.dropped.append(at["cell"])
        elif "again" in at:
            self.withdrawn.add(at["again"])
        elif all(id not in self.verdicts for id in pending):
            raise GraderTrouble(f"The grading process {heard.sentence}")

    def work(self) -> dict[str, Any]:
        """What a process is told about this submission when it is ready."""
        tasks = []
        for exercise in self.exercises:
            verdict = self.verdicts.get(exercise.id)
            tasks.append(
                {
                    "id": exercise.id,
                    "code": self.code.get(exercise.id, ""),
                    "stub": exercise.cell,
                    "judge": verdict is None,
                    "passed": bool(verdict and verdict.passed)
                    and exercise.id not in self.withdrawn,
                }
            )
        return {
            "definitions": self.submission.definitions(self.chapter.given),
            "dropped": self.dropped,
            "exercises": tasks,
            "seed": self.seed,
            "limit": self.limit,
            "private": self.private,
            "file": str(self.submission.path.absolute()) if self.file else "",
        }
