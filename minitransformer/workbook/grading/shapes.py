"""How a tensor's shape differs from the one expected, and the step that would mend it.

Leaves out the numbers. Where sizes agree by chance, what is said of them is true all the same.
"""

from __future__ import annotations

from itertools import permutations
from math import prod

from torch import Tensor


def about(found: Tensor, expected: Tensor) -> str:
    """The two shapes, and a clause about what they have in common.

    >>> import torch
    >>> about(torch.zeros(3, 2), torch.zeros(2, 3))
    'expected shape [2, 3], found [3, 2]: the last two axes have changed places'
    """
    f, e = list(found.shape), list(expected.shape)
    return f"expected shape {e}, found {f}" + (f": {said}" if (said := _clause(f, e)) else "")


def _clause(f: list[int], e: list[int]) -> str:
    if [n for n in f if n != 1] == [n for n in e if n != 1]:
        if len(f) > len(e):
            return "an axis of size 1 is too many (squeeze it, or leave out keepdim=True)"
        if len(f) < len(e):
            return "an axis of size 1 is missing (keepdim=True keeps it, unsqueeze adds one)"
    if len(f) == len(e):
        return _of_one_length(f, e)
    if len(f) == len(e) - 1:
        for d in range(len(e)):
            if f == e[:d] + e[d + 1 :]:
                return f"{_axis(d, len(e))}, of size {e[d]}, is gone: summed or indexed away?"
    if len(f) == len(e) + 1:
        for d in range(len(f)):
            if e == f[:d] + f[d + 1 :]:
                return f"{_axis(d, len(f))}, of size {f[d]}, is too many: should it be summed over?"
    if prod(f) == prod(e):
        return "there are as many numbers as there should be, in other axes"
    return ""


def _of_one_length(f: list[int], e: list[int]) -> str:
    if len(e) >= 2 and f == [*e[:-2], e[-1], e[-2]]:
        return "the last two axes have changed places"
    if len(e) <= 5 and any(list(p) == f for p in permutations(e)):
        return "the axes are right, in another order"
    off = [d for d in range(len(e)) if f[d] != e[d]]
    if len(off) == 1:
        d = off[0]
        more = f[d] - e[d]
        if abs(more) == 1 and e[d] > 1 and f[d] > 1:
            return f"{_axis(d, len(e))} is one too {'long' if more > 0 else 'short'}"
        if f[d] == 1:
            gone = "is it summed over, or indexed in another's place?"
            return f"{_axis(d, len(e))} has shrunk to 1: {gone}"
        if len(e) == 1:
            return f"it holds {f[0]} numbers in the place of {e[0]}"
        return f"only {_axis(d, len(e))} differs"
    return ""


def _axis(d: int, ndim: int) -> str:
    if ndim == 1:
        return "its only axis"
    return {0: "the first axis", ndim - 1: "the last axis"}.get(d, f"axis {d}")
