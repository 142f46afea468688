"""Graders of chapter 04: RMSNorm, LayerNorm, GELU. Oracles work in float64, number by number."""

from __future__ import annotations

import math

import torch

from minitransformer.workbook.grading import Case, expect_close, grader
from minitransformer.workbook.grading.inputs import draw, tiny_model


def uneven(model, seed):
    """The model with norms and biases that are not all 1 or all 0."""
    for i, weight in enumerate(model.parameters()):
        if weight.ndim == 1:
            weight.copy_(draw(seed + i, len(weight)))
    return model


# ---- 1 rms_norm, 2 layer_norm


def vectors(seed):
    """Name, x, eps or nothing: what both norms are tried on."""
    sizes = torch.tensor([[[1000.0], [1.0], [0.001]]])
    zero = draw(seed, 4, 3)
    zero[2] = 0.0
    return [
        ("a tensor of shape [2, 3, 5]", draw(seed, 2, 3, 5), (1e-5,)),
        ("eps = 0.5", draw(seed, 2, 4), (0.5,)),
        ("no eps given", draw(seed, 3, 5, scale=0.002), ()),
        ("vectors of very different size", draw(seed, 2, 3, 7) * sizes, (1e-6,)),
        ("a single vector", draw(seed, 6), (1e-5,)),
        ("one vector of zeros", zero, (1e-5,)),
        ("four axes, in float64", draw(seed, 2, 3, 4, 5).double() + 1, (0.1,)),
    ]


def cases_rms_norm(seed):
    return [
        Case(label, (x, 1 + draw(seed + 1, x.shape[-1]).to(x.dtype), *eps))
        for label, x, eps in vectors(seed)
    ]


def cases_layer_norm(seed):
    # So far from 0 that squares lose what the variance is made of, even in double precision.
    far = 1e7 + draw(seed + 3, 6, 8).double()
    return [
        Case(
            label,
            (
                x,
                1 + draw(seed + 1, x.shape[-1]).to(x.dtype),
                draw(seed + 2, x.shape[-1]).to(x.dtype),
                *eps,
            ),
        )
        for label, x, eps in [
            *vectors(seed),
            ("numbers near ten million, in float64", far, (1e-5,)),
        ]
    ]


def oracle_rms_norm(x, w, eps=1e-5):
    return by_vectors(x, w, [0.0] * len(w), eps, centred=False)


def oracle_layer_norm(x, w, b, eps=1e-5):
    return by_vectors(x, w, b.tolist(), eps, centred=True)


def by_vectors(x, w, shift, eps, centred):
    """One vector at a time, one number at a time."""
    out = []
    for vector in x.double().reshape(-1, x.shape[-1]).tolist():
        mean = sum(vector) / len(vector) if centred else 0.0
        left = [number - mean for number in vector]
        root = math.sqrt(sum(number * number for number in left) / len(left) + eps)
        stretched = zip(left, w.tolist(), shift, strict=True)
        out.append([number / root * stretch + add for number, stretch, add in stretched])
    return torch.tensor(out, dtype=torch.float64).reshape(x.shape)


def rms_norm_by_hand(answer):
    x = torch.tensor([1.0, 7.0])
    for w, eps in [([5.0, 10.0], 0.0), ([6.0, 12.0], 11.0)]:
        expect_close(
            answer(x, torch.tensor(w), eps),
            torch.tensor([1.0, 14.0]),
            f"the RMSNorm of [1, 7] with w = {w} and eps = {eps:g}",
        )


def layer_norm_by_hand(answer):
    expect_close(
        answer(
            torch.tensor([1.0, 3.0, 5.0, 7.0]),
            torch.tensor([1.0, 3.0, 3.0, 1.0]),
            torch.tensor([0.0, 1.0, 0.0, 1.0]),
            4.0,
        ),
        torch.tensor([-1.0, 0.0, 1.0, 2.0]),
        "the LayerNorm of [1, 3, 5, 7] with w = [1, 3, 3, 1], b = [0, 1, 0, 1] and eps = 4",
    )


def only_the_direction_counts(*shift):
    """A vector ten times as long has the same norm, if eps is 0."""

    def check(answer, seed):
        x, w = draw(seed, 3, 4, 6), draw(seed + 1, 6)
        more = [torch.zeros(6)] * len(shift)
        expect_close(
            answer(10 * x, w, *more, 0.0),
            answer(x, w, *more, 0.0),
            "the norm of 10 * x, with eps = 0",
        )

    return check


def each_vector_by_itself(*shift):
    def check(answer, seed):
        x, w = draw(seed, 3, 5, 7), draw(seed + 1, 7)
        more = [draw(seed + 2, 7)] * len(shift)
        before = answer(x, w, *more, 1e-5)
        x[:, 2:] = 30.0 + draw(seed + 3, 3, 3, 7)
        expect_close(
            answer(x, w, *more, 1e-5)[:, :2],
            before[:, :2],
            "the normed vectors of positions 0 and 1, after the others were changed",
        )

    return check


def root_mean_square_is_one(answer, seed):
    found = answer(draw(seed, 3, 8, scale=20.0), torch.ones(8), 0.0)
    expect_close(
        found.pow(2).mean(dim=-1), torch.ones(3), "the mean square of each normed vector (w = 1)"
    )


def mean_is_b(answer, seed):
    found = answer(draw(seed, 3, 8) + 5, torch.ones(8), torch.full((8,), 2.0), 0.0)
    expect_close(found.mean(dim=-1), torch.full((3,), 2.0), "the mean of each vector for b = 2")


def adding_to_all_changes_nothing(answer, seed):
    x, w, b = draw(seed, 3, 6), draw(seed + 1, 6), draw(seed + 2, 6)
    expect_close(
        answer(x + 4.0, w, b, 1e-5),
        answer(x, w, b, 1e-5),
        "the norm after adding 4 to every coordinate",
    )


def model_rms_norm(answer, seed):
    model, tokens = tiny_model(seed, norm_eps=0.01)
    _, cache = uneven(model, seed).run_with_cache(tokens, keep=["resid_post", "final_norm"])
    found = answer(cache["resid_post", 1], model.final_norm.w.clone(), 0.01)
    expect_close(found, cache["final_norm"], "a model's last norm")


def model_layer_norm(answer, seed):
    model, tokens = tiny_model(seed, norm="layer", norm_eps=0.01)
    _, cache = uneven(model, seed).run_with_cache(tokens, keep=["resid_post", "final_norm"])
    norm = model.final_norm
    found = answer(cache["resid_post", 1], norm.w.clone(), norm.b.clone(), 0.01)
    expect_close(found, cache["final_norm"], "a model's last norm")


# ---- 3 gelu


def cases_gelu(seed):
    return [
        Case("a tensor of shape [2, 3, 5]", (draw(seed, 2, 3, 5),)),
        Case("numbers from -4 to 4", (torch.linspace(-4, 4, 33),)),
        Case("-100, -1, 0, 1 and 100", (torch.tensor([-100.0, -1.0, 0.0, 1.0, 100.0]),)),
        Case("a single number", (torch.tensor(0.7 + seed / 10),)),
        Case("float64", (draw(seed, 4, 3, scale=3.0).double(),)),
    ]


def oracle_gelu(x):
    found = []
    for number in x.double().flatten().tolist():
        inner = math.sqrt(2 / math.pi) * (number + 0.044715 * number**3)
        found.append(number / 2 * (1 + math.tanh(inner)))
    return torch.tensor(found, dtype=torch.float64).reshape(x.shape)


def gelu_by_hand(answer):
    expect_close(
        answer(torch.tensor([0.0, 1.0, -1.0])),
        torch.tensor([0.0, 0.8412, -0.1588]),
        "the gelu of [0, 1, -1], to four decimals",
        atol=6e-5,
    )


def plus_and_minus(answer, seed):
    x = draw(seed, 4, 5, scale=2.0)
    expect_close(answer(x) - answer(-x), x, "gelu(x) - gelu(-x), which is x")


def model_gelu(answer, seed):
    model, tokens = tiny_model(seed)
    _, cache = model.run_with_cache(tokens, keep=["mlp_pre", "mlp_post"])
    expect_close(answer(cache["mlp_pre", 1]), cache["mlp_post", 1], "what a model's neurons say")


GRADERS = [
    grader(
        "block.rms_norm",
        cases=cases_rms_norm,
        oracle=oracle_rms_norm,
        by_hand=rms_norm_by_hand,
        properties={
            "the root mean square is one": root_mean_square_is_one,
            "only the direction counts": only_the_direction_counts(),
            "each vector by itself": each_vector_by_itself(),
        },
        tiny_model={"the last norm": model_rms_norm},
    ),
    grader(
        "block.layer_norm",
        cases=cases_layer_norm,
        oracle=oracle_layer_norm,
        by_hand=layer_norm_by_hand,
        properties={
            "the mean is b": mean_is_b,
            "adding to all changes nothing": adding_to_all_changes_nothing,
            "only the direction counts": only_the_direction_counts("b"),
            "each vector by itself": each_vector_by_itself("b"),
        },
        tiny_model={"the last norm": model_layer_norm},
    ),
    grader(
        "block.gelu",
        cases=cases_gelu,
        oracle=oracle_gelu,
        by_hand=gelu_by_hand,
        properties={"gelu(x) - gelu(-x) is x": plus_and_minus},
        tiny_model={"the neurons": model_gelu},
    ),
]
