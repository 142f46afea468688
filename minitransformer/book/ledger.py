"""The table of claims that ends a chapter: each with its source, its control and its bounds.

A claim holds if the number computed in this build lies between bounds fixed beforehand and the
control's number does not. `Ledger` shows the rows to the reader and leaves them in the executed
page as data, from which the front page's scoreboard is made (pages.py).

Leaves out: computing anything. The numbers come from `experiments.<topic>.measure(seed)`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from typing import Any

from minitransformer.experiments.claims import Row

MIME = "application/vnd.minitransformer.ledger+json"
COLUMNS = ("claim", "paper", "ours", "control", "bounds", "holds")
NUMBERS = ("ours", "control", "low", "high")
KEY = re.compile(r"[a-z][\w-]*\d{4}\w*")  # of a reference: elhage2021
CITED = re.compile(r"<cite data-key>(?P<key>[^<]+)</cite>")  # the book makes it a link
BLUE, GREY = "#2a7fc1", "#808080"


class Ledger:
    """The claims of a chapter, shown as a table and kept as data.

    `rows` are this build's (`experiments.claims.Row`). `recorded` is the content of a recipe's
    file in checkpoints/ with the same rows for several seeds; the table marks it as recorded.

    >>> Ledger([Row("a.b", "It looks back", "elhage2021", None, 0.9, 0.1, 0.5, 1, "", 1)])
    Ledger of 1 claim: 1 holds
    """

    def __init__(self, rows: Sequence[Row], recorded: dict[str, Any] | None = None) -> None:
        self.rows = [{**asdict(row), "holds": row.holds} for row in rows]
        self.recorded = recorded
        for row in self.rows:
            bad = [name for name in NUMBERS if not math.isfinite(row[name])]
            if bad:
                raise ValueError(f"claim {row['id']}: {', '.join(bad)} is not a finite number")
        ids = [row["id"] for row in self.rows]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"claim {twice[0]} stands twice in the ledger: an id names one claim")

    def __repr__(self) -> str:
        n, holding = len(self.rows), sum(row["holds"] for row in self.rows)
        return f"Ledger of {n} claim{'s' * (n != 1)}: {holding} hold{'s' * (holding == 1)}"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        data = {"rows": self.rows, "recorded": self.recorded}
        return {"text/html": self._html(), "text/plain": repr(self), MIME: data}

    def _html(self) -> str:
        head = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
        body = "".join(self._row(row, runs_of(self.recorded, row["id"])) for row in self.rows)
        return (
            '<div class="ledger" style="overflow-x: auto"><table>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{self._note()}"
        )

    def _row(self, row: dict[str, Any], runs: list[dict[str, float]]) -> str:
        seeds = f"{row['seeds']} seed{'s' * (row['seeds'] != 1)}"
        cells = [
            "" if row["paper"] is None else number(row["paper"]),
            f"<b>{number(row['ours'])}</b><br><small>{escape(row['unit'])}</small>",
            number(row["control"]),
            f"{_strip(row, runs)}<br>{number(row['low'])} to {number(row['high'])}",
            verdict(row),
        ]
        claim = (
            f"{escape(row['claim'])}<br><small>{cited(row['source'])} · "
            f"<code>{escape(row['id'])}</code> · {seeds}</small>"
        )
        tds = "".join(
            f'<td data-label="{name}" style="white-space: nowrap">{cell}</td>'
            for name, cell in zip(COLUMNS[1:], cells, strict=True)
        )
        style = "text-align: left; font-weight: normal; min-width: 14em"
        return (
            f'<tr id="claim-{escape(row["id"])}"><th scope="row" style="{style}">{claim}</th>'
            f"{tds}</tr>"
        )

    def _note(self) -> str:
        text = (
            "The band is where the claim allows the value to lie, fixed before the run; "
            "the disc is the value of this build, the cross its control."
        )
        if self.recorded:
            runs = len(self.recorded["runs"])
            recipe, date, cpu, commit = (
                escape(str(self.recorded[key])) for key in ("recipe", "date", "cpu", "commit")
            )
            text += (
                f" Small dots are recorded runs of {runs} seeds ({date}, {cpu}, commit "
                f"{commit[:10]}); <code>minitransformer recipe {recipe}</code> repeats them."
            )
        return f"<p><small>{text}</small></p>"


def cited(source: str) -> str:
    """A reference's key marked as one; anything else as it is."""
    text = escape(source)
    return f"<cite data-key>{text}</cite>" if KEY.fullmatch(source) else text


def runs_of(recorded: dict[str, Any] | None, claim: str) -> list[dict[str, float]]:
    """The recorded `ours` and `control` of one claim, a pair for each seed that has it."""
    runs = (recorded or {}).get("runs", [])
    return [run["rows"][claim] for run in runs if claim in run["rows"]]


def verdict(row: dict[str, Any]) -> str:
    """A word, with a sign for the eye."""
    return '<b class="holds">✓ yes</b>' if row["holds"] else '<b class="fails">✗ no</b>'


def number(value: float) -> str:
    """Three digits: enough to compare, few enough to read.

    >>> number(0.98765), number(-12.3456), number(20304.0), number(0.00001234)
    ('0.988', '-12.3', '20300', '1.23e-05')
    """
    return f"{float(f'{value:.3g}'):.10g}"


def _strip(row: dict[str, Any], runs: list[dict[str, float]]) -> str:
    """A line of numbers: the allowed band, the recorded runs, this build's value, the control."""
    seen = [run["ours"] for run in runs]
    values = [row["ours"], row["control"], row["low"], row["high"], *seen]
    low, span = min(values), max(values) - min(values) or 1.0

    def at(value: float) -> str:
        return f"{6 + 98 * (value - low) / span:.1f}"

    label = f"this build {number(row['ours'])}, control {number(row['control'])}"
    if seen:
        label += f", {len(seen)} recorded runs from {number(min(seen))} to {number(max(seen))}"
    ours, control = float(at(row["ours"])), float(at(row["control"]))
    band = float(at(row["high"])) - float(at(row["low"]))
    dots = "".join(
        f'<circle cx="{at(value)}" cy="5" r="2" fill="currentColor" fill-opacity=".6"/>'
        for value in seen
    )
    cross = f"M{control - 3.5:.1f} 12.5l7 7m0-7l-7 7"
    return (
        f'<svg role="img" aria-label="{label}" width="110" height="24" viewBox="0 0 110 24">'
        f'<rect x="{at(row["low"])}" y="0" width="{band:.1f}" height="24" fill="{BLUE}" '
        'fill-opacity=".22"/><path d="M2 16h106" stroke="currentColor" stroke-opacity=".4"/>'
        f'<path d="{cross}" stroke="{GREY}" stroke-width="2"/>'
        f'<circle cx="{ours:.1f}" cy="16" r="5" fill="{BLUE}"/>{dots}</svg>'
    )
