"""`minitransformer reset TOPIC[.NAME]`: back to the start. The old notebook is kept beside it.

The one command that writes a learner's notebook. Leaves out what is open in an editor: reload it
there.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from minitransformer.workbook import report
from minitransformer.workbook.commands.start import fresh, remember
from minitransformer.workbook.project import COMMAND, Project, Unknown
from minitransformer.workbook.running import reading, submission
from minitransformer.workbook.running.reading import code_of
from minitransformer.workbook.running.writing import as_bytes, new_cell, valid
from minitransformer.workbook.source import Chapter, Exercise
from minitransformer.workbook.state import State, keep, write_atomically


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", metavar="TOPIC[.NAME]", help="such as attention.scores")


def run(args: argparse.Namespace) -> int:
    project = Project.find()
    if "." in args.what:
        said = reset(project, *project.exercise(args.what))
    else:
        said = reset(project, project.chapter(args.what))
    report.say(report.console(), said)
    return 0


def reset(project: Project, chapter: Chapter, exercise: Exercise | None = None) -> str:
    """Put a notebook, or one exercise of it, back; what to tell the learner."""
    path = project.notebook(chapter)
    if not path.exists():
        raise Unknown(
            f"There is no {path.relative_to(project.root)} to reset. "
            f"Begin with: {COMMAND} start {chapter.topic}"
        )
    what = exercise.id if exercise else path.name
    if untouched(project, chapter, path, exercise):
        return f"{what} is as it was handed out: there was nothing to put back, and no copy made."
    content = fresh(project, chapter) if exercise is None else _with_stub(path, chapter, exercise)
    kept = keep(path)
    write_atomically(path, content)
    state = State(project.work)
    if exercise is None:
        remember(project, chapter, path, state)
    state.forget([e.id for e in ([exercise] if exercise else chapter.exercises)])
    return (
        f"{what} is back at the start. Your notebook as it was is kept as {kept.name}: to undo "
        f"this, give it the name {path.name} again. If it is open in an editor, "
        "reload it there before you go on."
    )


def untouched(project: Project, chapter: Chapter, path: Path, exercise: Exercise | None) -> bool:
    """Whether the notebook, or one exercise in it, is still what the learner was given."""
    if exercise is None:
        return path.read_bytes() == fresh(project, chapter)
    try:
        code = submission.read(path).answer(exercise.id)
    except LookupError:
        return False
    return code.strip() == exercise.cell.strip()


def _with_stub(path: Path, chapter: Chapter, exercise: Exercise) -> bytes:
    """The learner's notebook with the stub in the place of one answer."""
    answers = submission.read(path)
    document = reading.document(path)
    cells = document["cells"]
    if exercise.id not in answers.ids:
        place = _place(cells, chapter, exercise)
        slug = exercise.id.replace(".", "-")
        cells[place:place] = [
            new_cell("code", exercise.cell, f"exercise-{slug}"),
            new_cell("code", f'check("{exercise.id}")', f"check-{slug}"),
        ]
    done = False
    for cell in cells:
        parts = submission.cut(code_of(cell))
        if exercise.id not in map(submission.id_of, parts):
            continue
        new = []
        for part in parts:
            if submission.id_of(part) != exercise.id:
                new.append(part)
            elif not done:  # a second one goes: one stays
                behind = len(part) - len(part.rstrip("\n"))
                new.append(exercise.cell + part[len(part) - behind :])
                done = True
        cell["source"] = "".join(new).splitlines(keepends=True)
        cell.update(outputs=[], execution_count=None)
    return as_bytes(valid(document))


def _place(cells: list[Any], chapter: Chapter, exercise: Exercise) -> int:
    """Where a deleted exercise goes: behind the nearest earlier one that is there, else last."""
    ids = [e.id for e in chapter.exercises]
    for earlier in reversed(ids[: ids.index(exercise.id)]):
        for i, cell in enumerate(cells):
            if f"# exercise: {earlier}" in code_of(cell).splitlines():
                behind = code_of(cells[i + 1]) if i + 1 < len(cells) else ""
                return i + 2 if behind.startswith("check(") else i + 1
    return len(cells)
