"""Comparing what an answer gave with what was expected, and saying how they differ.

Leaves out where the expected value comes from. The torch functions used here are taken when this
file is imported, so that an answer that replaces `torch.isclose` does not judge itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

_isclose, _as_tensor, _all = torch.isclose, torch.as_tensor, torch.all
RTOL, ATOL = 1e-4, 1e-5
# An answer may work in any floating dtype; a coarse one cannot be asked for fine digits.
_COARSE = {torch.float16: 5e-3, torch.bfloat16: 4e-2}
NOTHING = "nothing was returned: does it end with return?"
_IN_FULL = 24  # a tensor of at most so many entries is printed whole


class Wrong(Exception):
    """What a rung raises: the answer is wrong, and the message says how."""


def expect_close(
    found: Any, expected: Any, what: str, *, rtol: float = RTOL, atol: float = ATOL
) -> None:
    """Raise `Wrong` unless `found` is `expected` to rounding: `expect_close(x, 2.0, "the sum")`.

    Takes tensors (any floating dtype), numbers, and tuples, lists and dicts of them. -inf agrees
    with -inf only, and NaN with NaN only.
    """
    if problem := mismatch(found, expected):
        raise Wrong(f"{what}: {problem}")
    if problem := difference(found, expected, rtol, atol):
        raise Wrong(f"{what}: {problem}")


def agree(a: Any, b: Any, *, rtol: float = RTOL, atol: float = ATOL) -> bool:
    """Whether two values are of one kind and shape, and equal to rounding."""
    return not mismatch(a, b) and not difference(a, b, rtol, atol)


def kind(value: Any) -> str:
    """A word for the sort of value: every floating dtype is one kind."""
    if isinstance(value, Tensor):
        if value.is_floating_point():
            return "a floating-point tensor"
        return "a boolean tensor" if value.dtype == torch.bool else f"a tensor of {value.dtype}"
    if isinstance(value, bool):
        return "a bool"
    if isinstance(value, (int, float)):
        return "a number"
    return "None" if value is None else f"a {type(value).__name__}"


def mismatch(found: Any, expected: Any) -> str:
    """How kind or shape differ, as a sentence; "" if they do not."""
    if kind(found) == "None" != kind(expected):
        return NOTHING
    if kind(found) != kind(expected):
        return f"expected {_with_shape(expected)}, found {_with_shape(found)}"
    if isinstance(expected, Tensor):
        if found.shape != expected.shape:
            return f"expected shape {list(expected.shape)}, found {list(found.shape)}"
        return ""
    if isinstance(expected, (tuple, list)):
        if len(found) != len(expected):
            return f"expected {len(expected)} values, found {len(found)}"
        pairs = zip(found, expected, strict=True)
        parts = ((f"value {i + 1}", *pair) for i, pair in enumerate(pairs))
    elif isinstance(expected, Mapping):
        if set(found) != set(expected):
            return f"expected the keys {sorted(expected)}, found {sorted(found)}"
        parts = ((repr(key), found[key], expected[key]) for key in expected)
    else:
        return ""
    return next((f"{name}: {p}" for name, f, e in parts if (p := mismatch(f, e))), "")


def difference(found: Any, expected: Any, rtol: float = RTOL, atol: float = ATOL) -> str:
    """How values of one kind and shape differ, as a sentence; "" if they do not."""
    if isinstance(expected, Tensor) or kind(expected) == "a number":
        return _numbers(_as_tensor(found).detach(), _as_tensor(expected).detach(), rtol, atol)
    if isinstance(expected, torch.nn.Module):
        return difference(dict(found.state_dict()), dict(expected.state_dict()), rtol, atol)
    if isinstance(expected, Mapping):
        pairs = [(found[key], expected[key]) for key in expected]
    elif isinstance(expected, (tuple, list)):
        pairs = list(zip(found, expected, strict=True))
    elif callable(expected) or found == expected:  # a copied function is not equal to itself
        return ""
    else:
        return f"expected {expected!r}, found {found!r}"
    return next((p for f, e in pairs if (p := difference(f, e, rtol, atol))), "")


def _numbers(found: Tensor, expected: Tensor, rtol: float, atol: float) -> str:
    slack = max(_COARSE.get(found.dtype, 0.0), _COARSE.get(expected.dtype, 0.0))
    a, b = found.double().cpu(), expected.double().cpu()
    close = _isclose(a, b, rtol=max(rtol, slack), atol=max(atol, slack), equal_nan=True)
    if bool(_all(close)):
        return ""
    if a.numel() <= _IN_FULL:
        return f"expected {show(expected)}, found {show(found)}"
    where = (~close).nonzero()[0].tolist()
    count = int((~close).sum())
    return (
        f"{count} of {a.numel()} entries differ; the first is at {where}: "
        f"expected {_number(b[tuple(where)].item())}, found {_number(a[tuple(where)].item())}"
    )


def show(tensor: Tensor) -> str:
    """A small tensor in full, a large one by its shape."""
    if tensor.numel() > _IN_FULL:
        return f"a tensor of shape {list(tensor.shape)}"
    return _nested(tensor.tolist())


def _nested(values: Any) -> str:
    if isinstance(values, list):
        return "[" + ", ".join(_nested(v) for v in values) + "]"
    return _number(values)


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _with_shape(value: Any) -> str:
    shape = f" of shape {list(value.shape)}" if isinstance(value, Tensor) else ""
    return kind(value) + shape
