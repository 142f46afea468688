"""Right numbers in wrong places, and places that alone are wrong: the rest of `relations.py`.

Each relation takes (found, expected) of one shape, which differ, and yields sentences.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import torch
from torch import Tensor

from minitransformer.workbook.grading.relations import name_of, same


def moved(found: Tensor, expected: Tensor) -> Iterator[str]:
    """The right numbers, turned, shifted or in another order."""
    dims = [d for d in range(-1, -expected.ndim - 1, -1) if expected.shape[d] > 1]
    for a, b in combinations(dims, 2):
        turned = expected.transpose(a, b)
        if same(found, turned):
            if expected.ndim == 2:
                yield "This is the transpose of what is expected: rows and columns are swapped."
            yield f"{name_of(b)} and {name_of(a)} are swapped: this is the transpose.".capitalize()
        elif same(found.flatten(), turned.flatten()):
            yield (
                "The right numbers are in the order of a transpose: a reshape or view stands "
                "where a transpose is needed."
            )
    for d in dims:
        if same(found, expected.flip(d)):
            yield f"The right numbers are in the reverse order along {name_of(d)}."
    for d in dims:
        yield from _shifted(found, expected, d)
    for d in dims:
        if _permuted(found, expected, d):
            yield f"The right numbers are in another order along {name_of(d)}."
    if len(dims) and same(found.flatten().sort()[0], expected.flatten().sort()[0]):
        yield "The right numbers are in other places."


def _shifted(found: Tensor, expected: Tensor, d: int) -> Iterator[str]:
    n, axis = expected.shape[d], name_of(d)
    if n < 3:
        return
    if same(found.narrow(d, 1, n - 1), expected.narrow(d, 0, n - 1)):
        yield f"Everything stands one place too late along {axis}: it is shifted by one."
    if same(found.narrow(d, 0, n - 1), expected.narrow(d, 1, n - 1)):
        yield f"Everything stands one place too early along {axis}: it is shifted by one."


def _permuted(found: Tensor, expected: Tensor, d: int) -> bool:
    """Whether the slices along an axis are those expected, one of each."""
    n = expected.shape[d]
    if not 2 < n <= 64:
        return False
    rows, wanted = (t.movedim(d, 0).reshape(n, -1) for t in (found, expected))
    left = list(range(n))
    for row in rows:
        match = next((i for i in left if same(row, wanted[i])), None)
        if match is None:
            return False
        left.remove(match)
    return True


def copied(found: Tensor, expected: Tensor) -> Iterator[str]:
    """One row for all, or the mean of all."""
    for d in range(-expected.ndim, 0):
        n = expected.shape[d]
        if n < 3:
            continue
        first = found.narrow(d, 0, 1)
        if not same(found, first.expand_as(found)) or found.unique().numel() == 1:
            continue
        for said, one in {
            "the first": expected.narrow(d, 0, 1),
            "the last": expected.narrow(d, n - 1, 1),
            "the mean": expected.mean(d, keepdim=True),
            "the sum": expected.sum(d, keepdim=True),
        }.items():
            if same(first, one):
                yield f"Along {name_of(d)} everything is alike: {said} of what is expected."
        yield f"Along {name_of(d)} everything found is alike, and should not be."


def region(found: Tensor, expected: Tensor) -> Iterator[str]:
    """Wrong in one place only, or right in one place only."""
    close = torch.isclose(found, expected, rtol=1e-4, atol=1e-5, equal_nan=True)
    if bool(close.all()):
        return
    for d in range(-expected.ndim, 0):
        n = expected.shape[d]
        others = [i for i in range(expected.ndim) if i != d % expected.ndim]
        bad, good = (~close), close
        wrong = bad.amax(others) if others else bad
        right = good.amax(others) if others else good
        if n < 2:
            continue
        if int(wrong.sum()) == 1:
            yield from _one(int(wrong.nonzero()), n, d, expected.ndim, "Only", "differs")
        if n > 2 and int(right.sum()) == 1 and int((~wrong).sum()) == 1:
            yield from _one(int((~wrong).nonzero()), n, d, expected.ndim, "Only", "is right")
    for number in (0.0, 1.0):
        where = expected == number
        if bool(where.any()) and bool((~close)[where].any()) and not bool((~close)[~where].any()):
            yield f"It differs only where {number:g} is expected."
    negative = expected < 0
    if bool(negative.any()) and not bool(negative.all()):
        if bool(close[~negative].all()):
            yield "It differs only where a negative number is expected."
        if bool(close[negative].all()):
            yield "It is right only where a negative number is expected."
    if expected.ndim >= 2 and expected.shape[-1] == expected.shape[-2]:
        yield from _triangles(~close)


def _one(i: int, n: int, d: int, ndim: int, before: str, after: str) -> Iterator[str]:
    """The names of one place along an axis: the first, the last, or its number."""
    things = {(1, -1): "entry", (2, -2): "row", (2, -1): "column"}
    thing = things.get((ndim, d), f"entry along {name_of(d)}")
    if i == 0:
        yield f"{before} the first {thing} {after}."
    if i == n - 1:
        yield f"{before} the last {thing} {after}."
    yield f"{before} {thing} {i} {after} (counted from 0)."
    if d == -ndim and ndim > 2:
        yield f"{before} one entry along the first axis {after}."


def _triangles(bad: Tensor) -> Iterator[str]:
    """On, above or below the diagonal of the last two axes."""
    if min(bad.shape[-2:]) < 3:
        return
    ones = torch.ones_like(bad)
    above, below = ones.triu(1), ones.tril(-1)
    diagonal = ~(above | below)
    for said, where in {
        "on the diagonal": diagonal,
        "above the diagonal": above,
        "below the diagonal": below,
    }.items():
        if not bool(bad[~where].any()):
            yield f"It differs only {said} (of the last two axes)."
    if not bool(bad[~(diagonal | above)].any()):
        yield "It differs only on the diagonal and above it (of the last two axes)."
    if not bool(bad[~(diagonal | below)].any()):
        yield "It differs only on the diagonal and below it (of the last two axes)."
