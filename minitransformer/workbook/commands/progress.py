"""`minitransformer progress [TOPIC]`: what is passed, what is left, and what comes next.

A chapter that is finished or not begun takes one line; `progress TOPIC` shows its exercises. Leaves
out grading: an answer that was changed after its check is said to be changed.
"""

from __future__ import annotations

import argparse

from rich.text import Text

from minitransformer.workbook import advice, report
from minitransformer.workbook.commands.start import outdated
from minitransformer.workbook.project import COMMAND, Project
from minitransformer.workbook.running.runner import version
from minitransformer.workbook.source import Chapter, Exercise
from minitransformer.workbook.standing import Standing
from minitransformer.workbook.state import CHANGED
from minitransformer.workbook.verdict import FAILED, PASSED

_BAR = 30
_WORDS = {PASSED: ("passed", "green"), FAILED: ("failed", "red"), CHANGED: ("changed", "yellow")}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("topic", nargs="?", default="", metavar="TOPIC", help="default: all")


def run(args: argparse.Namespace) -> int:
    out = report.console()
    project = Project.find()
    chapters = [project.chapter(args.topic)] if args.topic else project.chapters()
    standing = Standing(project)
    if standing.state.word:
        report.say(out, standing.state.word)
    for chapter in chapters:
        show(out, project, chapter, standing, detailed=bool(args.topic))
    if not args.topic:
        together(out, chapters, standing)
    out.print()
    for line in advice.onward(project, project.chapters(), standing):
        out.print(line, markup=False, soft_wrap=True)
    return 0


def show(
    out: report.Console, project: Project, chapter: Chapter, standing: Standing, *, detailed: bool
) -> None:
    """One chapter: how much of it is passed, and its exercises while they are worked at."""
    passed = [e for e in chapter.exercises if standing.status(e.id) == PASSED]
    left = sum(e.minutes for e in chapter.exercises if e not in passed)
    earned = sum(exercise.points for exercise in passed)
    out.print(Text(advice.name(chapter), style="bold"))
    if not project.notebook(chapter).is_file():
        count = len(chapter.exercises)
        sums = f"{count} exercises, {report.points(chapter.points)}"
        report.say(out, f"not begun: {sums}, about {left} min", 2)
    else:
        counts = f"{len(passed)} of {len(chapter.exercises)} exercises passed"
        rest = f"about {left} min left" if left else "finished"
        report.say(out, f"{counts}, {earned} of {report.points(chapter.points)}, {rest}", 2)
        bar(out, earned / max(1, chapter.points))
    statuses = {exercise.id: standing.status(exercise.id) for exercise in chapter.exercises}
    begun = any(statuses.values())
    for exercise in chapter.exercises:
        said = notes(project, chapter, exercise, standing)
        if detailed or (begun and left) or said:
            line(out, exercise, statuses[exercise.id], said)
    if CHANGED in statuses.values():
        text = "Changed: what is saved is another answer than the one that was checked. Save the"
        report.say(out, f"{text} notebook, or check again: {COMMAND} check {chapter.topic}", 2)
    if outdated(project, chapter, standing.state) is not None:
        text = "Its exercises have changed since you copied them. What to do:"
        report.say(out, f"{text} {COMMAND} start {chapter.topic}", 2)


def line(out: report.Console, exercise: Exercise, status: str, said: list[str]) -> None:
    """One exercise: a line, and notes below it."""
    word, style = _WORDS.get(status, ("to do", "dim"))
    head = (
        Text("  ")
        .append(f"{word:<8}", style=style)
        .append(f"{exercise.id:<{28 if out.width >= 60 else 0}}")
    )
    out.print(head.append(f" {report.points(exercise.points)}"))
    if said:
        text = "; ".join(said)
        report.say(out, f"{text[0].upper()}{text[1:]}.", 10)


def notes(project: Project, chapter: Chapter, exercise: Exercise, standing: Standing) -> list[str]:
    """What else is known of an exercise."""
    state, status = standing.state, standing.status(exercise.id)
    said = []
    if status == PASSED and state.passed_version(exercise.id) != version(
        project, chapter, exercise
    ):
        said.append("the exercise changed since you passed it: check it again")
    if hints := state.hints(exercise.id):
        said.append(f"{hints} of {len(exercise.hints)} hints taken")
    if state.peeked(exercise.id):
        said.append("the book's answer was looked at")
    return said


def bar(out: report.Console, share: float) -> None:
    """Coloured blanks: a screen reader reads nothing, and the line above says it in words."""
    if out.is_terminal and not out.is_dumb_terminal and not out.no_color:
        full = round(_BAR * share)
        out.print(
            Text("  ")
            .append(" " * full, style="on green")
            .append(" " * (_BAR - full), style="on bright_black")
        )


def together(out: report.Console, chapters: list[Chapter], standing: Standing) -> None:
    """All chapters in one line."""
    every = [exercise for chapter in chapters for exercise in chapter.exercises]
    passed = [exercise for exercise in every if standing.status(exercise.id) == PASSED]
    left = sum(e.minutes for e in every) - sum(e.minutes for e in passed)
    earned = sum(exercise.points for exercise in passed)
    full = sum(exercise.points for exercise in every)
    out.print(Text("Together", style="bold"))
    report.say(out, f"{report.counted(earned, full, len(passed), len(every))} {hours(left)}", 2)


def hours(minutes: int) -> str:
    """What is left, as a round sentence: "About 2.5 hours are left."."""
    if not minutes:
        return ""
    if minutes < 60:
        return f"About {minutes} min left."
    return f"About {round(minutes / 30) / 2:g} hours left."
