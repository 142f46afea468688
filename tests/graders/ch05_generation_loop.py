"""Grader of chapter 05's open-ended exercise: a prompt whose continuation goes in circles.

Any prompt that falls into a loop passes. What is reported is measured again here, on models made so
that the next token depends on the last one alone: each token has a successor, and the successors
form circles. One is short enough to be a loop; a chain of tokens leads into it, so long that it is
reached too late from the chain's far end; and another is too long to come round three times.
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
from minitransformer.workbook.grading.compare import NOTHING

N_NEW = 24  # so the second half has 12, and a loop a period of at most 4
TOO_LONG = 5  # the length of a circle that comes round only twice
CHAIN = 15  # from its two farthest tokens the circle is reached behind the middle


def goes_in_circles(answer: Callable, seed: int) -> None:
    """Put three models before the answer: their loops have the periods 2, 1 and 4."""
    for number, period in enumerate((2, 1, 4)):
        model = circling(3 * seed + number, period, loops_first=number > 0)
        judge(answer(copy.deepcopy(model), N_NEW), model)


def judge(found, model):
    prompt, period = read(found, model)
    [new] = generate(model, [prompt], N_NEW)
    tail = new[N_NEW // 2 :]
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
    end = new[-3 * period :] if period > 0 else []
    if len(end) == 3 * period and end[period:] == end[:-period]:
        raise Wrong(
            "this continuation falls into its loop too late: all of the second half has to repeat, "
            f"not its end alone {told}"
        )
    raise Wrong(
        "the second half of this prompt's continuation does not repeat after so many tokens: "
        f"compare every token of it with the one `period` places before {told}"
    )


def period_of(tail):
    """The smallest number of places after which the list repeats; its length if none."""
    fits = (p for p in range(1, len(tail)) if all(a == b for a, b in zip(tail[p:], tail)))  # noqa: B905
    return next(fits, len(tail))


def read(found, model):
    """The prompt as a list of ids, and the period; whole numbers of any kind will do."""
    if found is None:
        raise Wrong(NOTHING)
    if not isinstance(found, (tuple, list)) or len(found) != 2:
        several = isinstance(found, (tuple, list))
        what = f"{len(found)} values" if several else f"a value of type {type(found).__name__}"
        raise Wrong(f"expected two values (prompt, period), found {what}")
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
    d_vocab, longest = model.config.d_vocab, model.config.n_ctx - N_NEW
    if not ids or len(ids) > longest or not all(0 <= id < d_vocab for id in ids):
        raise Wrong(
            f"expected a prompt of 1 to {longest} ids, each from 0 to {d_vocab - 1}, found {ids}"
        )
    return ids, period


# ---- models whose next token depends on the last one


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


def followed(seed, after):
    """A model that puts after[token] behind every token; its attention hardly disturbs it."""
    n = len(after)
    config = Config(
        n_layers=1, d_model=n + n % 2, n_heads=2, d_head=4, d_vocab=n, n_ctx=64, norm="rms",
        positions="rotary", bias=False,
    )  # fmt: skip
    model = Transformer(config, torch.Generator().manual_seed(seed)).requires_grad_(False)
    weights = named(model)
    weights["W_E"].copy_(10 * torch.eye(n, config.d_model))
    weights["W_U"].zero_()
    for token, successor in after.items():
        weights["W_U"][token, successor] = 1.0
    assert generate(model, [[t] for t in after], 1) == [[s] for s in after.values()]
    return model


GRADERS = [grader("generation.loop", predicate=goes_in_circles)]
