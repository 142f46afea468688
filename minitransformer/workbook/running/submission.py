"""A learner's notebook (.ipynb) or script (.py), read but not run.

Code is found by its header line, never by its place; a cell with several headers is cut before
each. Leaves out other notebook formats than 4, and everything that needs the code to be compiled.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from minitransformer.names import nearest
from minitransformer.workbook.project import COMMAND
from minitransformer.workbook.running import cells
from minitransformer.workbook.source import HEADER

_CUT = re.compile(r"(?m)^(?=# exercise: )")
_MARKER = re.compile(r"(?m)^# %%.*$")


class Unreadable(ValueError):
    """A submission that cannot be read at all; the message says what to do."""


class Piece(NamedTuple):
    """A cell's code, or the part of it that belongs to one exercise."""

    code: str
    cell: int  # which of the submission's code cells it is in, from 1

    @property
    def id(self) -> str:
        """The exercise whose header it starts with, or ""."""
        return id_of(self.code)


@dataclass(frozen=True)
class Submission:
    """The code of a submission, in pieces: `read(path).answer("attention.mask")`."""

    path: Path
    pieces: tuple[Piece, ...]

    def answer(self, id: str) -> str:
        """The code of `id`; `LookupError` with a sentence if there is none, or more than one."""
        found = [piece for piece in self.pieces if piece.id == id]
        if not found:
            raise LookupError(
                f"there is no cell that starts with '# exercise: {id}': put that line back above "
                f"your function, or get the cell back: {COMMAND} reset {id}"
            )
        if len(found) > 1:
            cells_ = " and ".join(str(n) for n in dict.fromkeys(p.cell for p in found))
            raise LookupError(f"it stands there {len(found)} times (code cell {cells_}): keep one")
        return found[0].code

    @property
    def codes(self) -> dict[str, str]:
        """The code of each exercise that is there once."""
        count = Counter(piece.id for piece in self.pieces if piece.id)
        return {piece.id: piece.code for piece in self.pieces if count[piece.id] == 1}

    @property
    def ids(self) -> list[str]:
        """Every exercise that is there."""
        return list(dict.fromkeys(piece.id for piece in self.pieces if piece.id))

    def definitions(self, given: list[str]) -> list[str]:
        """The learner's cells that only define, apart from those that they were given."""
        own = (p.code for p in self.pieces if not p.id and p.code.strip() not in given)
        return [code for code in own if cells.only_defines(code)]

    def never_run(self) -> dict[str, int]:
        """Names that only a cell that is not run would define, and which cell that is."""
        names: dict[str, int] = {}
        for piece in self.pieces:
            if not piece.id and not cells.only_defines(piece.code):
                names.update(dict.fromkeys(cells.names_defined(piece.code), piece.cell))
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
    numbered = enumerate(whole, 1)
    return Submission(path, tuple(Piece(part, n) for n, code in numbered for part in cut(code)))


def cut(code: str) -> list[str]:
    """A cell's code, cut before each header."""
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
    return [code for cell in listed if (code := code_of(cell)) is not None]


def code_of(cell: Any) -> str | None:
    """The code in one cell of a notebook; None if it is no code cell."""
    if not isinstance(cell, dict) or cell.get("cell_type") != "code":
        return None
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    return source.replace("\r\n", "\n") if isinstance(source, str) else ""


def id_of(cell: str) -> str:
    """The exercise whose header a piece of code starts with, or ""."""
    header = HEADER.match(cell)
    return header["id"] if header else ""
