"""What has changed in a chapter's exercises since a learner's notebook was made from them.

A notebook is remembered as it was handed out: by a digest of each given cell, and of the task and
the text of each exercise. Leaves out bringing a notebook up to date (`carrying.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minitransformer.workbook.running import reading, submission
from minitransformer.workbook.running.reading import code_of
from minitransformer.workbook.source import Chapter, Exercise
from minitransformer.workbook.state import digest


def handed_out(document: dict[str, Any], chapter: Chapter) -> dict[str, Any]:
    """What to remember of a fresh notebook: `{"cells": [...], "exercises": {id: [task, text]}}`."""
    return {
        "cells": sorted(given(document)),
        "exercises": {
            e.id: [digest(e.stub), digest(e.header + e.prose)] for e in chapter.exercises
        },
    }


def given(document: dict[str, Any]) -> set[str]:
    """The names of a fresh notebook's cells that are no exercises."""
    return {name(cell) for cell in document["cells"] if not submission.id_of(code_of(cell))}


def name(cell: dict[str, Any]) -> str:
    """A short name for a cell's kind and content."""
    return f"{cell.get('cell_type')} {digest(reading.source_of(cell))}"


@dataclass(frozen=True)
class Changes:
    """Ids of exercises, by what happened to them."""

    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    task: tuple[str, ...] = ()  # its signature, docstring or what is to be done
    text: tuple[str, ...] = ()  # only the text that leads to it, or its price

    def __bool__(self) -> bool:
        return bool(self.new or self.gone or self.task or self.text)

    def lines(self) -> list[str]:
        """One line for each kind: "new: tiny.three"."""
        kinds = {
            "new": self.new,
            "no longer there": self.gone,
            "another task": self.task,
            "another text, points or minutes": self.text,
        }
        return [f"{kind}: {', '.join(ids)}" for kind, ids in kinds.items() if ids]


def changes(document: dict[str, Any], chapter: Chapter, record: dict[str, Any] | None) -> Changes:
    """What is different now from what the notebook was made from.

    Without a record of that, by the notebook itself, which tells of its exercises and no more.
    """
    mine = bodies(document)
    then = record["exercises"] if record else dict.fromkeys(mine)
    now = {exercise.id: exercise for exercise in chapter.exercises}
    both = [(exercise, then[id]) for id, exercise in now.items() if id in then]
    task = [e.id for e, was in both if other_task(e, was, mine.get(e.id, ""))]
    return Changes(
        new=tuple(id for id in now if id not in then),
        gone=tuple(id for id in then if id not in now),
        task=tuple(task),
        text=tuple(
            e.id
            for e, was in both
            if was and was[1] != digest(e.header + e.prose) and e.id not in task
        ),
    )


def other_task(exercise: Exercise, was: list[str] | None, body: str) -> bool:
    """Whether an exercise asks for something else than when the notebook was made."""
    if was:
        return was[0] != digest(exercise.stub)
    given = exercise.stub.partition("# YOUR TURN")[0].strip()
    return not body.strip().startswith(given)


def bodies(document: dict[str, Any]) -> dict[str, str]:
    """The code below the header of each exercise in a notebook; of two, the first."""
    parts = [part for cell in document["cells"] for part in submission.cut(code_of(cell))][::-1]
    return {id: body(part) for part in parts if (id := submission.id_of(part))}


def body(code: str) -> str:
    """An exercise's code without the lines of its header."""
    rest = code.partition("\n")[2]
    return rest.partition("\n")[2] if rest.startswith("# points ") else rest
