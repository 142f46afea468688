"""A student's `results.json`, as Gradescope's autograders write it.

The form: https://gradescope-autograders.readthedocs.io/en/latest/specs/. No leaderboard: an
exercise is no race.
"""

from __future__ import annotations

import json
from typing import Any

from minitransformer.workbook.gradebook import feedback
from minitransformer.workbook.gradebook.marks import Gradebook, Mark, Row
from minitransformer.workbook.source import Exercise
from minitransformer.workbook.verdict import TODO


def content(book: Gradebook, row: Row) -> bytes:
    return (json.dumps(results(book, row), indent=1) + "\n").encode()


def results(book: Gradebook, row: Row) -> dict[str, Any]:
    """The record of one student: every exercise of every chapter asked for is a test."""
    said = [feedback.total(book, row), *row.said]
    return {
        "score": row.points,
        "execution_time": round(sum(mark.seconds for mark in row.marks)),
        "output": "\n".join(said),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"seed": book.seed},
        "tests": [
            _test(mark, exercise, place)
            for mark in row.marks
            for place, exercise in enumerate(mark.chapter.exercises, start=1)
        ],
    }


def _test(mark: Mark, exercise: Exercise, place: int) -> dict[str, Any]:
    verdict = mark.verdict(exercise)
    passed = verdict is not None and verdict.passed
    extra = {"id": exercise.id}
    if verdict is not None:
        extra.update(status=verdict.status, rung=verdict.rung, version=verdict.version)
    return {
        "name": exercise.id,
        "name_format": "text",
        "number": f"{mark.chapter.number}.{place}",
        "score": exercise.points if passed else 0,
        "max_score": exercise.points,
        "status": "passed" if passed else "failed",
        "output": mark.problem if verdict is None else feedback.output(verdict, mark),
        "output_format": "text",
        "tags": [mark.chapter.topic, *(["not done"] if verdict and verdict.status == TODO else [])],
        "visibility": "visible",
        "extra_data": extra,
    }
