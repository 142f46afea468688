"""Read a percent file (`# %%` between cells) without importing jupytext, which takes a second.

Leaves out what our files do not use: cell titles, metadata other than tags, magics in code cells,
other comment signs. A test compares the cells with jupytext's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MARKER = re.compile(r"^# %%(?P<options>.*)$")
_TAGS = re.compile(r"tags=\[(?P<tags>[^\]]*)\]")


@dataclass(frozen=True)
class Cell:
    """One cell: `Cell("code", "x = 1")`, or markdown with its comment signs taken off."""

    kind: str  # "code" or "markdown"
    source: str
    tags: tuple[str, ...] = ()
    line: int = 1  # where its source starts in the file


def parse(text: str) -> list[Cell]:
    """The cells of a percent file, in order; a YAML header and empty cells are left out."""
    lines = text.splitlines()
    start = 0
    if lines and lines[0].strip() == "# ---":
        start = lines.index("# ---", 1) + 1 if "# ---" in lines[1:] else 0
    cells: list[Cell] = []
    options, first = "", start
    for number in range(start, len(lines) + 1):
        marker = _MARKER.match(lines[number]) if number < len(lines) else None
        if marker is None and number < len(lines):
            continue
        cell = _cell(options, lines[first:number], first + 1)
        if cell.source:
            cells.append(cell)
        if marker is not None:
            options, first = marker["options"], number + 1
    return cells


def _cell(options: str, lines: list[str], line: int) -> Cell:
    found = _TAGS.search(options)
    tags = tuple(re.findall(r'"([^"]+)"', found["tags"])) if found else ()
    markdown = "[markdown]" in options or "[md]" in options
    # jupytext comments out the code that is active in the notebook only.
    if markdown or "active-ipynb" in tags:
        lines = [re.sub(r"^# ?", "", text) for text in lines]
    while lines and not lines[0].strip():
        lines, line = lines[1:], line + 1
    source = "\n".join(lines).rstrip()
    return Cell("markdown" if markdown else "code", source, tags, line)
