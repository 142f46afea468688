"""Graders of chapter 04: the MLP, the gated MLP, neurons as memories. Neuron by neuron."""

from __future__ import annotations

import math

import torch
from ch04_block_norms import oracle_gelu, uneven

from minitransformer.workbook.grading import Case, expect_close, grader
from minitransformer.workbook.grading.inputs import draw, tiny_model

# ---- 4 mlp


def plain(seed, d_model=7, d_mlp=9):
    """W_in, b_in, W_out, b_out, each unlike the others."""
    return (
        draw(seed + 1, d_model, d_mlp, scale=0.6),
        draw(seed + 2, d_mlp),
        draw(seed + 3, d_mlp, d_model, scale=0.6),
        draw(seed + 4, d_model),
    )


def cases_mlp(seed):
    doubled = [w.double() for w in plain(seed, 2, 3)]
    return [
        Case("2 texts of 5 positions, 9 neurons", (draw(seed, 2, 5, 7), *plain(seed))),
        Case("one vector of 3, 4 neurons", (draw(seed, 3), *plain(seed, 3, 4))),
        Case("6 vectors, more numbers than neurons", (draw(seed, 6, 8), *plain(seed, 8, 5))),
        Case("float64", (draw(seed, 4, 2).double(), *doubled)),
    ]


def oracle_mlp(x, W_in, b_in, W_out, b_out):
    """What each neuron writes, added to the bias one after the other."""
    x, W_in, b_in, W_out, b_out = (t.double() for t in (x, W_in, b_in, W_out, b_out))
    rows = x.reshape(-1, x.shape[-1])
    out = torch.zeros_like(rows) + b_out
    for row, vector in enumerate(rows):
        for i in range(len(b_in)):
            out[row] += oracle_gelu(vector.dot(W_in[:, i]) + b_in[i]) * W_out[i]
    return out.reshape(x.shape)


def mlp_by_hand(answer):
    found = answer(
        torch.tensor([1.0, 2.0]),
        torch.tensor([[1.0, 0.0, 2.0], [0.0, -1.0, -1.0]]),
        torch.tensor([0.0, 1.0, 0.0]),
        torch.tensor([[10.0, 0.0], [0.0, 10.0], [5.0, 5.0]]),
        torch.tensor([0.5, 1.0]),
    )
    what = "the MLP worked by hand on the page, on x = [1, 2], to three decimals"
    expect_close(found, torch.tensor([8.912, -0.588]), what, atol=6e-4)


def silent_neurons_leave_the_bias(answer, seed):
    x, (W_in, b_in, _, b_out) = draw(seed, 2, 5, 7), plain(seed)
    found = answer(x, W_in, b_in, torch.zeros(9, 7), b_out)
    expect_close(found, b_out.expand(2, 5, 7), "the output for W_out = 0, which is b_out")


def neurons_add_up(answer, seed):
    x, (W_in, b_in, W_out, b_out) = draw(seed, 2, 5, 7), plain(seed)
    first = answer(x, W_in[:, :4], b_in[:4], W_out[:4], 0 * b_out)
    rest = answer(x, W_in[:, 4:], b_in[4:], W_out[4:], b_out)
    what = "9 neurons together, against 4 of them (b_out = 0) plus the other 5"
    expect_close(answer(x, W_in, b_in, W_out, b_out), first + rest, what)


def positions_do_not_mix(*weights):
    def check(answer, seed):
        x = draw(seed, 2, 5, 7)
        w = weights[0](seed)
        before = answer(x, *w)
        x[:, 3:] = draw(seed + 5, 2, 2, 7)
        what = "the output at the first three positions, after the others were changed"
        expect_close(answer(x, *w)[:, :3], before[:, :3], what)

    return check


def model_mlp(answer, seed):
    model, tokens = tiny_model(seed, norm="layer", positions="learned", bias=True)
    _, cache = uneven(model, seed).run_with_cache(tokens, keep=["mlp_in", "mlp_out"])
    mlp = model.blocks[1].mlp
    w = [w.clone() for w in (mlp.W_in, mlp.b_in, mlp.W_out, mlp.b_out)]
    expect_close(answer(cache["mlp_in", 1], *w), cache["mlp_out", 1], "what a model's MLP adds")


# ---- 5 gated, 6 memories


def gates(seed, d_model=7, d_mlp=9):
    """W_gate, W_in, W_out, each unlike the others."""
    return (
        draw(seed + 5, d_model, d_mlp, scale=0.6),
        draw(seed + 1, d_model, d_mlp, scale=0.6),
        draw(seed + 3, d_mlp, d_model, scale=0.6),
    )


def cases_gated(seed):
    wide = torch.tensor([[1000.0], [1.0], [-1000.0]]) * (1 + draw(seed, 1, 7).abs())
    upright = (torch.ones(7, 4), *gates(seed, 7, 4)[1:])
    return [
        Case("2 texts of 5 positions, 9 neurons", (draw(seed, 2, 5, 7), *gates(seed))),
        Case("one vector of 3, 4 neurons", (draw(seed, 3), *gates(seed, 3, 4))),
        Case("gates of thousands, above and below 0", (wide, *upright)),
        Case("float64", (draw(seed, 4, 2).double(), *(w.double() for w in gates(seed, 2, 3)))),
    ]


def silu(z):
    """z / (1 + e^-z), where that does not overflow."""
    return z / (1 + math.exp(-z)) if z > -700 else 0.0


def written(vector, W_gate, W_in, W_out):
    """What each neuron writes for one vector, as a list."""
    vector, W_gate, W_in, W_out = (t.double() for t in (vector, W_gate, W_in, W_out))
    return [
        silu(float(vector.dot(W_gate[:, i]))) * float(vector.dot(W_in[:, i])) * W_out[i]
        for i in range(len(W_out))
    ]


def oracle_gated(x, W_gate, W_in, W_out):
    rows = [sum(written(row, W_gate, W_in, W_out)) for row in x.reshape(-1, x.shape[-1])]
    return torch.stack(rows).reshape(x.shape)


LOG3 = math.log(3)


def gated_by_hand(answer):
    found = answer(
        torch.tensor([1.0, 2.0]),
        torch.tensor([[LOG3], [0.0]]),
        torch.tensor([[0.0], [2.0]]),
        torch.tensor([[1.0, -2.0]]),
    )
    what = "the gated MLP worked by hand on the page, on x = [1, 2]"
    expect_close(found, torch.tensor([3 * LOG3, -6 * LOG3]), what)


def doubling_what_passes(answer, seed):
    x, (W_gate, W_in, W_out) = draw(seed, 2, 5, 7), gates(seed)
    once = answer(x, W_gate, W_in, W_out)
    expect_close(answer(x, W_gate, 2 * W_in, W_out), 2 * once, "the output for 2 * W_in")
    expect_close(answer(x, W_gate, W_in, -W_out), -once, "the output for -W_out")
    expect_close(answer(x, 0 * W_gate, W_in, W_out), 0 * once, "the output for W_gate = 0")


def model_gated(answer, seed):
    model, tokens = tiny_model(seed, gated=True, act="silu")
    _, cache = uneven(model, seed).run_with_cache(tokens, keep=["mlp_in", "mlp_out"])
    found = answer(cache["mlp_in", 1], *weights_of(model))
    expect_close(found, cache["mlp_out", 1], "what a model's gated MLP adds")


def weights_of(model):
    mlp = model.blocks[1].mlp
    return [w.clone() for w in (mlp.W_gate, mlp.W_in, mlp.W_out)]


def cases_memories(seed):
    # One neuron is hardly active and writes by a long row, another the other way round.
    W_gate, W_in, W_out = gates(seed)
    scale = torch.tensor([0.02, 3.0, 1.0, 8.0, 0.3, 1.0, 0.1, 2.0, 1.0])[:, None]
    uneven_rows = (W_gate, W_in / scale.T, W_out * scale.flip(0))
    doubled = [w.double() for w in gates(seed, 2, 6)]
    # Rows in one coordinate, in two, in four: their order depends on what is called length.
    shapes = torch.tensor([[2.6, 1, 0, 0], [3, 0, 0, 0], [1.4, -1.4, 1.4, 1.4], [0, 0, 0.5, 1]])
    alike = (draw(seed, 4).abs(), torch.ones(4, 4), torch.ones(4, 4), shapes)
    return [
        Case("the first 3 of 9 neurons", (draw(seed, 7), *gates(seed), 3)),
        Case("4 of 9 neurons with rows of very different length", (draw(seed, 7), *uneven_rows, 4)),
        Case("3 of 4 neurons with equal activations", (*alike, 3)),
        Case("all of 4 neurons", (draw(seed, 5), *gates(seed, 5, 4), 4)),
        Case("the first of 8 neurons", (draw(seed, 3), *gates(seed, 3, 8), 1)),
        Case("5 of 6 neurons, in float64", (draw(seed, 2).double(), *doubled, 5)),
    ]


def oracle_memories(x, W_gate, W_in, W_out, k):
    vectors = written(x, W_gate, W_in, W_out)
    lengths = [math.sqrt(sum(number**2 for number in vector.tolist())) for vector in vectors]
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])[:k]
    return torch.tensor(order), torch.stack([vectors[i] for i in order])


def memories_by_hand(answer):
    found = answer(
        torch.tensor([1.0, 0.0]),
        torch.tensor([[LOG3] * 3, [0.0] * 3]),
        torch.tensor([[1.0, -4.0, 2.0], [0.0] * 3]),
        torch.tensor([[3.0, 4.0], [0.0, 1.0], [1.0, 0.0]]),
        2,
    )
    expected = (torch.tensor([0, 1]), torch.tensor([[2.25, 3.0], [0.0, -3.0]]) * LOG3)
    expect_close(found, expected, "the three neurons worked by hand on the page, for k = 2")


def all_of_them_are_the_output(answer, seed):
    x, w = draw(seed, 7), gates(seed)
    which, writes = answer(x, *w, 9)
    expect_close(sorted(which.tolist()), list(range(9)), "the neurons for k = d_mlp, sorted")
    what = "the sum of what all neurons write, against the gated MLP's output"
    expect_close(writes.sum(dim=0), oracle_gated(x, *w), what)


def fewer_are_the_first_of_more(answer, seed):
    x, w = draw(seed, 7), gates(seed)
    which, writes = answer(x, *w, 6)
    what = "the neurons for k = 2, against the first two of those for k = 6"
    expect_close(answer(x, *w, 2), (which[:2], writes[:2]), what)


def model_memories(answer, seed):
    model, tokens = tiny_model(seed, gated=True, act="silu")
    _, cache = uneven(model, seed).run_with_cache(tokens, keep=["mlp_in", "mlp_post", "mlp_out"])
    which, writes = answer(cache["mlp_in", 1][0, -1], *weights_of(model), 9)
    post, out = cache["mlp_post", 1][0, -1], cache["mlp_out", 1][0, -1]
    expect_close(writes.sum(dim=0), out, "the sum of what a model's neurons write")
    rows = post[which, None] * model.blocks[1].mlp.W_out[which]
    expect_close(writes, rows, "what each of a model's neurons writes")


GRADERS = [
    grader(
        "block.mlp",
        cases=cases_mlp,
        oracle=oracle_mlp,
        by_hand=mlp_by_hand,
        properties={
            "silent neurons leave the bias": silent_neurons_leave_the_bias,
            "neurons add up": neurons_add_up,
            "positions do not mix": positions_do_not_mix(plain),
        },
        tiny_model={"a layer's MLP": model_mlp},
    ),
    grader(
        "block.gated",
        cases=cases_gated,
        oracle=oracle_gated,
        by_hand=gated_by_hand,
        properties={
            "doubling what passes": doubling_what_passes,
            "positions do not mix": positions_do_not_mix(gates),
        },
        tiny_model={"a layer's gated MLP": model_gated},
    ),
    grader(
        "block.memories",
        cases=cases_memories,
        oracle=oracle_memories,
        by_hand=memories_by_hand,
        properties={
            "all of them are the output": all_of_them_are_the_output,
            "fewer are the first of more": fewer_are_the_first_of_more,
        },
        tiny_model={"a layer's neurons": model_memories},
    ),
]
