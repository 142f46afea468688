"""Noticing that an answer replaced what the grader and the other exercises use.

Leaves out what somebody who means to could hide: it compares functions of a few modules before and
after, so that a `torch.allclose = ...` is named instead of being believed.
"""

from __future__ import annotations

import builtins
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from minitransformer.workbook.grading import (
    compare,
    diagnosis,
    experiments,
    ladder,
    marked,
    places,
    relations,
    rungs,
    sequences,
    shapes,
    values,
)  # fmt: skip
from minitransformer.workbook.running import breakage

_TORCH = str(Path(torch.__file__).parent)


class Guard:
    """The functions of the modules that verdicts rest on, as they were at the start."""

    def __init__(self, *more: ModuleType) -> None:
        functional, linalg = torch.nn.functional, torch.linalg
        judging = (compare, values, shapes, ladder, rungs, breakage)
        ours = (*judging, marked, diagnosis, experiments, relations, places, sequences)
        spaces = (builtins, math, torch, functional, linalg, *ours, *more)
        watched: list[Any] = [*spaces, torch.Tensor, ladder.Grader, rungs.Case]
        self._before = [(where, _functions(where)) for where in watched]

    def replaced(self) -> str:
        """The name of a function that is another now, such as "torch.allclose"; or ""."""
        for where, before in self._before:
            now = _functions(where)
            for name, value in before.items():
                if now.get(name) is not value and not _by_torch(now.get(name)):
                    return f"{where.__name__}.{name}"
        return ""


def _by_torch(value: Any) -> bool:
    """Whether a function stands in torch's own files: `torch.compile` swaps a few."""
    code = getattr(value, "__code__", None)
    return code is not None and code.co_filename.startswith(_TORCH)


def _functions(where: Any) -> dict[str, Any]:
    """The functions of a module or class by name; what is added later does not count.

    Classes are left out: torch.set_default_dtype swaps torch.Storage.
    """
    spaces = reversed(where.__mro__) if isinstance(where, type) else [where]
    named = {name: value for space in spaces for name, value in vars(space).items()}
    return {k: v for k, v in named.items() if callable(v) and not isinstance(v, type)}
