"""The learner's side: `check` and `mine` for notebooks; the commands are modules of their own.

Leaves torch alone: the commands of the terminal start in a fraction of a second.
"""

from __future__ import annotations

from minitransformer.workbook.kernel.earlier import mine
from minitransformer.workbook.kernel.live import check

__all__ = ["check", "mine"]
