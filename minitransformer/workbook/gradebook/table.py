"""The gradebook as CSV: a row a student, for a spreadsheet.

Leaves out the words of the verdicts (`feedback.py`).
"""

from __future__ import annotations

import csv
import io

from minitransformer.workbook.gradebook.marks import Gradebook

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def text(book: Gradebook) -> str:
    """The table; a cell is empty where nothing was graded, and 0 where it was.

    Where a teaching site numbers its students, the number is there to find them by.
    """
    out = io.StringIO()
    table = csv.writer(out)
    heads = [f"{chapter.topic} (of {chapter.points})" for chapter in book.chapters]
    ids = [exercise.id for exercise in book.exercises]
    numbered = any(row.number for row in book.rows)
    first = ["student", *(["number"] if numbered else [])]
    table.writerow([*first, f"points (of {book.points})", "passed", *heads, *ids, "note"])
    for row in book.rows:
        chapters = [mark.points if mark.verdicts else "" for mark in row.marks]
        each = [mark.earned(e) for mark in row.marks for e in mark.chapter.exercises]
        note = plain(" ".join(row.said))
        first = [plain(row.name), *([row.number] if numbered else [])]
        sums = [row.points, row.passed] if row.graded else ["", ""]
        table.writerow([*first, *sums, *chapters, *each, note])
    return out.getvalue()


def content(book: Gradebook) -> bytes:
    """With the mark by which spreadsheets know that it is UTF-8."""
    return text(book).encode("utf-8-sig", errors="replace")


def plain(value: str) -> str:
    """Text that a spreadsheet does not take for a formula, whoever chose it.

    >>> plain("=HYPERLINK(1)")
    "'=HYPERLINK(1)"
    """
    return f"'{value}" if value.startswith(_FORMULA) else value
