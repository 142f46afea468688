"""The table of hostile and broken answers, and which of its rows are slow or of one system only.

Leaves out the running of them (`test_hostile.py`).
"""

from __future__ import annotations

import sys

from hostile_broken import BROKEN
from hostile_deeds import DEEDS, UNHEARD

HOSTILE = BROKEN | DEEDS

# Of those that need a process of their own, the quick test run takes one of each kind.
QUICK = {
    "endless loop", "os._exit(0)", "crash", "torch.isclose replaced", "cases overwritten",
    "a daemon thread that never ends", "sys.modules emptied", "deletes its own file by C",
    "a fork bomb", "another folder",
}  # fmt: skip
RESTARTS = set(UNHEARD) | {
    "ignores every signal", "waits for itself", "os._exit(0) in the cell", "abort",
    "endless loop in the cell", "C stack overflow", "torch.allclose replaced",
    "torch.manual_seed replaced", "a builtin replaced", "isinstance replaced", "fills the disk",
    "grader's names overwritten", "a thousand threads", "a thread in another's place",
    "shows a plot", "more torch threads", "inference mode for ever",
    "a progress bar", "traced", "an alarm", "at the end", "pytest replaced",
}  # fmt: skip
SLOW = RESTARTS - QUICK

if sys.platform != "win32":
    HOSTILE |= UNHEARD
else:  # no such calls or limits there
    for name in ("an alarm", "abort", "crash", "a large file", "C stack overflow"):
        del HOSTILE[name]
if not sys.platform.startswith("linux"):  # no such limits elsewhere
    for name in ("memory", "a large file"):
        HOSTILE.pop(name, None)
