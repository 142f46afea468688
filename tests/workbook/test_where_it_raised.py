"""An answer that raises is shown its own line and its inputs' shapes, not the solution's line."""

from __future__ import annotations

import torch

from minitransformer.workbook.grading import Case, grader
from minitransformer.workbook.running import cells
from minitransformer.workbook.running.breakage import brief
from minitransformer.workbook.running.references import References

SOURCES = {
    "toy": {
        "given": ["import torch"],
        "solutions": {"toy.add": "def add(a, b):\n    return a + b  # the solution's line"},
    }
}


def test_an_error_inside_a_reference_is_shown_at_the_line_that_called_it():
    space = cells.namespace("learner", References(SOURCES).get)
    code = 'def both(a, b):\n    return mine("toy.add")(b, a)  # mine'
    answer = cells.define(code, "toy.both", space)
    both = grader(
        "toy.both",
        cases=lambda seed: [Case("two and three", (torch.ones(2), torch.ones(4, 3)))],
        oracle=lambda a, b: a,
    )
    message = both.climb(answer).message
    assert ', in add, which both calls in `return mine("toy.add")(b, a)  # mine`: ' in message
    assert "the solution's line" not in message
    assert "(There b is [4, 3], a [2]; add was given [4, 3], [2].) Shapes are laid" in message
    assert message.endswith("Transpose, or add an axis with [..., None]?")


def test_an_id_that_is_none_is_told_so():
    space = cells.namespace("learner", References(SOURCES).get)
    cases = lambda seed: [Case("one", (1, 1))]  # noqa: E731
    for id in ("add", "toy.ad", "other.add"):
        answer = cells.define(f'def both(a, b):\n    return mine("{id}")(a, b)', "toy.both", space)
        message = grader("toy.both", cases=cases, oracle=lambda a, b: a).climb(answer).message
        assert f"mine takes the whole id of an exercise, topic.name, not '{id}'" in message


def test_a_learners_other_cells_are_named_and_their_lines_not_shown_as_this_ones():
    space = cells.namespace("learner", References(SOURCES).get)
    cells.run("def helper(a):\n    return a.nothing  # elsewhere", "definitions 1", space)
    answer = cells.define("def both(a, b):\n    return helper(a)  # here", "toy.both", space)
    both = grader(
        "toy.both",
        cases=lambda seed: [Case("two and three", (torch.ones(2), torch.ones(3)))],
        oracle=lambda a, b: a,
    )
    message = both.climb(answer).message
    assert "in helper, which both calls in `return helper(a)  # here`" in message
    assert "elsewhere" not in message


def test_where_in_its_own_sources_torch_raised_is_left_out():
    text = "Use x.mT. (Triggered internally at /pytorch/aten/src/TensorShape.cpp:4416.)"
    assert brief(text) == "Use x.mT."
    assert brief(f"no\nException raised from {'frame ' * 99}") == "no"
    assert len(brief("x" * 999)) == 300
