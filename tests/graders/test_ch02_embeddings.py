"""Graders of chapter 02's exercises: cases, oracles, cases worked by hand, properties, tiny models.

The cases' sizes differ from axis to axis, so that no transposed axis goes unnoticed, and in one
case of each they agree, so that no wrong axis is saved by an error. Nothing comes from
`solutions/`. The graders themselves are in the files beside this one.
"""

from __future__ import annotations

import ch02_embeddings_entry
import ch02_embeddings_geometry
import ch02_embeddings_rare
import ch02_embeddings_stream

embed, position, rotate = ch02_embeddings_entry.GRADERS
neighbours, pca, separate = ch02_embeddings_geometry.GRADERS
contributions, overlap = ch02_embeddings_stream.GRADERS
(rare,) = ch02_embeddings_rare.GRADERS
GRADERS = [
    embed,
    neighbours,
    pca,
    separate,
    rare,
    position,
    rotate,
    contributions,
    overlap,
]


def test_answer(verdict):
    verdict.expect_passed()
