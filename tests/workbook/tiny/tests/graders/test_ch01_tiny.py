"""Graders of a made-up chapter, for the tests of the workbook itself."""

from __future__ import annotations

import torch
from ch01_tiny_inputs import one_matrix

from minitransformer.workbook.grading import Wrong, expect_close, grader


def add_loop(x):
    return torch.stack([sum(row) for row in x])


def doubles_three(answer):
    expect_close(answer(torch.tensor([1.5, 3.0])), torch.tensor([3.0, 6.0]), "twice [1.5, 3]")


def doubling_adds_up(answer, seed):
    (case,) = one_matrix(seed)
    expect_close(answer(case.args[0]) - case.args[0], case.args[0], "twice x, less x")


def shown_largest(answer, seed):
    x = torch.tensor([2.0, 7.0, 5.0])
    place, value = answer(x)
    if place != 1 or value != 7.0:
        raise Wrong("the evidence does not hold: entry 1 of [2, 7, 5] is the largest")


GRADERS = [
    grader(
        "tiny.double",
        cases=one_matrix,
        oracle=lambda x: x + x,
        by_hand=doubles_three,
        properties={"twice x less x is x": doubling_adds_up},
    ),
    grader("tiny.total", cases=one_matrix, oracle=add_loop),
    grader("tiny.both", cases=one_matrix, oracle=lambda x: add_loop(x + x)),
    grader("tiny.largest", predicate=shown_largest),
]


def test_answer(verdict):
    verdict.expect_passed()
