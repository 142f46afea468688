"""Whether an answer behaves as a catalogued wrong one: throughout, or in all but one respect.

A first attempt often has two mistakes, and equals no single one of the catalogue. So it is asked
what it equals where it gives numbers at all, and in one of the values that it returns. Leaves out
what is said of an answer that the catalogue does not know (`diagnosis.py`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from minitransformer.workbook.grading.compare import agree
from minitransformer.workbook.grading.rungs import Answer, Case

_FEWEST = 2  # cases on which a mistake must show, so that it is not met by chance


@dataclass(frozen=True)
class WrongAnswer:
    """A catalogued mistake: what it computes, and the sentence that names it."""

    name: str
    function: Answer
    sentence: str


class Raised(str):
    """The kind of error that stands in the place of an output."""


def outcome(answer: Answer, case: Case) -> tuple[Any, Any]:
    """What `answer` returns or raises on a case, and what it leaves of its inputs."""
    args = case.fresh()
    try:
        found = answer(*args)
    except Exception as problem:  # two answers may share where they fail, and how
        found = Raised(type(getattr(problem, "cause", problem)).__name__)
    return found, args


def recognise(
    answer: Answer,
    cases: Sequence[Case],
    oracle: Answer,
    wrong: Sequence[WrongAnswer],
    problem: str = "",
) -> tuple[WrongAnswer | None, str]:
    """The wrong answer that behaves as `answer` does on every case, and its sentence; or none, and
    what one of them has in common with it, in the value that `problem` speaks of if it can be."""
    own = [outcome(answer, case) for case in cases]
    if all(isinstance(found, Raised) for found, _ in own):  # no outputs to compare
        return None, ""

    def alike(other: Answer) -> bool:  # most part from it on the first case
        pairs = zip(own, cases, strict=True)
        return all(agree(found, outcome(other, case)) for found, case in pairs)

    if alike(oracle):
        return None, ""
    if known := next((one for one in wrong if alike(one.function)), None):
        return known, known.sentence
    wrong = [one for one in wrong if one.sentence.startswith("this equals ")]
    return None, _in_part(own, cases, oracle, wrong, problem)


def _in_part(
    own: Sequence[tuple[Any, Any]],
    cases: Sequence[Case],
    oracle: Answer,
    wrong: Sequence[WrongAnswer],
    problem: str,
) -> str:
    """What `own` outcomes equal where they hold numbers, or in one value of several."""
    kept = [i for i, (found, _) in enumerate(own) if not _broken(found)]
    if 2 * len(kept) <= len(own) or len(kept) < _FEWEST:
        return ""
    found = [own[i][0] for i in kept]
    right = [outcome(oracle, cases[i])[0] for i in kept]

    def equal(part: Callable[[Any], Any]) -> str:
        """The sentence of the first wrong answer with the same `part` of each output."""
        mine, rights = [part(f) for f in found], [part(r) for r in right]
        if sum(not agree(a, b) for a, b in zip(mine, rights, strict=True)) < _FEWEST:
            return ""
        for one in wrong:
            pairs = zip(mine, kept, strict=True)
            if all(agree(a, part(outcome(one.function, cases[i])[0])) for a, i in pairs):
                return one.sentence
        return ""

    if len(kept) < len(own) and (sentence := equal(lambda output: output)):
        return f"on {len(kept)} of the {len(own)} cases {sentence}"
    values = {len(f) if isinstance(f, (tuple, list)) else 0 for f in [*found, *right]}
    if len(values) == 1 and isinstance(right[0], tuple):
        places = sorted(range(values.pop()), key=lambda i: f"value {i + 1}:" not in problem)
        for place in places:
            if not _floating(right[0][place]):
                continue

            def value(output: Any, place: int = place) -> Any:
                several = isinstance(output, (tuple, list)) and place < len(output)
                return output[place] if several else None

            if sentence := equal(value):
                return f"in value {place + 1} {sentence}"
    return ""


def _floating(value: Any) -> bool:
    return isinstance(value, float) or (isinstance(value, Tensor) and value.is_floating_point())


def _broken(value: Any) -> bool:
    """Whether an output is an error, or holds nan."""
    if isinstance(value, Tensor):
        if value.is_meta or not value.is_floating_point():
            return False
        return bool(torch.isnan(value).any())
    if isinstance(value, (tuple, list)):
        return any(map(_broken, value))
    if isinstance(value, Mapping):
        return any(map(_broken, value.values()))
    return isinstance(value, Raised) or (isinstance(value, float) and math.isnan(value))
