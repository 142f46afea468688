"""What one tensor is to another of its shape: a multiple, its transpose, its softmax, all but one.

Each relation takes (found, expected) in float64, which differ, and yields the sentences that are
true of the two, the most telling first. A sentence names no size that another case would not have,
so that one that is true of every case is found by its words (`diagnosis.py`). Leaves out lists and
text (`sequences.py`), and how much must be seen before a sentence is believed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

_RTOL, _ATOL = 1e-4, 1e-5
_NAN = (
    "NaN (not a number), which 0/0, inf - inf, 0 * inf and the root or logarithm of a negative "
    "number give"
)


def same(a: Tensor, b: Tensor) -> bool:
    """Equal to rounding, shape included; NaN is NaN."""
    if a.shape != b.shape:
        return False
    return bool(torch.isclose(a, b, rtol=_RTOL, atol=_ATOL, equal_nan=True).all())


def not_finite(found: Tensor, expected: Tensor) -> Iterator[str]:
    """NaN or infinity where there should be none."""
    nan = found.isnan() & ~expected.isnan()
    if nan.any():
        if nan.all():
            yield f"Everything is {_NAN}."
        else:
            yield f"{int(nan.sum())} of {nan.numel()} entries are {_NAN}."
        yield f"Among the entries is {_NAN}."
    elif (found.isinf() & expected.isfinite()).any():
        if not expected.isinf().any():
            yield (
                "There is an infinity where a finite number is expected: something overflows, is "
                "divided by 0, or is the logarithm of 0."
            )
    elif (expected.isinf() & found.isfinite()).any() and same(
        found[expected.isfinite()], expected[expected.isfinite()]
    ):
        if bool((found[expected.isinf() & found.isfinite()].abs() > 1e4).all()):
            yield "It differs only where an infinity is expected: a large finite number is not one."
        else:
            yield "It differs only where an infinity is expected: a finite number stands there."


def misplaced(found: Tensor, expected: Tensor) -> Iterator[str]:
    """Infinities where others are expected."""
    if expected.isinf().any() and (found.isinf() & expected.isfinite()).any():
        yield "An infinity stands where a finite number is expected: is it in the wrong place?"


def constant(found: Tensor, expected: Tensor) -> Iterator[str]:
    """Nothing but one number."""
    first = found.flatten()[:1]
    if not bool((found == first).all()):
        return
    if not bool(first) and bool((expected != expected.round()).any()):  # an id may well be 0
        yield "Every entry found is 0: is what was computed ever put into the result?"
    if found.numel() > 2:
        yield "All entries found are the same number."


def scaled(found: Tensor, expected: Tensor) -> Iterator[str]:
    """A multiple, or off by a constant."""
    factor = ratio(found, expected)
    if factor is not None:
        if abs(factor + 1) < _RTOL:
            yield "Every entry has the opposite sign."
        else:
            yield f"Everything is {factor:.4g} times what is expected{_NAMED[_digits(factor)]}."
    shift = offset(found, expected)
    if shift is not None:
        more = "larger" if shift > 0 else "smaller"
        yield f"Every entry is {abs(shift):.4g} {more} than expected."


class _Names(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def _digits(number: float) -> str:
    return f"{number:.3g}"


_NAMED = _Names(
    {
        _digits(1 / math.log(2)): " (a logarithm to base 2 in the place of the natural one)",
        _digits(math.log(2)): " (a natural logarithm in the place of one to base 2)",
        _digits(1 / math.log(10)): " (a logarithm to base 10 in the place of the natural one)",
    }
)


def ratio(found: Tensor, expected: Tensor) -> float | None:
    """The number, not 0 or 1, by which everything expected is multiplied."""
    f, e = _finite(found, expected)
    if not len(e) or not bool((e != 0).any()):
        return None
    at = e.abs().argmax()
    factor = float(f[at] / e[at])
    scale = max(1.0, abs(factor))
    if abs(factor) < 1e-9 or abs(factor - 1) < _RTOL or not same(f / scale, e * (factor / scale)):
        return None
    return factor


def offset(found: Tensor, expected: Tensor) -> float | None:
    """The number that is added everywhere."""
    f, e = _finite(found, expected)
    if not len(e):
        return None
    shift = float((f - e)[0])
    return shift if abs(shift) > 1e-4 and same(f, e + shift) else None


def _finite(found: Tensor, expected: Tensor) -> tuple[Tensor, Tensor]:
    """The finite entries of the two; nothing where others differ."""
    finite = expected.isfinite() & found.isfinite()
    if not same(found[~finite], expected[~finite]):
        finite = torch.zeros_like(finite)
    return found[finite], expected[finite]


_FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "the absolute value of what is expected": torch.abs,
    "the square of what is expected": torch.square,
    "the square root of what is expected": torch.sqrt,
    "1 over what is expected": torch.reciprocal,
    "1 less what is expected": lambda t: 1 - t,
    "the logarithm of what is expected": torch.log,
    "the exponential (e to the power) of what is expected": torch.exp,
    "what is expected, rounded to whole numbers": torch.round,
    "what is expected, cut down to whole numbers (// or int?)": torch.floor,
    "what is expected without its decimals (int()?)": torch.trunc,
    **{
        f"what is expected, rounded to {n} decimal{'s' * (n > 1)}: keep all digits": (
            lambda t, n=n: torch.round(t, decimals=n)
        )
        for n in (1, 2, 3, 4)
    },
    "what is expected with 0 for all that is negative": lambda t: t.clamp(min=0),
    "what is expected, cut to between 0 and 1": lambda t: t.clamp(0, 1),
}


def function(found: Tensor, expected: Tensor) -> Iterator[str]:
    """The same function of each entry."""
    for said, of in _FUNCTIONS.items():
        if same(found, of(expected)):
            yield f"Every entry is {said}."


def along(found: Tensor, expected: Tensor) -> Iterator[str]:
    """What softmax, sums and means along an axis make of one another."""
    for d in range(-1, -expected.ndim - 1, -1):
        if expected.shape[d] < 2:
            continue
        axis = name_of(d)
        if same(found, expected.softmax(d)):
            yield f"This is the softmax, along {axis}, of what is expected: is one too many taken?"
        if same(found.softmax(d), expected):
            yield f"A softmax along {axis} is missing: taken of what was found, it is right."
        if same(found, expected.log_softmax(d)):
            yield f"This is the log_softmax, along {axis}, of what is expected: is one too many?"
        if same(found.log_softmax(d), expected):
            yield f"A log_softmax along {axis} is missing: taken of what was found, it is right."
        sums = expected.sum(d, keepdim=True)
        if same(sums, torch.ones_like(sums)) and same(found / found.sum(d, keepdim=True), expected):
            yield (
                f"The sums along {axis} should be 1 and are not: divided by its sum, each "
                "would be right."
            )
        if same(found - found.mean(d, keepdim=True), expected):
            yield f"The mean along {axis} is not taken away; less it, everything would be right."
        if same(found, expected.cumsum(d)):
            yield f"This is the running sum, along {axis}, of what is expected."
        if same(found.cumsum(d), expected):
            yield f"The running sum along {axis} is missing."


def own_factors(found: Tensor, expected: Tensor) -> Iterator[str]:
    """Each row, or column, a multiple of what it should be."""
    if not (found.isfinite().all() and expected.isfinite().all()) or ratio(found, expected):
        return
    for d in range(-1, -expected.ndim - 1, -1):
        if expected.shape[d] < 3 or expected.ndim < 2:
            continue
        rows, wanted = found.movedim(d, -1), expected.movedim(d, -1)
        at = wanted.abs().argmax(-1, keepdim=True)
        factor = rows.gather(-1, at) / wanted.gather(-1, at)
        if same(rows, factor * wanted) and bool(factor.isfinite().all()):
            what = {-1: "Each row", -2: "Each column"}.get(d, f"Each slice of {name_of(d)}")
            yield f"{what} is the expected one times a number of its own."


def near(found: Tensor, expected: Tensor) -> Iterator[str]:
    """Right to a few digits."""
    if not bool(found.isfinite().all()) or not bool(expected.isfinite().all()):
        return
    coarse = float(found.abs().max()) > 0 and same(found.bfloat16().double(), found)
    if coarse and torch.allclose(found, expected, rtol=0.04, atol=1e-3):
        yield "Its numbers have the few digits of a 16-bit dtype: compute in float32."
    scale = float(expected.abs().max())
    if torch.allclose(found, expected, rtol=0.01, atol=0.001 * scale):
        yield (
            "Every entry is within 1 % of what is expected: the way is right, and a small "
            "constant (such as eps), its place, or lost digits make the difference."
        )


def name_of(d: int) -> str:
    """An axis, counted from the end, in words."""
    return {-1: "the last axis", -2: "the last axis but one"}.get(d, f"axis {d}")
