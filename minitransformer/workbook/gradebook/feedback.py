"""What a student is handed back: one Markdown file, in the sentences that `check` uses.

What the answer printed, and every message, stands in a block of plain text, so that nothing that a
student wrote is taken for Markdown or HTML. Leaves out other students, and the class.
"""

from __future__ import annotations

import re

from minitransformer.workbook import report
from minitransformer.workbook.gradebook.marks import Gradebook, Mark, Row
from minitransformer.workbook.project import COMMAND
from minitransformer.workbook.verdict import FAILED, PASSED, TODO, Verdict

_WIDTH = 76
WORDS = {PASSED: "passed", FAILED: "failed", TODO: "not done"}


def text(book: Gradebook, row: Row) -> str:
    parts = [
        f"# {_escaped(row.name)}",
        total(book, row),
        *map(_escaped, row.notes),
        *(part for mark in row.marks for part in _chapter(mark)),
    ]
    if row.graded:
        parts += [
            f"Graded with seed {book.seed}. In your clone of the project this repeats it:",
            f"    {COMMAND} check --seed {book.seed}",
        ]
    return "\n\n".join(parts) + "\n"


def total(book: Gradebook, row: Row) -> str:
    if not row.graded:
        return "Nothing was graded."
    return report.counted(row.points, book.points, row.passed, len(book.exercises))


def _chapter(mark: Mark) -> list[str]:
    parts = [f"## {mark.chapter.title}"]
    if not mark.verdicts:
        return [*parts, _escaped(mark.problem)]
    parts.append(f"{mark.points} of {report.points(mark.chapter.points)}")
    passed = {verdict.id: verdict.passed for verdict in mark.verdicts}
    for exercise in mark.chapter.exercises:
        verdict = mark.verdict(exercise)
        if verdict is None:
            continue
        earned = exercise.points * verdict.passed
        parts.append(
            f"**{exercise.id}**: {WORDS[verdict.status]}, {earned} of "
            f"{report.points(exercise.points)}"
        )
        if said := report.lines(verdict, exercise, lambda id: passed.get(id, True)):
            parts.append(_block(said))
    return parts


def output(verdict: Verdict, mark: Mark) -> str:
    """The same sentences as plain text."""
    passed = {v.id: v.passed for v in mark.verdicts}
    (exercise,) = (e for e in mark.chapter.exercises if e.id == verdict.id)
    said = report.lines(verdict, exercise, lambda id: passed.get(id, True))
    return "\n".join(said) or WORDS[verdict.status].capitalize() + "."


def _block(lines: list[str]) -> str:
    body = "\n".join(report.wrapped(line, _WIDTH, "") for line in lines)
    longest = max((len(run) for run in re.findall("`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{body}\n{fence}"


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_<>\[\]#|&])", r"\\\1", text)
