"""What one list, text or dict is to another: reversed, one too long, in other letters.

As in `relations.py`: each takes (found, expected), which differ, and yields sentences that are true
of the two. Leaves out lists of numbers of one length, which are compared as tensors first.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def lists(found: Sequence[Any], expected: Sequence[Any]) -> Iterator[str]:
    """Lists and tuples, the most telling sentence first."""
    f, e = list(found), list(expected)
    if not f:
        yield "The result is empty: is what was found ever put into it?"
    if f == e[::-1]:
        yield "It is in the reverse order."
    if f == e[1:]:
        yield "The first one is missing; the rest is right."
    if f == e[:-1]:
        yield "The last one is missing; the rest is right."
    if f[1:] == e:
        yield "There is one too many in front; the rest is right."
    if f[:-1] == e:
        yield "There is one too many at the end; the rest is right."
    if len(f) < len(e) and f == e[: len(f)]:
        yield "It is right as far as it goes, and ends too early."
    if len(f) > len(e) and f[: len(e)] == e:
        yield "It begins rightly, and does not end where it should."
    if len(f) == len(e):
        if f[1:] == e[:-1]:
            yield "Everything stands one place too late: it is shifted by one."
        if f[:-1] == e[1:]:
            yield "Everything stands one place too early: it is shifted by one."
        wrong = [i for i, (a, b) in enumerate(zip(f, e, strict=True)) if a != b]
        if len(wrong) == 1 and len(e) > 1:
            if wrong[0] == 0:
                yield "Only the first one differs."
            if wrong[0] == len(e) - 1:
                yield "Only the last one differs."
            yield "Only one of them differs."
    yield from _same_members(f, e)
    yield from _flat(f, e)


def _same_members(f: list[Any], e: list[Any]) -> Iterator[str]:
    texts, wanted = sorted(map(repr, f)), sorted(map(repr, e))
    if texts == wanted:
        yield "The right ones are there, in another order."
        return
    once, needed = set(texts), set(wanted)
    if once == needed:
        more = len(texts) > len(wanted)
        yield f"The right ones are there, but some {'too often' if more else 'not often enough'}."
    elif once < needed:
        yield "Some are missing; those that are there are right."
    elif once > needed:
        yield "Some should not be there; the rest is right."


def _flat(f: list[Any], e: list[Any]) -> Iterator[str]:
    """Lists in lists, or none."""
    if all(isinstance(part, (list, tuple)) for part in f) and [x for part in f for x in part] == e:
        yield "The parts stand in lists of their own: put them into one."
    if all(isinstance(part, (list, tuple)) for part in e) and [x for part in e for x in part] == f:
        yield "The parts should stand in lists of their own, not in one."


def texts(found: str | bytes, expected: str | bytes) -> Iterator[str]:
    """Text and rows of bytes."""
    if isinstance(found, bytes) or isinstance(expected, bytes):
        f, e = bytes(found).decode("latin-1"), bytes(expected).decode("latin-1")  # type: ignore[arg-type]
        some = "bytes"
    else:
        f, e, some = found, expected, "characters"
    if not f:
        yield "The result is empty: is what was found ever put into it?"
    elif some == "characters" and _form(f) == _form(e):
        yield "It looks alike, and has other characters: print(ascii(...)) shows which."
    if f.strip() == e.strip():
        yield "Only the white space at the ends differs."
    if "".join(f.split()) == "".join(e.split()):
        yield "Only the white space differs."
    if f.lower() == e.lower():
        yield "Only capitals and small letters differ."
    if f[::-1] == e:
        yield f"The {some} are in the reverse order."
    if len(f) > 1 and f[1:-1] == e and f[0] == f[-1] in "'\"":
        yield "There are quotation marks around it: is repr(...) taken of a text?"
    if f == e[1:]:
        yield f"The first of the {some} is missing."
    if f == e[:-1]:
        yield f"The last of the {some} is missing."
    if len(f) < len(e) and e.startswith(f):
        yield "It is right as far as it goes, and ends too early."
    if len(f) > len(e) and f.startswith(e):
        yield "It begins rightly, and does not end where it should."
    if sorted(f) == sorted(e):
        yield f"The right {some} are there, in another order."


def _form(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def dicts(found: Mapping[Any, Any], expected: Mapping[Any, Any]) -> Iterator[str]:
    """Dicts: which keys, and what is wrong with the values."""
    if not found:
        yield "The result is empty: is what was found ever put into it?"
        return
    missing = [key for key in expected if key not in found]
    extra = [key for key in found if key not in expected]
    shared = [key for key in expected if key in found]
    if missing and extra and _turned(found) == expected:
        yield "The two parts of each key have changed places."
    if expected == {v: k for k, v in found.items() if _hashable(v)}:
        yield "Keys and values have changed places."
    if any(found[key] != expected[key] for key in shared):
        return
    if missing and not extra:
        yield "Some keys are missing; what is there is right."
        if len({repr(expected[key]) for key in missing}) == 1:
            yield f"The keys whose value is {expected[missing[0]]!r} are missing."
    if extra and not missing:
        if all(not found[key] for key in extra):
            yield "The keys too many all hold nothing (0): leave those out."
        yield "Some keys should not be there; the rest is right."


def _turned(d: Mapping[Any, Any]) -> dict[Any, Any]:
    return {key[::-1] if isinstance(key, (tuple, str)) else key: v for key, v in d.items()}


def _hashable(value: Any) -> bool:
    return isinstance(value, (int, float, str, bytes, tuple))
