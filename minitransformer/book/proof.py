"""How the graders were tested: checkpoints/graders.json on a page.

    {proof}          a table: each chapter's exercises, and what its graders accept and refuse
    {proof} listed   every change to a solution that a grader lets pass, and why it is none

Nothing here proves: `make proof` does, and a build only reads what it wrote. A test sees to it that
the record is of the solutions and graders as they stand.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from minitransformer.workbook.project import Project
from minitransformer.workbook.source import Chapter

RECORD = "checkpoints/graders.json"
LISTED = "tests/mutation/equivalent.toml"
COLUMNS = (
    "exercises",
    "right accepted",
    "wrong refused",
    "mutants",
    "of these refused",
    "share",
)
Record = dict[str, Any]


def counts(chapters: Iterable[Chapter], found: Record) -> list[int]:
    """What the columns but the last say of some chapters."""
    exercises = [exercise for chapter in chapters for exercise in chapter.exercises]
    entries = [found["exercises"][exercise.id] for exercise in exercises]
    recorded = [sum(e[key] for e in entries) for key in ("right", "wrong", "mutants", "refused")]
    return [
        len(exercises),
        recorded[0] + len(exercises),  # the solution is one of them
        *recorded[1:],
    ]


def share(refused: int, mutants: int) -> str:
    """A percentage that is never rounded up to more than there is.

    >>> share(8026, 8160), share(999, 1000), share(20, 20)
    ('98.3 %', '99.9 %', '100 %')
    """
    return "100 %" if refused == mutants else f"{refused * 1000 // mutants / 10:.1f} %"


def named(chapter: Chapter) -> str:
    """A chapter's number and topic, for the head of a row."""
    return f"{chapter.number:02} {chapter.topic}"


def table(chapters: list[Chapter], found: Record) -> str:
    """A row a chapter and one for all; a card each on a phone."""
    rows = [(named(chapter), counts([chapter], found)) for chapter in chapters]
    rows.append(("All chapters", counts(chapters, found)))
    head = "".join(f'<th scope="col">{name}</th>' for name in ("chapter", *COLUMNS))
    body = "".join(_row(title, numbers) for title, numbers in rows)
    return (
        '<div class="ledger" style="overflow-x: auto" tabindex="0"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        + note(rows[-1][1], found)
    )


def _row(title: str, numbers: list[int]) -> str:
    cells = [f"{number:,}" for number in numbers] + [share(numbers[-1], numbers[-2])]
    tds = "".join(
        f'<td data-label="{name}" style="white-space: nowrap">{cell}</td>'
        for name, cell in zip(COLUMNS, cells, strict=True)
    )
    style = "text-align: left; font-weight: normal; white-space: nowrap"
    return f'<tr><th scope="row" style="{style}">{escape(title)}</th>{tds}</tr>'


def note(numbers: list[int], found: Record) -> str:
    """What was done, when and on what."""
    mutants, refused = numbers[-2:]
    dates = sorted({entry["date"] for entry in found["exercises"].values()})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    commit = found["commit"]
    changed = " and changes" if "changes" in commit else ""
    return (
        f"<p><small>Each solution passes under {found['seeds']} seeds; right answers in other "
        f"styles pass, and the wrong answers that are known by name fail, under "
        f"{found['other_seeds']}. A mutant is a solution with one small change. "
        f"{mutants - refused:,} of {mutants:,} are let pass: each is listed, with the reason why "
        f"it computes the same or why the task leaves it free. Recorded on {escape(when)}, "
        f"{escape(found['cpu'])}, commit {escape(commit[:10])}{changed}; "
        "<code>make proof</code> repeats it.</small></p>"
    )


def listed(chapters: list[Chapter], root: Path) -> str:
    """The changes that graders let pass, with their reasons, folded away chapter by chapter."""
    reasons = tomllib.loads((root / LISTED).read_text(encoding="utf-8"))
    out = ""
    for chapter in chapters:
        items, many = "", 0
        for exercise in chapter.exercises:
            for entry in reasons.get(exercise.id, []):
                many += len(entry["changes"])
                changes = "".join(f"<li>{_change(change)}</li>" for change in entry["changes"])
                items += f"<li><code>{exercise.id}</code>: {escape(entry['reason'])}"
                items += f"<ul>{changes}</ul></li>"
        summary = f"<summary>{escape(named(chapter))}: {many}</summary>"
        out += f"<details>{summary}<ul>{items}</ul></details>"
    return out


def _change(text: str) -> str:
    before, _, after = text.partition("  ->  ")
    style = 'style="white-space: pre-wrap; overflow-wrap: anywhere"'
    return f"<code {style}>{escape(before)}</code> becomes <code {style}>{escape(after)}</code>"


class ProofDirective(SphinxDirective):
    """The table, or the list of what is let pass."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        root = Path(self.env.srcdir)
        for name in (RECORD, LISTED):
            self.env.note_dependency(str(root / name))
        chapters = Project(root).chapters()
        if self.arguments and self.arguments[0] != "listed":
            raise self.error(f'expected nothing, or "listed", got {self.arguments[0]}')
        found = json.loads((root / RECORD).read_text(encoding="utf-8"))
        missing = [e.id for c in chapters for e in c.exercises if e.id not in found["exercises"]]
        if missing:
            raise self.error(f"{RECORD} lacks {', '.join(missing)}: run make proof")
        text = listed(chapters, root) if self.arguments else table(chapters, found)
        return [nodes.raw("", text, format="html")]


def setup(app: Sphinx) -> None:
    app.add_directive("proof", ProofDirective)
