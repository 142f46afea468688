"""Grader of chapter 04: a mixture of experts. The oracle routes one token at a time."""

from __future__ import annotations

import math

import torch

from minitransformer.workbook.grading import Case, Wrong, expect_close, grader
from minitransformer.workbook.grading.inputs import draw

# ---- 9 experts


class Expert:
    """A small bent function of each token, which remembers the tokens it was called with."""

    def __init__(self, seed, d_model):
        self.W = draw(seed, d_model, d_model)
        self.calls = []

    def __call__(self, x):
        self.calls.append(x.detach().clone())
        return 3 * torch.tanh(x @ self.W.to(x.dtype)) + 1


def some_experts(seed, n_experts, d_model):
    return [Expert(seed + 10 * i, d_model) for i in range(n_experts)]


def cases_experts(seed):
    x = draw(seed, 8, 5)
    lonely = draw(seed + 1, 5, 6)
    x_up = draw(seed, 7, 5)
    x_up[:, 0] = 1.0
    # In 64ths, so that router numbers near 100 are exact in float32, and their differences too.
    upright, high = (x * 64).round() / 64, (draw(seed + 1, 5, 4) * 64).round() / 64
    upright[:, 0], high[0] = 1.0, high[0] + 100.0  # e^100 is too large for float32
    lonely[0, 2], lonely[0, 4] = -60.0, 40.0  # nobody chooses expert 2, everybody expert 4
    return [
        Case("8 tokens, 4 experts, k = 2", (x, draw(seed + 1, 5, 4), some_experts(seed, 4, 5), 2)),
        Case("k = 1", (draw(seed, 9, 3), draw(seed + 1, 3, 5), some_experts(seed, 5, 3), 1)),
        Case(
            "k = n_experts", (draw(seed, 4, 6), draw(seed + 1, 6, 3), some_experts(seed, 3, 6), 3)
        ),
        Case("an expert that nobody chooses", (x_up, lonely, some_experts(seed, 6, 5), 3)),
        Case("router numbers near 100", (upright, high, some_experts(seed, 4, 5), 2)),
        Case(
            "a single token, in float64",
            (
                draw(seed, 1, 4).double(),
                draw(seed + 1, 4, 5).double(),
                some_experts(seed, 5, 4),
                2,
            ),
        ),
    ]


def oracle_experts(x, W_router, experts, k):
    out = torch.zeros(x.shape, dtype=torch.float64)
    received = [0] * len(experts)
    for t in range(len(x)):
        logits = (x[t].double() @ W_router.double()).tolist()
        odds = [math.exp(logit - max(logits)) for logit in logits]
        chosen = sorted(range(len(odds)), key=lambda i: -odds[i])[:k]
        total = sum(odds[i] for i in chosen)
        for i in chosen:
            out[t] += odds[i] / total * experts[i](x[t : t + 1])[0].double()
            received[i] += 1
    return out, torch.tensor([count / (len(x) * k) for count in received], dtype=torch.float64)


def experts_by_hand(answer):
    router = [[0.0, math.log(2), math.log(6)], [math.log(12), 0.0, math.log(4)]]
    found = answer(
        torch.eye(2),
        torch.tensor(router),
        [lambda x: 10 * x, lambda x: 20 * x, lambda x: 40 * x],
        2,
    )
    expected = torch.tensor([[35.0, 0.0], [0.0, 17.5]]), torch.tensor([0.25, 0.25, 0.5])
    expect_close(found, expected, "the two tokens and three experts worked by hand on the page")


def each_sees_its_own(answer, seed):
    """Every expert is called once at most, and with the tokens sent to it."""
    x, router = draw(seed, 8, 5), draw(seed + 1, 5, 6)
    x[:, 0] = 1.0
    router[0, 2] = -60.0
    chosen = [sorted(range(6), key=lambda i, row=row: -row[i])[:2] for row in (x @ router).tolist()]
    experts = [Expert(seed + i, 5) for i in range(6)]
    answer(x, router, experts, 2)
    for i, expert in enumerate(experts):
        sent = [t for t in range(8) if i in chosen[t]]
        if not sent and expert.calls:
            raise Wrong(f"expert {i} is called although no token was sent to it; leave it alone")
        if not sent:
            continue
        if len(expert.calls) != 1:
            raise Wrong(
                f"expert {i} is called {len(expert.calls)} times; call it once, with all the "
                f"{len(sent)} tokens that were sent to it"
            )
        seen = expert.calls[0]
        if seen.ndim != 2 or len(seen) != len(sent):
            raise Wrong(
                f"expert {i} is called with a tensor of shape {list(seen.shape)}, and "
                f"{len(sent)} of 8 tokens were sent to it: give it those alone, "
                f"[{len(sent)}, d_model]"
            )
        found = sorted(seen.tolist())
        if found != sorted(x[sent].tolist()):
            raise Wrong(
                f"expert {i} is called with other tokens than those sent to it, or with changed "
                "ones: give it rows of x as they are, and weigh what it returns"
            )


def equal_experts_are_one(answer, seed):
    x, router = draw(seed, 8, 5), draw(seed + 1, 5, 4)
    expert = Expert(seed, 5)
    out, load = answer(x, router, [expert] * 4, 2)
    expect_close(out, expert(x), "the output of four experts that are all the same")
    expect_close(load.sum(), torch.tensor(1.0), "the sum of the loads")


def order_of_experts_does_not_matter(answer, seed):
    x, router, experts = draw(seed, 8, 5), draw(seed + 1, 5, 4), some_experts(seed, 4, 5)
    out, load = answer(x, router, experts, 2)
    order = [2, 0, 3, 1]
    expect_close(
        answer(x, router[:, order], [experts[i] for i in order], 2),
        (out, load[order]),
        "(output, load) with experts and columns of W_router in another order",
    )


GRADERS = [
    grader(
        "block.experts",
        cases=cases_experts,
        oracle=oracle_experts,
        by_hand=experts_by_hand,
        properties={
            "each expert sees its own tokens": each_sees_its_own,
            "equal experts are one": equal_experts_are_one,
            "the order does not matter": order_of_experts_does_not_matter,
        },
    ),
]
