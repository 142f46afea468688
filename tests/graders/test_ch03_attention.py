"""Graders of chapter 03's exercises: cases, oracles, cases worked by hand, properties, tiny models.

The cases' sizes differ from axis to axis (2 texts, 3 sets of keys and values, 4 numbers a head,
5 positions, 6 heads, 7 in the stream), so that no transposed axis goes unnoticed. Nothing comes
from `solutions/`. The graders themselves are in the files beside this one.
"""

from __future__ import annotations

import ch03_attention_circuits
import ch03_attention_idle
import ch03_attention_layers
import ch03_attention_parts

GRADERS = [
    *ch03_attention_parts.GRADERS,
    *ch03_attention_layers.GRADERS,
    *ch03_attention_circuits.GRADERS,
    *ch03_attention_idle.GRADERS,
]


def test_answer(verdict):
    verdict.expect_passed()
