"""Offer the nearest known name when a name is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of an error message: the known names that look like `name`, or nothing.

    >>> nearest("patern", ["pattern", "z"])
    '; did you mean "pattern"?'
    >>> nearest("zebra", ["pattern"])
    ''
    """
    close = get_close_matches(name, list(known), n=3, cutoff=0.6)
    if not close:
        return ""
    return "; did you mean " + " or ".join(f'"{c}"' for c in close) + "?"
