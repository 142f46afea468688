"""What a cell's check shows: text for terminals and saved files, and HTML for a notebook's page.

The status is a word, and no text has a colour of its own, so that it reads in light and in dark
themes, in print and by a screen reader; `role` has it read when it appears. Plain HTML: JupyterLab,
VS Code and Colab show it without a widget. Leaves out the words (`report.py`).
"""

from __future__ import annotations

import html
import itertools
import re

from minitransformer.workbook.project import COMMAND
from minitransformer.workbook.report import AS_IS
from minitransformer.workbook.verdict import FAILED, PASSED

# Of the bar beside the text: three to one against white and against black.
_COLOURS = {PASSED: "#2e8b4a", FAILED: "#d13f34"}
_GREY = "#7f7f7f"
_CODE = re.compile(rf"`([^`]+)`|(!{COMMAND}.*)")  # what stands between `...`, and a command


class Shown(str):
    """Lines of text: `Shown("passed: attention.scores, 1 point.", "passed")`.

    Lines that begin with two spaces hold columns of numbers, and are shown in one width.
    """

    status: str

    def __new__(cls, text: str, status: str = "") -> Shown:
        shown = super().__new__(cls, text)
        shown.status = status
        return shown

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        lines = [line for line in self.splitlines() if line.strip()]
        grouped = itertools.groupby(lines, key=lambda line: line.startswith(AS_IS))
        first, *rest = (part for as_is, group in grouped for part in _parts(as_is, list(group)))
        colour = _COLOURS.get(self.status, _GREY)
        style = f"border-left: 4px solid {colour}; padding: 0.1em 0 0.1em 0.8em; max-width: 50em"
        first = f"<strong>{first}</strong>" if self.status else first
        body = "".join(part if part.startswith("<pre") else _row(part) for part in (first, *rest))
        return f'<div role="status" style="{style}">{body}</div>'


def _row(text: str) -> str:
    return f'<div style="margin: 0.25em 0">{text}</div>'


def _parts(as_is: bool, lines: list[str]) -> list[str]:
    """The HTML of lines that are all sentences, or all columns."""
    if not as_is:
        return [_CODE.sub(r"<code>\1\2</code>", html.escape(line)) for line in lines]
    # One page's style gives <pre> a box or a colour, another none: this keeps the columns alone.
    style = "margin: 0.25em 0 0.25em 1em; padding: 0; border: 0; background: none; color: inherit"
    text = html.escape("\n".join(line.removeprefix(AS_IS) for line in lines))
    return [f'<pre style="{style}; overflow-x: auto">{text}</pre>']
