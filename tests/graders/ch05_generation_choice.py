"""Graders of chapter 05: top_p, repetition, penalty. Oracles go token by token."""

from __future__ import annotations

import math

import torch

from minitransformer.workbook.grading import Case, Wrong, expect_close, grader
from minitransformer.workbook.grading.inputs import draw as numbers
from minitransformer.workbook.grading.inputs import tiny_model

INF = math.inf


# ---- 4 top_p


def cases_top_p(seed):
    hidden = numbers(seed + 3, 3, 6)
    hidden[:, 1], hidden[2, 3:] = -INF, -INF
    return [
        Case("5 texts, 11 tokens, p = 0.9", (numbers(seed, 5, 11), 0.9)),
        Case("5 texts, 11 tokens, p = 0.5", (numbers(seed + 1, 5, 11, scale=2.0), 0.5)),
        Case("5 texts, 11 tokens, p = 0.001", (numbers(seed + 2, 5, 11), 0.001)),
        Case("some logits of minus infinity, p = 0.97", (hidden, 0.97)),
        Case("logits near 1000, p = 0.8", (1e3 + numbers(seed + 4, 2, 7), 0.8)),
        Case("1 text, 40 tokens, p = 0.3", (numbers(seed + 5, 1, 40), 0.3)),
    ]


def oracle_top_p(logits, p):
    out = torch.full_like(logits, -INF, dtype=torch.float64)
    for b, row in enumerate(logits.double().tolist()):
        weights = [math.exp(number - max(row)) for number in row]
        reached = 0.0
        for token in sorted(range(len(row)), key=lambda t: -row[t]):
            if reached >= p:
                break
            out[b, token] = row[token]
            reached += weights[token] / sum(weights)
    return out


def top_p_by_hand(answer):
    logits = torch.tensor([[0.1, 0.6, 0.3]]).log()
    for p, kept in [(0.5, [1]), (0.7, [1, 2])]:
        expected = torch.full((1, 3), -INF)
        expected[0, kept] = logits[0, kept]
        what = f"the logits of the probabilities 0.1, 0.6, 0.3 for p = {p}"
        expect_close(answer(logits.clone(), p), expected, what)


def equal_tokens_share_the_nucleus(answer, seed):
    for p, wanted in [(0.25, 1), (0.5, 2), (0.6, 3)]:
        kept = int((answer(torch.zeros(1, 4), p) > -INF).sum())
        if kept != wanted:
            step = (
                "once the sum is p, no other stays"
                if kept == wanted + 1
                else "count the tokens that stay, since a smallest logit does not part equal ones"
            )
            reach = "1 of them reaches" if wanted == 1 else f"{wanted} of them reach"
            raise Wrong(f"four equal tokens, p = {p}: {reach} p, and {kept} were kept: {step}")


def the_nucleus_of_the_nucleus(answer, seed):
    once = answer(numbers(seed, 4, 9), 0.6)
    total = numbers(seed, 4, 9).softmax(-1).masked_fill(once == -INF, 0).sum(-1)
    if not (total >= 0.6).all():
        raise Wrong(f"the kept tokens of a text have {total.min():.3f} together, less than p = 0.6")


# ---- 5 repetition


def cases_repetition(seed):
    generator = torch.Generator().manual_seed(seed)
    few = torch.randint(0, 3, (30,), generator=generator).tolist()
    more = torch.randint(0, 9, (40,), generator=generator).tolist()
    return [
        Case("30 ids out of 3, n = 1", (few, 1)),
        Case("30 ids out of 3, n = 2", (few, 2)),
        Case("30 ids out of 3, n = 3", (few, 3)),
        Case("40 ids out of 9, n = 2", (more, 2)),
        Case("a circle of 4, 22 ids, n = 3", ([7, 2, 9, 9] * 5 + [7, 2], 3)),
        Case("ids that mirror each other, n = 2", ([1, 2, 1, 3, 2, 3, 1], 2)),
        Case("1, 11, 11, 1, 11: ids of one and of two digits, n = 2", ([1, 11, 11, 1, 11], 2)),
        Case("one id 6 times, n = 4", ([5] * 6, 4)),
        Case("no id twice, n = 2", (list(range(8)), 2)),
        Case("as many ids as n", ([3, 3], 2)),
        Case("fewer ids than n", ([3, 3], 3)),
        Case("far fewer ids than n", ([3, 3], 5)),
        Case("no ids", ([], 1)),
    ]


def oracle_repetition(ids, n):
    came_before = total = 0
    for start in range(len(ids)):
        if start + n > len(ids):
            break
        total += 1
        earlier = (ids[i : i + n] for i in range(start))
        came_before += any(gram == ids[start : start + n] for gram in earlier)
    return came_before / total if total else 0.0


def repetition_by_hand(answer):
    ids = [5, 6, 5, 6, 5]
    expect_close(answer(list(ids), 2), 0.5, "the repetition of [5, 6, 5, 6, 5] for n = 2")
    expect_close(answer(list(ids), 1), 0.6, "the repetition of [5, 6, 5, 6, 5] for n = 1")


def names_do_not_matter(answer, seed):
    ids, n = cases_repetition(seed)[2].args
    renamed = [1000 - 7 * token for token in ids]
    expect_close(answer(renamed, n), answer(ids, n), "the repetition after giving ids other names")


def model_loop(answer, seed):
    from minitransformer.generation import generate

    model, tokens = tiny_model(seed, n_ctx=40)
    [new] = generate(model, [tokens[0].tolist()], 30)
    expect_close(answer(new, 2), oracle_repetition(new, 2), "the repetition of what a model wrote")


# ---- 6 penalty


def cases_penalty(seed):
    generator = torch.Generator().manual_seed(seed)
    seen = torch.rand(4, 11, generator=generator) < 0.5
    zeros = numbers(seed + 1, 4, 11)
    zeros[:, 2], zeros[1, 4], zeros[:, 6] = 0.0, -0.0, -INF
    return [
        Case("4 texts, 11 tokens, strength 1.3", (numbers(seed, 4, 11), seen, 1.3)),
        Case("strength 2.5, some logits 0 and -inf", (zeros, seen, 2.5)),
        Case("strength 0.5", (numbers(seed + 2, 4, 11), seen, 0.5)),
        Case("no token seen, strength 3", (numbers(seed, 2, 7), torch.zeros(2, 7).bool(), 3.0)),
    ]


def oracle_penalty(logits, seen, strength):
    out = logits.double().clone()
    for b in range(len(logits)):
        for token in range(logits.shape[1]):
            logit = float(logits[b, token])
            if seen[b, token] and logit > 0:
                out[b, token] = logit / strength
            elif seen[b, token] and logit < 0:
                out[b, token] = logit * strength
    return out


def penalty_by_hand(answer):
    seen = torch.tensor([[True, True, False]])
    expect_close(
        answer(torch.tensor([[2.0, -2.0, 2.0]]), seen, 2.0),
        torch.tensor([[1.0, -4.0, 2.0]]),
        "the logits [2, -2, 2], of which the first two were seen, at strength 2",
    )


def strength_one_changes_nothing(answer, seed):
    logits = numbers(seed, 3, 5)
    found = answer(logits.clone(), torch.ones(3, 5).bool(), 1.0)
    expect_close(found, logits, "the logits at strength 1, all tokens seen")


def back_again(answer, seed):
    logits, seen = numbers(seed, 3, 5), torch.ones(3, 5).bool()
    found = answer(answer(logits.clone(), seen, 4.0), seen, 0.25)
    expect_close(found, logits, "the logits at strength 4, and the result at strength 1/4")


GRADERS = [
    grader(
        "generation.top_p",
        cases=cases_top_p,
        oracle=oracle_top_p,
        by_hand=top_p_by_hand,
        properties={
            "equal tokens": equal_tokens_share_the_nucleus,
            "the nucleus reaches p": the_nucleus_of_the_nucleus,
        },
    ),
    grader(
        "generation.repetition",
        cases=cases_repetition,
        oracle=oracle_repetition,
        tensors=False,
        by_hand=repetition_by_hand,
        properties={"other ids, the same pattern": names_do_not_matter},
        tiny_model={"what a model wrote": model_loop},
    ),
    grader(
        "generation.penalty",
        cases=cases_penalty,
        oracle=oracle_penalty,
        by_hand=penalty_by_hand,
        properties={
            "strength 1 changes nothing": strength_one_changes_nothing,
            "a strength and its inverse": back_again,
        },
    ),
]
