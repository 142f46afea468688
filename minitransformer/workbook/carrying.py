"""A learner's notebook brought up to the newest version of its chapter, and nothing of it lost.

Every answer goes under its exercise's new header, every cell of the learner's own behind the cell
that it stood behind; answers to exercises that are gone stand at the end. Given cells are known by
their content: one that the learner edited is the learner's own. Leaves out files (`start.py`).
"""

from __future__ import annotations

import copy
import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from minitransformer.workbook.running import reading, submission
from minitransformer.workbook.running.reading import code_of
from minitransformer.workbook.running.writing import Cell, as_dict, new_cell, valid
from minitransformer.workbook.source import Chapter
from minitransformer.workbook.state import digest
from minitransformer.workbook.versions import body, changes, given, name

Key = tuple[str, str, int]  # what a cell is, which, and the how-manieth such

OWN, ANSWER, CHECK, GIVEN, GONE = "own", "answer", "check", "given", "gone"
TOP: Key = ("top", "", 1)
_CHECK = re.compile(r"""check\(["'](?P<id>[^"']+)["']\)\s*""")
_GONE = """\
## No longer in this chapter

These exercises have left the chapter. Your answers to them are kept here."""


def carry(
    old: dict[str, Any], fresh: dict[str, Any], chapter: Chapter, record: dict[str, Any] | None
) -> dict[str, Any]:
    """`fresh`, with all that is the learner's in `old`; `record`: what `old` was made from."""
    known = given(fresh)
    known.update(record["cells"] if record else ())
    theirs = list(_keyed(old["cells"], known))
    news = list(_keyed(fresh["cells"], known))
    stubs = {digest(exercise.stub) for exercise in chapter.exercises}
    stubs.update(was[0] for was in (record["exercises"] if record else {}).values())

    places = {key for key, _ in news}
    by_id = {cell.get("id"): key for key, cell in news if key[0] == GIVEN}
    found = {key for key, _ in theirs}
    kept: dict[Key, Cell] = {}  # in the place of a new cell
    behind: dict[Key | None, list[Cell]] = defaultdict(list)
    gone: list[Cell] = []
    at: Key | None = TOP  # the last of the cells before that is there in both
    first: Key | None = None
    for key, cell in theirs:
        kind, once = key[0], (key[0], key[1], 1)
        if kind == OWN:
            edited = by_id.get(cell.get("id"))
            if edited is not None and edited not in found:
                at = edited  # a given cell that the learner edited: behind the one it was
                first = first or at
            behind[at].append(cell)
        elif kind in (CHECK, GIVEN) and key[2] > 1 and key not in places:
            behind[once if once in places else at].append(cell)  # a copy that the learner made
        elif kind != GONE and digest(body(code_of(cell))) not in stubs:
            if key in places:
                kept[key] = cell
            elif kind == ANSWER:  # it is gone, or stands there twice
                (behind[once] if once in places else gone).append(cell)
        if key in places:
            at, first = key, first or key
        elif kind != OWN and at == TOP:
            at = None

    for id in changes(old, chapter, record).task:
        key = (ANSWER, id, 1)
        if key in kept:
            _tell(behind[key], id, next(cell for new, cell in news if new == key))
    cells = behind[TOP]
    for key, cell in news:
        if key == first:
            cells += behind[None]
        cells.append(_under(cell, kept[key]) if key in kept else cell)
        cells += behind[key]
    cells += behind[None] if first is None else []
    cells += [new_cell("markdown", _GONE, "gone"), *gone] if gone else []
    metadata = {**fresh["metadata"], **as_dict(old.get("metadata"))}
    return valid({**old, "cells": cells, "metadata": metadata})


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two notebooks hold the same cells, whatever their outputs."""
    pairs = [
        [(c.get("cell_type"), reading.source_of(c)) for c in document["cells"] if as_dict(c)]
        for document in (one, other)
    ]
    return pairs[0] == pairs[1]


def _keyed(cells: list[Any], known: set[str]) -> Iterator[tuple[Key, Cell]]:
    """Each cell, and what it is; one that holds several exercises is cut before each."""
    count: Counter[tuple[str, str]] = Counter()
    for cell in filter(lambda cell: isinstance(cell, dict), cells):
        parts = submission.cut(code_of(cell))
        for part in parts if len(parts) > 1 else [None]:
            one = cell if part is None else _part(cell, part)
            kind = _kind(one, known)
            count[kind] += 1
            yield (*kind, count[kind]), one


def _kind(cell: Cell, known: set[str]) -> tuple[str, str]:
    code, text = code_of(cell), reading.source_of(cell)
    if id := submission.id_of(code):
        return ANSWER, id
    if asked := _CHECK.fullmatch(code):
        return CHECK, asked["id"]
    if cell.get("cell_type") == "markdown" and text == _GONE:
        return GONE, ""
    # A cell's id holds a digest of what it was when it was handed out.
    sha = hashlib.sha256(text.encode(errors="replace")).hexdigest()
    as_it_was = str(cell.get("id")).startswith(f"{cell.get('cell_type')}-{sha[:10]}")
    return (GIVEN, name(cell)) if as_it_was or name(cell) in known else (OWN, "")


def _part(cell: Cell, code: str) -> Cell:
    return {
        **new_cell("code", code.rstrip("\n"), ""),
        "metadata": copy.deepcopy(as_dict(cell.get("metadata"))),
    }


def _under(new: Cell, own: Cell) -> Cell:
    """The learner's cell; an answer, under the exercise's new header."""
    if not submission.id_of(code_of(own)):
        return own
    header = "\n".join(code_of(new).split("\n")[:2])
    return {**own, "source": f"{header}\n{body(code_of(own))}", "id": new["id"]}


def _tell(behind: list[Cell], id: str, new: Cell) -> None:
    """Say behind an answer that its task is another now."""
    start = f"**The task of `{id}` has changed.**"
    text = f"{start} Your answer stands above as it was. The task is now:\n\n"
    text += f"```python\n{code_of(new)}\n```"
    behind[:] = [cell for cell in behind if not reading.source_of(cell).startswith(start)]
    behind.insert(0, new_cell("markdown", text, f"changed-{id.replace('.', '-')}"))
