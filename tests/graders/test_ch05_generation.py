"""Graders of chapter 05's exercises: cases, oracles, cases worked by hand, properties, tiny models.

The cases' sizes differ from axis to axis, so that no transposed axis goes unnoticed. Nothing comes
from `solutions/`. The graders themselves are in the files beside this one.
"""

from __future__ import annotations

import ch05_generation_cache
import ch05_generation_choice
import ch05_generation_logits
import ch05_generation_loop
import ch05_generation_whole

GRADERS = [
    *ch05_generation_logits.GRADERS,
    *ch05_generation_choice.GRADERS,
    *ch05_generation_cache.GRADERS,
    *ch05_generation_loop.GRADERS,
    *ch05_generation_whole.GRADERS,
]


def test_answer(verdict):
    verdict.expect_passed()
