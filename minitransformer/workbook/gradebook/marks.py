"""The gradebook in memory: a student's row, and in it a mark for each chapter.

Leaves out how the marks came about (`grading.py`) and how they are written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from minitransformer.workbook.source import Chapter, Exercise
from minitransformer.workbook.verdict import Verdict

MISSING = "No notebook of this chapter was found."


@dataclass(frozen=True)
class Mark:
    """One student's chapter: verdicts on all its exercises, or a sentence on why there are none."""

    chapter: Chapter
    file: str = ""
    verdicts: tuple[Verdict, ...] = ()
    problem: str = ""
    seconds: float = 0.0

    @property
    def points(self) -> int:
        return sum(self.earned(exercise) or 0 for exercise in self.chapter.exercises)

    @property
    def passed(self) -> int:
        return sum(verdict.passed for verdict in self.verdicts)

    def verdict(self, exercise: Exercise) -> Verdict | None:
        return next((v for v in self.verdicts if v.id == exercise.id), None)

    def earned(self, exercise: Exercise) -> int | None:
        """The points for an exercise; None if it was not graded."""
        verdict = self.verdict(exercise)
        return None if verdict is None else exercise.points * verdict.passed


@dataclass(frozen=True)
class Row:
    """One student."""

    name: str
    marks: tuple[Mark, ...]
    notes: tuple[str, ...] = ()  # what could not be graded, in sentences
    number: str = ""  # the teaching site's, where it has one

    @property
    def points(self) -> int:
        return sum(mark.points for mark in self.marks)

    @property
    def passed(self) -> int:
        return sum(mark.passed for mark in self.marks)

    @property
    def graded(self) -> bool:
        """Whether anything was: if not, there are no points, rather than none earned."""
        return any(mark.verdicts for mark in self.marks)

    @property
    def said(self) -> list[str]:
        """All that somebody should look at."""
        return [*self.notes, *(m.problem for m in self.marks if m.problem not in ("", MISSING))]


@dataclass(frozen=True)
class Gradebook:
    """A graded class."""

    chapters: tuple[Chapter, ...]
    rows: tuple[Row, ...]
    seed: int
    fresh: int = field(default=0)  # how many submissions were graded in this run
    known: int = field(default=0)  # and how many before
    remarks: tuple[str, ...] = ()  # on the class, for its instructor alone

    @property
    def points(self) -> int:
        return sum(chapter.points for chapter in self.chapters)

    @property
    def exercises(self) -> list[Exercise]:
        return [exercise for chapter in self.chapters for exercise in chapter.exercises]


def file_names(names: Iterable[str]) -> dict[str, str]:
    """A name for each student's file that every system takes, no two alike.

    >>> file_names(["Ada L.", "../x", "ada l"])
    {'Ada L.': 'Ada L', '../x': 'x', 'ada l': 'ada l-2'}
    """
    taken: dict[str, str] = {}
    for name in names:
        plain = re.sub(r"[^\w .@+-]", "_", unicodedata.normalize("NFC", name))[:80].strip(" ._")
        plain, number = plain or "student", 1
        free = plain
        while free.casefold() in {other.casefold() for other in taken.values()}:
            number += 1
            free = f"{plain}-{number}"
        taken[name] = free
    return taken
