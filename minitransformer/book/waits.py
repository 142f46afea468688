"""How long a learner waits for the workbook, from benchmarks/results.json.

Leaves out the directive (benchmarks.py) and the measuring (`python -m benchmarks.workbook`).
"""

from __future__ import annotations

from html import escape
from typing import Any

from minitransformer.book.ledger import number
from minitransformer.book.tables import SIGNS, html_table, percent, seconds

# row -> what is waited for, and the longest that it should take
ROWS: dict[str, tuple[str, float | None]] = {
    "notebook_first": ("one exercise in the notebook, the first time", 3.0),
    "notebook_warm": ("one exercise in the notebook, any later time", 1.0),
    "watch": ("<code>watch</code>, from a save to the verdict", 3.0),
    "one": ("one exercise from the terminal", 6.0),
    "chapter": ("a whole chapter from the terminal", 30.0),
    "every": ("every chapter from the terminal", None),
    "bare": ("<code>minitransformer</code> alone, which says what to do next", None),
    "progress": ("<code>progress</code>", None),
    "otter": ("otter-grader's check of a notebook with the one exercise", None),
    "torch": ("<code>import torch</code>, and nothing else", None),
}
STEPS = {
    "python": "Python itself, and the workbook's own modules",
    "torch": "<code>import torch</code>",
    "graders": "the chapter's graders, and the package that they test with",
    "wrong answers": "the wrong answers that are known by name",
    "given cells": "the chapter's given cells, and the references",
    "ladder": "judging the answer",
}


def waits(found: dict[str, Any]) -> str:
    """Each wait, beside its target and as a multiple of importing torch."""
    recorded = found["workbook"]
    torch, rows = recorded["rows"]["torch"]["median"], []
    rounds = f"{recorded['rounds']} round{'s' * (recorded['rounds'] != 1)}"
    for name, (label, target) in ROWS.items():
        row = recorded["rows"][name]
        rows.append(
            [
                label,
                f"{seconds(row['median'])}<br><small>{seconds(row['most'])} at most</small>",
                f"{number(row['median'] / torch)} times",
                seconds(target) if target else "—",
                SIGNS[row["median"] < target] if target else "—",
            ]
        )
    return html_table(["what", "median", "of importing torch", "aimed at", "reached"], rows) + (
        f"<p><small>Recorded on {escape(recorded['date'])}, {escape(recorded['cpu'])}, commit "
        f"{escape(recorded['commit'][:10])}{' and changes' * ('changes' in recorded['commit'])}; "
        f"otter-grader {escape(recorded['otter'])}; {rounds}. "
        "<code>python -m benchmarks.workbook</code> repeats it.</small></p>"
    )


def spent(found: dict[str, Any]) -> str:
    """What one exercise from the terminal is spent on, step by step."""
    steps = found["workbook"]["stages"]
    whole = sum(steps.values())
    rows = [
        [label, seconds(steps[step]), percent(steps[step] / whole)] for step, label in STEPS.items()
    ]
    return html_table(["step", "median", "share"], rows)
