"""A claim about a model, as a row of a chapter's ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# What is claimed, the key of its source, the paper's number, low, high, unit: fixed before the run.
Claim = tuple[str, str, float | None, float, float, str]
Measured = dict[str, tuple[float, float]]  # a claim's id: ours, control


@dataclass(frozen=True)
class Row:
    """What was claimed, what was measured, and what a control gave.

    `low` and `high` bound `ours` and were fixed before the run. `source` is the key of a
    reference, `paper` its number where it gives one.
    """

    id: str
    claim: str
    source: str
    paper: float | None
    ours: float
    control: float
    low: float
    high: float
    unit: str
    seeds: int = 1

    @property
    def holds(self) -> bool:
        """Whether ours lies in the range, and the control does not."""
        return self.low <= self.ours <= self.high and not self.low <= self.control <= self.high


def rows(claims: Mapping[str, Claim], measured: Measured) -> list[Row]:
    """A chapter's claims with what was measured, in the claims' order."""
    return [
        Row(id, claim, source, paper, *measured[id], low, high, unit)
        for id, (claim, source, paper, low, high, unit) in claims.items()
    ]
