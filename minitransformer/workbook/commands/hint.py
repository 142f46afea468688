"""`minitransformer hint [TOPIC.NAME]`: one more hint each time, each more telling than the last."""

from __future__ import annotations

import argparse

from minitransformer.workbook import advice, report
from minitransformer.workbook.project import COMMAND, Project, Unknown
from minitransformer.workbook.standing import Standing
from minitransformer.workbook.state import State


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "id", nargs="?", default="", metavar="TOPIC.NAME", help="default: the one you are at"
    )


def run(args: argparse.Namespace) -> int:
    out = report.console()
    project = Project.find()
    _, exercise = project.exercise(args.id or at_hand(project))
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
        for paragraph in exercise.hints[i - 1].split("\n\n"):
            report.say(out, " ".join(paragraph.split()), 2)
        if i != shown[-1]:
            out.print()
    if number < last:
        out.print()
        report.say(out, f"One more: {COMMAND} hint {exercise.id}")
    elif not state.passed_version(exercise.id):
        out.print()
        report.say(out, "Those are all. If you are stuck, see the book's answer and go on:")
        report.say(out, f"{COMMAND} solution {exercise.id} --peek")
    return 0


def at_hand(project: Project) -> str:
    """The exercise that the learner is at; `Unknown` with the next step if there is none."""
    standing = Standing(project)
    here = advice.place(project, project.chapters(), standing)
    if here is None or here.exercise is None:
        raise Unknown("\n".join(advice.onward(project, project.chapters(), standing)))
    return here.exercise.id
