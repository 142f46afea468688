"""The rungs that need nothing but an exercise's cases and its oracle, and what a case is.

Leaves out climbing them and the rungs that a chapter adds (`grading.py`).
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from minitransformer.workbook.grading.compare import Wrong, agree, difference, mismatch
from minitransformer.workbook.running.breakage import Broke

Answer = Callable[..., Any]
Check = Callable[[Answer, int], None]


@dataclass(frozen=True)
class Case:
    """Seeded inputs with a name: `Case("two queries, three keys", (q, k))`."""

    label: str
    args: tuple[Any, ...]

    @property
    def shapes(self) -> str:
        """The shapes of its tensors, for a learner whose answer raises on it: "[2, 3], [3]"."""
        return ", ".join(str(list(a.shape)) for a in self.args if isinstance(a, torch.Tensor))

    @property
    def plain(self) -> bool:
        """Whether it holds no tensors, so that advice speaks of lists and dicts instead."""
        return not any(isinstance(a, (torch.Tensor, torch.nn.Module)) for a in self.args)

    def fresh(self) -> tuple[Any, ...]:
        """A copy of the inputs, so that an answer that writes into them spoils nothing."""
        return copy.deepcopy(self.args)


Cases = Callable[[int], Sequence[Case]]


@dataclass(frozen=True)
class Rung:
    """One step of the ladder: `check(answer, seed)` raises `Wrong`, or holds."""

    name: str
    check: Check
    advice: str = ""  # the one next step

    def next_step(self, problem: Wrong) -> str:
        """The advice that goes with a problem: other words where there are no tensors."""
        return _PLAIN.get(self.advice, self.advice) if problem.plain else self.advice


BY_HAND = "The numbers stand on the page: work them through with a pencil, then with print."
_SIGNATURE = "Give it the parameters that the stub had, in that order."
_SHAPE = "Print the shapes inside your function and follow the axes to the one that goes astray."
_INPUTS = (
    "Compute a new tensor: no `-=` or `+=`, no `x[...] =`, nothing that ends in an underscore."
)
_VALUES = "Try a smaller input of which you know the result, and compare."
_PLAIN = {
    _SHAPE: "Print what your function has just before its return, and of what type it is.",
    _INPUTS: "Work on a copy, such as list(ids), and leave what was handed in as it was.",
}


def on_cases(cases: Cases, oracle: Answer, tensors: bool = True) -> list[Rung]:
    """The rungs that need nothing but the cases and the oracle."""

    def signature(answer: Answer, seed: int) -> None:
        for case in cases(seed):
            try:
                inspect.signature(answer).bind(*case.args)
            except (TypeError, ValueError):
                wanted = ", ".join(inspect.signature(oracle).parameters)
                arguments = "1 argument" if len(case.args) == 1 else f"{len(case.args)} arguments"
                raise Wrong(
                    f"it is called with {arguments} ({wanted}); yours takes {_parameters(answer)}"
                ) from None

    def shape(answer: Answer, seed: int) -> None:
        for case in cases(seed):
            with _naming(case):
                if problem := mismatch(answer(*case.fresh()), oracle(*case.fresh())):
                    raise Wrong(problem)

    def inputs(answer: Answer, seed: int) -> None:
        for case in cases(seed):
            args = case.fresh()
            with _naming(case):
                answer(*args)
                for i, (after, before) in enumerate(zip(args, case.args, strict=True), start=1):
                    if not agree(after, before, rtol=0.0, atol=0.0):
                        raise Wrong(f"argument {i} was changed by the call")

    def values(answer: Answer, seed: int) -> None:
        for case in cases(seed):
            with _naming(case):
                if problem := difference(answer(*case.fresh()), oracle(*case.fresh())):
                    raise Wrong(problem)

    return [
        Rung("signature", signature, _SIGNATURE),
        Rung("shape and dtype" if tensors else "type of the result", shape, _SHAPE),
        Rung("inputs unchanged", inputs, _INPUTS),
        Rung("values", values, _VALUES),
    ]


def _parameters(answer: Answer) -> str:
    try:
        return str(inspect.signature(answer))
    except (TypeError, ValueError):
        return "something that cannot be read"


@contextmanager
def _naming(case: Case) -> Iterator[None]:
    """Say in a failure which case it was."""
    try:
        yield
    except Broke as broke:
        broke.where, broke.shapes = case.label, case.shapes
        raise
    except Wrong as problem:
        named = Wrong(f"on the case '{case.label}', {problem}")
        named.plain = case.plain
        raise named from None
