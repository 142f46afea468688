"""Grader of chapter 02's open-ended exercise: tokens that training hardly touched.

Any tokens that meet the conditions pass. What is reported is measured again here, on made tables
in which such tokens stand beside others that only look so: with short rows, with long ones, near
the mean of the whole table, or not quite near enough. Where a number differs, the likely ways to
have got it are measured too, and the one that fits is named.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import torch

from minitransformer.workbook.grading import Wrong, expect_close, grader
from minitransformer.workbook.grading.compare import NOTHING

NEAR = 0.9


class Table(NamedTuple):
    """A made table, and what is asked about it."""

    W_E: torch.Tensor
    unused: list[int]
    k: int


class Measured:
    """A table's tokens, measured as the exercise asks, and in ways it does not."""

    def __init__(self, table: Table):
        self.rows = table.W_E.double()
        self.n, self.unused = len(self.rows), table.unused
        self.others = [i for i in range(self.n) if i not in table.unused]
        self.middle = self.rows[table.unused].mean(dim=0)
        self.nearness = self.to(self.middle)
        self.typical = sum(self.nearness[i] for i in self.others) / len(self.others)

    def to(self, vector):
        """Every row's cosine with a vector."""
        dots = (self.rows @ vector).tolist()
        sizes = (self.rows.norm(dim=1) * vector.norm()).tolist()
        return [dot / size for dot, size in zip(dots, sizes, strict=True)]

    def other_nearness(self):
        """Other values that may have been taken for every token's nearness, and what to do."""
        unit = self.rows / self.rows.norm(dim=1, keepdim=True)
        centred = self.rows - self.rows.mean(dim=0)
        from_mean = self.middle - self.rows.mean(dim=0)
        lengths = centred.norm(dim=1) * from_mean.norm()
        each = torch.tensor([self.to(self.rows[i]) for i in self.unused])
        return [
            (
                (self.rows @ self.middle).tolist(),
                "this is the dot product with the mean of the unused rows: divide by the lengths "
                "of both, which makes it the cosine",
            ),
            (
                (unit @ self.middle).tolist(),
                "this divides by the length of each row but not by that of the mean: divide by "
                "both",
            ),
            (
                (self.rows @ self.middle / self.middle.norm()).tolist(),
                "this divides by the length of the mean but not by that of each row: divide by "
                "both",
            ),
            (
                (
                    self.rows @ self.middle / (self.rows**2).sum(1) / self.middle.dot(self.middle)
                ).tolist(),
                "this divides by the squares of the two lengths: a length is the root of the sum "
                "of the squares",
            ),
            (
                [abs(near) for near in self.nearness],
                "this is the cosine without its sign: a row that points the opposite way is as "
                "far as can be, so leave the sign",
            ),
            (
                (self.rows - self.middle).norm(dim=1).tolist(),
                "this is the distance from the mean of the unused rows: take the cosine",
            ),
            (
                [1 - near for near in self.nearness],
                "this is one minus the cosine: take the cosine itself, which is large for what is "
                "near",
            ),
            (
                self.rows.norm(dim=1).tolist(),
                "this is the length of the rows: take their cosine with the mean of the unused "
                "rows",
            ),
            (
                self.to(self.rows.mean(dim=0)),
                "this is the cosine with the mean of all rows: take the mean of the unused ones "
                "alone, W_E[unused]",
            ),
            (
                self.to(self.rows[self.others].mean(dim=0)),
                "this is the cosine with the mean of the rows that are not unused: take the mean "
                "of the unused ones, W_E[unused]",
            ),
            (
                self.to(self.rows[self.unused[0]]),
                "this is the cosine with the first unused row: take the mean of all the unused "
                "rows",
            ),
            (
                self.to(self.rows[self.unused[-1]]),
                "this is the cosine with the last unused row: take the mean of all the unused rows",
            ),
            (
                each.mean(dim=0).tolist(),
                "this is the mean of the cosines with each unused row: take the cosine with their "
                "mean",
            ),
            (
                each.amax(dim=0).tolist(),
                "this is the largest of the cosines with the unused rows: take the cosine with "
                "their mean",
            ),
            (
                self.to(unit[self.unused].mean(dim=0)),
                "this makes all unused rows equally long before their mean is taken: take the mean "
                "of the rows as they are",
            ),
            (
                ((centred @ from_mean) / lengths).tolist(),
                "this takes the mean of all rows off first: take the cosine of the rows as they "
                "are",
            ),
        ]

    def other_typical(self, tokens):
        """The same for what is typical."""
        others = torch.tensor([self.nearness[i] for i in self.others])
        rest = [self.nearness[i] for i in self.others if i not in tokens]
        whole = self.rows[self.others].mean(dim=0)
        return [
            (
                sum(self.nearness) / self.n,
                "this is the mean over all tokens, the unused ones included: leave those out",
            ),
            (
                sum(rest) / max(len(rest), 1),
                "this leaves out the tokens that are reported too: take the mean over all tokens "
                "that are not in unused",
            ),
            (
                sum(self.nearness[i] for i in tokens) / len(tokens),
                "this is the mean of the tokens that are reported: take it over all tokens that "
                "are not in unused",
            ),
            (
                sum(self.nearness[i] for i in self.unused) / len(self.unused),
                "this is the mean of the unused tokens: take it over all the others",
            ),
            (
                sum(map(abs, self.nearness)) / self.n,
                "this is the mean of the cosines without their signs, over all tokens: leave the "
                "signs, and leave the unused tokens out",
            ),
            (
                float(others.abs().mean()),
                "this is the mean of the cosines without their signs: a row that points the "
                "opposite way lowers it, so leave the signs",
            ),
            (float(others.median()), "this is the median: take the mean"),
            (float(others.quantile(0.5)), "this is the median: take the mean"),
            (
                sum(self.nearness[i] for i in self.others) / self.n,
                "this is divided by the number of all tokens: divide by that of those which are "
                "not in unused",
            ),
            *(
                (
                    (sum(self.nearness[i] for i in self.others) + mark * len(self.unused)) / self.n,
                    f"this counts {mark} for each unused token, by which they were kept from being "
                    "chosen: leave them out of the mean",
                )
                for mark in (-1, -2)
            ),
            (
                float(torch.cosine_similarity(whole, self.middle, dim=0)),
                "this is the cosine of the mean row: take the mean of the tokens' cosines",
            ),
        ]


def looks_rare(answer, seed):
    """Put three tables before the answer, the last with no more such tokens than are wanted."""
    for number, (n_unused, n_touched, k) in enumerate([(3, 6, 4), (5, 4, 2), (2, 3, 3)]):
        table = planted(3 * seed + number, n_unused, n_touched, k)
        judge(answer(table.W_E.clone(), list(table.unused), k), table)


def judge(found, table):
    true = Measured(table)
    tokens, nearness, typical = read(found, table)
    _which(tokens, nearness, table, true)
    for place, token in enumerate(tokens):
        if not _close(nearness[place], true.nearness[token]):
            _explain_nearness(tokens, nearness, place, true)
    for token in tokens:
        if true.nearness[token] < NEAR:
            _explain_far(token, tokens, true)
    if not _close(typical, true.typical):
        others = true.other_typical(tokens)
        value, sentence = min(others, key=lambda other: abs(other[0] - typical))
        numbers = f"(expected {true.typical:.4g}, found {typical:.4g})"
        if math.isnan(typical):
            raise Wrong(
                "typical is nan, as a mean of no tokens at all is, or 0 divided by 0: print what "
                f"you take the mean of {numbers}"
            )
        if _close(typical, value):
            raise Wrong(f"{sentence} {numbers}")
        raise Wrong(
            f"typical is not the mean nearness of the tokens that are not in unused {numbers}: "
            "measure it as the page says, and return it unrounded"
        )


def read(found, table):
    """Two lists and a number; whole numbers and floats of any kind will do, but no tensors, as
    the exercise says: the tokenizer, which is asked next, would not know them for numbers."""
    if found is None:
        raise Wrong(NOTHING)
    if not isinstance(found, (tuple, list)) or len(found) != 3:
        several = isinstance(found, (tuple, list))
        what = f"{len(found)} values" if several else f"a value of type {type(found).__name__}"
        raise Wrong(f"expected three values (tokens, nearness, typical), found {what}")
    lists = []
    for name, value in zip(("tokens", "nearness"), found, strict=False):
        if _tensors(value):
            raise Wrong(
                f"expected {name} as plain numbers, found tensors: .tolist() makes a list of plain "
                "numbers"
            )
        try:
            lists.append([float(number) for number in value])
        except (TypeError, ValueError, RuntimeError):
            kind = type(value).__name__
            raise Wrong(f"expected {name} as a list of numbers, found {kind}") from None
        if len(lists[-1]) != table.k:
            raise Wrong(
                f"expected {table.k} numbers in {name}, as k says, found {len(lists[-1])}: return "
                "as many as are asked for"
            )
    if isinstance(found[2], torch.Tensor):
        raise Wrong(
            "expected typical as a plain number, found a tensor: .item() makes a number of it"
        )
    try:
        typical = float(found[2])
    except (TypeError, ValueError, RuntimeError):
        kind = type(found[2]).__name__
        raise Wrong(f"expected typical as one number, found {kind}") from None
    tokens, nearness = lists
    if not all(token.is_integer() for token in tokens):
        if all(number.is_integer() for number in nearness):
            raise Wrong(
                "tokens and nearness have changed places: return (tokens, nearness, typical)"
            )
        raise Wrong(f"expected tokens as whole numbers, found {tokens[0]:g}")
    return [int(token) for token in tokens], nearness, typical


def _tensors(value):
    """Whether it is a tensor, or holds one."""
    if isinstance(value, (tuple, list)):
        return any(isinstance(number, torch.Tensor) for number in value)
    return isinstance(value, torch.Tensor)


def _which(tokens, nearness, table, true):
    """Whether they are tokens, each once, none of the unused."""
    shifted = [true.others[t] if 0 <= t < len(true.others) else -1 for t in tokens]
    fits = all(0 <= t < true.n for t in tokens) and all(
        _close(near, true.nearness[t]) for t, near in zip(tokens, nearness, strict=True)
    )
    if not fits and min(shifted) >= 0:
        counted_anew = [true.nearness[t] for t in shifted]
        if all(_close(a, b) for a, b in zip(nearness, counted_anew, strict=True)):
            found, meant = next(
                pair for pair in zip(tokens, shifted, strict=True) if pair[0] != pair[1]
            )
            raise Wrong(
                "these tokens are counted in a table from which the unused rows were cut out: give "
                f"their numbers in W_E (found {found}, where {meant} is meant)"
            )
    for token in tokens:
        if not 0 <= token < true.n:
            raise Wrong(f"expected token numbers from 0 to {true.n - 1}, found {token}")
        if token in table.unused:
            raise Wrong(
                "an unused token is among those reported: they are known already, so leave them "
                f"out (token {token})"
            )
        if tokens.count(token) > 1:
            raise Wrong(f"a token is reported twice: report {table.k} different ones ({token})")


def _explain_nearness(tokens, nearness, place, true):
    token, found = tokens[place], nearness[place]
    numbers = f"(token {token}: expected {true.nearness[token]:.4g}, found {found:.4g})"
    for values, sentence in true.other_nearness():
        if all(_close(near, values[t]) for t, near in zip(tokens, nearness, strict=True)):
            raise Wrong(f"{sentence} {numbers}")
    if all(any(_close(near, true.nearness[t]) for t in tokens) for near in nearness):
        raise Wrong(f"tokens and their nearnesses are not in the same order {numbers}")
    for digits in (1, 2, 3):
        if all(
            math.isclose(near, round(true.nearness[t], digits), abs_tol=1e-6)
            for t, near in zip(tokens, nearness, strict=True)
        ):
            raise Wrong(f"this nearness is rounded: return it as it is {numbers}")
    raise Wrong(
        f"the nearness is not that of its token {numbers}: take the cosine of its row with the "
        "mean of the unused rows, and return it unrounded"
    )


def _explain_far(token, tokens, true):
    numbers = f"(token {token}: nearness {true.nearness[token]:.3f}, at least {NEAR})"

    def chosen_by(values):
        """Whether none that was left has a smaller value than those reported."""
        bound = values[true.others].sort().values[len(tokens) - 1]
        return bool((values[tokens] <= bound + 1e-3 * bound.abs()).all())

    if chosen_by((true.rows - true.middle).norm(dim=1)):
        raise Wrong(
            "this token's row lies close to the mean of the unused ones, but points elsewhere: "
            f"choose by the cosine, not by the distance {numbers}"
        )
    if chosen_by(true.rows.norm(dim=1)):
        raise Wrong(
            "this token's row is short, but it points elsewhere than the unused ones: choose by "
            f"the cosine, not by the length {numbers}"
        )
    if chosen_by(-true.rows @ true.middle):
        raise Wrong(
            "this token's row is long, and so its dot product with the mean is large; it points "
            f"elsewhere: choose by the cosine {numbers}"
        )
    raise Wrong(
        f"this token's row does not look like the unused ones: report tokens with a nearness of at "
        f"least {NEAR}, those with the largest cosine {numbers}"
    )


def _close(a, b):
    return math.isclose(a, b, rel_tol=1e-4, abs_tol=1e-5)


# ---- tables in which such tokens exist

D_MODEL = 12


@functools.cache
def planted(seed, n_unused, n_touched, k):
    """A table in which `n_touched` tokens look like the `n_unused`, and others only seem to."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    def at(cosine, length):
        """A row that lies so near to the middle, in a direction drawn at random."""
        side = draw(D_MODEL)
        side = side - side @ middle / middle.norm() ** 2 * middle
        towards = cosine * middle / middle.norm() + math.sqrt(1 - cosine**2) * side / side.norm()
        return length * towards

    middle = 3 * torch.nn.functional.normalize(draw(D_MODEL), dim=0)
    # Rows of different lengths and directions, whose mean is the middle.
    unused = [at(0.93, 2.0 + 1.5 * i) for i in range(n_unused)]
    shift = middle - torch.stack(unused).mean(dim=0)
    unused = [row + shift for row in unused]
    touched = [
        at(0.9312 + 0.0573 * i / n_touched, (1.5, 6.0, 3.0)[i % 3]) for i in range(n_touched)
    ]
    decoys = [
        *(at(0.5 - 0.1 * i, 0.6) for i in range(6)),  # the shortest rows of all
        *(at(0.6 + 0.04 * i, 30.0) for i in range(6)),  # the largest dot products
        *(at(0.85 + 0.004 * i, 2.7) for i in range(6)),  # close, and not near enough
        *(at(-0.97 - 0.01 * i, 5.0) for i in range(2)),  # the opposite way
    ]
    words = [at(0.1 + 0.5 * i / 40, 4.0 + 2 * (i % 4)) for i in range(40)]
    rows = [*unused, *touched, *decoys, *words]
    order = torch.randperm(len(rows), generator=generator).tolist()
    places = [order.index(i) for i in range(n_unused)]
    return Table(torch.stack([rows[i] for i in order]).float(), places, k)


def leaves_its_inputs(answer, seed):
    table = planted(3 * seed, 3, 6, 4)
    W_E, unused = table.W_E.clone(), list(table.unused)
    answer(W_E, unused, 4)
    expect_close(W_E, table.W_E, "W_E after the call (compute new tensors)")
    expect_close(unused, list(table.unused), "the list `unused` after the call (leave it as it is)")


def rare_by_hand(answer, seed):
    W_E = torch.tensor([[2.0, 0.0], [4.0, 0.0], [4.0, 3.0], [12.0, 5.0], [0.0, 1.0], [24.0, 7.0]])
    judge(answer(W_E, [0, 1], 2), Table(W_E, [0, 1], 2))


GRADERS = [
    grader(
        "embeddings.rare",
        predicate=looks_rare,
        properties={
            "the inputs are left as they were": leaves_its_inputs,
            "the table worked by hand": rare_by_hand,
        },
    ),
]
