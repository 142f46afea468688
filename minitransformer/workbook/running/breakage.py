"""An answer that raises: whose fault, where in the learner's cell, and in which words.

Leaves out answers that kill or hang the process, which only another process can see (`runner.py`).
"""

from __future__ import annotations

import functools
import linecache
import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from minitransformer.workbook.running.remedies import remedy, tensors_in
from minitransformer.workbook.source import HEADER

_NO_SLIPS = (NotImplementedError, EOFError, MemoryError, RecursionError)  # no shapes would help


class Broke(Exception):
    """The answer raised `cause` (of any kind: also `SystemExit` and pytest's outcomes)."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.where = ""  # the case's label
        self.shapes = ""  # of its tensors
        self.given: tuple[Any, ...] = ()  # what the answer was called with, as it came

    @property
    def unfinished(self) -> bool:
        return isinstance(self.cause, NotImplementedError)

    def sentence(self, name: str) -> str:
        where = f" on the case '{self.where}'" if self.where else ""
        said = describe(self.cause, name, where)
        if not isinstance(self.cause, Exception) or isinstance(self.cause, _NO_SLIPS):
            return said
        own = _own_step(self.cause)
        there = tensors_in(own.line, own.variables) if own else ""
        inner = getattr(self.cause, "called", None)  # an earlier exercise: see `kernel/earlier.py`
        if there or self.shapes:
            given = f"; {inner[0].rpartition('.')[2]} was given {inner[1]}" if inner else ""
            shapes = (
                f"There {there}" if there else f"Its inputs there have the shapes {self.shapes}"
            )
            said += f" ({shapes}{given}.)"
        elif inner and inner[1]:
            said += f" ({inner[0].rpartition('.')[2]} was given {inner[1]}.)"
        elif not self.where and (shown := _shown(self.given)):  # by hand, or in a property
            said += f" (It was called with {shown}.)"
        line, variables = (own.line, own.variables) if own else ("", {})
        return f"{said} {remedy(self.cause, line, variables)}".rstrip()


def guarded(answer: Callable[..., Any]) -> Callable[..., Any]:
    """`answer`, but whatever it raises comes out as `Broke`, apart from the grader's own errors."""

    @functools.wraps(answer, updated=())
    def call(*args: Any) -> Any:
        try:
            return answer(*args)
        except BaseException as cause:
            broke = Broke(cause)
            broke.given = args
            raise broke from cause

    return call


def _shown(args: tuple[Any, ...], longest: int = 160) -> str:
    """What an answer was called with: in full where it is short, tensors else by their shapes."""
    from minitransformer.workbook.grading.values import IN_FULL, show  # needs torch

    if any(callable(a) for a in args):  # models, and functions
        return ""
    for size in (IN_FULL, 0):
        said = ", ".join(
            f"a tensor of shape {list(a.shape)}" if getattr(a, "ndim", 0) and a.numel() > size
            else show(a)
            for a in args
        )  # fmt: skip
        if len(said) <= longest:
            return said
    return ""


def describe(cause: BaseException, name: str, where: str = "") -> str:
    """One or two sentences for the learner about what `name` raised."""
    at = _line_of_the_learner(cause, name)
    kind = type(cause).__name__
    if isinstance(cause, NotImplementedError):
        return f"{name} still raises NotImplementedError{where}{at}: that part is not done yet."
    if isinstance(cause, SystemExit):
        return f"{name} calls sys.exit{where}{at}: return the result instead."
    if isinstance(cause, EOFError):
        return (
            f"{name} asks for input(){where}{at}, and nobody is there to answer: all that it needs "
            "is handed to it as arguments."
        )
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
    key = cause.args[0] if isinstance(cause, KeyError) and cause.args else None
    sentence = isinstance(key, str) and " " in key
    longest = 60 if isinstance(cause, KeyError) and not sentence else 300
    text = brief(str(key if sentence else cause).rstrip("."), longest) or "no message"
    end = "" if text.endswith("...") else "."
    return f"{name} raised {kind}{where}{at}: {text}{end}"


_INTERNAL = re.compile(r"\(Triggered internally at|Exception raised from|C\+\+ CapturedTraceback")


def brief(text: str, longest: int = 300) -> str:
    """What torch says to people, in one line: without where in its own sources it happened."""
    text = " ".join(_INTERNAL.split(text)[0].split())
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


class Step(NamedTuple):
    """A frame of a traceback that runs the code of a cell."""

    cell: str  # the exercise's id, or what else the cell is called
    function: str
    line: str
    variables: Mapping[str, Any]


def _own_step(cause: BaseException) -> Step | None:
    """The innermost step in the cell where it began: the learner's own nearest line."""
    steps = list(_steps(cause))
    if not steps or not steps[0].line:
        return None
    own = next((i for i, step in enumerate(steps) if step.cell != steps[0].cell), len(steps))
    return steps[own - 1]


def _line_of_the_learner(cause: BaseException, name: str) -> str:
    """The answer's own line nearest to the error, as ", in `code`"; "" if it is not known.

    An error in another cell is said to be there: ", in scores, which head calls in `code`".
    """
    steps = list(_steps(cause))
    if not steps or not steps[0].line:
        return ""
    own = next((i for i, step in enumerate(steps) if step.cell != steps[0].cell), len(steps))
    at = f" in `{steps[own - 1].line}`"
    if own == len(steps):
        return f",{at}"
    return f", in {steps[own].function}, which {name} calls{at}"


def _steps(cause: BaseException) -> Iterator[Step]:
    frames = [frame for frame, _ in traceback.walk_tb(cause.__traceback__)]
    for place, frame in zip(frames, traceback.extract_tb(cause.__traceback__), strict=True):
        # Cells are compiled under names like <cell attention.mask>; a kernel's lie in ipykernel_*.
        named = re.fullmatch(r"<(?:cell|reference) (.+)>", frame.filename)
        if named:
            cell = named[1]
        elif "ipykernel" in frame.filename:
            header = HEADER.search("".join(linecache.getlines(frame.filename)))
            cell = header["id"] if header else frame.filename
        else:
            continue
        exercise = re.fullmatch(r"[a-z0-9-]+\.([a-z0-9_]+)", cell)
        called = exercise[1] if exercise else frame.name
        yield Step(cell, called, (frame.line or "").strip(), place.f_locals)
