"""An answer that raises is shown its own line and its inputs' shapes, not the solution's line."""

from __future__ import annotations

import torch

from minitransformer.workbook import cells
from minitransformer.workbook.grading import Case, grader
from minitransformer.workbook.references import References

SOURCES = {
    "toy": {
        "given": ["import torch"],
        "solutions": {"toy.add": "def add(a, b):\n    return a + b  # the solution's line"},
    }
}


def test_an_error_inside_a_reference_is_shown_at_the_line_that_called_it():
    space = cells.namespace("learner", References(SOURCES).get)
    code = 'def both(a, b):\n    return mine("toy.add")(a, b)  # mine'
    answer = cells.define(code, "toy.both", space)
    both = grader(
        "toy.both",
        cases=lambda seed: [Case("two and three", (torch.ones(2), torch.ones(4, 3)))],
        oracle=lambda a, b: a,
    )
    message = both.climb(answer).message
    assert 'in `return mine("toy.add")(a, b)  # mine`' in message
    assert "the solution's line" not in message
    assert message.endswith("(Its inputs there have the shapes [2], [4, 3].)")
