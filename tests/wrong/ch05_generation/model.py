"""Wrong answers for generation.model; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import torch
from torch import einsum


def norm(x, w, eps):
    return x / (x.pow(2).mean(dim=-1, keepdim=True) + eps).sqrt() * w


def rotate(x, base):
    half = x.shape[-1] // 2
    speed = base ** (-torch.arange(half) / half)
    angle = (torch.arange(x.shape[1])[:, None] * speed)[:, None]
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], -1)


def block(x, w, base, eps):
    y = norm(x, w["attn_norm.w"], eps)
    q, k, v = (einsum("bpm,hmd->bphd", y, w[f"attn.W_{name}"]) for name in "QKV")
    q, k = (rotate(q, base), rotate(k, base)) if base else (q, k)
    n = q.shape[2] // k.shape[2]
    k, v = k.repeat_interleave(n, dim=2), v.repeat_interleave(n, dim=2)
    scores = einsum("bqhd,bkhd->bhqk", q, k) / q.shape[-1] ** 0.5
    later = torch.ones(scores.shape[-2:]).triu(1).bool()
    pattern = scores.masked_fill(later, -torch.inf).softmax(dim=-1)
    z = einsum("bhqk,bkhd->bqhd", pattern, v)
    x = x + einsum("bqhd,hdm->bqm", z, w["attn.W_O"])
    y = norm(x, w["mlp_norm.w"], eps)
    return (
        x + (torch.nn.functional.silu(y @ w["mlp.W_gate"]) * (y @ w["mlp.W_in"])) @ w["mlp.W_out"]
    )


def numbers(weights):
    """The layers of a dictionary of weights, in order."""
    return sorted({int(name.split(".")[1]) for name in weights if name.startswith("blocks.")})


def own(weights, prefix):
    return {n.removeprefix(prefix): w for n, w in weights.items() if n.startswith(prefix)}


def run(tokens, weights, base, eps, layers=None, end=True, W_U=None, final_eps=None, read=own):
    """The model, in which each part can be got wrong."""
    x = weights["W_E"][tokens]
    for layer in numbers(weights) if layers is None else layers:
        x = block(x, read(weights, f"blocks.{layer}."), base, eps)
    if end:
        x = norm(x, weights["final_norm.w"], eps if final_eps is None else final_eps)
    return x @ (weights["W_U"] if W_U is None else W_U)


def wrong_stream_added_again(tokens, weights, base, eps=1e-5):
    """this equals the stream added to what each block returns: a block returns the whole stream,
    with what it added, so x becomes what the block returns."""
    x = weights["W_E"][tokens]
    for layer in numbers(weights):
        x = x + block(x, own(weights, f"blocks.{layer}."), base, eps)
    return norm(x, weights["final_norm.w"], eps) @ weights["W_U"]


def wrong_final_norm_left_out(tokens, weights, base, eps=1e-5):
    """this equals the model without its final norm: your unembed does both, the norm with
    final_norm.w and W_U."""
    return run(tokens, weights, base, eps, end=False)


def wrong_tied(tokens, weights, base, eps=1e-5):
    """this equals unembedding with W_E: W_U is a weight of its own, which only some models share
    with the embedding."""
    return run(tokens, weights, base, eps, W_U=weights["W_E"].T)


def wrong_no_rotary(tokens, weights, base, eps=1e-5):
    """this equals blocks without rotary: hand each block a function that rotates with the base."""
    return run(tokens, weights, None, eps)


def wrong_base(tokens, weights, base, eps=1e-5):
    """this equals rotary with the base 10000, whatever base is given: hand the base on."""
    return run(tokens, weights, 10_000.0, eps)


def wrong_eps_left_out(tokens, weights, base, eps=1e-5):
    """this equals norms with an eps of 1e-5, whatever eps is given: hand it on to the blocks and
    to unembed."""
    return run(tokens, weights, base, 1e-5)


def wrong_eps_in_blocks_alone(tokens, weights, base, eps=1e-5):
    """this equals a final norm with an eps of 1e-5, whatever eps is given: hand it on to
    unembed."""
    return run(tokens, weights, base, eps, final_eps=1e-5)


def wrong_eps_at_the_end_alone(tokens, weights, base, eps=1e-5):
    """this equals blocks with an eps of 1e-5, whatever eps is given: hand it on to each block."""
    return run(tokens, weights, base, 1e-5, final_eps=eps)


def wrong_order_of_names(tokens, weights, base, eps=1e-5):
    """this equals layers in the order of their names, 0 1 10 2: sort their numbers, not the
    text."""
    return run(tokens, weights, base, eps, sorted(numbers(weights), key=str))


def wrong_order_of_the_dictionary(tokens, weights, base, eps=1e-5):
    """this equals layers in the order in which the dictionary happens to name them: run them by
    their numbers, from 0 upwards."""
    met = [int(name.split(".")[1]) for name in weights if name.startswith("blocks.")]
    return run(tokens, weights, base, eps, list(dict.fromkeys(met)))


def wrong_backwards(tokens, weights, base, eps=1e-5):
    """this equals the layers from the last to the first: begin with layer 0."""
    return run(tokens, weights, base, eps, numbers(weights)[::-1])


def wrong_last_layer_missing(tokens, weights, base, eps=1e-5):
    """this equals the model without its last layer: the numbers begin with 0, so there is one more
    layer than the largest of them."""
    return run(tokens, weights, base, eps, numbers(weights)[:-1])


def wrong_first_layer_missing(tokens, weights, base, eps=1e-5):
    """this equals the model without its first layer, number 0: begin with 0."""
    return run(tokens, weights, base, eps, numbers(weights)[1:])


def wrong_first_layer_always(tokens, weights, base, eps=1e-5):
    """this equals the weights of layer 0 in every layer: put the layer's number into the prefix."""
    return run(tokens, weights, base, eps, [0] * len(numbers(weights)))


def wrong_two_layers(tokens, weights, base, eps=1e-5):
    """this equals a model of two layers, however many there are: read their number off the names
    of the weights."""
    return run(tokens, weights, base, eps, numbers(weights)[:2])


def wrong_ten_taken_for_one(tokens, weights, base, eps=1e-5):
    """this equals layer 1 with weights of layer 10 among its own: a prefix without the dot at its
    end fits blocks.1 and blocks.10 alike."""

    def read(weights, prefix):
        start = prefix.removesuffix(".")
        named = [name for name in weights if name.startswith(start)]
        return {name.split(".", 2)[2]: weights[name] for name in named}

    return run(tokens, weights, base, eps, read=read)


def wrong_stream(tokens, weights, base, eps=1e-5):
    """this equals the stream behind the last block: unembed it, so that the last axis is the
    vocabulary."""
    return run(tokens, weights, base, eps, end=False, W_U=torch.eye(weights["W_E"].shape[1]))


def wrong_last_position(tokens, weights, base, eps=1e-5):
    """this equals the logits of the last position alone: return those of every position."""
    return run(tokens, weights, base, eps)[:, -1:]


def wrong_probabilities(tokens, weights, base, eps=1e-5):
    """this equals probabilities: return the logits, without a softmax."""
    return run(tokens, weights, base, eps).softmax(dim=-1)


def wrong_last_block_alone(tokens, weights, base, eps=1e-5):
    """this equals the last block alone, on the embeddings: each block reads what the one before
    returned, x = block(x, ...)."""
    return run(tokens, weights, base, eps, numbers(weights)[-1:])


def wrong_first_block_alone(tokens, weights, base, eps=1e-5):
    """this equals the first block alone: does a return, or the unembedding, stand inside the
    loop?"""
    return run(tokens, weights, base, eps, numbers(weights)[:1])


def wrong_blocks_left_out(tokens, weights, base, eps=1e-5):
    """this equals the embeddings, unembedded at once: run them through the blocks, and keep what
    each returns."""
    return run(tokens, weights, base, eps, [])


def wrong_embedding_scaled(tokens, weights, base, eps=1e-5):
    """this equals embeddings times the square root of d_model, which is done in other models: take
    the rows of W_E as they are."""
    scaled = weights | {"W_E": weights["W_E"] * weights["W_E"].shape[1] ** 0.5}
    return run(tokens, scaled, base, eps)


def wrong_norm_twice(tokens, weights, base, eps=1e-5):
    """this equals the final norm applied twice: your unembed does it already."""
    w = weights["final_norm.w"]
    x = run(tokens, weights, base, eps, W_U=torch.eye(len(w)))
    return norm(x, w, eps) @ weights["W_U"]


def wrong_texts_exchanged_with_positions(tokens, weights, base, eps=1e-5):
    """this equals texts in the place of positions: tokens are [batch, pos] as they come, so leave
    them as they are."""
    return run(tokens.mT, weights, base, eps).transpose(0, 1)


def wrong_norm_of_the_first_block(tokens, weights, base, eps=1e-5):
    """this equals a final norm with the weights of a block's norm: those of final_norm.w are its
    own."""
    return run(tokens, weights | {"final_norm.w": weights["blocks.0.attn_norm.w"]}, base, eps)


def wrong_one_digit(tokens, weights, base, eps=1e-5):
    """this equals as many layers as one digit can count: the number of a layer may have two, so
    split the name at its dots."""
    last = max(int(name.split(".")[1][0]) for name in weights if name.startswith("blocks."))
    return run(tokens, weights, base, eps, range(last + 1))


def wrong_layers_over_each_other(tokens, weights, base, eps=1e-5):
    """this equals the weights of one layer in every layer, those that the dictionary names last:
    without the layer's number their names are the same, so collect them for each layer."""
    last = {n.split(".", 2)[2]: w for n, w in weights.items() if n.startswith("blocks.")}
    return run(tokens, weights, base, eps, read=lambda weights, prefix: last)
