"""Graders of chapter 03: QK and OV matrices, and heads found by where they look."""

from __future__ import annotations

import torch
from ch03_attention_layers import attention_weights, weights

from minitransformer.interventions import ablate_head
from minitransformer.workbook.grading import Case, expect_close, grader
from minitransformer.workbook.grading.inputs import draw, tiny_model

# ---- 7 qk, 8 ov


def cases_qk(seed):
    return [
        Case(
            f"{n_heads} heads of {d_head}, {n_kv_heads} sets, d_model {d_model}",
            weights(seed, n_heads, n_kv_heads, d_model, d_head)[:2],
        )
        for n_heads, n_kv_heads, d_model, d_head in [
            (6, 3, 7, 4),
            (6, 2, 4, 5),
            (3, 3, 5, 2),
            (4, 1, 5, 3),
        ]
    ]


def oracle_qk(W_Q, W_K):
    W_Q, W_K = W_Q.double(), W_K.double()
    n_heads, d_model, _ = W_Q.shape
    out = torch.zeros(n_heads, d_model, d_model, dtype=torch.float64)
    for h in range(n_heads):
        g = h * len(W_K) // n_heads
        for i in range(d_model):
            for j in range(d_model):
                out[h, i, j] = W_Q[h, i].dot(W_K[g, j])
    return out


def qk_by_hand(answer):
    W_Q = torch.tensor([[[1.0], [2.0]], [[0.0], [1.0]]])
    expect_close(
        answer(W_Q, torch.tensor([[[3.0], [4.0]]])),
        torch.tensor([[[3.0, 4.0], [6.0, 8.0]], [[0.0, 0.0], [3.0, 4.0]]]),
        "the QK matrices of the two heads worked by hand on the page",
    )


def qk_scores_a_pair(answer, seed):
    W_Q, W_K, *_ = weights(seed, 6, 2, 7, 4)
    x, y = draw(seed, 7), draw(seed + 1, 7)
    matrices = answer(W_Q, W_K)
    for h in range(6):
        raw = (x @ W_Q[h]).dot(y @ W_K[h // 3])
        found = x.double() @ matrices[h].double() @ y.double()
        what = f"x @ qk[{h}] @ y, against head {h}'s q . k"
        expect_close(found.to(matrices.dtype), raw, what)  # no finer than the answer's own digits


def cases_ov(seed):
    def case(n, n_heads, n_kv_heads, d_model, d_head, d_vocab):
        _, _, W_V, W_O = weights(seed, n_heads, n_kv_heads, d_model, d_head)
        return Case(
            f"{n_heads} heads of {d_head}, {n_kv_heads} sets, {n} vectors of {d_model}",
            (draw(seed, n, d_model), W_V, W_O, draw(seed, d_model, d_vocab)),
        )

    return [
        case(5, 6, 3, 7, 4, 11),
        case(3, 6, 2, 4, 5, 9),
        case(1, 3, 3, 5, 2, 7),
        case(2, 4, 1, 5, 3, 6),
    ]


def oracle_ov(x, W_V, W_O, W_U):
    x, W_V, W_O, W_U = (tensor.double() for tensor in (x, W_V, W_O, W_U))
    out = torch.zeros(len(W_O), len(x), W_U.shape[1], dtype=torch.float64)
    for h in range(len(W_O)):
        g = h * len(W_V) // len(W_O)
        for i in range(len(x)):
            value = [x[i].dot(W_V[g][:, d]) for d in range(W_V.shape[2])]
            written = sum(value[d] * W_O[h][d] for d in range(W_V.shape[2]))
            for token in range(W_U.shape[1]):
                out[h, i, token] = written.dot(W_U[:, token])
    return out


def ov_by_hand(answer):
    W_O = torch.tensor([[[2.0, 0.0]], [[0.0, 1.0]]])
    W_U = torch.tensor([[1.0, 0.0, -1.0], [0.0, 1.0, 1.0]])
    expect_close(
        answer(torch.tensor([[1.0, 2.0]]), torch.tensor([[[1.0], [1.0]]]), W_O, W_U),
        torch.tensor([[[6.0, 0.0, -6.0]], [[0.0, 3.0, 3.0]]]),
        "the logits from the two heads worked by hand on the page, on x = [1, 2]",
    )


def ov_is_linear(answer, seed):
    (x, *w) = cases_ov(seed)[0].args
    y = draw(seed + 1, 5, 7)
    expect_close(answer(x + 2 * y, *w), answer(x, *w) + 2 * answer(y, *w), "the logits of x + 2y")


# ---- 9 lookback


def causal_pattern(seed, batch, n_heads, n_pos):
    """Rows that sum to one, nothing after the diagonal."""
    odds = draw(seed, batch, n_heads, n_pos, n_pos, scale=2.0).exp().tril()
    return odds / odds.sum(dim=-1, keepdim=True)


def cases_lookback(seed):
    pattern = causal_pattern(seed, 2, 3, 6)
    long = causal_pattern(seed, 4, 3, 10)
    return [
        Case("one back", (pattern, 1)),
        Case("none back: to itself", (pattern, 0)),
        Case("the longest distance there is", (pattern, 5)),
        Case("two back, from query 4 on", (pattern, 2, 4)),
        Case("three back, first_query=1 comes too early to matter", (pattern, 3, 1)),
        Case("two blocks of 5: four back, from query 5 on", (long, 4, 5)),
        Case("itself, from query 3 on", (long, 0, 3)),
    ]


def oracle_lookback(pattern, distance, first_query=0):
    batch, n_heads, n_query, _ = pattern.shape
    out = torch.zeros(n_heads, dtype=torch.float64)
    for h in range(n_heads):
        found = []
        for b in range(batch):
            for i in range(n_query):
                if i >= first_query and i - distance >= 0:
                    found.append(float(pattern[b, h, i, i - distance]))
        out[h] = sum(found) / len(found)
    return out


def lookback_by_hand(answer):
    pattern = torch.tensor([[[[1.0, 0.0, 0.0], [0.6, 0.4, 0.0], [0.1, 0.7, 0.2]]]])
    for args, expected in [((1,), 0.65), ((1, 2), 0.7), ((2,), 0.1), ((0,), 1.6 / 3)]:
        given = f"distance={args[0]}" + (f", first_query={args[1]}" if len(args) > 1 else "")
        expect_close(
            answer(pattern, *args),
            torch.tensor([expected]),
            f"[[1, 0, 0], [0.6, 0.4, 0], [0.1, 0.7, 0.2]] with {given}",
        )


def a_head_that_always_looks_back(answer, seed):
    for distance in (1, 2, 4):
        pattern = torch.zeros(2, 3, 7, 7)
        for i in range(7):
            pattern[:, 1, i, max(i - distance, 0)] = 1
            pattern[:, (0, 2), i, i] = 1
        expect_close(
            answer(pattern, distance),
            torch.tensor([0.0, 1.0, 0.0]),
            f"three heads of which only head 1 looks {distance} back, and always",
        )


def model_qk(answer, seed):
    model, tokens = tiny_model(seed, positions=None)
    _, cache = model.run_with_cache(tokens, keep=["attn_in", "attn_scores"])
    x, (W_Q, W_K, _, _) = cache["attn_in", 1], attention_weights(model)
    matrices = answer(W_Q, W_K)
    raw = torch.einsum("bim,hmn,bjn->bhij", x.double(), matrices.double(), x.double())
    past = torch.ones(5, 5).tril().bool()
    expect_close(
        (raw[..., past] / 2).to(matrices.dtype),
        cache["attn_scores", 1][..., past],
        "a model's scores from QK",
    )


def model_ov(answer, seed):
    """Make every position look at itself alone, and leave one head: what it adds is known."""
    model, tokens = tiny_model(seed)
    _, _, W_V, W_O = attention_weights(model)
    for h in (1, 2, 5):
        edit = {
            "blocks.1.attn.pattern": lambda pattern: torch.eye(5).expand_as(pattern),
            "blocks.1.attn.z": ablate_head([other for other in range(6) if other != h]),
        }
        _, cache = model.run_with_cache(tokens, keep=["attn_in", "attn_out"], edit=edit)
        x, added = cache["attn_in", 1], cache["attn_out", 1]
        expect_close(
            answer(x[0], W_V, W_O, model.W_U.clone())[h],
            added[0] @ model.W_U,
            f"the logits that head {h} of a model adds when every position looks at itself alone",
        )


def model_lookback(answer, seed):
    """A model built so that head h of 3 looks h + 1 tokens back: positions are all it reads."""
    model, tokens = tiny_model(
        seed, n_layers=1, d_model=8, d_head=8, n_heads=3, n_kv_heads=3, norm=None,
        positions="learned", d_mlp=None,
    )  # fmt: skip
    model.W_E.zero_()
    model.W_pos.copy_(torch.eye(8))
    for h in range(3):
        model.blocks[0].attn.W_Q[h] = 100 * torch.eye(8)
        model.blocks[0].attn.W_K[h] = torch.eye(8).roll(h + 1, dims=1)
    _, cache = model.run_with_cache(tokens, keep=["pattern"])
    for distance in (1, 2, 3):
        expected = torch.tensor([float(h + 1 == distance) for h in range(3)])
        found = answer(cache["pattern", 0], distance, 3)  # from query 3 on, all three can look back
        what = f"a model's three heads, built to look 1, 2 and 3 back, with distance={distance}"
        expect_close(found, expected, f"{what}, first_query=3")


GRADERS = [
    grader(
        "attention.qk",
        cases=cases_qk,
        oracle=oracle_qk,
        by_hand=qk_by_hand,
        properties={"scores a pair": qk_scores_a_pair},
        tiny_model={"the scores": model_qk},
    ),
    grader(
        "attention.ov",
        cases=cases_ov,
        oracle=oracle_ov,
        by_hand=ov_by_hand,
        properties={"linear in x": ov_is_linear},
        tiny_model={"one head looking at one token": model_ov},
    ),
    grader(
        "attention.lookback",
        cases=cases_lookback,
        oracle=oracle_lookback,
        by_hand=lookback_by_hand,
        properties={"a head that always looks back": a_head_that_always_looks_back},
        tiny_model={"heads built to look back": model_lookback},
    ),
]
