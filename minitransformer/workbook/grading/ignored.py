"""An input that a wrong answer never uses, found by giving it another.

Leaves out inputs that are no floating-point numbers: other ids or counts may not be allowed.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from minitransformer.workbook.grading.diagnosis import Trial, same_value

_PATIENCE = 0.5  # seconds for trying what an answer does with other inputs


def ignored(
    trials: Sequence[Trial],
    names: Sequence[str],
    answer: Callable[..., Any],
    oracle: Callable[..., Any],
) -> str:
    """An input that makes no difference to `answer`, though it does to `oracle`."""
    began = time.monotonic()
    for i, name in enumerate(names):
        matters = False
        for trial in trials:
            if time.monotonic() - began > _PATIENCE:
                return ""
            if i >= len(trial.args) or not _is_floating(trial.args[i]):
                break
            try:
                found, expected = (of(*_with_other(trial.args, i)) for of in (answer, oracle))
            except Exception:  # such numbers are not allowed there: nothing is known
                break
            if not same_value(found, trial.found):
                break
            matters = matters or not same_value(expected, trial.expected)
        else:
            if matters:
                return f"What {name} holds makes no difference to what comes back: is it used?"
    return ""


def _is_floating(value: Any) -> bool:
    return isinstance(value, float) or (isinstance(value, Tensor) and value.is_floating_point())


def _with_other(args: tuple[Any, ...], i: int) -> tuple[Any, ...]:
    """A copy of the inputs with other numbers in the place of one."""
    fresh = list(copy.deepcopy(args))
    one = fresh[i]
    if isinstance(one, Tensor):
        drawn = torch.randn(one.shape, generator=torch.Generator().manual_seed(1))
        fresh[i] = one + drawn.to(one.dtype)
    else:
        fresh[i] = 3 * one + 0.5
    return tuple(fresh)
