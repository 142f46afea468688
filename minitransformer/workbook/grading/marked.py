"""Expected and found, one above the other, with a star behind each entry that differs.

    >>> import torch
    >>> expected, found = torch.tensor([[1.0, 2], [3, 4]]), torch.tensor([[1.0, 2], [3, 5]])
    >>> print(tensors(expected, found, found == expected))
    1 of 4 entries differs, marked *:
      expected
      [[1, 2],
       [3, 4]]
      found
      [[1, 2],
       [3, 5*]]

Lines that begin with two spaces are to be shown as they are, in a type of one width; they fit 66
columns. A star is a character like others: it needs no colour, and a screen reader says it. Where
everything differs nothing is marked. Leaves out what differs (`compare.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from minitransformer.workbook.grading.values import IN_FULL, show

WIDTH = 66
_INLINE = 60  # two rows that together are no longer stand in the sentence
_GLANCE = 3  # of so many entries none is marked: what differs is seen
_DIGITS = (4, 6, 9, 17)


def joined(*texts: str, name: str = "") -> str:
    """Sentences one after the other; beside rows of numbers, each on a line of its own.

    One that begins with a function's `name` keeps its small letter.

    >>> joined("expected 1, found 2", "the other case is right", "")
    'expected 1, found 2. The other case is right.'
    """
    out = ""
    for i, text in enumerate(texts):
        if not text:
            continue
        gap = "" if not out else "\n" if "\n" in out or "\n" in text else " "
        as_it_is = not i or (name and text.startswith(f"{name} "))
        out += gap + (text if as_it_is else text[:1].upper() + text[1:])
        if not (out.endswith((".", "?", "!", ".)")) or out.rsplit("\n", 1)[-1].startswith("  ")):
            out += "."
    return out


def tensors(expected: Tensor, found: Tensor, close: Tensor) -> str:
    """How two tensors of one shape differ: in full if they are small, else one row of them."""
    bad, total = ~close, close.numel()
    if expected.ndim == 0:
        return two(*_texts([expected.item()], [found.item()], [True]))
    if expected.ndim == 1 and total <= IN_FULL:
        return rows(expected.tolist(), found.tolist(), bad.tolist())
    said = _how_many(int(bad.sum()), total)
    if total <= IN_FULL and (block := _block(expected, found, bad)):
        return f"{said}{_marked(bad)}:\n{block}"
    where = bad.nonzero()[0].tolist()
    row = tuple(where[:-1])
    if expected.shape[-1] <= IN_FULL:
        place = ", ".join([*map(str, row), ":"])
        block = _block(expected[row], found[row], bad[row])
        return f"{said}; the first is in [{place}]{_marked(bad[row])}:\n{block}"
    entry = [expected[tuple(where)].item()], [found[tuple(where)].item()]
    return f"{said}; the first is at {where}: {two(*_texts(*entry, [True]))}"


def rows(expected: Sequence[Any], found: Sequence[Any], differs: Sequence[bool]) -> str:
    """Two rows of one length: in the sentence if they are short, else one above the other."""
    brackets = "()" if isinstance(expected, tuple) else "[]"
    texts = _texts(expected, found, differs, marked=len(differs) > _GLANCE)
    return _laid_out(texts, brackets, differs)


def dicts(expected: Mapping[Any, Any], found: Mapping[Any, Any], differs: Sequence[Any]) -> str:
    """Two short dicts: those keys that both have come first, the values that differ are marked."""
    keys = [key for key in expected if key in found]
    bad = [key in differs for key in keys]
    values = [expected[key] for key in keys], [found[key] for key in keys]
    left, right = _texts(*values, bad, marked=len(keys) > _GLANCE and any(bad))
    missing = [f"{show(key)}: {show(expected[key])}" for key in expected if key not in found]
    extra = [f"{show(key)}: {show(found[key])}" for key in found if key not in expected]
    texts = (
        [f"{show(key)}: {text}" for key, text in zip(keys, left, strict=True)] + missing,
        [f"{show(key)}: {text}" for key, text in zip(keys, right, strict=True)] + extra,
    )
    return _laid_out(texts, "{}", bad if not (missing or extra) else [])


def _laid_out(texts: tuple[list[str], list[str]], brackets: str, differs: Sequence[bool]) -> str:
    marked = any(text.endswith("*") for text in texts[1])
    line = two(*texts, brackets)
    if len(line) <= _INLINE:
        return line + " (* marks what differs)" * marked
    block = [
        line
        for name, row in zip(("expected", "found"), texts, strict=True)
        for line in [name, *_broken(row, brackets)]
    ]
    said = _how_many(sum(differs), len(differs)) if differs else "they differ"
    return f"{said}{', marked *' * marked}:\n{_indented(block)}"


def two(expected: Sequence[str], found: Sequence[str], brackets: str = "") -> str:
    """Both in a sentence."""
    left, right = brackets or ("", "")
    comma = "," * (brackets == "()" and len(expected) == 1)
    shown = [f"{left}{', '.join(row)}{comma}{right}" for row in (expected, found)]
    return f"expected {shown[0]}, found {shown[1]}"


def _how_many(count: int, total: int) -> str:
    if count == total:
        return "every entry differs"
    return f"{count} of {total} entries {'differs' if count == 1 else 'differ'}"


def _marked(bad: Tensor) -> str:
    return "" if bool(bad.all()) else ", marked *"


def _texts(
    expected: Sequence[Any],
    found: Sequence[Any],
    differs: Sequence[bool],
    marked: bool = True,
) -> tuple[list[str], list[str]]:
    """The entries as text, with digits enough to tell apart those that differ, and the stars."""
    left, right = [], []
    for digits in _DIGITS:
        left, right = ([show(value, digits) for value in row] for row in (expected, found))
        if all(a != b for a, b, bad in zip(left, right, differs, strict=True) if bad):
            break
    if marked and not all(differs):
        right = [text + "*" * bad for text, bad in zip(right, differs, strict=True)]
    return left, right


def _block(expected: Tensor, found: Tensor, bad: Tensor) -> str:
    """Both tensors, row by row; "" if several rows are too wide."""
    pair = _texts(expected.flatten().tolist(), found.flatten().tolist(), bad.flatten().tolist())
    shape, lines = list(expected.shape), []
    for name, texts in zip(("expected", "found"), pair, strict=True):
        several = len(shape) > 1
        inner = _nested(_aligned(texts, shape[-1]), shape) if several else _broken(texts, "[]")
        lines += [name, *inner]
    block = _indented(lines)
    return block if len(shape) == 1 or max(map(len, block.splitlines())) <= WIDTH else ""


def _indented(lines: list[str]) -> str:
    return "\n".join(f"  {line}" for line in lines)


def _aligned(texts: list[str], n: int) -> list[str]:
    """The entries of rows of `n`, with commas, the points of a column in one line."""
    split = [re.fullmatch(r"([^.e*]*)(.*)", text, re.DOTALL) for text in texts]
    parts = [(m[1], m[2]) if m else (text, "") for m, text in zip(split, texts, strict=True)]
    before = [max(len(a) for a, _ in parts[i::n]) for i in range(n)]
    after = [max(len(b) for _, b in parts[i::n]) for i in range(n)]
    cells = []
    for place, (a, b) in enumerate(parts):
        i = place % n
        cell = a.rjust(before[i]) + b
        cells.append(f"{cell},".ljust(before[i] + after[i] + 1) if i < n - 1 else cell)
    return cells


def _nested(cells: list[str], shape: list[int]) -> list[str]:
    """The entries within the brackets of all axes, as torch prints them."""
    if len(shape) == 1:
        return ["[" + " ".join(cells) + "]"]
    each = len(cells) // shape[0]
    lines: list[str] = []
    for i in range(shape[0]):
        opening, closing = ("[" if i == 0 else " "), ("]" if i == shape[0] - 1 else ",")
        inner = _nested(cells[i * each : (i + 1) * each], shape[1:])
        lines += [(opening if j == 0 else " ") + line for j, line in enumerate(inner)]
        lines[-1] += closing
    return lines


def _broken(cells: list[str], brackets: str) -> list[str]:
    """One row, on as many lines as it needs; no entry is broken."""
    comma = "," * (brackets == "()" and len(cells) == 1)
    lines = [brackets[0]]
    for i, cell in enumerate(cells):
        text = cell + ("," if i < len(cells) - 1 else comma + brackets[1])
        if len(lines[-1]) > 1 and len(lines[-1]) + 1 + len(text) > WIDTH - 2:
            lines.append(" ")
        lines[-1] += f" {text}" if len(lines[-1]) > 1 else text
    return lines if cells else [brackets]
