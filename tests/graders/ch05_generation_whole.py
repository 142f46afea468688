"""Graders of chapter 05: the whole model, and its writing. The oracles are written out once more.

The oracle of the model works in float64, head by head and query by query, with rotary as a product
of complex numbers; that of the tokenizer joins the pair of the lowest rank until none is
left. Nothing of it comes from the package, against which the last rung compares.
"""

from __future__ import annotations

import functools
import math

import regex
import torch

from minitransformer.generation import generate
from minitransformer.tokenizer import Tokenizer
from minitransformer.weights import named
from minitransformer.workbook.grading import Case, Wrong, expect_close, grader
from minitransformer.workbook.grading.inputs import draw, tiny_model

# ---- 9 model


def weights(seed, n_layers, d_model=6, d_head=4, n_heads=4, n_kv_heads=2, d_mlp=5, d_vocab=11):
    """Weights by name, in no order."""
    shapes = {"W_E": (d_vocab, d_model), "W_U": (d_model, d_vocab), "final_norm.w": (d_model,)}
    for layer in range(n_layers):
        block = {
            "attn_norm.w": (d_model,),
            "attn.W_Q": (n_heads, d_model, d_head),
            "attn.W_K": (n_kv_heads, d_model, d_head),
            "attn.W_V": (n_kv_heads, d_model, d_head),
            "attn.W_O": (n_heads, d_head, d_model),
            "mlp_norm.w": (d_model,),
            "mlp.W_gate": (d_model, d_mlp),
            "mlp.W_in": (d_model, d_mlp),
            "mlp.W_out": (d_mlp, d_model),
        }
        shapes |= {f"blocks.{layer}.{name}": shape for name, shape in block.items()}
    made = {
        name: (1.0 if name.endswith("norm.w") else 0.0) + draw(seed + 100 * i, *shape, scale=0.5)
        for i, (name, shape) in enumerate(shapes.items())
    }
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(made), generator=generator).tolist()
    names = list(made)
    return {names[i]: made[names[i]] for i in order}


def texts(seed, batch, n_pos, d_vocab=11):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, d_vocab, (batch, n_pos), generator=generator)


def cached(make):
    """Remember what `make` gives, for each default dtype by itself: a learner may set it."""
    kept = functools.cache(lambda dtype, *args: make(*args))
    return lambda *args: kept(torch.get_default_dtype(), *args)


@cached  # whoever is given a case gets a copy of it
def cases_model(seed):
    deep = weights(seed + 1, 11, d_model=3, d_head=2, n_heads=2, n_kv_heads=1, d_mlp=2, d_vocab=5)
    return [
        Case("2 layers, 2 texts of 5 tokens", (texts(seed, 2, 5), weights(seed, 2), 100.0)),
        Case("3 layers, eps = 0.3", (texts(seed + 2, 1, 4), weights(seed + 2, 3), 50.0, 0.3)),
        Case("11 layers", (texts(seed + 1, 2, 3, 5), deep, 10_000.0)),
    ]


def oracle_model(tokens, weights, base, eps=1e-5):
    w = {name: weight.double() for name, weight in weights.items()}
    n_layers = len([name for name in w if name.endswith("attn.W_Q")])
    stream = w["W_E"][tokens]
    for layer in range(n_layers):
        own = {name: w[f"blocks.{layer}.{name}"] for name in PARTS}
        stream = torch.stack([one_block(text, own, base, eps) for text in stream])
    return rms(stream, w["final_norm.w"], eps) @ w["W_U"]


PARTS = (
    "attn_norm.w", "attn.W_Q", "attn.W_K", "attn.W_V", "attn.W_O",
    "mlp_norm.w", "mlp.W_gate", "mlp.W_in", "mlp.W_out",
)  # fmt: skip


def rms(x, w, eps):
    return x / (x.pow(2).sum(-1, keepdim=True) / x.shape[-1] + eps).sqrt() * w


def one_block(x, w, base, eps):
    """One text [pos, d_model] through one block."""
    n_pos, n_heads, n_kv_heads = len(x), len(w["attn.W_Q"]), len(w["attn.W_K"])
    read, added = rms(x, w["attn_norm.w"], eps), torch.zeros_like(x)
    for h in range(n_heads):
        g = h // (n_heads // n_kv_heads)
        q = turned(read @ w["attn.W_Q"][h], base)
        k = turned(read @ w["attn.W_K"][g], base)
        v = read @ w["attn.W_V"][g]
        for i in range(n_pos):
            fit = k[: i + 1] @ q[i] / math.sqrt(q.shape[-1])
            odds = (fit - fit.max()).exp()
            added[i] += odds / odds.sum() @ v[: i + 1] @ w["attn.W_O"][h]
    x = x + added
    read = rms(x, w["mlp_norm.w"], eps)
    gate = read @ w["mlp.W_gate"]
    return x + (gate / (1 + (-gate).exp()) * (read @ w["mlp.W_in"])) @ w["mlp.W_out"]


def turned(x, base):
    """Rotary of [pos, d_head]: the numbers i and i + half as one complex number, turned."""
    half = x.shape[1] // 2
    speed = torch.tensor([base ** (-2 * i / x.shape[1]) for i in range(half)]).double()
    angle = torch.arange(len(x))[:, None] * speed
    pairs = torch.complex(x[:, :half], x[:, half:]) * torch.polar(torch.ones_like(angle), angle)
    return torch.cat([pairs.real, pairs.imag], dim=1)


def idle_weights(W_E, w, W_U):
    """Weights of a model of two layers whose blocks add nothing."""
    d_model = len(w)
    made = weights(7, 2, d_model=d_model, d_vocab=len(W_E))
    for name, weight in made.items():
        if name.endswith(("W_O", "W_out")):
            weight.zero_()
    return made | {"W_E": W_E, "final_norm.w": w, "W_U": W_U}


def model_by_hand(answer):
    made = idle_weights(
        torch.tensor([[1.0, 7.0], [-7.0, 1.0], [0.0, 5.0]]),
        torch.tensor([5.0, 10.0]),
        torch.tensor([[1.0, 0.0, 2.0], [0.0, 1.0, -1.0]]),
    )
    expect_close(
        answer(torch.tensor([[0, 1]]), made, 100.0),
        torch.tensor([[[1.0, 14.0, -12.0], [-7.0, 2.0, -16.0]]]),
        "the model worked by hand on the page, whose blocks add nothing, on the tokens 0 and 1",
    )


def later_tokens_change_nothing_before(answer, seed):
    tokens, made = texts(seed, 1, 6), weights(seed, 2)
    changed = tokens.clone()
    changed[:, 4:] = (changed[:, 4:] + 1) % 11
    expect_close(
        answer(changed, made, 100.0)[:, :4],
        answer(tokens, made, 100.0)[:, :4],
        "the logits of the first 4 tokens, after the later ones were changed",
    )


def model_model(answer, seed):
    model, tokens = tiny_model(seed, gated=True, act="silu")
    made = {name: weight.detach() for name, weight in named(model).items()}
    expect_close(
        answer(tokens, made, model.config.rotary_base, model.config.norm_eps),
        model(tokens),
        "a model's logits",
        rtol=1e-3,
        atol=1e-3,
    )


# ---- 10 write

# The bytes of a few letters and of é (two of them), and what was joined: the rank is the id.
TOKENS = [
    b"a", b"b", b"c", b" ", b"\xc3", b"\xa9", b"!", b"b ", b"ab", b" a", b"c\xc3", b" ab",
]  # fmt: skip
RANKS = {token: id for id, token in enumerate(TOKENS)}
PATTERN = r" ?\p{L}+|[^\p{L}]+"


@cached
def writer(seed, text, n_new):
    """Weights that leave no doubt, at any step, about the next token."""
    for attempt in range(1000):
        made = weights(1000 * seed + attempt, 2, d_vocab=len(TOKENS))
        ids, gap = continued(text, n_new, made, 100.0, RANKS, PATTERN)
        new = ids[len(ids) - n_new :]
        if n_new and (gap < 1e-2 or len(set(new)) <= min(n_new // 2, 3)):
            continue
        # Of a long text every part matters: who reads its end alone goes on otherwise.
        ends = [at for at in (1, 4, 8, 12, 16) if at < len(ids) - n_new and len(ids) > 20]
        if all(continued(text, n_new, made, 100.0, RANKS, PATTERN, at)[0] != ids for at in ends):
            return made
    raise AssertionError(f"no weights for seed {seed}: the construction has to be mended")


@cached
def cases_write(seed):
    n = len(TOKENS)
    in_turn = torch.eye(n).roll(1, dims=1)
    circle = idle_weights(4.0 * torch.eye(n), torch.ones(n), in_turn)
    # Each token has two successors of exactly one logit, the second of which has the larger id.
    two = idle_weights(4.0 * torch.eye(n), torch.ones(n), in_turn + in_turn.roll(1, dims=1))
    return [
        Case("a circle of all tokens", ("a", 6, circle, 100.0, RANKS, PATTERN)),
        *[
            Case(
                f'"{text}" and {n_new} new tokens',
                (text, n_new, writer(seed + i, text, n_new), 100.0, RANKS, PATTERN),
            )
            for i, (text, n_new) in enumerate(
                [
                    ("ab ab", 4),
                    ("abcé cab!", 3),
                    ("é", 4),
                    (" cab ab ", 1),
                    ("b acé", 0),
                    ("cab! é abcb a!c cabé ! b acab", 3),
                ]
            )
        ],
        Case("two tokens equally likely each time", ("a", 3, two, 100.0, RANKS, PATTERN)),
    ]


def oracle_write(text, n_new, weights, base, ranks, pattern):
    ids, _ = continued(text, n_new, weights, base, ranks, pattern)
    spelt = {id: token for token, id in ranks.items()}
    return b"".join(spelt[id] for id in ids).decode("utf-8", errors="replace")


def continued(text, n_new, weights, base, ranks, pattern, window=1000):
    """The ids of the text and of its continuation, and the narrowest lead of a chosen token.

    Each is chosen by what the last `window` tokens say.
    """
    ids, gap = cut(text, ranks, pattern), math.inf
    for _ in range(n_new):
        logits = oracle_model(torch.tensor([ids[-window:]]), weights, base)[0, -1].tolist()
        first, second = sorted(logits, reverse=True)[:2]
        gap = min(gap, first - second)
        ids = [*ids, logits.index(first)]
    return ids, gap


def cut(text, ranks, pattern):
    ids = []
    for chunk in regex.findall(pattern, text):
        parts = [bytes([byte]) for byte in chunk.encode()]
        while True:
            joined = [ranks.get(parts[i] + parts[i + 1], math.inf) for i in range(len(parts) - 1)]
            if not joined or min(joined) == math.inf:
                break
            at = joined.index(min(joined))
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        ids += [ranks[part] for part in parts]
    return ids


def write_by_hand(answer):
    made = idle_weights(4.0 * torch.eye(3), torch.ones(3), torch.eye(3).roll(1, dims=1))
    found = answer("ab", 3, made, 100.0, {b"a": 0, b"b": 1, b"c": 2}, r"\p{L}+")
    if found != "abcab":
        raise Wrong(f'the circle of a, b and c: from "ab", 3 more is "abcab"; found {found!r}')


def in_two_goes_as_in_one(answer, seed):
    text, n_new, made, base, ranks, pattern = cases_write(seed)[1].args
    for n in range(n_new):
        found = answer(text, n, dict(made), base, ranks, pattern)
        whole = oracle_write(text, n, made, base, ranks, pattern)
        if found != whole:
            raise Wrong(f"{n} new tokens behind {text!r}: expected {whole!r}, found {found!r}")


def model_write(answer, seed):
    model, _ = tiny_model(seed, gated=True, act="silu", d_vocab=len(TOKENS), n_ctx=32)
    tokenizer = Tokenizer(RANKS, {}, PATTERN)
    made = {name: weight.detach() for name, weight in named(model).items()}
    ids = tokenizer.encode("cab ab")
    for _ in range(5):  # as far as the model leaves no doubt
        best = model(torch.tensor([ids]))[0, -1].topk(2).values
        if best[0] - best[1] < 1e-2:
            break
        ids += generate(model, [ids], 1)[0]
    n_new = len(ids) - len(tokenizer.encode("cab ab"))
    found = answer("cab ab", n_new, made, model.config.rotary_base, RANKS, PATTERN)
    if found != tokenizer.decode(ids):
        raise Wrong(f"what a model writes: expected {tokenizer.decode(ids)!r}, found {found!r}")


GRADERS = [
    grader(
        "generation.model",
        cases=cases_model,
        oracle=oracle_model,
        by_hand=model_by_hand,
        properties={"causal": later_tokens_change_nothing_before},
        tiny_model={"the logits": model_model},
    ),
    grader(
        "generation.write",
        cases=cases_write,
        oracle=oracle_write,
        tensors=False,
        by_hand=write_by_hand,
        properties={"any number of new tokens": in_two_goes_as_in_one},
        tiny_model={"what it writes": model_write},
    ),
]
