"""Comparing what an answer gave with what was expected, and saying how they differ.

Leaves out where the expected value comes from. The torch functions used here are taken when this
file is imported, so that an answer that replaces `torch.isclose` does not judge itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from numbers import Integral, Real
from typing import Any

import torch
from torch import Tensor

from minitransformer.workbook.grading import marked
from minitransformer.workbook.grading.shapes import about as about_shapes
from minitransformer.workbook.grading.values import around, both, kind, remedy, short, show

_isclose, _all = torch.isclose, torch.all
RTOL, ATOL = 1e-4, 1e-5
# An answer may work in any floating dtype; a coarse one cannot be asked for fine digits.
_COARSE = {torch.float16: 5e-3, torch.bfloat16: 4e-2}
NOTHING = "nothing was returned: does every way through it end with return?"
_ABSENT = object()
_AT_A_GLANCE = 8  # characters: where longer texts part is said


class Wrong(Exception):
    """What a rung raises: the answer is wrong, and the message says how."""

    plain = False  # whether no tensors are handed in, but lists, dicts or text
    pair: tuple[Any, Any] | None = None  # what was found and expected, where they were compared
    of_shape = False  # whether it is the shape that differs: only then print shapes


def expect_close(
    found: Any, expected: Any, what: str, *, rtol: float = RTOL, atol: float = ATOL
) -> None:
    """Raise `Wrong` unless `found` is `expected` to rounding: `expect_close(x, 2.0, "the sum")`.

    Takes tensors (any floating dtype), numbers (numpy's too), text, bytes, and tuples, lists and
    dicts of them. Whole numbers must be equal; -inf agrees with -inf only, NaN with NaN only.
    """
    found = as_tuple(found, expected)
    if problem := mismatch(found, expected):
        raise Wrong(f"{what}: {problem}")
    if problem := difference(found, expected, rtol, atol):
        wrong = Wrong(f"{what}: {problem}")
        wrong.pair = found, expected
        raise wrong


def as_tuple(found: Any, expected: Any) -> Any:
    """A list where several values are expected: `[a, b]` is taken apart just as `(a, b)` is."""
    return tuple(found) if type(found) is list and isinstance(expected, tuple) else found


def agree(a: Any, b: Any, *, rtol: float = RTOL, atol: float = ATOL) -> bool:
    """Whether two values are of one kind and shape, and equal to rounding."""
    if _plain(a) and _plain(b):
        return a == b  # without a sentence, which takes longer
    a = as_tuple(a, b)
    if isinstance(a, (tuple, list)) and kind(a) == kind(b):
        rows = zip(a, b, strict=False)
        return len(a) == len(b) and all(agree(x, y, rtol=rtol, atol=atol) for x, y in rows)
    if isinstance(a, Tensor) and isinstance(b, Tensor) and kind(a) == kind(b):
        return a.shape == b.shape and bool(_all(_near(a.detach(), b.detach(), rtol, atol)))
    return not mismatch(a, b) and not difference(a, b, rtol, atol)


def _plain(value: Any) -> bool:
    """Whether a value is a list or dict of whole numbers and text, which == compares at once."""
    if type(value) is dict:
        inside = value.values()
    elif type(value) is list:
        inside = value
    else:
        return False
    return set(map(type, inside)) <= {int, str, bytes}


def mismatch(found: Any, expected: Any) -> str:
    """How kind or shape differ, as a sentence; "" if they do not.

    How long a list is and which keys a dict has are values: `difference` tells of them.
    """
    if _plain(found) and _plain(expected) and found == expected:
        return ""
    if kind(found) == "None" != kind(expected):
        return NOTHING
    if kind(found) != kind(expected):
        found_as = f"{_with_shape(found)}{remedy(found, expected)}"
        return f"expected {_with_shape(expected)}, found {found_as}"
    if isinstance(expected, Tensor):
        if found.shape != expected.shape:
            return about_shapes(found, expected)
        return ""
    if isinstance(expected, tuple) and len(found) != len(expected):
        values = f"{len(expected)} value{'s' * (len(expected) != 1)}"
        return f"expected {values}, found {len(found)}"
    if isinstance(expected, (tuple, list)):
        for i, (f, e) in enumerate(zip(found, expected, strict=False)):
            if problem := mismatch(f, e):
                return f"value {i + 1}: {problem}"
    elif isinstance(expected, Mapping):
        for key in expected:
            if key in found and (problem := mismatch(found[key], expected[key])):
                return f"{show(key)}: {problem}"
    return ""


def difference(found: Any, expected: Any, rtol: float = RTOL, atol: float = ATOL) -> str:
    """How values of one kind and shape differ, as a sentence; "" if they do not."""
    if _plain(found) and _plain(expected) and found == expected:
        return ""
    if isinstance(expected, Tensor):
        return _tensors(found.detach(), expected.detach(), rtol, atol)
    if isinstance(expected, torch.nn.Module):
        return difference(dict(found.state_dict()), dict(expected.state_dict()), rtol, atol)
    if kind(expected) == "a number":
        return "" if _close(found, expected, rtol, atol) else both(expected, found)
    if isinstance(expected, Mapping):
        return _dicts(found, expected, rtol, atol)
    if isinstance(expected, (tuple, list)):
        return _rows(found, expected, rtol, atol)
    if callable(expected) or found == expected:  # a copied function is not equal to itself
        return ""
    if isinstance(expected, (str, bytes)):
        return _rows(found, expected, rtol, atol)
    return f"expected {expected!r}, found {found!r}"


def _close(found: Real, expected: Real, rtol: float, atol: float) -> bool:
    if bool(found == expected):
        return True
    if isinstance(found, Integral) and isinstance(expected, Integral):
        return False  # ids and counts are never nearly right
    a, b = float(found), float(expected)
    return (a != a and b != b) or abs(a - b) <= atol + rtol * abs(b) < float("inf")


def _rows(found: Sequence[Any], expected: Sequence[Any], rtol: float, atol: float) -> str:
    """Two lists, tuples, texts or rows of bytes: the two in full, or the place where they part."""
    pairs = list(enumerate(zip_longest(found, expected, fillvalue=_ABSENT)))
    text = isinstance(expected, (str, bytes))
    for place, (f, e) in pairs:
        if f is not _ABSENT and e is not _ABSENT:
            problem = "differs" * (f != e) if text else difference(f, e, rtol, atol)
            if not problem:
                continue
            if isinstance(e, (Tensor, torch.nn.Module)):
                return f"value {place + 1}: {problem}"
        if short(expected) and short(found):
            if text or len(found) != len(expected):
                at = f"; they part at [{place}]" if text and len(expected) > _AT_A_GLANCE else ""
                return both(expected, found) + at
            rows = zip(found, expected, strict=True)
            differs = [bool(difference(f, e, rtol, atol)) for f, e in rows]
            return marked.rows(expected, found, differs)
        sizes = ""
        if len(found) != len(expected):
            sizes = f" (expected {len(expected)} in all, found {len(found)})"
        near = f"expected {around(expected, place)}, found {around(found, place)}"
        return f"the first difference is at [{place}]: {near}{sizes}"
    return ""


def _dicts(found: Mapping[Any, Any], expected: Mapping[Any, Any], rtol: float, atol: float) -> str:
    missing = [key for key in expected if key not in found]
    extra = [key for key in found if key not in expected]
    shared = [key for key in expected if key in found]
    told = ((key, difference(found[key], expected[key], rtol, atol)) for key in shared)
    first = next(((key, problem) for key, problem in told if problem), None)
    if not (missing or extra or first):
        return ""
    tensors = any(isinstance(value, Tensor) for value in (*expected.values(), *found.values()))
    if not tensors and short(expected) and short(found):
        differs = [k for k in shared if difference(found[k], expected[k], rtol, atol)]
        return marked.dicts(expected, found, [] if missing or extra else differs)
    if missing:
        return f"the key {show(missing[0])} is missing ({len(missing)} of {len(expected)} are)"
    if extra:
        return f"the key {show(extra[0])} should not be there ({len(extra)} should not)"
    assert first is not None
    return f"at the key {show(first[0])}: {first[1]}"


def _tensors(found: Tensor, expected: Tensor, rtol: float, atol: float) -> str:
    close = _near(found, expected, rtol, atol)
    if bool(_all(close)):
        return ""
    return marked.tensors(expected.cpu(), found.cpu(), close)


def _near(found: Tensor, expected: Tensor, rtol: float, atol: float) -> Tensor:
    """Which entries of two tensors of one shape are equal to rounding."""
    if not (found.is_floating_point() or expected.is_floating_point()):
        rtol = atol = 0.0  # ids and counts: 20001 is not 20000
    slack = max(_COARSE.get(found.dtype, 0.0), _COARSE.get(expected.dtype, 0.0))
    a, b = found.double().cpu(), expected.double().cpu()
    return _isclose(a, b, rtol=max(rtol, slack), atol=max(atol, slack), equal_nan=True)


def _with_shape(value: Any) -> str:
    shape = f" of shape {list(value.shape)}" if isinstance(value, Tensor) else ""
    return kind(value) + shape
