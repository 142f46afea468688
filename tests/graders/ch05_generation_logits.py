"""Graders of chapter 05: unembed, entropy, draw. Oracles work in float64, number by number."""

from __future__ import annotations

import math

import torch

from minitransformer.workbook.grading import Case, Wrong, expect_close, grader
from minitransformer.workbook.grading.inputs import draw as numbers
from minitransformer.workbook.grading.inputs import tiny_model

INF = math.inf


# ---- 1 unembed


def cases_unembed(seed):
    w, W_U = 1 + numbers(seed + 1, 7, scale=0.3), numbers(seed + 2, 7, 11)
    x = numbers(seed, 2, 5, 7)
    still = x.clone()
    still[1, 2] = 0.0  # only eps keeps this position from a division by 0
    return [
        Case("2 texts of 5 positions, eps left out", (x, w, W_U)),
        Case("the same, eps = 0.5", (x, w, W_U, 0.5)),
        Case("a stream of hundreds, eps = 0", (200 * x, w, W_U, 0.0)),
        Case("one position of zeros, eps = 0.001", (still, w, W_U, 1e-3)),
        Case(
            "3 texts of 1 position, d_model 2, 4 tokens",
            (numbers(seed, 3, 1, 2), numbers(seed + 1, 2), numbers(seed + 2, 2, 4), 0.2),
        ),
    ]


def oracle_unembed(x, w, W_U, eps=1e-5):
    (batch, n_pos, d_model), d_vocab = x.shape, W_U.shape[1]
    out = torch.zeros(batch, n_pos, d_vocab, dtype=torch.float64)
    for b in range(batch):
        for i in range(n_pos):
            row = x[b, i].tolist()
            root = math.sqrt(sum(number**2 for number in row) / d_model + eps)
            for t in range(d_vocab):
                out[b, i, t] = sum(row[m] / root * float(w[m] * W_U[m, t]) for m in range(d_model))
    return out


def unembed_by_hand(answer):
    W_U = torch.tensor([[1.0, 0.0, 2.0], [0.0, 1.0, -1.0]])
    expect_close(
        answer(torch.tensor([[[1.0, 7.0]]]), torch.tensor([5.0, 10.0]), W_U),
        torch.tensor([[[1.0, 14.0, -12.0]]]),
        "the logits of x = [1, 7] with w = [5, 10] and W_U = [[1, 0, 2], [0, 1, -1]]",
    )


def longer_streams_say_the_same(answer, seed):
    x, w, W_U, _ = cases_unembed(seed)[1].args
    expect_close(answer(3 * x, w, W_U, 0.0), answer(x, w, W_U, 0.0), "the logits of 3 * x, eps = 0")


def model_unembed(answer, seed):
    model, tokens = tiny_model(seed)
    logits, cache = model.run_with_cache(tokens, keep=["resid_post"])
    w = model.final_norm.w.detach()
    found = answer(cache["resid_post", 1], w, model.W_U.detach(), model.config.norm_eps)
    expect_close(found, logits, "a model's logits")


# ---- 2 entropy


def cases_entropy(seed):
    hidden = numbers(seed, 2, 3, 5)
    hidden[0, 1, 2], hidden[1, 2, 1:] = -INF, -INF
    sizes = torch.tensor([[1000.0], [0.0], [-1000.0]])
    return [
        Case("a tensor of shape [2, 3, 5]", (numbers(seed, 2, 3, 5),)),
        Case("a single row of 4", (numbers(seed, 4, scale=2.0),)),
        Case("a tensor with entries of minus infinity", (hidden,)),
        Case("rows near 1000, 0 and -1000", (numbers(seed, 3, 6) + sizes,)),
        Case(
            "a row near -1000 with one minus infinity",
            (torch.tensor([-1000.0, -1001.0, -INF, -1001.5]),),
        ),
        Case("one row from -10000 to 10000", (torch.tensor([-1e4, 0.0, 1e4]),)),
        Case("seven equal logits", (torch.full((1, 7), 2.5),)),
        Case("a tensor of shape [2, 3, 4, 5], in float64", (numbers(seed, 2, 3, 4, 5).double(),)),
    ]


def oracle_entropy(logits):
    found = []
    for row in logits.double().reshape(-1, logits.shape[-1]).tolist():
        weights = [math.exp(number - max(row)) for number in row]
        shares = [weight / sum(weights) for weight in weights]
        found.append(-sum(share * math.log(share) for share in shares if share > 0))
    return torch.tensor(found, dtype=torch.float64).reshape(logits.shape[:-1])


def entropy_by_hand(answer):
    row = torch.tensor([0.5, 0.25, 0.25]).log()
    half = 1.5 * math.log(2)
    expect_close(answer(row), torch.tensor(half), "the entropy of the probabilities 1/2, 1/4, 1/4")
    sure = answer(torch.tensor([3.0, -INF]))
    expect_close(sure, torch.tensor(0.0), "the entropy of the logits [3, -inf]")


def n_alike_have_log_n(answer, seed):
    for n in (2, 3, 1000):
        row = torch.full((n + 1,), -INF)
        row[1:] = 4.0
        expect_close(answer(row), torch.tensor(math.log(n)), f"the entropy of {n} equal tokens")


def one_number_added_changes_nothing(answer, seed):
    x = numbers(seed, 3, 5)
    expect_close(answer(x + 7.0), answer(x), "the entropy after adding 7 to every logit", rtol=1e-3)


# ---- 3 draw


def cases_draw(seed):
    gapped = numbers(seed, 5, 6)
    gapped[:, 0], gapped[:, 3], gapped[:, 5] = -INF, -INF, -INF
    edges = torch.tensor([0.0, 0.25, 0.5, 0.75, 0.999])
    many = numbers(seed, 200, 40)
    many[:, -2:] = -INF
    nearly = torch.full((200,), 1 - 2.0**-24)  # the largest number of 32 bits below 1
    return [
        aimed(seed, "6 texts, 11 tokens, temperature 1", numbers(seed, 6, 11), 1.0),
        aimed(seed + 1, "6 texts, 11 tokens, temperature 0.4", numbers(seed + 1, 6, 11), 0.4),
        aimed(seed + 2, "6 texts, 11 tokens, temperature 2.5", 3 * numbers(seed + 2, 6, 11), 2.5),
        aimed(seed + 3, "logits near 1000, temperature 0.5", 1e3 + numbers(seed + 3, 4, 7), 0.5),
        Case("four equal logits, u = 0, 1/4, 1/2, 3/4", (torch.zeros(5, 4), 1.0, edges)),
        Case("u = 0, the first token has probability 0", (gapped, 0.7, torch.zeros(5))),
        Case("u just below 1, the last two have probability 0", (many, 1.0, nearly)),
    ]


def aimed(seed, label, logits, temperature):
    """A case whose u lie well within the part of a token, of the first and the last among them."""
    batch, d_vocab = logits.shape
    generator = torch.Generator().manual_seed(seed)
    aims = torch.randint(0, d_vocab, (batch,), generator=generator).tolist()
    aims[0], aims[1] = 0, d_vocab - 1
    within = 0.2 + 0.6 * torch.rand(batch, generator=generator)
    u = []
    for row, aim, share in zip(logits, aims, within.tolist(), strict=True):
        parts = shares(row, temperature)
        u.append(sum(parts[:aim]) + share * parts[aim])
    return Case(label, (logits, temperature, torch.tensor(u)))


def shares(row, temperature):
    row = [number / temperature for number in row.double().tolist()]
    weights = [math.exp(number - max(row)) for number in row]
    return [weight / sum(weights) for weight in weights]


def oracle_draw(logits, temperature, u):
    found = []
    for row, mark in zip(logits, u.double().tolist(), strict=True):
        reached = 0.0
        for token, share in enumerate(shares(row, temperature)):
            reached += share
            if reached > mark:
                found.append(token)
                break
    return torch.tensor(found)


def draw_by_hand(answer):
    logits = torch.tensor([[0.0, math.log(3)]]).expand(2, -1)
    u = torch.tensor([0.2, 0.3])
    found = answer(logits.clone(), 1.0, u)
    expect_close(found, torch.tensor([0, 1]), "logits [0, log 3], u = 0.2 and 0.3: the tokens")
    found = answer(logits[:1].clone(), 0.5, u[:1])
    expect_close(found, torch.tensor([1]), "logits [0, log 3], u = 0.2, temperature 0.5: the token")
    found = answer(torch.zeros(1, 4), 1.0, torch.tensor([0.25]))
    expect_close(found, torch.tensor([1]), "four equal logits, u = 0.25: the token")


def as_often_as_likely(answer, seed):
    logits = numbers(seed, 1, 5)
    u = (torch.arange(2000) + 0.5) / 2000
    counts = answer(logits.expand(2000, -1).clone(), 0.8, u).bincount(minlength=5)
    for token, share in enumerate(shares(logits[0], 0.8)):
        if abs(int(counts[token]) - 2000 * share) > 1.01:
            raise Wrong(
                f"of 2000 numbers u spread evenly from 0 to 1, {int(counts[token])} draw token "
                f"{token}, whose probability is {share:.4f}: expected {2000 * share:.0f}"
            )


GRADERS = [
    grader(
        "generation.unembed",
        cases=cases_unembed,
        oracle=oracle_unembed,
        by_hand=unembed_by_hand,
        properties={"a longer stream says the same": longer_streams_say_the_same},
        tiny_model={"the logits": model_unembed},
    ),
    grader(
        "generation.entropy",
        cases=cases_entropy,
        oracle=oracle_entropy,
        by_hand=entropy_by_hand,
        properties={
            "n equal tokens have log n": n_alike_have_log_n,
            "one number added to all changes nothing": one_number_added_changes_nothing,
        },
    ),
    grader(
        "generation.draw",
        cases=cases_draw,
        oracle=oracle_draw,
        by_hand=draw_by_hand,
        properties={"each token as often as it is likely": as_often_as_likely},
    ),
]
