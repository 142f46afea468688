"""Noticing that an answer replaced what the grader and the other exercises use.

Leaves out what somebody who means to could hide: it compares functions of a few modules before and
after, so that a `torch.allclose = ...` is named instead of being believed.
"""

from __future__ import annotations

import builtins
import math
from types import ModuleType
from typing import Any

import torch

from minitransformer.workbook import breakage, compare, grading


class Watch:
    """The functions of the modules that verdicts rest on, as they were at the start."""

    def __init__(self, *more: ModuleType) -> None:
        functional, linalg = torch.nn.functional, torch.linalg
        spaces = (builtins, math, torch, functional, linalg, compare, grading, breakage, *more)
        watched: list[Any] = [*spaces, torch.Tensor, grading.Grader, grading.Case]
        self._before = [(where, _functions(where)) for where in watched]

    def replaced(self) -> str:
        """The name of a function that is another now, such as "torch.allclose"; or ""."""
        for where, before in self._before:
            now = vars(where)
            for name, value in before.items():
                if now.get(name) is not value:
                    return f"{where.__name__}.{name}"
        return ""


def _functions(where: Any) -> dict[str, Any]:
    """The callables of a module or class by name; what torch adds later does not count."""
    return {name: value for name, value in vars(where).items() if callable(value)}
