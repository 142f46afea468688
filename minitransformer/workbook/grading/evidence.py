"""Reading what an open-ended exercise's answer returned: several numbers, the first of them whole.

Leaves out what is said where nothing was returned, which each grader knows best, and measuring the
numbers again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitransformer.workbook.grading.compare import Wrong

_NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five"}


def read_numbers(found: Any, names: Sequence[str], whole: int) -> list[float]:
    """The numbers in a tuple or list, of any type that holds one; the first `whole` are whole.

    >>> read_numbers((1, 0, 0.5), ["layer", "head", "share"], 2)
    [1.0, 0.0, 0.5]
    """
    many = _NUMBERS[len(names)]
    ending = f"end with return {', '.join(names)}"
    if not isinstance(found, (tuple, list)):
        raise Wrong(
            f"expected {many} values, found a value of type {type(found).__name__}: {ending}"
        )
    if len(found) != len(names):
        raise Wrong(f"expected {many} values, found {len(found)}: {ending}")
    try:
        numbers = [float(value) for value in found]
    except (TypeError, ValueError, RuntimeError):
        kinds = ", ".join(type(value).__name__ for value in found)
        raise Wrong(
            f"expected {many} numbers ({', '.join(names)}), found {kinds}: reduce each to one "
            "number, by .item() if it is a tensor"
        ) from None
    if not all(number.is_integer() for number in numbers[:whole]):
        shown = " and ".join(f"{number:g}" for number in numbers[:whole])
        raise Wrong(f"expected {' and '.join(names[:whole])} as whole numbers, found {shown}")
    return numbers
