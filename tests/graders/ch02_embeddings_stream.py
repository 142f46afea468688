"""Graders of chapter 02: contributions, overlap."""

from __future__ import annotations

import math

import torch

from minitransformer import circuits
from minitransformer.workbook.grading import Case, expect_close, grader
from minitransformer.workbook.grading.inputs import draw, tiny_model

# ---- 7 contributions


def cases_contributions(seed):
    def case(n_parts, batch, pos, d_model, scale=1.0):
        label = f"{n_parts} parts, {batch} texts of {pos} positions, d_model {d_model}"
        parts = draw(seed, n_parts, batch, pos, d_model)
        return Case(label, (parts, draw(seed + 1, d_model, scale=scale)))

    return [
        case(3, 2, 5, 7),
        case(4, 1, 2, 3),
        case(4, 4, 4, 4),
        case(6, 3, 1, 2, scale=5.0),
        case(1, 2, 3, 5, scale=0.2),
    ]


def oracle_contributions(parts, direction):
    parts, direction = parts.double().tolist(), direction.double().tolist()
    found = [
        [
            [sum(x * w for x, w in zip(vector, direction, strict=True)) for vector in text]
            for text in part
        ]
        for part in parts
    ]
    return torch.tensor(found, dtype=torch.float64)


def contributions_by_hand(answer):
    parts = torch.tensor([[1.0, 2.0], [0.0, 4.0], [-3.0, 1.0]]).reshape(3, 1, 1, 2)
    expect_close(
        answer(parts, torch.tensor([2.0, -1.0])).reshape(3),
        torch.tensor([0.0, -4.0, -7.0]),
        "the parts [1, 2], [0, 4], [-3, 1] and the direction [2, -1]",
    )


def they_add_up(answer, seed):
    parts, direction = draw(seed, 5, 2, 3, 6), draw(seed + 1, 6)
    expect_close(
        answer(parts, direction).sum(dim=0),
        parts.sum(dim=0) @ direction,
        "the sum of the contributions, against what the direction reads in the whole stream",
    )


def twice_the_direction(answer, seed):
    parts, direction = draw(seed, 3, 2, 4, 5), draw(seed + 1, 5)
    what = "the contributions after doubling the direction"
    expect_close(answer(parts, 2 * direction), 2 * answer(parts, direction), what)


def model_contributions(answer, seed):
    model, tokens = tiny_model(seed)
    keep = ["embed", "attn_out", "mlp_out", "resid_post"]
    _, cache = model.run_with_cache(tokens, keep=keep)
    layers = [cache[site, layer] for layer in range(2) for site in ("attn_out", "mlp_out")]
    direction = draw(seed, 7)
    found = answer(torch.stack([cache["embed"], *layers]), direction)
    expect_close(
        found.sum(dim=0),
        cache["resid_post", 1] @ direction,
        "the contributions of all that a model's layers wrote, added up, against the reading of "
        "its last stream",
        rtol=1e-3,
        atol=1e-3,
    )


# ---- 8 overlap


def cases_overlap(seed):
    def case(a, d_model, b, scale=1.0):
        label = f"W_write [{a}, {d_model}], W_read [{d_model}, {b}]"
        return Case(label, (scale * draw(seed, a, d_model), draw(seed + 1, d_model, b)))

    nothing = torch.zeros(3, 4)
    cancel = torch.tensor([[1.0, -1.0, 2.0], [0.5, -2.0, -0.5]])
    return [
        case(3, 7, 4),
        case(5, 6, 2, scale=20.0),
        case(1, 5, 1, scale=0.01),
        case(4, 4, 4),
        case(2, 3, 6),
        Case("entries about 0.00001", (1e-5 * draw(seed, 3, 5), 1e-5 * draw(seed + 1, 5, 2))),
        Case("W_write with entries about 1e-10", (1e-10 * draw(seed, 4, 3), draw(seed + 1, 3, 2))),
        Case("entries of W_write that add up to 0", (cancel, draw(seed, 3, 2))),
        Case("two zeros among the entries of W_read", (draw(seed, 3, 2), 2 * torch.eye(2))),
        Case("W_write is zero throughout", (nothing, draw(seed, 4, 2))),
        Case("W_read is zero throughout", (draw(seed, 2, 3), nothing)),
    ]


def oracle_overlap(W_write, W_read):
    write, read = W_write.double().tolist(), W_read.double().tolist()
    product = [
        sum(row[m] * read[m][j] for m in range(len(read)))
        for row in write
        for j in range(len(read[0]))
    ]

    def norm(numbers):
        return math.sqrt(sum(number**2 for number in numbers))

    size = norm(x for row in write for x in row) * norm(x for row in read for x in row)
    return norm(product) / size if size else 0.0


def overlap_by_hand(answer):
    write = torch.tensor([[3.0, 4.0]])
    for read, expected in [([1.0, 0.0], 0.6), ([4.0, -3.0], 0.0), ([6.0, 8.0], 1.0)]:
        numbers = ", ".join(f"{x:g}" for x in read)
        what = f"the overlap of W_write = [[3, 4]] with W_read = [{numbers}] as a column"
        expect_close(answer(write, torch.tensor(read)[:, None]), expected, what)
    two = torch.eye(2)
    expect_close(answer(two, two), math.sqrt(0.5), "the overlap of [[1, 0], [0, 1]] with itself")


def size_does_not_count(answer, seed):
    write, read = draw(seed, 3, 5), draw(seed + 1, 5, 4)
    found, expected = answer(100 * write, -0.1 * read), answer(write, read)
    expect_close(found, expected, "the overlap after making W_write longer and turning W_read")


def one_size_for_reading(answer, seed):
    """Reading by columns at right angles keeps every length: only the norms are left."""
    write = draw(seed, 3, 6)
    expected = 1 / math.sqrt(6)
    expect_close(answer(write, torch.eye(6)), expected, "the overlap with the identity of 6 by 6")


def model_overlap(answer, seed):
    model, _ = tiny_model(seed)
    pairs = circuits.composition(model, "V")
    for early, late in [(0, 0), (1, 4), (5, 2)]:
        write, read = (circuits.ov(model, i, h).full() for i, h in ((0, early), (1, late)))
        found = answer(write, read)
        what = f"the overlap of what head {early} of a model's layer 0 writes with what head {late}"
        expect_close(found, float(pairs[0, early, 1, late]), f"{what} of layer 1 reads")


GRADERS = [
    grader(
        "embeddings.contributions",
        cases=cases_contributions,
        oracle=oracle_contributions,
        by_hand=contributions_by_hand,
        properties={
            "they add up to the reading of the stream": they_add_up,
            "twice the direction, twice the contributions": twice_the_direction,
        },
        tiny_model={"all that the layers wrote": model_contributions},
    ),
    grader(
        "embeddings.overlap",
        cases=cases_overlap,
        oracle=oracle_overlap,
        by_hand=overlap_by_hand,
        properties={
            "the matrices' size does not count": size_does_not_count,
            "the identity": one_size_for_reading,
        },
        tiny_model={"two layers of a model": model_overlap},
    ),
]
