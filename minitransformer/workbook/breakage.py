"""An answer that raises: whose fault, where in the learner's cell, and in which words.

Leaves out answers that kill or hang the process, which only another process can see (`runner.py`).
"""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from typing import Any


class Broke(Exception):
    """The answer raised `cause` (of any kind: also `SystemExit` and pytest's outcomes)."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.where = ""  # the case's label
        self.shapes = ""  # of its tensors

    @property
    def unfinished(self) -> bool:
        return isinstance(self.cause, NotImplementedError)

    def sentence(self, name: str) -> str:
        where = f" on the case '{self.where}'" if self.where else ""
        said = describe(self.cause, name, where)
        if self.shapes and isinstance(self.cause, Exception) and not self.unfinished:
            said += f" (Its inputs there have the shapes {self.shapes}.)"
        return said


def guarded(answer: Callable[..., Any]) -> Callable[..., Any]:
    """`answer`, but whatever it raises comes out as `Broke`, apart from the grader's own errors."""

    @functools.wraps(answer, updated=())
    def call(*args: Any) -> Any:
        try:
            return answer(*args)
        except BaseException as cause:
            raise Broke(cause) from cause

    return call


def describe(cause: BaseException, name: str, where: str = "") -> str:
    """One or two sentences for the learner about what `name` raised."""
    at = _line_of_the_learner(cause)
    kind = type(cause).__name__
    if isinstance(cause, NotImplementedError):
        return f"{name} still raises NotImplementedError{where}{at}: that part is not done yet."
    if isinstance(cause, SystemExit):
        return f"{name} calls sys.exit{where}{at}: return the result instead."
    if isinstance(cause, KeyboardInterrupt):
        return f"{name} was interrupted{where}{at}: does a loop in it never end?"
    # pytest's outcomes claim to be builtins; only their base says where they come from.
    if any(base.__module__ == "_pytest.outcomes" for base in type(cause).__mro__):
        return (
            f"{name} raises pytest's {kind}{where}{at}: an answer returns its result, "
            "and skipping counts as failing."
        )
    if isinstance(cause, RecursionError):
        return f"{name} calls itself without end{where}: what should stop it?"
    if isinstance(cause, MemoryError) or "can't allocate memory" in str(cause):
        return (
            f"{name} asked for more memory than the grader allows{where}{at}: which tensor is "
            "larger than it need be?"
        )
    text = " ".join(str(cause).split())
    if len(text) > 300:
        text = text[:297] + "..."
    return f"{name} raised {kind}{where}{at}: {text.rstrip('.') or 'no message'}."


def _line_of_the_learner(cause: BaseException) -> str:
    """The line of the answer nearest to the error, as ", in `code`"; "" if it is not known."""
    for frame in reversed(traceback.extract_tb(cause.__traceback__)):
        # Cells are compiled under names like <attention.mask>; a kernel's lie in ipykernel_*.
        learner = frame.filename.startswith("<cell ") or "ipykernel" in frame.filename
        if learner and frame.line:
            return f", in `{frame.line.strip()}`"
    return ""
