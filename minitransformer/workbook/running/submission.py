"""A learner's notebook (.ipynb) or script (.py), read but not run.

Code is found by its header line, never by its place; a cell with several headers is cut before
each. Leaves out how a file is read (`reading.py`), and running the code.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from minitransformer.workbook.project import COMMAND
from minitransformer.workbook.running import cells
from minitransformer.workbook.running.reading import Unreadable, code_cells, merge_mark
from minitransformer.workbook.source import HEADER

__all__ = ["Piece", "Submission", "Unreadable", "cut", "id_of", "read"]

_CUT = re.compile(r"(?m)^(?=# exercise: )")
_LONGEST = 200_000  # characters of one cell; the longest solution has 5,000


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
        if mark := next(filter(None, (merge_mark(piece.code) for piece in found)), ""):
            raise LookupError(
                f"a merge was not resolved in its cell (a line says '{mark}'): keep one of the "
                "two versions, and take out the lines with <<<<<<<, ======= and >>>>>>>"
            )
        if len(found) > 1:
            cells_ = " and ".join(str(n) for n in dict.fromkeys(p.cell for p in found))
            raise LookupError(f"it stands there {len(found)} times (code cell {cells_}): keep one")
        if len(found[0].code) > _LONGEST:
            raise LookupError(
                f"its cell has {len(found[0].code):,} characters: expected a function of some "
                f"lines, at most {_LONGEST:,} characters. Was something else pasted into it?"
            )
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
        own = (piece.code for piece in self._own() if piece.code.strip() not in given)
        return [code for code in own if cells.only_defines(code)]

    def never_run(self) -> dict[str, int]:
        """Names that only a cell that is not run would define, and which cell that is."""
        names: dict[str, int] = {}
        for piece in self._own():
            if not cells.only_defines(piece.code):
                names.update(dict.fromkeys(cells.names_defined(piece.code), piece.cell))
        return names

    def _own(self) -> list[Piece]:
        """What is no exercise; a cell that is too long for code is not even looked into."""
        return [piece for piece in self.pieces if not piece.id and len(piece.code) <= _LONGEST]


def read(path: Path) -> Submission:
    """Read a notebook or script; `Unreadable` with a sentence if that cannot be done."""
    pieces = [
        Piece(part.strip("\n"), number)
        for number, code in enumerate(code_cells(path), 1)
        for part in cut(code)
        if part.strip()
    ]
    return Submission(path, tuple(pieces))


def cut(code: str) -> list[str]:
    """A cell's code, cut before each header; joined, the parts are the code again.

    A line in a string of the code that looks like a header is none.
    """
    places = [found.start() for found in _CUT.finditer(code)]
    if places and places != [0]:
        text = _in_strings(code)
        places = [place for place in places if code.count("\n", 0, place) + 1 not in text]
    parts = [code[a:b] for a, b in pairwise([0, *places, len(code)])]
    return [part for part in parts if part]


def _in_strings(code: str) -> set[int]:
    """The lines that begin inside a string; none of code that is not Python as a whole."""
    try:
        ast.parse(code)
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError):
        return set()
    # Nothing but a string reaches over the end of a line.
    return {line for token in tokens for line in range(token.start[0] + 1, token.end[0] + 1)}


def id_of(cell: str) -> str:
    """The exercise whose header a piece of code starts with, or ""."""
    header = HEADER.match(cell)
    return header["id"] if header else ""
