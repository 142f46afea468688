"""Graders of chapter 01's exercises: cases, oracles, cases worked by hand, properties.

Answers work on lists, bytes, dicts and functions here: the cases hold runs, ties, empty inputs,
bytes that are no text, and chunks over which nothing may be joined. Nothing comes from
`solutions/`. The graders themselves are in the files beside this one.
"""

from __future__ import annotations

import ch01_tokenizer_coding
import ch01_tokenizer_costs
import ch01_tokenizer_learning
import ch01_tokenizer_unreachable

GRADERS = [
    *ch01_tokenizer_learning.GRADERS,
    *ch01_tokenizer_coding.GRADERS,
    *ch01_tokenizer_costs.GRADERS,
    *ch01_tokenizer_unreachable.GRADERS,
]


def test_answer(verdict):
    verdict.expect_passed()
