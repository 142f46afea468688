"""`minitransformer check [TOPIC | TOPIC.NAME ...] [--of ...]`: grade, and say what next.

Leaves out how a verdict is reached (`runner.py`) and worded (`report.py`).
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from minitransformer.workbook import advice, report
from minitransformer.workbook.project import COMMAND, Project, Unknown
from minitransformer.workbook.running import submission
from minitransformer.workbook.running.runner import LIMIT, grade
from minitransformer.workbook.running.submission import Unreadable
from minitransformer.workbook.source import Chapter
from minitransformer.workbook.standing import Standing
from minitransformer.workbook.state import State
from minitransformer.workbook.verdict import PASSED, Verdict


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Exit code: 0 all that was asked for passed, 1 something did not, 2 it could not be "
        "graded. A pass tells you that you are right; it certifies nothing. Answers run in a "
        "process of their own, which stops accidents. It is not tamper-proof: who means to can "
        "fool it."
    )
    parser.add_argument(
        "what", nargs="*", metavar="TOPIC | TOPIC.NAME", help="default: all you began"
    )
    parser.add_argument(
        "--of",
        default="work",
        metavar="work|solutions|PATH",
        help="whose answers: yours (the default), the book's, or those in a .ipynb or .py file",
    )
    add_limits(parser)


def add_limits(parser: argparse.ArgumentParser) -> None:
    """What `watch` takes, too."""
    parser.add_argument("--seed", type=seed, default=0, help="of the random inputs (default 0)")
    add_limit(parser)


def add_limit(parser: argparse.ArgumentParser) -> None:
    """What `grade` takes, too, whose seed is another matter."""
    parser.add_argument(
        "--limit",
        type=seconds,
        default=LIMIT,
        metavar="SECONDS",
        help=f"the longest that one exercise may take (default {LIMIT:g})",
    )


def seed(text: str) -> int:
    """A number that every random generator takes."""
    if not 0 <= (number := int(text)) < 1 << 32:
        raise argparse.ArgumentTypeError(f"expected 0 to {(1 << 32) - 1}, found {text}")
    return number


def seconds(text: str) -> float:
    if not 0 < (number := float(text)) < float("inf"):
        raise argparse.ArgumentTypeError(f"expected more than 0 seconds, found {text}")
    return number


def run(args: argparse.Namespace) -> int:
    return check(Project.find(), args.what, args.of, args.seed, args.limit)


def check(project: Project, what: Sequence[str], of: str, seed: int, limit: float) -> int:
    """Grade what was asked for; 0 if all of it passes."""
    only = exercises_of(project, what)
    asked = [chapter for chapter in project.chapters() if chapter.topic in only or not what]
    found = paths(project, asked, of, named=bool(what))
    if not found:
        raise Unknown(not_begun())
    many = len(found) > 1
    checking = Checking(project, report.console(), of == "work", seed, limit, many)
    for chapter, path in found:
        try:
            checking.one(chapter, path, only.get(chapter.topic), skip=many and not what)
        except Unreadable as problem:  # costs that notebook alone
            checking.unreadable(chapter, problem)
    if many:
        checking.sum_up()
    return 0 if checking.good else 1


def not_begun(topic: str = "") -> str:
    """What to tell a learner who has no notebook yet."""
    if topic:
        return f"You have not begun {topic} yet. Begin with: {COMMAND} start {topic}"
    return f"There is nothing in work/ yet. Begin with: {COMMAND} start"


def exercises_of(project: Project, what: Sequence[str]) -> dict[str, set[str] | None]:
    """The topics in `what`, and the exercises asked for in each; None stands for all of them."""
    only: dict[str, set[str] | None] = {}
    for word in what:
        if "." not in word:
            only[project.chapter(word).topic] = None
            continue
        chapter, exercise = project.exercise(word)
        ids = only.setdefault(chapter.topic, set())
        if ids is not None:
            ids.add(exercise.id)
    return only


def paths(
    project: Project, asked: list[Chapter], of: str, *, named: bool
) -> list[tuple[Chapter, Path]]:
    """The chapters to grade, and the file that holds the answers to each."""
    if of == "solutions":
        return [(chapter, chapter.path) for chapter in asked]
    if of == "work":
        pairs = [(chapter, project.notebook(chapter)) for chapter in asked]
        there = [(chapter, path) for chapter, path in pairs if path.is_file()]
        missing = [chapter.topic for chapter, path in pairs if not path.is_file()]
        if named and missing and project.work.is_dir():
            raise Unknown(not_begun(missing[0]))
        return there
    path = Path(of).expanduser()
    topics = {id.partition(".")[0] for id in submission.read(path).ids}
    chapters = asked if named else [chapter for chapter in asked if chapter.topic in topics]
    if not chapters:
        raise Unknown(
            f"{path.name} has no exercises of this book: expected cells that start with a line "
            "like '# exercise: attention.scores'."
        )
    return [(chapter, path) for chapter in chapters]


@dataclass
class Checking:
    """One run of `check`: what was asked for, chapter by chapter, and the sums."""

    project: Project
    out: report.Console
    remember: bool  # the learner's own answers: verdicts are kept, and the next step is said
    seed: int
    limit: float
    many: bool = False  # more than one chapter: the next step is said once, in the end
    good: bool = True
    empty: list[int] = field(default_factory=list)  # numbers of the chapters without an answer
    counts: list[int] = field(default_factory=lambda: [0, 0, 0, 0])  # as report.counted takes them

    def one(
        self, chapter: Chapter, path: Path, only: Collection[str] | None, *, skip: bool = False
    ) -> None:
        """Grade one chapter's answers, saying each verdict as it comes.

        `skip`: pass over a notebook in which nothing was written yet.
        """
        answers = submission.read(path)
        if skip and untouched(chapter, answers):
            self.good = False
            self.count(chapter, [])
            self.empty.append(chapter.number)
            return
        state = State(self.project.work)
        if state.word and self.remember:
            report.say(self.out, state.word)
        exercises = {exercise.id: exercise for exercise in chapter.exercises}
        standing = Standing(self.project, state)
        seen: dict[str, bool] = {}

        def passed(id: str) -> bool:
            if not self.remember and id not in exercises:  # of another chapter: nothing is known
                return True
            return seen.get(id, self.remember and standing.status(id) == PASSED)

        self.head(chapter, path)
        doing = report.Doing(self.out)
        with doing:

            def say(verdict: Verdict) -> None:
                seen[verdict.id] = verdict.passed
                if self.remember:  # at once: Ctrl-C loses nothing
                    state.record([verdict], answers.codes)
                if only is None or verdict.id in only:
                    report.show(self.out, verdict, exercises[verdict.id], passed)

            verdicts = grade(
                self.project,
                chapter,
                answers,
                only=only,
                seed=self.seed,
                limit=self.limit,
                report=say,
                at=doing.at,
            )
        self.good &= all(verdict.passed for verdict in verdicts)
        self.out.print()
        if only is None:
            report.say(self.out, report.total(chapter, verdicts))
        self.count(chapter, verdicts)
        if self.many:
            self.out.print()
        elif self.remember:
            asked = next((exercises[v.id] for v in verdicts if not v.passed), None)
            report.say(self.out, advice.within(chapter, passed, state.hints, first=asked))
            if advice.first_open(chapter, passed) is None:
                self.onward()

    def onward(self) -> None:
        """The next step in the book."""
        standing = Standing(self.project)
        for line in advice.onward(self.project, self.project.chapters(), standing, brief=True):
            report.say(self.out, line)

    def head(self, chapter: Chapter, path: Path) -> None:
        where = report.shown(path, self.project.root, self.out.width - 20)
        self.out.print(f"[bold]{advice.name(chapter)}[/bold]")
        self.out.print(f"{where}, seed {self.seed}\n", markup=False)

    def unreadable(self, chapter: Chapter, problem: Unreadable) -> None:
        self.good = False
        self.count(chapter, [])
        self.out.print(f"[bold]{advice.name(chapter)}[/bold]")
        report.say(self.out, f"{problem}\n")
        self.out.print()

    def count(self, chapter: Chapter, verdicts: list[Verdict]) -> None:
        new = report.sums(chapter, verdicts)
        self.counts = [a + b for a, b in zip(self.counts, new, strict=True)]

    def sum_up(self) -> None:
        """The last lines of a check of several chapters."""
        if self.empty:
            numbers = " and ".join(", ".join(map(str, self.empty)).rsplit(", ", 1))
            chapters = "chapter" if len(self.empty) == 1 else "chapters"
            report.say(self.out, f"No answers yet in {chapters} {numbers}.")
        report.say(self.out, f"Together: {report.counted(*self.counts)}")
        if self.remember:
            self.onward()


def untouched(chapter: Chapter, answers: submission.Submission) -> bool:
    """Whether every answer is still what the learner was given."""
    codes = answers.codes
    return all(codes.get(e.id, "").strip() == e.cell.strip() for e in chapter.exercises)
