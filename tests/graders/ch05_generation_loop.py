"""Grader of chapter 05's open-ended exercise: a prompt whose continuation goes in circles.

Any prompt that falls into a loop passes. What is reported is measured again here, on models made so
that the next token depends on the last one alone: each token has a successor, and the successors
form circles. One is short enough to be a loop; a chain of tokens leads into it, so long that it is
reached too late from the chain's far end; and another is too long to come round three times. One
more model has a circle that its tokens leave at a certain position, as a text can: that a token
came back, or that the first half repeats, is no loop yet.
"""

from __future__ import annotations

import copy
import functools
import random
from collections.abc import Callable

import torch

from minitransformer.config import Config
from minitransformer.generation import generate
from minitransformer.transformer import Transformer
from minitransformer.weights import named
from minitransformer.workbook.grading import Wrong, grader

N_NEW = 24  # so the second half has 12, and a loop a period of at most 4
TOO_LONG = 5  # the length of a circle that comes round only twice
CHAIN = 15  # from its two farthest tokens the circle is reached behind the middle
LEFT = 28  # new tokens where a circle is left: a loop of 3 does not fill the second half's 14
LEAVES = 20  # the position from which on it is


def goes_in_circles(answer: Callable, seed: int) -> None:
    """Put four models before the answer: their loops have the periods 2, 1, 4 and 3."""
    for number, period in enumerate((2, 1, 4)):
        model = circling(3 * seed + number, period, loops_first=number > 0)
        judge(answer(copy.deepcopy(model), N_NEW), model, N_NEW)
    model = leaving(seed)
    judge(answer(copy.deepcopy(model), LEFT), model, LEFT)


def judge(found, model, n_new):
    prompt, period = read(found, model, n_new)
    [new] = generate(model, [prompt], n_new)
    tail = new[n_new // 2 :]
    true = period_of(tail)
    loops = 3 * true <= len(tail)
    if loops and period == true:
        return
    if loops:
        told = f"(prompt {prompt}: the period is {true}, found {period})"
        if period == len(tail) // true:
            raise Wrong(
                "this is how often the circle comes round in the second half: return its length, "
                f"the period {told}"
            )
        if period in (len(set(new)), len({*prompt, *new})):
            raise Wrong(
                "this counts all the different tokens, also those that lead into the circle: "
                f"count the places from a token to the one that it repeats {told}"
            )
        if period > 0 and period % true == 0:
            raise Wrong(
                "this is a multiple of the period: try the periods from 1 upwards, and take the "
                f"first that fits {told}"
            )
        if period == true - 1:
            raise Wrong(
                "this is one less than the period: a token that is repeated at once has the "
                f"period 1, not 0 {told}"
            )
        raise Wrong(
            "the continuation falls into a loop, but its period is another: count the places from "
            f"a token to the one that it repeats {told}"
        )
    told = f"(prompt {prompt}, found {period}; second half {tail})"
    if period == true < len(tail):
        raise Wrong(
            "this circle does not come round three times in the second half: take periods of at "
            f"most a third of its length {told}"
        )
    if period < 1:
        raise Wrong(
            f"a period is at least 1: every token equals the one 0 places before it, itself {told}"
        )
    end = new[-3 * period :]
    if len(end) == 3 * period and end[period:] == end[:-period]:
        raise Wrong(
            "this continuation falls into its loop too late: all of the second half has to repeat, "
            f"not its end alone {told}"
        )
    broken = [i for i in range(period, len(tail)) if tail[i] != tail[i - period]]
    if broken and broken[0] > period:
        raise Wrong(
            "this circle is left again within the second half: every token of new[n_new // 2:] has "
            "to equal the one `period` places before it; that one came back, or that the first "
            f"half repeats, is not enough {told}"
        )
    raise Wrong(
        "the second half of this prompt's continuation does not repeat after so many tokens: "
        f"compare every token of it with the one `period` places before {told}"
    )


def period_of(tail):
    """The smallest number of places after which the list repeats; its length if none."""
    fits = (p for p in range(1, len(tail)) if all(a == b for a, b in zip(tail[p:], tail)))  # noqa: B905
    return next(fits, len(tail))


def missed(model, n_new):
    """What to say where nothing was returned: a prompt that would have done."""
    for token in range(model.config.d_vocab):
        [new] = generate(model, [[token]], n_new)
        tail = new[n_new // 2 :]
        if 3 * (period := period_of(tail)) <= len(tail):
            return (
                f"nothing was returned, though prompt [{token}] falls into a loop of period "
                f"{period}: do you try it and find that? It goes on with {new}, of which the "
                f"second half is {tail}"
            )
    raise AssertionError("no single token loops: the construction has to be mended")


def read(found, model, n_new):
    """The prompt as a list of ids, and the period; whole numbers of any kind will do."""
    if found is None:
        raise Wrong(missed(model, n_new))
    if not isinstance(found, (tuple, list)) or len(found) != 2:
        several = isinstance(found, (tuple, list))
        what = f"{len(found)}" if several else f"a value of type {type(found).__name__}"
        raise Wrong(f"expected two values, found {what}: end with return prompt, period")
    prompt, period = (v.tolist() if isinstance(v, torch.Tensor) else v for v in found)
    if isinstance(period, (list, tuple)) and isinstance(prompt, (int, float)):
        raise Wrong("prompt and period have changed places: return (prompt, period)")
    if not isinstance(prompt, (list, tuple)):
        raise Wrong(
            "the prompt has to be a list of ids: for a single token [token], not token (found "
            f"{prompt!r})"
        )
    try:
        numbers = [float(value) for value in (*prompt, period)]
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"expected a list of ids and a number, found {found!r}") from None
    if not all(number.is_integer() for number in numbers):
        raise Wrong(f"expected whole numbers, found {found!r}")
    *ids, period = (int(number) for number in numbers)
    d_vocab, longest = model.config.d_vocab, model.config.n_ctx - n_new
    if not ids or len(ids) > longest or not all(0 <= id < d_vocab for id in ids):
        raise Wrong(
            f"expected a prompt of 1 to {longest} ids, each from 0 to {d_vocab - 1}, found {ids}"
        )
    return ids, period


# ---- models whose next token depends on the last one, and in one of them on the position


@functools.cache
def circling(seed, period, loops_first):
    """A model whose loops have this period, and which meets tokens in the order that is wanted."""
    generator = random.Random(seed)
    long = [("long", i) for i in range(TOO_LONG)]
    far, near = ([("chain", i) for i in range(*ends, -1)] for ends in ((CHAIN, 13), (13, 0)))
    loop = [("loop", i) for i in range(period)]
    generator.shuffle(long)
    generator.shuffle(loop)
    first = [long.pop(), far.pop(), long.pop()]  # met before any loop
    order = (
        [*loop, *near, *far, *long, *first] if loops_first else [*first, *near, *loop, *far, *long]
    )
    id = {name: token for token, name in enumerate(order)}
    after = {}
    for (kind, i), token in id.items():
        if kind == "chain":  # its number 1 stands before the circle
            after[token] = id["chain", i - 1] if i > 1 else id["loop", 0]
        else:
            after[token] = id[kind, (i + 1) % (TOO_LONG if kind == "long" else period)]
    return followed(seed, after)


@functools.cache
def leaving(seed):
    """A model with a loop of 3, and before it, by id, a circle of 2 that is left for a long one."""
    sizes = {"left": 2, "long": TOO_LONG, "loop": 3}
    generator = random.Random(seed)
    order = []
    for kind, size in sizes.items():
        order += generator.sample([(kind, i) for i in range(size)], size)
    id = {name: token for token, name in enumerate(order)}
    after = {token: id[kind, (i + 1) % sizes[kind]] for (kind, i), token in id.items()}
    return followed(seed, after, late={id["left", i]: id["long", i] for i in range(2)})


def followed(seed, after, late=None):
    """A model that puts after[token] behind every token; its attention hardly disturbs it. Where
    late[token] is given, that comes instead from position LEAVES on."""
    n, late = len(after), late or {}
    config = Config(
        n_layers=1, d_model=n + 2 - n % 2, n_heads=2, d_head=4, d_vocab=n, n_ctx=64, norm="rms",
        positions="learned" if late else "rotary", bias=False,
    )  # fmt: skip
    model = Transformer(config, torch.Generator().manual_seed(seed)).requires_grad_(False)
    weights = named(model)
    weights["W_E"].copy_(10 * torch.eye(n, config.d_model))
    weights["W_U"].zero_()
    for token, successor in after.items():
        weights["W_U"][token, successor] = 1.0 if token in late else 3.0
    if late:  # both could follow; a position behind LEAVES speaks for the second, among others
        weights["W_pos"].zero_()
        weights["W_pos"][LEAVES:, n] = 10.0
        for token, successor in late.items():
            weights["W_U"][token, successor] = 0.5
            weights["W_U"][n, successor] = 1.0
    expected = []
    for token in after:
        at, row = token, []
        for position in range(LEFT):
            at = late[at] if position >= LEAVES and at in late else after[at]
            row.append(at)
        expected.append(row)
    assert generate(model, [[token] for token in after], LEFT) == expected
    return model


GRADERS = [grader("generation.loop", predicate=goes_in_circles)]
