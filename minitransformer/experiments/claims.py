"""A claim about a model, as a row of a chapter's ledger."""

from __future__ import annotations

from dataclasses import dataclass


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
