"""`minitransformer solution TOPIC.NAME [--peek]`: the book's answer, once yours has passed.

Leaves out judging: whoever looks before a pass is remembered by `progress`, and not blamed.
"""

from __future__ import annotations

import argparse

from minitransformer.workbook import report
from minitransformer.workbook.project import COMMAND, Project
from minitransformer.workbook.source import Exercise
from minitransformer.workbook.state import State


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="TOPIC.NAME", help="such as attention.scores")
    parser.add_argument("--peek", action="store_true", help="show it before yours has passed, too")
    parser.epilog = "Exit code: 0 shown, 1 not shown as yours has not passed yet, 2 no such one."


def run(args: argparse.Namespace) -> int:
    out = report.console()
    project = Project.find()
    chapter, exercise = project.exercise(args.id)
    state = State(project.work)
    if state.word:
        report.say(out, state.word)
    if not state.passed_version(exercise.id):
        if not args.peek:
            report.say(out, not_yet(exercise, state.hints(exercise.id)))
            return 1
        state.peek(exercise.id)
    out.print(f"[bold]The book's answer to {exercise.id}[/bold]\n")
    report.listing(out, exercise.solution)
    notebook = project.notebook(chapter)
    if notebook.is_file():
        where = notebook.relative_to(project.root).as_posix()
        report.say(out, f"Yours stays as it is, in {where}. Where do the two part, and why?")
    return 0


def not_yet(exercise: Exercise, taken: int) -> str:
    """What stands between the learner and the solution, and the way around it."""
    left = len(exercise.hints) - taken
    said = f"{exercise.id} has not passed a check yet; then this shows the book's answer.\n"
    if left:
        hints = f"is 1 hint of {len(exercise.hints)}" if left == 1 else f"are {left} hints"
        said += f"There {hints} left: {COMMAND} hint {exercise.id}\n"
    else:
        said += "You have had all of its hints.\n"
    return f"{said}To see it all the same: {COMMAND} solution {exercise.id} --peek"
