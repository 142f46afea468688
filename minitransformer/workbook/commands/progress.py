"""`minitransformer progress`: chapters, exercises and points, with a bar for each chapter."""

from __future__ import annotations

import argparse

from rich.console import Console

from minitransformer.workbook import report
from minitransformer.workbook.project import COMMAND, Project, Unknown
from minitransformer.workbook.running.runner import version
from minitransformer.workbook.source import Chapter
from minitransformer.workbook.standing import Standing
from minitransformer.workbook.state import CHANGED, State
from minitransformer.workbook.verdict import FAILED, PASSED

_BAR = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(args: argparse.Namespace) -> int:
    out = report.console()
    try:
        project = Project.find()
        chapters = project.chapters()
    except Unknown as problem:
        report.say(out, str(problem))
        return 2
    state = State(project.work)
    standing = Standing(project, state)
    if state.word:
        report.say(out, state.word)
    for chapter in chapters:
        show(out, project, chapter, standing)
    if not any(project.notebook(chapter).is_file() for chapter in chapters):
        out.print(f"You have not begun yet. Begin with: {COMMAND} start")
    return 0


def show(out: Console, project: Project, chapter: Chapter, standing: Standing) -> None:
    """One chapter: its bar, and its exercises once it is begun."""
    state = standing.state
    passed = [e for e in chapter.exercises if standing.status(e.id) == PASSED]
    earned = sum(exercise.points for exercise in passed)
    full = round(_BAR * earned / max(1, chapter.points))
    bar = "#" * full + "." * (_BAR - full)  # plain characters: every terminal has them
    counts = f"{len(passed)} of {len(chapter.exercises)} exercises"
    out.print(f"[bold]{chapter.title}[/bold]")
    out.print(f"  {bar}  {earned} of {report.points(chapter.points)}, {counts}")
    if not project.notebook(chapter).is_file():
        out.print()
        return
    for exercise in chapter.exercises:
        status = standing.status(exercise.id)
        word = {PASSED: "passed", FAILED: "failed"}.get(status, "to do")
        notes = ["your answer changed after its check"] if status == CHANGED else []
        if hints := state.hints(exercise.id):
            notes.append(f"{hints} of {len(exercise.hints)} hints")
        if status == PASSED and state.passed_version(exercise.id) != version(
            project, chapter, exercise
        ):
            notes.append("changed since: check it again")
        note = f"   {', '.join(notes)}" if notes else ""
        out.print(f"  {word:<8}{exercise.id:<28}{report.points(exercise.points):>9}{note}")
    out.print()
