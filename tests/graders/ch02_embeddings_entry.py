"""Graders of chapter 02: embed, position, rotate. Oracles work in float64, number by number."""

from __future__ import annotations

import math

import torch

from minitransformer.kv import KVCache
from minitransformer.workbook.grading import Case, Wrong, expect_close, grader
from minitransformer.workbook.grading.compare import agree
from minitransformer.workbook.grading.inputs import draw, tiny_model
from minitransformer.workbook.running.breakage import Broke, brief


def expect_index_error(answer, args, given, why):
    """Raise `Wrong` unless the answer raises an IndexError on these arguments. `why(found)` says
    what to do about an answer that gave `found` instead."""
    try:
        found = answer(*args)
    except Broke as broke:
        if isinstance(broke.cause, IndexError):
            return
        kind, text = type(broke.cause).__name__, brief(str(broke.cause))
        said = f" ({text})" if text else ""
        raise Wrong(
            f"{given}, an IndexError is expected, and {kind} was raised{said}: look at this input "
            "first, and raise an IndexError, as in `raise IndexError(...)`"
        ) from None
    given = f"{given}, an IndexError is expected, and nothing was raised"
    if isinstance(found, IndexError) or found is IndexError:
        raise Wrong(f"{given}; an IndexError was returned: write raise in the place of return")
    raise Wrong(f"{given}: {why(found)}")


# ---- 1 embed


def some_tokens(seed, d_vocab, *shape):
    """Token numbers with the first and the last of the vocabulary among them, and one twice."""
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(0, d_vocab, shape, generator=generator)
    tokens.view(-1)[:4] = torch.tensor([d_vocab - 1, 0, d_vocab - 1, 2])
    return tokens


def cases_embed(seed):
    return [
        Case(
            "2 texts of 5 tokens, 11 tokens known, d_model 7",
            (some_tokens(seed, 11, 2, 5), draw(seed, 11, 7)),
        ),
        Case(
            "3 texts of 2 tokens, d_model as large as the vocabulary, 5",
            (some_tokens(seed, 5, 3, 2), draw(seed, 5, 5)),
        ),
        Case("1 text of 6 tokens, d_model 3", (some_tokens(seed, 8, 1, 6), draw(seed, 8, 3))),
        Case("4 texts of 1 token", (some_tokens(seed, 9, 4, 1), draw(seed, 9, 2, scale=30.0))),
        Case(
            "2 texts of 2 tokens, neither the first nor the last token known among them",
            (torch.tensor([[3, 1], [6, 4]]), draw(seed, 10, 3)),
        ),
    ]


def oracle_embed(tokens, W_E):
    rows = [[W_E[int(token)].tolist() for token in text] for text in tokens]
    return torch.tensor(rows, dtype=torch.float64)


def embed_by_hand(answer):
    W_E = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    expect_close(
        answer(torch.tensor([[2, 0, 2]]), W_E).reshape(3, 2),
        torch.tensor([[5.0, 6.0], [1.0, 2.0], [5.0, 6.0]]),
        "the text [2, 0, 2] with W_E = [[1, 2], [3, 4], [5, 6]]",
    )


def no_negative_token(answer, seed):
    W_E = draw(seed, 6, 4)
    for number in (-1, -6):
        texts = [[1, 0, 5], [2, number, 3]]
        why = (
            f"W_E[{number}] is the row of token {6 + number}, so ask before you look the rows up "
            "whether any token of any text is below 0"
        )
        given = f"for the tokens {texts}"
        expect_index_error(answer, (torch.tensor(texts), W_E), given, lambda _, why=why: why)


def model_embed(answer, seed):
    model, tokens = tiny_model(seed)
    _, cache = model.run_with_cache(tokens, keep=["embed"])
    expect_close(answer(tokens, model.W_E.clone()), cache["embed"], "a model's embedded tokens")


# ---- 2 position


def cases_position(seed):
    def case(label, batch, pos, d_model, n_ctx, *past):
        return Case(label, (draw(seed, batch, pos, d_model), draw(seed, n_ctx, d_model), *past))

    return [
        case("2 texts of 3 positions, n_ctx 5, past left out", 2, 3, 7, 5),
        case("the same with past=0", 2, 3, 7, 5, 0),
        case("2 texts of 3 positions, n_ctx 5, past=2", 2, 3, 7, 5, 2),
        case("4 texts of 4 positions, d_model 4, n_ctx 9, past=3", 4, 4, 4, 9, 3),
        case("3 texts of one position, n_ctx 6, past=5: the last row", 3, 1, 4, 6, 5),
        case("as many positions as there are rows, 5", 2, 5, 3, 5),
    ]


def oracle_position(x, W_pos, past=0):
    out = x.double().clone()
    for b in range(x.shape[0]):
        for p in range(x.shape[1]):
            for i in range(x.shape[2]):
                out[b, p, i] = float(x[b, p, i]) + float(W_pos[past + p, i])
    return out


def position_by_hand(answer):
    x = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    W_pos = torch.tensor([[10.0, 0.0], [0.0, 10.0], [5.0, 5.0]])
    for past, expected in [(0, [[11.0, 2.0], [3.0, 14.0]]), (1, [[1.0, 12.0], [8.0, 9.0]])]:
        what = f"[1, 2] and [3, 4] with W_pos = [[10, 0], [0, 10], [5, 5]] and past={past}"
        expect_close(answer(x, W_pos, past).reshape(2, 2), torch.tensor(expected), what)


def no_place_beyond_the_table(answer, seed):
    for pos, past in [(2, 4), (3, 4), (2, 5), (1, 9), (7, 0)]:
        x, W_pos = draw(seed, 2, pos, 4), draw(seed, 5, 4)
        given = (
            f"with {pos} position{'s' * (pos > 1)} and past={past}, where the last stands at "
            f"number {past + pos - 1} and W_pos has rows 0 to 4"
        )
        args = x, W_pos, past
        expect_index_error(answer, args, given, lambda found, args=args: beyond(found, *args))


def beyond(found, x, W_pos, past):
    """What to do about an answer that found rows beyond the table."""
    number, padded = past + torch.arange(x.shape[1]), torch.cat([W_pos, torch.zeros(16, 4)])
    for rows, sentence in [
        (
            W_pos[number.clamp(max=4)],
            "the last row was given to those beyond it, as a single row left over by a slice is: "
            "compare past + pos with n_ctx first, or look the rows up by their numbers",
        ),
        (
            W_pos[number % 5],
            "the count began again at row 0: leave the numbers as they are, past, past + 1, ...",
        ),
        (
            padded[number],
            "what stands beyond the table was left without a row: refuse it",
        ),
    ]:
        if agree(found, x + rows, rtol=1e-4, atol=1e-5):
            return sentence
    return "compare past + pos with n_ctx first, or look the rows up by their numbers"


def in_two_goes(answer, seed):
    x, W_pos = draw(seed, 2, 7, 4), draw(seed, 9, 4)
    expect_close(
        answer(x[:, 3:], W_pos, 3),
        answer(x, W_pos)[:, 3:],
        "the last 4 of 7 positions with past=3, against the same positions of all 7",
    )


def model_position(answer, seed):
    model, tokens = tiny_model(seed, positions="learned")
    _, cache = model.run_with_cache(tokens, keep=["embed", "resid_pre"])
    found = answer(cache["embed"], model.W_pos.clone())
    expect_close(found, cache["resid_pre", 0], "a model's stream before its first layer")


# ---- 3 rotate


def cases_rotate(seed):
    return [
        Case("5 positions, 3 heads of 8, base 10000", (draw(seed, 2, 5, 3, 8), 10_000.0)),
        Case("the same with past=7", (draw(seed, 2, 5, 3, 8), 10_000.0, 7)),
        Case("4 positions, 4 heads of 6, base 50", (draw(seed, 3, 4, 4, 6), 50.0)),
        Case("one position, past=6, 5 heads of 4", (draw(seed, 2, 1, 5, 4), 100.0, 6)),
        Case("2 positions, one head of 2, past=3", (draw(seed, 3, 2, 1, 2), 10_000.0, 3)),
        Case("3 positions, 2 heads of 10, past=40", (draw(seed, 1, 3, 2, 10), 100_000.0, 40)),
    ]


def oracle_rotate(x, base, past=0):
    out = torch.zeros(x.shape, dtype=torch.float64)
    batch, n_pos, n_heads, d_head = x.shape
    for b in range(batch):
        for p in range(n_pos):
            for h in range(n_heads):
                for i in range(d_head // 2):
                    turn = (past + p) * base ** (-2 * i / d_head)
                    first, second = float(x[b, p, h, i]), float(x[b, p, h, i + d_head // 2])
                    out[b, p, h, i] = first * math.cos(turn) - second * math.sin(turn)
                    out[b, p, h, i + d_head // 2] = second * math.cos(turn) + first * math.sin(turn)
    return out


def rotate_by_hand(answer):
    x = torch.tensor([1.0, 2.0, 0.0, 0.0])
    two = answer(torch.stack([x, x])[None, :, None], 100.0)
    once = [math.cos(1), 2 * math.cos(0.1), math.sin(1), 2 * math.sin(0.1)]
    expected = torch.stack([x, torch.tensor(once)])
    what = "[1, 2, 0, 0] at positions 0 and 1, with base=100"
    expect_close(two.reshape(2, 4), expected, what)
    far = [math.cos(10), 2 * math.cos(1), math.sin(10), 2 * math.sin(1)]
    found = answer(x.reshape(1, 1, 1, 4), 100.0, 10)
    expect_close(found.reshape(4), torch.tensor(far), "[1, 2, 0, 0] with base=100 and past=10")


def lengths_stay(answer, seed):
    x = draw(seed, 2, 6, 3, 8)
    found = answer(x, 100.0, 4)
    expect_close(found.norm(dim=-1), x.norm(dim=-1), "the lengths of the vectors after turning")


def only_the_distance_counts(answer, seed):
    one, other = draw(seed, 1, 1, 1, 8), draw(seed + 1, 1, 1, 1, 8)
    for apart in (0, 1, 5):
        near, far = (
            (answer(one, 100.0, p + apart) * answer(other, 100.0, p)).sum() for p in (2, 30)
        )
        what = f"the dot product of two vectors {apart} apart, at 30 against at 2"
        expect_close(far, near, what, atol=1e-3)


def turned_in_two_goes(answer, seed):
    x = draw(seed, 2, 7, 3, 4)
    expect_close(
        answer(x[:, 3:], 100.0, 3),
        answer(x, 100.0)[:, 3:],
        "the last 4 of 7 positions with past=3, against the same positions of all 7",
    )


def model_rotate(answer, seed):
    model, tokens = tiny_model(seed)
    kv, base = KVCache(model.config.n_layers), model.config.rotary_base
    _, first = model.run_with_cache(tokens[:, :3], keep=["q", "rot_q"], kv=kv)
    _, then = model.run_with_cache(tokens[:, 3:], keep=["k", "rot_k"], kv=kv)
    expect_close(answer(first["q", 1], base), first["rot_q", 1], "vectors that a model turns")
    expect_close(
        answer(then["k", 1], base, 3), then["rot_k", 1], "vectors that a model turns, with past=3"
    )


GRADERS = [
    grader(
        "embeddings.embed",
        cases=cases_embed,
        oracle=oracle_embed,
        by_hand=embed_by_hand,
        properties={"negative numbers are refused": no_negative_token},
        tiny_model={"the embedded tokens": model_embed},
    ),
    grader(
        "embeddings.position",
        cases=cases_position,
        oracle=oracle_position,
        by_hand=position_by_hand,
        properties={
            "positions beyond the table are refused": no_place_beyond_the_table,
            "in two goes": in_two_goes,
        },
        tiny_model={"the stream before the first layer": model_position},
    ),
    grader(
        "embeddings.rotate",
        cases=cases_rotate,
        oracle=oracle_rotate,
        by_hand=rotate_by_hand,
        properties={
            "lengths stay": lengths_stay,
            "only the distance counts": only_the_distance_counts,
            "in two goes": turned_in_two_goes,
        },
        tiny_model={"what a model turns": model_rotate},
    ),
]
