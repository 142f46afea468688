"""`minitransformer start [TOPIC] [--new]`: the learner's own copies of the exercise notebooks.

Overwrites nothing. Leaves out opening them (`lab.py`).
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

from minitransformer.workbook import report
from minitransformer.workbook.project import COMMAND, Project, Unknown
from minitransformer.workbook.source import Chapter
from minitransformer.workbook.state import State, free_name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("topic", nargs="?", default="", metavar="TOPIC", help="default: all")
    parser.add_argument(
        "--new", action="store_true", help="one more fresh copy, beside the one you have"
    )


def run(args: argparse.Namespace) -> int:
    out = report.console()
    try:
        project = Project.find()
        chapters = [project.chapter(args.topic)] if args.topic else project.chapters()
        for line in [line for c in chapters for line in start(project, c, new=args.new)]:
            out.print(line, markup=False, soft_wrap=True)
    except Unknown as problem:
        report.say(out, str(problem))
        return 2
    out.print(f"\nOpen them: {COMMAND} lab    Grade them: {COMMAND} check", soft_wrap=True)
    return 0


def start(project: Project, chapter: Chapter, *, new: bool = False) -> list[str]:
    """Copy one chapter's notebook to work/ unless it is there; what to tell the learner."""
    content = fresh(project, chapter)
    digest = hashlib.sha256(content).hexdigest()[:12]
    path = project.notebook(chapter)
    state = State(project.work)
    said = [state.word] if state.word else []
    if not path.exists() or new:
        path.parent.mkdir(parents=True, exist_ok=True)
        path = free_name(path)
        with path.open("xb") as file:  # refuses to overwrite
            file.write(content)
        with state.changing() as data:
            data["copies"][chapter.slug] = digest
        return [*said, f"{_short(project, path)}: a fresh copy, {_size(chapter)}"]
    said.append(f"{_short(project, path)}: yours, left as it is")
    if state.data["copies"].get(chapter.slug, digest) != digest:
        said.append(
            f"  The exercises have changed since you copied them. A new copy beside yours: "
            f"{COMMAND} start {chapter.topic} --new"
        )
    return said


def fresh(project: Project, chapter: Chapter) -> bytes:
    """The notebook that every learner begins with."""
    path = project.exercises / f"{chapter.slug}.ipynb"
    if not path.is_file():
        raise Unknown(
            f"{path.relative_to(project.root)} is missing; make it with: {COMMAND} generate"
        )
    return path.read_bytes()


def _short(project: Project, path: Path) -> Path:
    return path.relative_to(project.root)


def _size(chapter: Chapter) -> str:
    minutes = sum(exercise.minutes for exercise in chapter.exercises)
    count = len(chapter.exercises)
    return f"{count} exercises, {report.points(chapter.points)}, about {minutes} minutes"
