"""Tables of recorded numbers, as HTML, and numbers in the unit in which they are read.

Leaves out what the numbers are of.
"""

from __future__ import annotations

from minitransformer.book.ledger import number

SIGNS = {True: '<b class="holds">✓ yes</b>', False: '<b class="fails">✗ no</b>'}


def seconds(value: float) -> str:
    """A time in the unit in which it is read most easily.

    >>> seconds(2.345), seconds(0.0456), seconds(0.000123)
    ('2.35 s', '45.6 ms', '123 µs')
    """
    for scale, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= scale:
            return f"{number(value / scale)} {unit}"
    return f"{number(value * 1e9)} ns"


def percent(part: float) -> str:
    return f"{number(100 * part)} %"


def html_table(head: list[str], rows: list[list[str]]) -> str:
    """A table that scrolls by itself where the screen is narrow; its cells are HTML."""
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row" style="text-align: left; font-weight: normal">{first}</th>'
        + "".join(f'<td style="white-space: nowrap">{cell}</td>' for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return (
        '<div class="scoreboard" tabindex="0"><table>'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )
