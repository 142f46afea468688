"""`minitransformer check [TOPIC | TOPIC.NAME ...] [--of ...]`: grade, and say what next.

Leaves out how a verdict is reached (`runner.py`) and worded (`report.py`).
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
from pathlib import Path

from minitransformer.workbook import report
from minitransformer.workbook.project import COMMAND, Project, Unknown
from minitransformer.workbook.running import submission
from minitransformer.workbook.running.runner import LIMIT, GraderTrouble, grade
from minitransformer.workbook.running.submission import Unreadable
from minitransformer.workbook.source import Chapter
from minitransformer.workbook.standing import Standing
from minitransformer.workbook.state import State
from minitransformer.workbook.verdict import PASSED, Verdict


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "A pass tells you that you are right; it certifies nothing. Answers run in a process of "
        "their own, which stops accidents. It is not tamper-proof: who means to can fool it."
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
    parser.add_argument("--seed", type=int, default=0, help="of the random inputs (default 0)")
    parser.add_argument(
        "--limit",
        type=float,
        default=LIMIT,
        metavar="SECONDS",
        help=f"the longest that one exercise may take (default {LIMIT:g})",
    )


def run(args: argparse.Namespace) -> int:
    try:
        return check(Project.find(), args.what, args.of, args.seed, args.limit)
    except (Unknown, Unreadable, GraderTrouble) as problem:
        report.say(report.console(), str(problem))
        return 2


def check(project: Project, what: Sequence[str], of: str, seed: int, limit: float) -> int:
    """Grade what was asked for; 0 if all of it passes."""
    out = report.console()
    only = exercises_of(project, what)
    asked = [chapter for chapter in project.chapters() if chapter.topic in only or not what]
    found = paths(project, asked, of, named=bool(what))
    if not found:
        out.print(f"There is nothing in {project.work.name}/ yet. Begin with: {COMMAND} start")
        return 2
    good = True
    for chapter, path in found:
        try:
            ids = only.get(chapter.topic)
            good &= one(project, chapter, path, ids, of == "work", seed, limit)
        except Unreadable as problem:  # costs that notebook alone
            out.print(f"[bold]{chapter.title}[/bold]")
            report.say(out, str(problem))
            good = False
    return 0 if good else 1


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
        if named and not there and project.work.is_dir():
            topic = asked[0].topic
            raise Unknown(f"You have not begun {topic} yet. Begin with: {COMMAND} start {topic}")
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


def one(
    project: Project,
    chapter: Chapter,
    path: Path,
    only: Collection[str] | None,
    remember: bool,
    seed: int,
    limit: float,
) -> bool:
    """Grade one chapter's answers, saying each verdict as it comes; whether all passed."""
    out = report.console()
    answers = submission.read(path)
    state = State(project.work)
    if state.word and remember:
        report.say(out, state.word)
    exercises = {exercise.id: exercise for exercise in chapter.exercises}
    standing = Standing(project, state)
    seen: dict[str, bool] = {}

    def passed(id: str) -> bool:
        if not remember and id not in exercises:  # of another chapter: nothing is known of it
            return True
        return seen.get(id, remember and standing.status(id) == PASSED)

    shown = path.relative_to(project.root) if path.is_relative_to(project.root) else path
    out.print(f"[bold]{chapter.title}[/bold]  {shown}  seed {seed}\n")
    verdicts = []
    with out.status("grading", spinner="line"):

        def say(verdict: Verdict) -> None:
            seen[verdict.id] = verdict.passed
            if only is None or verdict.id in only:
                report.show(out, verdict, exercises[verdict.id], passed)

        verdicts = grade(project, chapter, answers, only=only, seed=seed, limit=limit, report=say)
    if remember:
        state.record(verdicts, answers.codes)
    said = [report.total(chapter, verdicts)] if only is None else []
    if remember:
        said.append(report.advice(chapter, passed, state.hints))
    out.print("\n".join(["", *said, ""] if said else [""]))
    return all(verdict.passed for verdict in verdicts)
