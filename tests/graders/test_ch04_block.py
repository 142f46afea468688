"""Graders of chapter 04's exercises: cases, oracles, cases worked by hand, properties, tiny models.

The cases' sizes differ from axis to axis (2 texts, 3 sets of keys and values, 4 numbers a head,
5 positions, 6 heads, 7 in the stream, 9 neurons), so that no transposed axis goes unnoticed.
Nothing comes from `solutions/`. The graders themselves are in the files beside this one.
"""

from __future__ import annotations

import ch04_block_experts
import ch04_block_mlp
import ch04_block_neuron
import ch04_block_norms
import ch04_block_whole

GRADERS = [
    *ch04_block_norms.GRADERS,
    *ch04_block_mlp.GRADERS,
    *ch04_block_whole.GRADERS,
    *ch04_block_experts.GRADERS,
    *ch04_block_neuron.GRADERS,
]


def test_answer(verdict):
    verdict.expect_passed()
