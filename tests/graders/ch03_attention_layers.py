"""Graders of chapter 03: one head, many heads, grouped heads. The oracle goes head by head."""

from __future__ import annotations

import math

import torch

from minitransformer.workbook.grading import Case, expect_close, grader
from minitransformer.workbook.grading.inputs import draw, tiny_model


def turn(x):
    """A rotary for the cases: on [batch, pos, heads, d_head], pair i turns by pos / (i + 1)."""
    if x.ndim != 4 or x.shape[-1] % 2:
        raise ValueError(
            "rotary takes queries or keys, [batch, pos, heads, d_head]; it was given "
            f"{list(x.shape)}"
        )
    half = x.shape[-1] // 2
    pos = torch.arange(x.shape[1], dtype=x.dtype)[:, None, None]
    angle = pos / torch.arange(1, half + 1, dtype=x.dtype)
    a, b = x[..., :half], x[..., half:]
    cos, sin = angle.cos(), angle.sin()
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


def same(x):
    """A rotary that turns nothing."""
    return x


# ---- 4 head, 5 heads, 6 grouped


def weights(seed, n_heads, n_kv_heads, d_model, d_head):
    """W_Q, W_K, W_V, W_O, each unlike the others."""
    return (
        draw(seed + 1, n_heads, d_model, d_head, scale=0.6),
        draw(seed + 2, n_kv_heads, d_model, d_head, scale=0.6),
        draw(seed + 3, n_kv_heads, d_model, d_head, scale=0.6),
        draw(seed + 4, n_heads, d_head, d_model, scale=0.6),
    )


def cases_head(seed):
    first = [w[0] for w in weights(seed, 1, 1, 7, 4)]
    second = [w[0] for w in weights(seed, 1, 1, 3, 6)]
    return [
        Case("2 texts of 5 positions, d_model 7, d_head 4", (draw(seed, 2, 5, 7), *first)),
        Case("4 texts of 2 positions, d_model 3, d_head 6", (draw(seed, 4, 2, 3), *second)),
        Case("1 text of 1 position, d_model 7, d_head 4", (draw(seed, 1, 1, 7), *first)),
    ]


def cases_heads(seed):
    x, w = draw(seed, 2, 5, 7), weights(seed, 3, 3, 7, 4)
    return [
        Case("3 heads, without rotary", (x, *w)),
        Case("3 heads, with rotary", (x, *w, turn)),
        Case("1 head, rotary=None", (draw(seed, 3, 4, 5), *weights(seed, 1, 1, 5, 2), None)),
    ]


def cases_grouped(seed):
    x = draw(seed, 2, 5, 7)
    return [
        Case("6 heads, 3 sets, without rotary", (x, *weights(seed, 6, 3, 7, 4))),
        Case("6 heads, 2 sets, with rotary", (x, *weights(seed, 6, 2, 7, 4), turn)),
        Case("4 heads, 1 set, with rotary", (x, *weights(seed, 4, 1, 7, 6), turn)),
        Case("3 heads, 3 sets, rotary=None", (x, *weights(seed, 3, 3, 7, 4), None)),
    ]


def oracle_head(x, W_Q, W_K, W_V, W_O):
    return oracle_grouped(x, W_Q[None], W_K[None], W_V[None], W_O[None])


def oracle_grouped(x, W_Q, W_K, W_V, W_O, rotary=None):
    """One text, one head, one query at a time; the past only is ever looked at."""
    x, W_Q, W_K, W_V, W_O = (tensor.double() for tensor in (x, W_Q, W_K, W_V, W_O))
    q, k, v = (all_heads(x, W) for W in (W_Q, W_K, W_V))
    if rotary is not None:
        q, k = rotary(q), rotary(k)
    (batch, n_pos, _), n_heads, n_kv_heads = x.shape, len(W_Q), len(W_K)
    out = torch.zeros_like(x)
    for b in range(batch):
        for h in range(n_heads):
            g = [s for s in range(n_kv_heads) for _ in range(n_heads // n_kv_heads)][h]
            for i in range(n_pos):
                fit = [
                    float(q[b, i, h].dot(k[b, j, g])) / math.sqrt(q.shape[-1]) for j in range(i + 1)
                ]
                odds = [math.exp(score - max(fit)) for score in fit]
                for j in range(i + 1):
                    out[b, i] += odds[j] / sum(odds) * (v[b, j, g] @ W_O[h])
    return out


def all_heads(x, W):
    """[batch, pos, heads, d_head], head by head."""
    return torch.stack([x @ W[h] for h in range(len(W))], dim=2)


def of_four(W_Q, W_K, W_V, W_O):
    """A head's weights with d_head 4, of which all but the first are 0."""
    read = [torch.tensor([[w, 0.0, 0.0, 0.0] for w in W]) for W in (W_Q, W_K, W_V)]
    return *read, torch.tensor([W_O, *([[0.0, 0.0]] * 3)])


# The head worked by hand: it looks where the first coordinate is large, and carries the second.
X = torch.tensor([[[0.0, 8.0], [1.0, 4.0]]])
HEAD = of_four([2 * math.log(3), 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 2.0])
# Beside it, one that looks everywhere alike, and carries the first coordinate.
EVEN = of_four([0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [6.0, 0.0])


def head_by_hand(answer):
    expect_close(
        answer(X, *HEAD),
        torch.tensor([[[0.0, 16.0], [0.0, 10.0]]]),
        "the head worked by hand on the page, on x = [[0, 8], [1, 4]] (its pattern is "
        "[[1, 0], [0.25, 0.75]], its averaged values are 8 and 5)",
    )


def heads_by_hand(answer):
    both = [torch.stack(pair) for pair in zip(HEAD, EVEN, strict=True)]
    expect_close(
        answer(X, *both),
        torch.tensor([[[0.0, 16.0], [3.0, 10.0]]]),
        "the two heads worked by hand on the page, on x = [[0, 8], [1, 4]] (their patterns are "
        "[[1, 0], [0.25, 0.75]] and [[1, 0], [0.5, 0.5]], their averaged values 8, 5 and 0, 0.5)",
    )


def grouped_by_hand(answer):
    read = torch.tensor([[[1.0], [0.0]], [[0.0], [1.0]]])  # set 0 the first number, set 1 the next
    digits = torch.tensor([[[10.0**h, 0.0]] for h in range(6)])
    expect_close(
        answer(torch.tensor([[[1.0, 2.0]]]), torch.ones(6, 2, 1), read, read, digits),
        torch.tensor([[[222111.0, 0.0]]]),
        "the six heads worked by hand on the page (digits from the right: the set that heads "
        "0 to 5 read, plus 1)",
    )


def causal(n_heads, n_kv_heads):
    """What comes later must not change what came before."""

    def later_tokens_change_nothing_before(answer, seed):
        x, w = draw(seed, 2, 5, 7), _layer(seed, n_heads, n_kv_heads)
        before = answer(x, *w)
        for t in (1, 3):
            edited = x.clone()
            edited[:, t:] += draw(seed + t, 2, 5 - t, 7, scale=5.0)
            expect_close(
                answer(edited, *w)[:, :t],
                before[:, :t],
                f"the output before position {t}, after x was changed from there on",
            )

    return later_tokens_change_nothing_before


def first_position_sees_itself(n_heads, n_kv_heads):
    """At position 0 every head must look at position 0."""

    def check(answer, seed):
        x, w = draw(seed, 2, 5, 7), _layer(seed, n_heads, n_kv_heads)
        expect_close(
            answer(x, *w)[:, :1], answer(x[:, :1], *w), "position 0, with and without more"
        )

    return check


def writing_twice_as_much(n_heads, n_kv_heads):
    def check(answer, seed):
        x, (*read, W_O) = draw(seed, 2, 5, 7), _layer(seed, n_heads, n_kv_heads)
        expect_close(answer(x, *read, 2 * W_O), 2 * answer(x, *read, W_O), "the output for 2 * W_O")
        expect_close(answer(x, *read, 0 * W_O), 0 * x, "the output for W_O = 0")

    return check


def _layer(seed, n_heads, n_kv_heads):
    """Weights of a layer; of a single head without the axis of heads for n_heads=0."""
    if n_heads == 0:
        return [w[0] for w in weights(seed, 1, 1, 7, 4)]
    return weights(seed, n_heads, n_kv_heads, 7, 4)


def idle_query_averages(answer, seed):
    x, (_, *rest) = draw(seed, 2, 5, 7), _layer(seed, 0, 0)
    means = torch.stack([x[:, : i + 1].mean(dim=1) for i in range(5)], dim=1)
    expect_close(
        answer(x, torch.zeros(7, 4), *rest),
        means @ rest[1] @ rest[2],
        "the output of a head whose queries are all 0 (it averages over the past and itself)",
    )


def heads_add_up(answer, seed):
    x, w = draw(seed, 2, 5, 7), weights(seed, 3, 3, 7, 4)
    alone = [answer(x, *(part[h : h + 1] for part in w), turn) for h in range(3)]
    expect_close(answer(x, *w, turn), sum(alone), "three heads together, against their sum")


def rotary_that_turns_nothing(answer, seed):
    x, w = draw(seed, 2, 5, 7), weights(seed, 3, 3, 7, 4)
    expect_close(answer(x, *w, same), answer(x, *w), "the output with a rotary that turns nothing")


def sharing_is_copying(answer, seed):
    x, (W_Q, W_K, W_V, W_O) = draw(seed, 2, 5, 7), weights(seed, 6, 2, 7, 4)
    copied = [torch.stack([W[0], W[0], W[0], W[1], W[1], W[1]]) for W in (W_K, W_V)]
    expect_close(
        answer(x, W_Q, W_K, W_V, W_O, turn),
        answer(x, W_Q, *copied, W_O, turn),
        "6 heads on 2 sets, against 6 heads with a copy of their set each",
    )


def attention_weights(model, layer=1):
    attn = model.blocks[layer].attn
    return attn.W_Q.clone(), attn.W_K.clone(), attn.W_V.clone(), attn.W_O.clone()


def model_head(answer, seed):
    model, tokens = tiny_model(seed, n_heads=1, n_kv_heads=1, positions=None)
    _, cache = model.run_with_cache(tokens, keep=["attn_in", "attn_out"])
    found = answer(cache["attn_in", 1], *(w[0] for w in attention_weights(model)))
    expect_close(found, cache["attn_out", 1], "what a model's only head adds to the stream")


def model_layer(n_kv_heads):
    def check(answer, seed):
        model, tokens = tiny_model(seed, n_kv_heads=n_kv_heads)
        _, cache = model.run_with_cache(tokens, keep=["attn_in", "attn_out"])
        rotary = model.blocks[1].attn.rotary
        found = answer(cache["attn_in", 1], *attention_weights(model), rotary)
        expect_close(found, cache["attn_out", 1], "what a model's layer adds to the stream")

    return check


GRADERS = [
    grader(
        "attention.head",
        cases=cases_head,
        oracle=oracle_head,
        by_hand=head_by_hand,
        properties={
            "causal": causal(0, 0),
            "the first position sees itself": first_position_sees_itself(0, 0),
            "an idle query averages": idle_query_averages,
            "linear in W_O": writing_twice_as_much(0, 0),
        },
        tiny_model={"a layer of one head": model_head},
    ),
    grader(
        "attention.heads",
        cases=cases_heads,
        oracle=oracle_grouped,
        by_hand=heads_by_hand,
        properties={
            "causal": causal(3, 3),
            "the first position sees itself": first_position_sees_itself(3, 3),
            "heads add up": heads_add_up,
            "a rotary that turns nothing": rotary_that_turns_nothing,
            "linear in W_O": writing_twice_as_much(3, 3),
        },
        tiny_model={"a layer with rotary": model_layer(6)},
    ),
    grader(
        "attention.grouped",
        cases=cases_grouped,
        oracle=oracle_grouped,
        by_hand=grouped_by_hand,
        properties={
            "causal": causal(6, 3),
            "the first position sees itself": first_position_sees_itself(6, 3),
            "sharing is copying": sharing_is_copying,
            "linear in W_O": writing_twice_as_much(6, 3),
        },
        tiny_model={"a grouped layer with rotary": model_layer(3)},
    ),
]
