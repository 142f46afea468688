"""What an instructor wants to know of a class: how it went, and what to teach next.

Leaves out single students (the files have them).
"""

from __future__ import annotations

import statistics
from collections import Counter
from typing import NamedTuple

from rich.console import Console

from minitransformer.workbook import report
from minitransformer.workbook.gradebook.marks import Gradebook
from minitransformer.workbook.source import Exercise
from minitransformer.workbook.verdict import FAILED, TODO

_ROWS = 8


class Tally(NamedTuple):
    """How one exercise went in the class."""

    exercise: Exercise
    passed: int
    failed: int
    todo: int


class Mistake(NamedTuple):
    """A mistake that the catalogue names, and how many made it."""

    id: str
    sentence: str
    students: int


def tallies(book: Gradebook) -> list[Tally]:
    """Every exercise that was graded at all, that with the most failures first."""
    found = []
    for exercise in book.exercises:
        verdicts = [v for row in book.rows for m in row.marks if (v := m.verdict(exercise))]
        counts = Counter(verdict.status for verdict in verdicts)
        passed = sum(verdict.passed for verdict in verdicts)
        if verdicts:
            found.append(Tally(exercise, passed, counts[FAILED], counts[TODO]))
    return sorted(found, key=lambda tally: -tally.failed)


def mistakes(book: Gradebook) -> list[Mistake]:
    """The named mistakes, the most common first."""
    counts = Counter(
        (verdict.id, verdict.message.splitlines()[0])  # below it: what was expected and found
        for row in book.rows
        for mark in row.marks
        for verdict in mark.verdicts
        if verdict.status == FAILED and verdict.catalogued
    )
    return [Mistake(id, sentence, count) for (id, sentence), count in counts.most_common()]


def show(out: Console, book: Gradebook) -> None:
    """A few lines and two short tables, readable at 80 columns and in plain text."""
    graded = [row for row in book.rows if row.graded]
    people = f"{len(book.rows)} student{'s' * (len(book.rows) != 1)}"
    if graded:
        totals = [row.points for row in graded]
        report.say(
            out,
            f"{people}, {len(graded)} of them graded: mean {statistics.mean(totals):.1f}, median "
            f"{statistics.median(totals):g} of {report.points(book.points)}.",
        )
    else:
        report.say(out, f"{people}, none of them graded.")
    _failed(out, [tally for tally in tallies(book) if tally.failed or tally.todo])
    _mistakes(out, mistakes(book))
    looked = [f"{row.name}: {said}" for row in book.rows for said in row.said]
    if looked or book.remarks:
        out.print("\nLook at these:")
        for said in [*looked, *book.remarks]:
            report.say(out, said, 2)


def _failed(out: Console, found: list[Tally]) -> None:
    if not found:
        return
    out.print("\nExercises, those that most students failed first:")
    out.print(f"  {'failed':>6}{'not done':>10}{'passed':>8}   exercise")
    for tally in found[:_ROWS]:
        counts = f"  {tally.failed:>6}{tally.todo:>10}{tally.passed:>8}"
        out.print(f"{counts}   {tally.exercise.id}", soft_wrap=True)


def _mistakes(out: Console, found: list[Mistake]) -> None:
    if not found:
        return
    out.print("\nThe most common mistakes, by name:")
    for mistake in found[:_ROWS]:
        many = f"{mistake.students} student{'s' * (mistake.students != 1)}"
        out.print(f"  {mistake.id}, {many}:", soft_wrap=True, markup=False)
        report.say(out, mistake.sentence[:1].upper() + mistake.sentence[1:], 4)
