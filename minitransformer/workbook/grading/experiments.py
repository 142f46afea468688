"""What a wrong answer does if called again: with the same inputs, without one, with two exchanged.

It is called again on the cases that failed, for half a second at most. Leaves out inputs that are
whole numbers: other ids or counts may not be allowed.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from minitransformer.workbook.grading.compare import agree
from minitransformer.workbook.grading.diagnosis import Trial, same_value

_PATIENCE = 0.5  # seconds
_TWO_RESULTS = (
    "Called twice with the same inputs, it gives two results: is a random number drawn in it, or a "
    "list or dict kept from call to call, such as a default argument (`out=[]`)?"
)
Answer = Callable[..., Any]
Place = tuple[int, str | None]  # which input, and which key of it if it is a dict


def experiment(
    trials: Sequence[Trial], names: Sequence[str], answer: Answer, oracle: Answer
) -> str:
    """A sentence about an input that makes no difference, or two that have changed places."""
    began = time.monotonic()
    if not trials or not trials[0].args or any(_is_nan(trial.found) for trial in trials):
        return ""
    for said, alters in (*_exchanges(trials[0].args, names), *_changes(trials[0].args, names)):
        if time.monotonic() - began > _PATIENCE:
            return ""
        exchanged = "changed places" in said
        if _holds(trials, alters, answer, oracle, exchanged):
            return said
    return ""


def gives_two_results(trials: Sequence[Trial], answer: Answer) -> str:
    """A sentence about an answer that does not give again what it gave, or ""."""
    began = time.monotonic()
    for trial in trials[:3]:
        if time.monotonic() - began > _PATIENCE:
            break
        try:
            first = _as_it_is(answer(*copy.deepcopy(trial.args)))
            if not agree(answer(*copy.deepcopy(trial.args)), first):
                return _TWO_RESULTS
        except Exception:
            return ""
    return ""


def _as_it_is(value: Any) -> Any:
    """A copy that no later call can change: a list that is kept may be what is returned."""
    return value.detach().clone() if isinstance(value, Tensor) else copy.deepcopy(value)


def _is_nan(value: Any) -> bool:
    """Whether something in it is NaN, which would be equal to itself whatever goes in."""
    if isinstance(value, (tuple, list)):
        return any(map(_is_nan, value))
    if isinstance(value, Tensor):
        return not value.is_meta and bool(value.isnan().any())
    return isinstance(value, float) and value != value


def _holds(
    trials: Sequence[Trial],
    alters: Callable[[list[Any]], bool],
    answer: Answer,
    oracle: Answer,
    exchanged: bool,
) -> bool:
    """Whether an experiment comes out as its sentence says, wherever it can be made."""
    matters = 0
    for trial in trials:
        changed = copy.deepcopy(list(trial.args))
        try:
            if not alters(changed):  # this case has no such input
                continue
            found = answer(*copy.deepcopy(changed))
            if exchanged:
                if not same_value(found, trial.expected):
                    return False
                matters += 1
            elif not same_value(found, trial.found):
                return False
            else:
                matters += not same_value(oracle(*changed), trial.expected)
        except Exception:  # such inputs are not allowed: nothing is known
            return False
    return matters > 0


def _places(args: Sequence[Any], names: Sequence[str]) -> Iterator[tuple[str, Place]]:
    """The inputs, and those within a dict, by name."""
    for i, (name, value) in enumerate(zip(names, args, strict=False)):
        if isinstance(value, dict):
            yield from ((f'{name}["{key}"]', (i, key)) for key in value if isinstance(key, str))
        else:
            yield name, (i, None)


def _exchanges(args: Sequence[Any], names: Sequence[str]) -> Iterator[tuple[str, Any]]:
    places = list(_places(args, names))
    for at, (first, a) in enumerate(places):
        for second, b in places[at + 1 :]:
            x, y = _get(args, a), _get(args, b)
            if isinstance(x, Tensor) and isinstance(y, Tensor) and x.shape == y.shape:
                said = (
                    f"With {first} and {second} exchanged it would be right: they have changed "
                    "places."
                )
                yield said, _exchange(a, b)


def _changes(args: Sequence[Any], names: Sequence[str]) -> Iterator[tuple[str, Any]]:
    for name, place in _places(args, names):
        said = f"The input {name} makes no difference to what comes back: is it used?"
        yield said, _change(place)


def _get(args: Sequence[Any], place: Place) -> Any:
    i, key = place
    return args[i] if key is None else args[i][key]


def _put(args: list[Any], place: Place, value: Any) -> None:
    i, key = place
    if key is None:
        args[i] = value
    else:
        args[i][key] = value


def _exchange(a: Place, b: Place) -> Callable[[list[Any]], bool]:
    def alter(args: list[Any]) -> bool:
        x, y = _get(args, a), _get(args, b)
        _put(args, a, y)
        _put(args, b, x)
        return True

    return alter


def _change(place: Place) -> Callable[[list[Any]], bool]:
    def alter(args: list[Any]) -> bool:
        value: Any = _get(args, place)
        if isinstance(value, Tensor) and value.is_floating_point():
            drawn = torch.randn(value.shape, generator=torch.Generator().manual_seed(1))
            _put(args, place, value + drawn.to(value.dtype))
        elif isinstance(value, float):
            _put(args, place, 3 * value + 0.5)
        elif callable(value) and not isinstance(value, torch.nn.Module):
            turn: Any = value
            _put(args, place, lambda *inputs: 2 * turn(*inputs))
        else:
            return False
        return True

    return alter
