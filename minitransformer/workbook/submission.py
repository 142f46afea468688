"""A learner's notebook (.ipynb) or script (.py), read but not run.

Code is found by its header line, never by its place; a cell with several headers is cut before
each. Leaves out other notebook formats than 4, and everything that needs the code to be compiled.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minitransformer.names import nearest
from minitransformer.workbook import cells
from minitransformer.workbook.project import COMMAND
from minitransformer.workbook.source import HEADER

_CUT = re.compile(r"(?m)^(?=# exercise: )")
_MARKER = re.compile(r"(?m)^# %%.*$")


class Unreadable(ValueError):
    """A submission that cannot be read at all; the message says what to do."""


@dataclass(frozen=True)
class Submission:
    """The code of a submission, cut into cells: `read(path).answer("attention.mask")`."""

    path: Path
    code: tuple[str, ...]

    def cells_of(self, id: str) -> list[int]:
        """The places (from 1) of the cells with the header of `id`; one, if all is well."""
        return [i for i, cell in enumerate(self.code, 1) if id_of(cell) == id]

    def answer(self, id: str) -> str:
        """The cell of `id`; `LookupError` with a sentence if there is none, or more than one."""
        places = self.cells_of(id)
        if not places:
            raise LookupError(
                f"there is no cell that starts with '# exercise: {id}': put that line back above "
                f"your function, or get the cell back with: {COMMAND} reset {id}"
            )
        if len(places) > 1:
            where = " and ".join(str(place) for place in places)
            raise LookupError(f"it stands there {len(places)} times (code cells {where}): keep one")
        return self.code[places[0] - 1]

    @property
    def ids(self) -> list[str]:
        """Every exercise that has a cell."""
        return list(dict.fromkeys(id for cell in self.code if (id := id_of(cell))))

    def definitions(self, given: list[str]) -> list[str]:
        """The learner's cells that only define, apart from those that they were given."""
        own = (c for c in self.code if not id_of(c) and c.strip() not in given)
        return [cell for cell in own if cells.only_defines(cell)]

    def never_run(self) -> dict[str, int]:
        """Names that only a cell that is not run would define, and its place."""
        names: dict[str, int] = {}
        for place, cell in enumerate(self.code, 1):
            if not id_of(cell) and not cells.only_defines(cell):
                names.update(dict.fromkeys(cells.names_defined(cell), place))
        return names


def read(path: Path) -> Submission:
    """Read a notebook or script; `Unreadable` with a sentence if that cannot be done."""
    if not path.exists():
        folder = path.parent
        there = [p.name for p in folder.glob("*")] if folder.is_dir() else []
        place = f"in {folder}" if folder.is_dir() else f"nor a folder {folder}"
        raise Unreadable(f"There is no file {path.name} {place}{nearest(path.name, there) or '.'}")
    if path.is_dir() or path.suffix not in (".ipynb", ".py"):
        raise Unreadable(f"Expected a notebook (.ipynb) or a script (.py), found {path}.")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise Unreadable(f"{path.name} cannot be read: {problem}.") from None
    whole = _MARKER.split(text) if path.suffix == ".py" else _notebook_code(text, path.name)
    return Submission(path, tuple(part for code in whole for part in _cut(code)))


def pieces(cell: Any) -> list[str]:
    """The pieces of one cell of a notebook, each exercise's beginning with its header."""
    if not isinstance(cell, dict) or cell.get("cell_type") != "code":
        return []
    return _cut(_text(cell.get("source", "")))


def _cut(code: str) -> list[str]:
    parts = (part.strip("\n") for part in _CUT.split(code))
    return [part for part in parts if part.strip()]


def _notebook_code(text: str, name: str) -> list[str]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise Unreadable(
            f"{name} is not a notebook: it is not JSON ({problem}). Was it saved only half? "
            "Open it in Jupyter and save it again, or start from a fresh copy with: "
            f"{COMMAND} reset TOPIC"
        ) from None
    listed = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise Unreadable(
            f"{name} is JSON, but not a notebook of format 4: it has no list of cells. "
            "Open it in Jupyter and save it again."
        )
    return [code for cell in listed for code in pieces(cell)]


def _text(lines: object) -> str:
    if isinstance(lines, list):
        lines = "".join(line for line in lines if isinstance(line, str))
    return lines.replace("\r\n", "\n") if isinstance(lines, str) else ""


def id_of(cell: str) -> str:
    """The exercise whose header a piece of code starts with, or ""."""
    header = HEADER.match(cell)
    return header["id"] if header else ""
