"""What is said of an answer with two mistakes, of which the catalogue knows one."""

from __future__ import annotations

import math

import torch

from minitransformer.workbook.grading import Case, WrongAnswer
from minitransformer.workbook.grading.recognition import recognise

CASES = [Case(f"up to {n}", (torch.arange(1.0, n),)) for n in (3, 5, 8)]
EMPTY = Case("no numbers", (torch.zeros(0),))


def mean(x):
    return float(x.mean()) if len(x) else 0.0


SUM = WrongAnswer("sum", lambda x: float(x.sum()), "this equals the sum: divide it.")


def both(first, second):
    return lambda x: (first(x), second(x))


def test_one_mistake_is_recognised_on_every_case():
    known, sentence = recognise(SUM.function, [*CASES, EMPTY], mean, [SUM])
    assert known is SUM
    assert sentence == SUM.sentence


def test_a_second_mistake_that_gives_nan_or_an_error_does_not_hide_the_first():
    for second in (lambda x: math.nan, lambda x: 1 / 0):

        def answer(x, second=second):
            return float(x.sum()) if len(x) else second(x)

        known, sentence = recognise(answer, [*CASES, EMPTY], mean, [SUM])
        assert known is None
        assert sentence == "on 3 of the 4 cases this equals the sum: divide it."


def test_a_mistake_in_one_of_two_values_is_recognised():
    wrong = WrongAnswer("sum", both(SUM.function, mean), "this equals the sum: divide it.")
    answer = both(lambda x: -mean(x), SUM.function)
    assert recognise(answer, CASES, both(mean, mean), [wrong]) == (None, "")
    answer = both(SUM.function, lambda x: -mean(x))
    _, sentence = recognise(answer, CASES, both(mean, mean), [wrong])
    assert sentence == "in value 1 this equals the sum: divide it."


def test_the_value_that_is_shown_comes_first():
    wrong = [
        WrongAnswer("first", both(SUM.function, mean), "this equals the sum: divide it."),
        WrongAnswer("second", both(mean, len), "this equals the count: divide by it."),
    ]
    answer = both(SUM.function, lambda x: float(len(x)))
    for shown in ("1", "2"):
        problem = f"on a case, value {shown}: expected 1, found 2"
        _, sentence = recognise(answer, CASES, both(mean, mean), wrong, problem)
        assert sentence.startswith(f"in value {shown} this equals")


def test_what_is_right_but_for_nan_equals_no_mistake():
    assert recognise(lambda x: float(x.mean()), [*CASES, EMPTY], mean, [SUM]) == (None, "")


def test_a_single_case_in_common_is_chance():
    short = [CASES[0], EMPTY, EMPTY]
    answer = lambda x: float(x.sum()) if len(x) else math.nan  # noqa: E731
    assert recognise(answer, short, mean, [SUM]) == (None, "")
