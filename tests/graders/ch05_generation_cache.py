"""Grader of chapter 05: attention on a KV cache. The oracle goes head by head, query by query."""

from __future__ import annotations

import math

import torch

from minitransformer.kv import KVCache
from minitransformer.workbook.grading import Case, expect_close, grader
from minitransformer.workbook.grading.inputs import draw, tiny_model


def turn(x, past=0):
    """A rotary for the cases: pair i of a position turns by its place / (i + 1)."""
    half = x.shape[-1] // 2
    place = past + torch.arange(x.shape[1], dtype=x.dtype)[:, None, None]
    angle = place / torch.arange(1, half + 1, dtype=x.dtype)
    a, b = x[..., :half], x[..., half:]
    cos, sin = angle.cos(), angle.sin()
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


def weights(seed, n_heads, n_kv_heads, d_model, d_head):
    return (
        draw(seed + 1, n_heads, d_model, d_head, scale=0.6),
        draw(seed + 2, n_kv_heads, d_model, d_head, scale=0.6),
        draw(seed + 3, n_kv_heads, d_model, d_head, scale=0.6),
        draw(seed + 4, n_heads, d_head, d_model, scale=0.6),
    )


def old(seed, *shape):
    return draw(seed + 5, *shape), draw(seed + 6, *shape)


def cases_cached(seed):
    w = weights(seed, 6, 3, 7, 4)
    return [
        Case("5 old, 2 new, without rotary", (draw(seed, 2, 2, 7), *old(seed, 2, 5, 3, 4), *w)),
        Case(
            "5 old, 2 new, with rotary", (draw(seed, 2, 2, 7), *old(seed, 2, 5, 3, 4), *w, turn)
        ),
        Case("8 old, 1 new, with rotary", (draw(seed, 2, 1, 7), *old(seed, 2, 8, 3, 4), *w, turn)),
        Case("0 old, 5 new, with rotary", (draw(seed, 2, 5, 7), *old(seed, 2, 0, 3, 4), *w, turn)),
        Case(
            "1 old, 4 new, 4 heads on 1 set, rotary=None",
            (draw(seed, 3, 4, 5), *old(seed, 3, 1, 1, 2), *weights(seed, 4, 1, 5, 2), None),
        ),
    ]  # fmt: skip


def oracle_cached(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    x, past_k, past_v, W_Q, W_K, W_V, W_O = (
        tensor.double() for tensor in (x, past_k, past_v, W_Q, W_K, W_V, W_O)
    )
    q, k, v = (torch.stack([x @ W[h] for h in range(len(W))], dim=2) for W in (W_Q, W_K, W_V))
    (batch, n_new, _), n_past = x.shape, past_k.shape[1]
    if rotary is not None:
        q, k = rotary(q, n_past), rotary(k, n_past)
    k, v = torch.cat([past_k, k], dim=1), torch.cat([past_v, v], dim=1)
    out = torch.zeros_like(x)
    for b in range(batch):
        for h in range(len(W_Q)):
            g = [s for s in range(len(W_K)) for _ in range(len(W_Q) // len(W_K))][h]
            for i in range(n_new):
                seen = range(n_past + i + 1)
                fit = [float(q[b, i, h].dot(k[b, j, g])) / math.sqrt(q.shape[-1]) for j in seen]
                odds = [math.exp(score - max(fit)) for score in fit]
                for j in seen:
                    out[b, i] += odds[j] / sum(odds) * (v[b, j, g] @ W_O[h])
    return out, k, v


def cached_by_hand(answer):
    read = [[2 * math.log(3), 0.0], [1.0, 0.0], [0.0, 1.0]]
    W_Q, W_K, W_V = (torch.tensor([[[w, 0.0, 0.0, 0.0] for w in W]]) for W in read)
    W_O = torch.tensor([[[0.0, 2.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]])
    four = torch.zeros(1, 1, 1, 4)
    eight, one, value = four.clone(), four.clone(), four.clone()
    eight[..., 0], one[..., 0], value[..., 0] = 8.0, 1.0, 4.0
    expected = (
        torch.tensor([[[0.0, 10.0]]]),
        torch.cat([four, one], dim=1),
        torch.cat([eight, value], dim=1),
    )
    expect_close(
        answer(torch.tensor([[[1.0, 4.0]]]), four, eight, W_Q, W_K, W_V, W_O),
        expected,
        "the new position worked by hand on the page, x = [1, 4], with the key 0 and the value 8 "
        "of the old one (output, keys, values)",
    )


def in_pieces_as_at_once(answer, seed):
    x, w = draw(seed, 2, 6, 7), weights(seed, 6, 2, 7, 4)
    whole, all_k, all_v = answer(x, *old(seed, 2, 0, 2, 4), *w, turn)
    k, v = old(seed, 2, 0, 2, 4)
    outs = []
    for start, end in [(0, 3), (3, 4), (4, 6)]:
        out, k, v = answer(x[:, start:end], k, v, *w, turn)
        outs.append(out)
    expect_close(
        torch.cat(outs, dim=1), whole, "6 positions read as 3, 1 and 2, against all at once"
    )
    expect_close((k, v), (all_k, all_v), "the keys and values of 6 positions read as 3, 1 and 2")


def what_is_new_stands_behind(answer, seed):
    x, w = draw(seed, 2, 2, 7), weights(seed, 6, 3, 7, 4)
    past_k, past_v = old(seed, 2, 5, 3, 4)
    _, k, v = answer(x, past_k.clone(), past_v.clone(), *w, turn)
    expect_close(k[:, :5], past_k, "the old keys among those returned")
    expect_close(v[:, :5], past_v, "the old values among those returned")


def model_cached(answer, seed):
    model, tokens = tiny_model(seed)
    kv = KVCache(model.config.n_layers)
    _, before = model.run_with_cache(tokens[:, :3], keep=["rot_k", "v"], kv=kv)
    _, after = model.run_with_cache(tokens[:, 3:], keep=["attn_in", "attn_out"], kv=kv)
    attn = model.blocks[1].attn
    w = [getattr(attn, name).detach() for name in ("W_Q", "W_K", "W_V", "W_O")]
    found = answer(after["attn_in", 1], before["rot_k", 1], before["v", 1], *w, attn.rotary)
    expect_close(found[0], after["attn_out", 1], "what a model's layer adds at its last 2 tokens")


GRADERS = [
    grader(
        "generation.cached",
        cases=cases_cached,
        oracle=oracle_cached,
        by_hand=cached_by_hand,
        properties={
            "in pieces as at once": in_pieces_as_at_once,
            "the old stays in front": what_is_new_stands_behind,
        },
        tiny_model={"a layer that goes on with a text": model_cached},
    ),
]
