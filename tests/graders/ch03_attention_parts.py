"""Graders of chapter 03: softmax, scores, mask. Oracles work in float64, number by number."""

from __future__ import annotations

import math

import torch

from minitransformer.kv import KVCache
from minitransformer.workbook.grading import Case, Wrong, expect_close, grader
from minitransformer.workbook.grading.inputs import draw, tiny_model

INF = math.inf


# ---- 1 softmax


def cases_softmax(seed):
    # Rows of very different size, and of a wide range, overflow or vanish when the wrong number,
    # or none, is subtracted from them.
    sizes = torch.tensor([[1000.0], [0.0], [-1000.0]])
    hidden = draw(seed, 2, 3, 5)
    hidden[0, 1, 2], hidden[1, 2, 1:] = -INF, -INF
    # So small a weight that it passes for 0 shows once hundreds of them are summed.
    crowd = torch.full((1000,), -INF)
    crowd[7] = 1.5
    return [
        Case("a tensor of shape [2, 3, 5]", (draw(seed, 2, 3, 5),)),
        Case("a single row of 4", (draw(seed, 4),)),
        Case("rows near 1000, 0 and -1000", (draw(seed, 3, 4) + sizes,)),
        Case("one row from -10000 to 10000", (torch.tensor([-1e4, 0.0, 1e4]),)),
        # e**90 is too large for float32, e**87 (less its index, not its size) is not.
        Case("one row, [0, 1, 2, 90]", (torch.tensor([0.0, 1.0, 2.0, 90.0]),)),
        Case("a tensor with entries of minus infinity", (hidden,)),
        Case("one number among 999 entries of minus infinity", (crowd,)),
        Case("a tensor of shape [2, 3, 4, 5], in float64", (draw(seed, 2, 3, 4, 5).double(),)),
    ]


def oracle_softmax(x):
    rows = []
    for row in x.double().reshape(-1, x.shape[-1]).tolist():
        weights = [math.exp(number - max(row)) for number in row]
        total = sum(weights)
        rows.append([weight / total for weight in weights])
    return torch.tensor(rows, dtype=torch.float64).reshape(x.shape)


def softmax_by_hand(answer):
    for row, expected in [
        ([0.0, math.log(2), math.log(5)], [0.125, 0.25, 0.625]),
        ([0.0, math.log(3), -INF], [0.25, 0.75, 0.0]),
    ]:
        shown = ", ".join(f"{number:.4g}" for number in row)
        expect_close(answer(torch.tensor(row)), torch.tensor(expected), f"the softmax of [{shown}]")
    expect_close(
        answer(torch.tensor([1000.0, 1001.0, 1002.0])),
        torch.tensor([0.090031, 0.244728, 0.665241]),
        "the softmax of [1000, 1001, 1002], which is that of [0, 1, 2] (take the row's largest "
        "number from it first)",
    )


def rows_sum_to_one(answer, seed):
    weights = answer(draw(seed, 3, 4, 6, scale=10.0))
    expect_close(weights.sum(dim=-1), torch.ones(3, 4), "the sum of each row of the softmax")
    if not (weights >= 0).all():
        raise Wrong("a weight is negative; the softmax gives none below 0")


def minus_infinity_gets_exactly_zero(answer, seed):
    x = draw(seed, 3, 5)
    x[:, 2], x[1, :3] = -INF, -INF
    largest = answer(x)[x == -INF].abs().max().item()
    if largest != 0:
        raise Wrong(
            f"an entry of minus infinity gets the weight {largest:.3g}; it must get exactly 0, as "
            "exp gives it: is a smallest number set somewhere (clamp), or a small one added?"
        )


def one_more_is_e_times_the_weight(answer, seed):
    weights = answer(torch.arange(4, dtype=torch.float64))
    ratios = weights[1:] / weights[:-1]
    what = "the softmax of [0, 1, 2, 3], each entry over the one before (e, to five digits)"
    expect_close(ratios, torch.full((3,), math.e), what, rtol=1e-5, atol=0.0)


def shifting_a_row_changes_nothing(answer, seed):
    x = draw(seed, 3, 5)
    moved = x + torch.tensor([[50.0], [-7.0], [400.0]])
    expect_close(
        answer(moved),
        answer(x),
        "the softmax after adding 50, -7 and 400 to the three rows",
        rtol=1e-3,
    )


# ---- 2 scores


def cases_scores(seed):
    return [
        Case(
            "5 queries, 7 keys, 3 heads of 4", (draw(seed, 2, 5, 3, 4), draw(seed + 1, 2, 7, 3, 4))
        ),
        Case("1 query, 3 keys, 2 heads of 6", (draw(seed, 4, 1, 2, 6), draw(seed + 1, 4, 3, 2, 6))),
    ]


def oracle_scores(q, k):
    q, k = q.double(), k.double()
    (batch, n_query, n_heads, d_head), n_key = q.shape, k.shape[1]
    out = torch.zeros(batch, n_heads, n_query, n_key, dtype=torch.float64)
    for b in range(batch):
        for h in range(n_heads):
            for i in range(n_query):
                for j in range(n_key):
                    out[b, h, i, j] = q[b, i, h].dot(k[b, j, h]) / math.sqrt(d_head)
    return out


def scores_by_hand(answer):
    q = torch.tensor([1.0, 2.0, 0.0, 1.0]).reshape(1, 1, 1, 4)
    k = torch.tensor([[2.0, 0.0, 1.0, 0.0], [1.0, 1.0, 1.0, 1.0], [0.0, 3.0, 5.0, 0.0]])
    expect_close(
        answer(q, k.reshape(1, 3, 1, 4)),
        torch.tensor([1.0, 2.0, 3.0]).reshape(1, 1, 1, 3),
        "the scores of the query [1, 2, 0, 1] with the keys [2, 0, 1, 0], [1, 1, 1, 1] and "
        "[0, 3, 5, 0]",
    )


def doubling_doubles(answer, seed):
    q, k = draw(seed, 2, 5, 3, 4), draw(seed + 1, 2, 6, 3, 4)
    expect_close(answer(2 * q, k), 2 * answer(q, k), "the scores after doubling every query")
    expect_close(answer(q, -k), -answer(q, k), "the scores after turning every key round (-k)")


def heads_do_not_mix(answer, seed):
    q, k = draw(seed, 2, 5, 3, 4), draw(seed + 1, 2, 6, 3, 4)
    before = answer(q, k)
    k[:, :, 1] = 0
    after = answer(q, k)
    for h in (0, 2):
        expect_close(after[:, h], before[:, h], f"the scores of head {h} after erasing head 1's k")


# ---- 3 mask


def cases_mask(seed):
    hidden = draw(seed, 2, 3, 5, 5)
    hidden[:, 1, 3, 0] = -INF
    zeros = draw(seed, 2, 3, 4, 4)
    zeros[:, :, 2, 0], zeros[:, :, 3, 1], zeros[:, 2, 1, 1] = 0.0, -0.0, 0.0
    return [
        Case("4 queries, 4 keys", (draw(seed, 2, 3, 4, 4),)),
        Case("2 queries, 5 keys", (draw(seed, 4, 3, 2, 5),)),
        Case("1 query, 6 keys", (draw(seed, 2, 3, 1, 6),)),
        Case("1 query, 1 key", (draw(seed, 2, 3, 1, 1),)),
        Case("5 queries and keys, one score already -inf", (hidden,)),
        Case("4 queries, 4 keys, some scores exactly 0", (zeros,)),
        Case("3 queries and keys, scores of thousands", (draw(seed, 2, 4, 3, 3, scale=4000.0),)),
    ]


def oracle_mask(scores):
    out = scores.double().clone()
    n_query, n_key = scores.shape[-2:]
    for i in range(n_query):
        position = n_key - (n_query - i)  # counted back from the end: the last is the last key's
        for j in range(n_key):
            if j > position:
                out[:, :, i, j] = -INF
    return out


def mask_by_hand(answer):
    square = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
    hidden = torch.tensor([[1.0, -INF, -INF], [4.0, 5.0, -INF], [7.0, 8.0, 9.0]])
    expect_close(
        answer(square[None, None]),
        hidden[None, None],
        "the scores [[1, 2, 3], [4, 5, 6], [7, 8, 9]], masked",
    )
    expect_close(
        answer(square[None, None, 1:]),
        hidden[None, None, 1:],
        "two queries and three keys, [[4, 5, 6], [7, 8, 9]], masked (the last query stands at "
        "the last key)",
    )


def masking_twice_is_masking_once(answer, seed):
    once = answer(draw(seed, 2, 3, 5, 5))
    expect_close(answer(once), once, "the mask of scores that are masked already")


def last_queries_as_before(answer, seed):
    scores = draw(seed, 2, 3, 6, 6)
    expect_close(
        answer(scores[:, :, 4:]),
        answer(scores)[:, :, 4:],
        "the last 2 of 6 queries, masked alone, against the same rows of all 6 masked together",
    )


def model_pattern(answer, seed):
    model, tokens = tiny_model(seed)
    _, cache = model.run_with_cache(tokens, keep=["attn_scores", "pattern"])
    expect_close(answer(cache["attn_scores", 1]), cache["pattern", 1], "a model's pattern")


def model_scores(answer, seed):
    model, tokens = tiny_model(seed)
    _, cache = model.run_with_cache(tokens, keep=["rot_q", "rot_k", "attn_scores"])
    found = answer(cache["rot_q", 1], cache["rot_k", 1].repeat_interleave(2, dim=2))
    past = torch.ones(5, 5).tril().bool()
    expect_close(found[..., past], cache["attn_scores", 1][..., past], "a model's scores")


def model_mask(answer, seed):
    model, tokens = tiny_model(seed)
    kv = KVCache(model.config.n_layers)
    _, first = model.run_with_cache(tokens[:, :3], keep=["rot_k"], kv=kv)
    _, cache = model.run_with_cache(tokens[:, 3:], keep=["rot_q", "rot_k", "attn_scores"], kv=kv)
    k = torch.cat([first["rot_k", 1], cache["rot_k", 1]], dim=1).repeat_interleave(2, dim=2)
    raw = torch.einsum("bqhd,bkhd->bhqk", cache["rot_q", 1], k) / 2
    expect_close(answer(raw), cache["attn_scores", 1], "a model's scores of its last 2 tokens")


GRADERS = [
    grader(
        "attention.softmax",
        cases=cases_softmax,
        oracle=oracle_softmax,
        by_hand=softmax_by_hand,
        properties={
            "rows sum to one": rows_sum_to_one,
            "minus infinity gets exactly 0": minus_infinity_gets_exactly_zero,
            "one more is e times the weight": one_more_is_e_times_the_weight,
            "shifting a row changes nothing": shifting_a_row_changes_nothing,
        },
        tiny_model={"the pattern": model_pattern},
    ),
    grader(
        "attention.scores",
        cases=cases_scores,
        oracle=oracle_scores,
        by_hand=scores_by_hand,
        properties={"linear": doubling_doubles, "heads do not mix": heads_do_not_mix},
        tiny_model={"the scores": model_scores},
    ),
    grader(
        "attention.mask",
        cases=cases_mask,
        oracle=oracle_mask,
        by_hand=mask_by_hand,
        properties={
            "masking twice is masking once": masking_twice_is_masking_once,
            "the last queries alone": last_queries_as_before,
        },
        tiny_model={"the scores after a KV cache": model_mask},
    ),
]
