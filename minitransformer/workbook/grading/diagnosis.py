"""One sentence about a wrong answer that no catalogue knows, from its outputs alone.

    >>> import torch
    >>> expected = torch.tensor([1.0, 2.0, 4.0])
    >>> diagnose([Trial((), 3 * expected, expected)])
    'Everything is 3 times what is expected.'

A sentence is said only if it is true of every case that failed, and of three numbers at least; it
says what is so, not what the learner thought. Leaves out the catalogue, which is asked first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from numbers import Real
from typing import Any, NamedTuple

import torch
from torch import Tensor

from minitransformer.workbook.grading import places, relations, sequences
from minitransformer.workbook.grading.values import kind, show

_TENSORS = (
    relations.constant, relations.scaled, places.moved, relations.misplaced, relations.function,
    relations.along, places.copied, places.region, relations.near, relations.own_factors,
)  # fmt: skip
_FEWEST = 3  # numbers that a sentence must be true of
_LARGEST = 100_000  # and of more than that it is not asked


class Trial(NamedTuple):
    """A case on which an answer failed: its inputs, what it gave, and what was expected."""

    args: tuple[Any, ...]
    found: Any
    expected: Any


def diagnose(trials: Sequence[Trial], names: Sequence[str] = (), axes: Sequence[str] = ()) -> str:
    """What is true of all failed `trials`, in a sentence; "" if nothing is known.

    `names` are those of the inputs, `axes` those of the last axes of what is returned.
    """
    if not trials:
        return ""
    try:
        said = _input(trials, names) or _scales(trials, names) or _parts(trials)
        return _with_names(said, axes)
    except Exception:
        return ""  # outputs that cannot be computed with: nothing is known of them


def next_step(sentence: str) -> str:
    """What to do about a diagnosis that does not say it itself."""
    own = sentence.endswith("?") or ":" in sentence
    return "" if own else "Which line does that? Print what it gets and what it makes."


def small(sentence: str) -> str:
    """A sentence with a small letter in front, to stand behind other words."""
    return sentence[:1].lower() + sentence[1:]


def axes_of(answer: Callable[..., Any]) -> list[str]:
    """The names of the last axes of what is returned, as its annotation has them."""
    returned = getattr(answer, "__annotations__", {}).get("return")
    parts = str(getattr(returned, "dim_str", "")).rpartition("...")[2].split()
    return parts if all(part.isidentifier() for part in parts) else []


def _with_names(said: str, axes: Sequence[str]) -> str:
    """A sentence with the axes' own names in the place of "the last axis"."""
    for d, name in enumerate(reversed(axes), start=1):
        words = relations.name_of(-d)
        for old, new in (
            (f"entry along {words}", name),
            (words, name),
            (words.capitalize(), name.capitalize()),
        ):
            said = re.sub(rf"{re.escape(old)}(?! but one)\b", new, said)
    return said


def _input(trials: Sequence[Trial], names: Sequence[str]) -> str:
    """Whether an input comes back as it was."""
    for i, name in enumerate(names):
        if all(i < len(t.args) and _equal(t.found, t.args[i]) for t in trials):
            return f"What comes back is {name} as it was handed in: is the result what is returned?"
    return ""


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return a.shape == b.shape and bool(torch.equal(a.double(), b.double()))
    return type(a) is type(b) and isinstance(a, (list, dict, str, bytes)) and a == b


def _parts(trials: Sequence[Trial]) -> str:
    """A sentence about the whole, or about the one part of tuples or dicts that is wrong."""
    pairs = [(t.found, t.expected) for t in trials]
    first = trials[0].expected
    keys: list[Any] = []
    if isinstance(first, tuple) and all(_several(t) for t in trials):
        keys = list(range(len(first)))
    elif isinstance(first, Mapping) and all(_several(t) for t in trials):
        keys = list(first) if all(set(t.expected) == set(first) for t in trials) else []
    if len(keys) > 1:
        wrong = {k for f, e in pairs for k in keys if not same_value(f[k], e[k])}
        if len(wrong) == 1:
            (key,) = wrong
            about = _about([(f[key], e[key]) for f, e in pairs if not same_value(f[key], e[key])])
            which = f"value {key + 1}" if isinstance(first, tuple) else show(key)
            return f"Only {which} is wrong. {about}".rstrip()
        if (
            len(keys) == 2
            and trials
            and all(same_value((f[keys[1]], f[keys[0]]), _two(e)) for f, e in pairs)
        ):
            return "The two values have changed places."
        if isinstance(first, tuple):
            each = {
                _about([(f[k], e[k]) for f, e in pairs if not same_value(f[k], e[k])])
                for k in wrong
            }
            alike = len(each) == 1 and "" not in each
            return f"Of each value: {small(each.pop())}" if alike else ""
    return _about(pairs)


def _several(trial: Trial) -> bool:
    """Whether both hold the same parts."""
    f, e = trial.found, trial.expected
    if isinstance(e, tuple):
        return isinstance(f, tuple) and len(f) == len(e)
    return isinstance(f, Mapping) and set(f) == set(e)


def _two(value: Any) -> tuple[Any, ...]:
    return tuple(value.values()) if isinstance(value, Mapping) else tuple(value)


def same_value(a: Any, b: Any) -> bool:
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return len(a) == len(b) and all(map(same_value, a, b))
    x, y = _tensor(a), _tensor(b)
    if x is not None and y is not None:
        return relations.same(x, y)
    return bool(a == b)


def _about(pairs: Sequence[tuple[Any, Any]]) -> str:
    """The first sentence that is true of every pair."""
    tensors = [(_tensor(f), _tensor(e)) for f, e in pairs]
    if all(f is not None and e is not None and f.shape == e.shape for f, e in tensors):
        sizes = [e.numel() for _, e in tensors if e is not None]
        if said := _common(lambda pair: relations.not_finite(*pair), tensors):
            return said
        if _FEWEST <= sum(sizes) <= _LARGEST and min(sizes):
            said = _common(lambda pair: chain.from_iterable(r(*pair) for r in _TENSORS), tensors)
            if said or isinstance(pairs[0][1], Tensor):
                return said
    if all(isinstance(v, bool) for pair in pairs for v in pair) and len(pairs) > 2:
        return "It is True where it should be False, and the other way round."
    if all(isinstance(v, Mapping) for pair in pairs for v in pair):
        same_keys = all(set(f) == set(e) for f, e in pairs)
        values = [([f[k] for k in e], list(e.values())) for f, e in pairs] if same_keys else []
        if values and (said := _about(values)):
            return f"Of the values: {small(said)}"
    for types, told in (
        ((list, tuple), sequences.lists),
        ((str, bytes), sequences.texts),
        (Mapping, sequences.dicts),
    ):
        if all(isinstance(v, types) for pair in pairs for v in pair):
            return _common(lambda pair, told=told: told(*pair), pairs)
    return ""


def _common(told: Callable[[Any], Iterable[str]], pairs: Sequence[Any]) -> str:
    """The first sentence about the first pair that is told of all."""
    left: list[str] | None = None
    for pair in pairs:
        if left is None:
            left = list(dict.fromkeys(told(pair)))
        else:
            also = set(told(pair))
            left = [sentence for sentence in left if sentence in also]
        if not left:
            return ""
    return (left or [""])[0]


def _tensor(value: Any) -> Tensor | None:
    """A tensor, number or list of numbers as a tensor in float64; None for anything else."""
    if isinstance(value, Tensor):
        return None if value.is_complex() else value.detach().cpu().double()
    if isinstance(value, bool):
        return None
    if isinstance(value, Real):
        return torch.tensor(float(value), dtype=torch.float64)
    if isinstance(value, list) and value and {kind(v) for v in value} == {"a number"}:
        return torch.tensor([float(v) for v in value], dtype=torch.float64)
    return None


def _scales(trials: Sequence[Trial], names: Sequence[str]) -> str:
    """A factor that differs from case to case, if it is a power of the size of one axis."""
    pairs = [(_tensor(t.found), _tensor(t.expected)) for t in trials]
    factors = []
    for f, e in pairs:
        if f is None or e is None or f.shape != e.shape:
            return ""
        factors.append(relations.ratio(f, e))
    known = [factor for factor in factors if factor is not None]
    sizes = [int((e != 0).sum()) for _, e in pairs if e is not None]
    if len(known) < len(pairs) or len({f"{factor:.3g}" for factor in known}) < 2:
        return ""
    if min(sizes) < _FEWEST and (min(sizes) < 2 or len(sizes) < _FEWEST):
        return ""  # a lone number is a multiple of any other
    inputs = [(t, factor) for t, factor in zip(trials, known, strict=True) if t.args]
    for said, lengths in _axes([t for t, _ in inputs], names):
        of = [factor for _, factor in inputs]
        for power, words in _POWERS.items():
            if all(abs(f / n**power - 1) < 1e-3 for f, n in zip(of, lengths, strict=True)):
                return f"Everything is {words} times what is expected, where n is {said}."
    if min(sizes) < _FEWEST:
        return ""
    each = ", ".join(f"{factor:.4g}" for factor in known[:4])
    return f"On each case everything is what is expected times one number: {each}."


_POWERS = {1: "n", 0.5: "the root of n", -1: "1/n", -0.5: "1 / (the root of n)", 2: "n squared"}


def _axes(trials: Sequence[Trial], names: Sequence[str]) -> Iterator[tuple[str, list[int]]]:
    """The sizes of each input's axes, counted from the end, on every case."""
    for i, name in enumerate(names):
        tensors = [t.args[i] for t in trials if isinstance(t.args[i], Tensor)]
        if tensors and len(tensors) == len(trials):
            for d in range(-1, -min(t.ndim for t in tensors) - 1, -1):
                yield f"{name}.shape[{d}]", [t.shape[d] for t in tensors]
