"""A learner's notebook as a file again: cells that format 4.5 allows, each with a name of its own.

Leaves out what is put into it (`carrying.py`, `reset.py`) and where it is kept.
"""

from __future__ import annotations

import json
import re
from typing import Any

from minitransformer.workbook.running.reading import source_of
from minitransformer.workbook.state import digest

Cell = dict[str, Any]


def as_bytes(document: dict[str, Any]) -> bytes:
    """A notebook as a file, in the form in which Jupyter writes it."""
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    return text.encode(errors="backslashreplace")  # half a character is "\ud800" in JSON too


def valid(document: dict[str, Any]) -> dict[str, Any]:
    """The notebook in format 4.5, whatever it left out or did twice."""
    cells = [_whole(cell) for cell in document["cells"] if isinstance(cell, dict)]
    return {
        **document,
        "cells": _named(cells),
        "metadata": as_dict(document.get("metadata")),
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def new_cell(kind: str, text: str, id: str) -> Cell:
    more = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "id": id, "metadata": {}, "source": text, **more}


def _whole(cell: Cell) -> Cell:
    """The cell with all that format 4.5 asks for."""
    whole = {"cell_type": "raw", **cell, "metadata": as_dict(cell.get("metadata"))}
    whole["source"] = source_of(cell).splitlines(keepends=True)
    if whole["cell_type"] == "code":
        whole = {"execution_count": None, "outputs": [], **whole}
    return whole


def _named(cells: list[Cell]) -> list[Cell]:
    """Cells with names that are valid, each its own."""
    taken: set[str] = set()
    for cell in cells:
        id = cell.get("id")
        if not (isinstance(id, str) and re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", id)):
            id = f"own-{digest(source_of(cell))}"
        number, free = 1, id
        while free in taken:
            number += 1
            free = f"{id[:58]}-{number}"
        taken.add(free)
        cell["id"] = free
    return cells


def as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
