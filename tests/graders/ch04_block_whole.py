"""Graders of chapter 04: the block, and a model's parameters.

The block's oracle goes vector by vector, head by head; the parameters' builds the model and counts.
"""

from __future__ import annotations

import math
import random

import torch
from ch04_block_mlp import LOG3, oracle_gated
from ch04_block_norms import oracle_rms_norm, uneven

from minitransformer.config import Config
from minitransformer.transformer import Transformer
from minitransformer.weights import named
from minitransformer.workbook.grading import Case, expect_close, grader
from minitransformer.workbook.grading.inputs import draw, tiny_model

# ---- 7 block


def turn(x):
    """A rotary for the cases: on [batch, pos, heads, d_head], pair i turns by pos / (i + 1)."""
    half = x.shape[-1] // 2
    pos = torch.arange(x.shape[1], dtype=x.dtype)[:, None, None]
    angle = pos / torch.arange(1, half + 1, dtype=x.dtype)
    a, b = x[..., :half], x[..., half:]
    cos, sin = angle.cos(), angle.sin()
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


def weights(seed, n_heads=6, n_kv_heads=3, d_model=7, d_head=4, d_mlp=9):
    shapes = {
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
    drawn = {
        name: draw(seed + i, *shape, scale=0.6)
        for i, (name, shape) in enumerate(shapes.items(), start=1)
    }
    return {name: 1 + w if "norm" in name else w for name, w in drawn.items()}


def cases_block(seed):
    few, alike = weights(seed, 4, 1, 5, 6, 3), weights(seed, 2, 2, 3, 4, 8)
    more = weights(seed) | {"attn_norm.b": draw(seed, 7), "mlp.b_out": draw(seed + 9, 7)}
    small = draw(seed, 2, 4, 5, scale=0.003)
    return [
        Case(
            "6 heads on 3 sets, with rotary", (draw(seed, 2, 5, 7, scale=2.0), weights(seed), turn)
        ),
        Case("without rotary, keys that are not needed", (draw(seed, 3, 4, 7), more)),
        Case("4 heads on 1 set, a small stream", (small, few, turn)),
        Case("2 heads on 2 sets, rotary=None, eps=0.5", (draw(seed, 1, 6, 3), alike, None, 0.5)),
    ]


def oracle_block(x, weights, rotary=None, eps=1e-5):
    w = {name: tensor.double() for name, tensor in weights.items()}
    middle = x.double() + attention(oracle_rms_norm(x, w["attn_norm.w"], eps), w, rotary)
    read = oracle_rms_norm(middle, w["mlp_norm.w"], eps)
    return middle + oracle_gated(read, w["mlp.W_gate"], w["mlp.W_in"], w["mlp.W_out"])


def attention(x, w, rotary):
    """One text, one head, one query at a time; the past only is ever looked at."""
    q, k, v = (
        torch.stack([x @ head for head in w[f"attn.{name}"]], dim=2)
        for name in ("W_Q", "W_K", "W_V")
    )
    if rotary is not None:
        q, k = rotary(q), rotary(k)
    out, n_heads, n_sets = torch.zeros_like(x), q.shape[2], k.shape[2]
    owner = [s for s in range(n_sets) for _ in range(n_heads // n_sets)]
    for b in range(len(x)):
        for h, g in enumerate(owner):
            for i in range(x.shape[1]):
                fit = [float(q[b, i, h].dot(k[b, j, g])) for j in range(i + 1)]
                odds = [math.exp((score - max(fit)) / math.sqrt(q.shape[-1])) for score in fit]
                for j in range(i + 1):
                    out[b, i] += odds[j] / sum(odds) * (v[b, j, g] @ w["attn.W_O"][h])
    return out


BY_HAND = {
    "attn_norm.w": torch.tensor([5.0, 5.0]),
    "attn.W_Q": torch.zeros(1, 2, 1),
    "attn.W_K": torch.zeros(1, 2, 1),
    "attn.W_V": torch.tensor([[[1.0], [0.0]]]),
    "attn.W_O": torch.tensor([[[6.0, 0.0]]]),
    "mlp_norm.w": torch.tensor([1.0, 2.0]),
    "mlp.W_gate": torch.tensor([[LOG3], [0.0]]),
    "mlp.W_in": torch.tensor([[0.0], [2.0]]),
    "mlp.W_out": torch.tensor([[1.0, -2.0]]),
}


def block_by_hand(answer):
    expect_close(
        answer(torch.tensor([[[1.0, 7.0]]], dtype=torch.float32), dict(BY_HAND), None, 0.0),
        torch.tensor([[[7 + 3 * LOG3, 7 - 6 * LOG3]]]),
        "the block worked by hand on the page, on x = [1, 7] (after attention the stream is "
        "[7, 7], and the MLP adds [3.2958, -6.5917])",
    )


def nothing_written_nothing_changed(answer, seed):
    x, w = draw(seed, 2, 5, 7), weights(seed)
    w["attn.W_O"], w["mlp.W_out"] = 0 * w["attn.W_O"], 0 * w["mlp.W_out"]
    expect_close(answer(x, w, turn), x, "the stream after a block with W_O = 0 and W_out = 0")


def later_tokens_change_nothing_before(answer, seed):
    x, w = draw(seed, 2, 5, 7), weights(seed)
    before = answer(x, w, turn)
    x[:, 3:] = draw(seed + 3, 2, 2, 7, scale=5.0)
    what = "the stream before position 3, after x was changed from there on"
    expect_close(answer(x, w, turn)[:, :3], before[:, :3], what)


def model_block(answer, seed):
    model, tokens = tiny_model(seed, gated=True, act="silu", norm_eps=0.01)
    _, cache = uneven(model, seed).run_with_cache(tokens, keep=["resid_pre", "resid_post"])
    for layer in range(2):
        start = f"blocks.{layer}."
        w = {
            name.removeprefix(start): weight.clone()
            for name, weight in named(model).items()
            if name.startswith(start)
        }
        found = answer(cache["resid_pre", layer], w, model.blocks[layer].attn.rotary, 0.01)
        expect_close(found, cache["resid_post", layer], f"the stream after a model's block {layer}")


# ---- 8 parameters

STYLES = {
    "SmolLM2's": {"norm": "rms", "positions": "rotary", "gated": True, "bias": False, "tied": True},
    "GPT-2's": {
        "norm": "layer",
        "positions": "learned",
        "gated": False,
        "bias": True,
        "tied": True,
    },
}
SIZES = {"n_layers": 5, "d_model": 7, "n_heads": 6, "n_kv_heads": 2, "d_head": 4, "d_mlp": 9}
SIZES |= {"d_vocab": 23, "n_ctx": 13}


def cases_parameters(seed):
    smol, gpt2 = (Config(**SIZES | style) for style in STYLES.values())
    changed = {
        "SmolLM2's style": smol,
        "GPT-2's style, as many sets as heads": Config(
            **SIZES | STYLES["GPT-2's"] | {"n_kv_heads": 6}
        ),
        "GPT-2's style, grouped heads": gpt2,
        "GPT-2's style without biases": Config(**SIZES | STYLES["GPT-2's"] | {"bias": False}),
        "SmolLM2's style, not tied": Config(**SIZES | STYLES["SmolLM2's"] | {"tied": False}),
        "SmolLM2's style with biases in attention": Config(
            **SIZES | STYLES["SmolLM2's"] | {"bias": True}
        ),
        "attention only, LayerNorm": Config(**SIZES | STYLES["GPT-2's"] | {"d_mlp": None}),
        "attention only, gated=True, no norms, no positions": Config(
            **SIZES | STYLES["SmolLM2's"] | {"d_mlp": None, "norm": None, "positions": None}
        ),
        "no layers": Config(**SIZES | STYLES["GPT-2's"] | {"n_layers": 0}),
        "any of all": anything(seed),
        "any other": anything(seed + 1000),
    }
    return [Case(label, (config,)) for label, config in changed.items()]


def anything(seed):
    """Sizes and style drawn by lot."""
    lot = random.Random(seed)
    sets = lot.choice([1, 2, 3])
    sizes = {name: lot.randint(1, 12) for name in ("n_layers", "d_model", "d_vocab", "n_ctx")}
    return Config(
        **sizes,
        n_heads=sets * lot.randint(1, 3),
        n_kv_heads=sets,
        d_head=2 * lot.randint(1, 5),
        d_mlp=lot.choice([None, lot.randint(1, 12), lot.randint(1, 12)]),
        gated=lot.random() < 0.5,
        norm=lot.choice(["layer", "rms", None]),
        positions=lot.choice(["learned", "rotary", None]),
        bias=lot.random() < 0.5,
        tied=lot.random() < 0.5,
    )


def oracle_parameters(config):
    """Build the model, and look where each of its weights lies."""
    parts = {
        "embedding": "embed.",
        "positions": "pos_embed.",
        "attention": ".attn.",
        "mlp": ".mlp.",
        "norms": "norm.",
        "unembedding": "unembed.",
    }
    counts = dict.fromkeys(parts, 0)
    for name, weight in Transformer(config).named_parameters():  # a tied weight comes once
        whole = name.startswith(("embed.", "pos_embed.", "unembed."))
        part = next(
            p for p, key in parts.items() if (name.startswith(key) if whole else key in name)
        )
        counts[part] += weight.numel()
    return counts | {"total": sum(counts.values())}


def parameters_by_hand(answer):
    sizes = {"n_layers": 1, "d_model": 3, "n_heads": 2, "d_head": 4, "d_mlp": 5}
    sizes |= {"d_vocab": 10, "n_ctx": 6}
    smol = Config(**sizes | STYLES["SmolLM2's"] | {"n_kv_heads": 1})
    gpt2 = Config(**sizes | STYLES["GPT-2's"] | {"n_kv_heads": 2, "tied": False})
    parts = ["embedding", "positions", "attention", "mlp", "norms", "unembedding", "total"]
    for style, config, counts in [
        ("SmolLM2's", smol, [30, 0, 72, 45, 9, 0, 156]),
        ("GPT-2's", gpt2, [30, 18, 123, 38, 18, 30, 257]),
    ]:
        what = f"the model in {style} style worked by hand on the page"
        expect_close(answer(config), dict(zip(parts, counts, strict=True)), what)


def parts_make_the_total(answer, seed):
    found = dict(answer(anything(seed + 2000)))
    total = found.pop("total")
    expect_close(total, sum(found.values()), "the total, against the sum of the parts")


def whole_numbers(answer, seed):
    for part, count in answer(anything(seed + 3000)).items():
        what = f"whether {part} is a whole number (int)"
        expect_close(isinstance(count, int), True, what)


GRADERS = [
    grader(
        "block.block",
        cases=cases_block,
        oracle=oracle_block,
        by_hand=block_by_hand,
        properties={
            "nothing written, nothing changed": nothing_written_nothing_changed,
            "causal": later_tokens_change_nothing_before,
        },
        tiny_model={"both blocks": model_block},
    ),
    grader(
        "block.parameters",
        cases=cases_parameters,
        oracle=oracle_parameters,
        tensors=False,
        by_hand=parameters_by_hand,
        properties={
            "the parts make the total": parts_make_the_total,
            "whole numbers": whole_numbers,
        },
    ),
]
