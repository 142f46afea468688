"""From a file to the code in its cells, or one sentence about why that cannot be done.

    code_cells(Path("work/ch03_attention.ipynb"))     # the code cells' texts, in order

Notebooks of every format (nbformat brings old ones up to 4), whatever saved them, and scripts whose
cells jupytext, VS Code, Spyder or nbconvert marked. Leaves out which exercise is where
(`submission.py`).
"""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Any

from minitransformer.names import nearest
from minitransformer.workbook.project import COMMAND, Told

LARGEST = 50_000_000  # bytes; the largest of our own notebooks has 0.1 MB
_ENDINGS = (".ipynb", ".py", ".json", ".txt")  # browsers save notebooks under the last two
_MERGE = re.compile(r"(?m)^(?:<<<<<<< |>>>>>>> ).*$")
_MARKS = {  # other things that end up with the name of a notebook
    b"PK\x03\x04": "a zip archive: unpack it first",
    b"\x1f\x8b": "a gzip archive: unpack it first",
    b"%PDF": "a PDF: hand in the notebook that it was printed from",
    b"\x89PNG": "a picture: hand in the notebook itself",
}
# How scripts part their cells: jupytext's percent and Spyder's, else nbconvert's, else jupytext's
# light form. Each only where there is none of the one before: "# -" may be a learner's comment.
_STYLES = (
    re.compile(r"(?m)^#[ \t]*%%(?P<options>.*)\n?"),
    re.compile(r"(?m)^# In ?\[[ \d*]*\]:(?P<options>.*)\n?"),
    re.compile(r"(?m)^# (?:-|\+(?P<options>| \{.*\}| .*=.*))[ \t]*$\n?"),
)
_NO_CODE = re.compile(r"\[(?:markdown|md|raw)\]")


class Unreadable(Told):
    """A submission that cannot be read at all; the message says what to do."""


def code_cells(path: Path) -> list[str]:
    """The text of every code cell; `Unreadable` with a sentence if there is none to be had."""
    text = text_of(path)
    if is_notebook(path, text):
        listed = _document(text, path.name)["cells"]
        return [code_of(cell) for cell in listed if _is_code(cell)]
    return script_cells(text)


def document(path: Path) -> dict[str, Any]:
    """A notebook as JSON of format 4, with a list of cells."""
    return _document(text_of(path), path.name)


def text_of(path: Path) -> str:
    """What is in the file, with line endings as they are; `Unreadable` with a sentence."""
    try:
        if not path.exists() or path.is_dir() or path.suffix.lower() not in _ENDINGS:
            raise Unreadable(_no_file(path))
        if not path.is_file():
            raise Unreadable(f"{path.name} is not a file that can be read, but a device or a pipe.")
        size = path.stat().st_size
        if size > LARGEST:
            raise Unreadable(
                f"{path.name} has {size / 1e6:.0f} MB; at most {LARGEST / 1e6:.0f} MB are read. "
                "In Jupyter: Edit, Clear Outputs of All Cells, then save it."
            )
        content = path.read_bytes()
    except OSError as problem:
        raise Unreadable(
            f"{path.name} cannot be read: {problem.strerror or problem}. May you open it yourself?"
        ) from None
    return _decoded(content, path.name)


def is_notebook(path: Path, text: str) -> bool:
    """Whether it is to be read as a notebook: by its name, or by what is in it."""
    return path.suffix.lower() == ".ipynb" or text.lstrip()[:1] == "{"


def code_of(cell: Any) -> str:
    """The code in one cell of a notebook; "" if it is no code cell."""
    return source_of(cell).replace("\r\n", "\n").replace("\r", "\n") if _is_code(cell) else ""


def _is_code(cell: Any) -> bool:
    return isinstance(cell, dict) and cell.get("cell_type") == "code"


def source_of(cell: dict[str, Any]) -> str:
    """The text of one cell of a notebook, "" if it has none."""
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


def script_cells(text: str) -> list[str]:
    """The code cells of a script, by the marks of its style."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    style = next((style for style in _STYLES if style.search(text)), _STYLES[0])
    cells, start, options = [], 0, ""
    for mark in style.finditer(text):
        cells.append((options, text[start : mark.start()]))
        start, options = mark.end(), mark["options"] or ""
    cells.append((options, text[start:]))
    return [code for options, code in cells if not _NO_CODE.search(options)]


def merge_mark(text: str) -> str:
    """The first line that a merge left behind, or ""."""
    found = _MERGE.search(text)
    return found[0].strip() if found else ""


def _no_file(path: Path) -> str:
    folder, name = path.parent, path.name
    if path.is_dir():
        return f"{path} is a folder. Expected one notebook (.ipynb) or script (.py) in it."
    if path.exists():
        return f"Expected a notebook (.ipynb) or a script (.py), found {path}."
    if path.is_symlink():
        return (
            f"{name} is a link to a file that is not there: put the notebook itself in its place."
        )
    there = [p.name for p in folder.glob("*")] if folder.is_dir() else []
    place = f"in {folder}" if folder.is_dir() else f"nor a folder {folder}"
    return f"There is no file {name} {place}{nearest(name, there) or '.'}"


def _decoded(content: bytes, name: str) -> str:
    """Text of UTF-8, or of UTF-16 and UTF-32 as Windows writes them."""
    for mark, what in _MARKS.items():
        if content.startswith(mark):
            raise Unreadable(f"{name} is {what}.")
    if not content.strip(b"\0 \t\r\n"):
        raise Unreadable(f"{name} is empty. A fresh copy: {COMMAND} reset TOPIC")
    try:
        return content.decode(json.detect_encoding(content))
    except UnicodeDecodeError as problem:
        raise Unreadable(
            f"{name} cannot be read as text of UTF-8 (at its byte {problem.start}). "
            "Open it in Jupyter or your editor and save it again, as UTF-8."
        ) from None


def _document(text: str, name: str) -> dict[str, Any]:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError, MemoryError) as problem:
        raise Unreadable(_not_json(text, name, problem)) from None
    if isinstance(read, dict) and _old(read):
        read = _upgraded(read)
    if not isinstance(read, dict) or not isinstance(read.get("cells"), list):
        raise Unreadable(
            f"{name} is JSON, but not a notebook: it has no list of cells. "
            f"Open it in Jupyter and save it again, or take a fresh copy: {COMMAND} reset TOPIC"
        )
    return read


def _not_json(text: str, name: str, problem: BaseException) -> str:
    if mark := merge_mark(text):
        return (
            f"{name} holds a merge that was not resolved (a line says '{mark}'). Take one side "
            f"whole: git checkout --ours {name}, or --theirs; or keep a copy and begin anew: "
            f"{COMMAND} reset TOPIC"
        )
    if text.lstrip()[:1] == "<":
        return (
            f"{name} is a web page, not a notebook: it was saved from a page that shows one. On "
            "GitHub press 'Download raw file'; in Jupyter use File, Download."
        )
    return (
        f"{name} is not a notebook: it is not JSON ({problem}). Was it saved only half? "
        "Open it in Jupyter and save it again, or start from a fresh copy with: "
        f"{COMMAND} reset TOPIC"
    )


def _old(read: dict[str, Any]) -> bool:
    """Whether it is of the formats 1 to 3 (before 2015); some say 3, and have cells as 4 has."""
    return read.get("nbformat") == 1 or ("worksheets" in read and "cells" not in read)


def _upgraded(read: dict[str, Any]) -> dict[str, Any] | None:
    """An old notebook in format 4; None if it is none."""
    import nbformat  # here: few ever need it, and it takes a while

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of what it mends
            return json.loads(json.dumps(nbformat.convert(nbformat.from_dict(read), 4)))
    except Exception:  # nbformat raises whatever an unexpected part of it leads to
        return None
