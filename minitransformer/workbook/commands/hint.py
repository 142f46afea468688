"""`minitransformer hint TOPIC.NAME`: one more hint each time, each more telling than the last."""

from __future__ import annotations

import argparse

from rich.markdown import Markdown

from minitransformer.workbook import report
from minitransformer.workbook.project import COMMAND, Project, Unknown
from minitransformer.workbook.state import State


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="TOPIC.NAME", help="such as attention.scores")


def run(args: argparse.Namespace) -> int:
    out = report.console()
    try:
        project = Project.find()
        _, exercise = project.exercise(args.id)
    except Unknown as problem:
        report.say(out, str(problem))
        return 2
    state = State(project.work)
    if state.word:
        report.say(out, state.word)
    last = len(exercise.hints)
    before = state.hints(exercise.id)
    number = state.take_hint(exercise.id, last)
    shown = range(1, last + 1) if before == last else [number]
    if before == last:
        out.print(f"You have had all {last} hints for {exercise.id}; here they are again.\n")
    for i in shown:
        out.print(f"[bold]Hint {i} of {last}[/bold] for {exercise.id}")
        report.indented(out, Markdown(exercise.hints[i - 1]))
    if number < last:
        out.print(f"One more: {COMMAND} hint {exercise.id}")
    return 0
