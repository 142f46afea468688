"""`minitransformer start [TOPIC] [--update | --new]`: the learner's own copies of the exercises.

A notebook that is there is left as it is, unless --update asks to bring it up to the newest
version; then it is kept beside the new one. Leaves out opening them (`lab.py`).
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

from minitransformer.workbook import report, versions
from minitransformer.workbook.carrying import carry, same
from minitransformer.workbook.project import COMMAND, Project, Unknown
from minitransformer.workbook.running import reading
from minitransformer.workbook.running.reading import Unreadable
from minitransformer.workbook.running.writing import as_bytes
from minitransformer.workbook.source import Chapter
from minitransformer.workbook.state import State, free_name, keep, write_atomically
from minitransformer.workbook.versions import Changes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("topic", nargs="?", default="", metavar="TOPIC", help="default: all")
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--update",
        action="store_true",
        help="bring yours up to the newest version, with all your answers; it is kept as it was",
    )
    how.add_argument(
        "--new", action="store_true", help="one more fresh copy, beside the one you have"
    )


def run(args: argparse.Namespace) -> int:
    out = report.console()
    code = 0
    project = Project.find()
    chapters = [project.chapter(args.topic)] if args.topic else project.chapters()
    for chapter in chapters:
        try:
            said = (update if args.update else start)(project, chapter, new=args.new)
        except (Unreadable, OSError) as problem:  # costs that notebook alone
            said, code = [str(problem)], 2
        for line in said:
            report.say(out, line.lstrip(), len(line) - len(line.lstrip()))
    out.print()
    which = f" {chapters[0].topic}" if args.topic else ""  # or it is that where the learner is
    report.say(out, f"Open them: {COMMAND} lab{which}")
    report.say(out, f"Grade them: {COMMAND} check{which}")
    return code


def start(project: Project, chapter: Chapter, *, new: bool = False) -> list[str]:
    """Copy one chapter's notebook to work/ unless it is there; what to tell the learner."""
    path = project.notebook(chapter)
    state = State(project.work)
    said = [state.word] if state.word else []
    if not path.exists() or new:
        path.parent.mkdir(parents=True, exist_ok=True)
        path = free_name(path)
        with path.open("xb") as file:  # refuses to overwrite
            file.write(fresh(project, chapter))
        remember(project, chapter, path, state)
        return [*said, f"{_short(project, path)}: a fresh copy, {_size(chapter)}"]
    said.append(f"{_short(project, path)}: yours, left as it is")
    changes = outdated(project, chapter, state)
    if changes is not None:
        said.append("  The exercises have changed since you copied them.")
        said += [f"    {line}" for line in changes.lines()]
        said += [
            f"  Take that over, with all your answers: {COMMAND} start {chapter.topic} --update",
            f"  Or have a fresh copy beside yours: {COMMAND} start {chapter.topic} --new",
        ]
    return said


def outdated(project: Project, chapter: Chapter, state: State) -> Changes | None:
    """What has changed since the learner's copy was made; None if nothing has."""
    path = project.notebook(chapter)
    copied = state.data["copies"].get(chapter.slug)
    if not path.is_file() or copied == _digest(project, chapter):
        return None
    try:
        document = reading.document(path)
    except Unreadable:
        return Changes() if copied else None
    found = versions.changes(document, chapter, state.data["handed"].get(path.stem))
    return found if found or copied else None


def update(project: Project, chapter: Chapter, *, new: bool = False) -> list[str]:
    """Bring the learner's notebook up to the newest version; what to tell the learner."""
    path = project.notebook(chapter)
    if not path.exists():
        return start(project, chapter)
    state = State(project.work)
    said = [state.word] if state.word else []
    record = state.data["handed"].get(path.stem)
    old, now = reading.document(path), json.loads(fresh(project, chapter))
    newest = record == versions.handed_out(now, chapter)
    if newest and versions.changes(old, chapter, None).new:  # an older copy is in its place
        newest, record = False, None
    changes = versions.changes(old, chapter, record)
    carried = carry(old, now, chapter, record)
    name = _short(project, path)
    if newest or same(old, carried):
        remember(project, chapter, path, state)
        return [*said, f"{name}: of the newest version already, left as it is"]
    kept = keep(path)
    write_atomically(path, as_bytes(carried))
    remember(project, chapter, path, state)
    return [
        *said,
        f"{name}: brought up to the newest version, with your answers and your own cells",
        *(f"  {line}" for line in changes.lines()),
        f"  As it was, it is kept as {kept.name}: to undo this, give it the name "
        f"{path.name} again.",
        "  If it is open in an editor, reload it there before you go on.",
    ]


def remember(project: Project, chapter: Chapter, path: Path, state: State) -> None:
    """What the notebook at `path` was made from."""
    document: dict[str, Any] = json.loads(fresh(project, chapter))
    with state.changing() as data:
        data["copies"][chapter.slug] = _digest(project, chapter)
        data["handed"][path.stem] = versions.handed_out(document, chapter)


def fresh(project: Project, chapter: Chapter) -> bytes:
    """The notebook that every learner begins with."""
    path = project.exercises / f"{chapter.slug}.ipynb"
    if not path.is_file():
        raise Unknown(
            f"{path.relative_to(project.root)} is missing; make it with: {COMMAND} generate"
        )
    return path.read_bytes()


def _digest(project: Project, chapter: Chapter) -> str:
    return hashlib.sha256(fresh(project, chapter)).hexdigest()[:12]


def _short(project: Project, path: Path) -> Path:
    return path.relative_to(project.root)


def _size(chapter: Chapter) -> str:
    minutes = sum(exercise.minutes for exercise in chapter.exercises)
    count = len(chapter.exercises)
    return f"{count} exercises, {report.points(chapter.points)}, about {minutes} min"
