"""Wrong answers for block.block; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import einsum


def norm(x, w, eps):
    return x / (x.pow(2).mean(dim=-1, keepdim=True) + eps).sqrt() * w


def attention(x, weights, rotary, causal=True):
    q, k, v = (einsum("bpm,hmd->bphd", x, weights[f"attn.{n}"]) for n in ("W_Q", "W_K", "W_V"))
    if rotary is not None:
        q, k = rotary(q), rotary(k)
    k, v = (t.repeat_interleave(q.shape[2] // k.shape[2], dim=2) for t in (k, v))
    scores = einsum("bqhd,bkhd->bhqk", q, k) / q.shape[-1] ** 0.5
    if causal:
        future = torch.ones(x.shape[1], x.shape[1]).triu(1).bool()
        scores = scores.masked_fill(future, -torch.inf)
    z = einsum("bhqk,bkhd->bqhd", scores.softmax(dim=-1), v)
    return einsum("bqhd,hdm->bqm", z, weights["attn.W_O"])


def mlp(x, weights):
    gate, pre = x @ weights["mlp.W_gate"], x @ weights["mlp.W_in"]
    return (F.silu(gate) * pre) @ weights["mlp.W_out"]


def whole(x, weights, rotary=None, eps=1e-5, first="attn_norm.w", second="mlp_norm.w"):
    x = x + attention(norm(x, weights[first], eps), weights, rotary)
    return x + mlp(norm(x, weights[second], eps), weights)


def wrong_no_stream_after_attention(x, weights, rotary=None, eps=1e-5):
    """this equals a block in which attention replaces the stream: add its output to x."""
    x = attention(norm(x, weights["attn_norm.w"], eps), weights, rotary)
    return x + mlp(norm(x, weights["mlp_norm.w"], eps), weights)


def wrong_no_stream_after_mlp(x, weights, rotary=None, eps=1e-5):
    """this equals a block in which the MLP replaces the stream: add its output to x."""
    x = x + attention(norm(x, weights["attn_norm.w"], eps), weights, rotary)
    return mlp(norm(x, weights["mlp_norm.w"], eps), weights)


def wrong_parts_alone(x, weights, rotary=None, eps=1e-5):
    """this equals what attention and MLP add, without the stream: return x with both added."""
    return whole(x, weights, rotary, eps) - x


def wrong_no_norms(x, weights, rotary=None, eps=1e-5):
    """this equals a block without norms: attention and MLP each read the stream through theirs."""
    x = x + attention(x, weights, rotary)
    return x + mlp(x, weights)


def wrong_no_first_norm(x, weights, rotary=None, eps=1e-5):
    """this equals a block whose attention reads the stream itself: it reads the norm of it, with
    attn_norm.w."""
    x = x + attention(x, weights, rotary)
    return x + mlp(norm(x, weights["mlp_norm.w"], eps), weights)


def wrong_no_second_norm(x, weights, rotary=None, eps=1e-5):
    """this equals a block whose MLP reads the stream itself: it reads the norm of it, with
    mlp_norm.w."""
    x = x + attention(norm(x, weights["attn_norm.w"], eps), weights, rotary)
    return x + mlp(x, weights)


def wrong_same_norm_twice(x, weights, rotary=None, eps=1e-5):
    """this equals a block with the weights of attention's norm in both places: the MLP's norm has
    its own, mlp_norm.w."""
    return whole(x, weights, rotary, eps, second="attn_norm.w")


def wrong_norms_exchanged(x, weights, rotary=None, eps=1e-5):
    """this equals a block with the two norms exchanged: attention reads through attn_norm.w, the
    MLP through mlp_norm.w."""
    return whole(x, weights, rotary, eps, "mlp_norm.w", "attn_norm.w")


def wrong_stream_normed(x, weights, rotary=None, eps=1e-5):
    """this equals a block in which the stream itself is normed: keep x as it is, and norm only what
    attention and MLP read."""
    x = norm(x, weights["attn_norm.w"], eps)
    x = x + attention(x, weights, rotary)
    x = norm(x, weights["mlp_norm.w"], eps)
    return x + mlp(x, weights)


def wrong_norm_after(x, weights, rotary=None, eps=1e-5):
    """this equals norms after the parts have been added, as in the first transformers: norm what
    each part reads, and leave the stream alone."""
    x = norm(x + attention(x, weights, rotary), weights["attn_norm.w"], eps)
    return norm(x + mlp(x, weights), weights["mlp_norm.w"], eps)


def wrong_outputs_normed(x, weights, rotary=None, eps=1e-5):
    """this equals norms of what the parts write: norm what they read."""
    x = x + norm(attention(x, weights, rotary), weights["attn_norm.w"], eps)
    return x + norm(mlp(x, weights), weights["mlp_norm.w"], eps)


def wrong_side_by_side(x, weights, rotary=None, eps=1e-5):
    """this equals attention and MLP side by side, both reading the stream as it came: the MLP reads
    it after attention has added to it."""
    attended = attention(norm(x, weights["attn_norm.w"], eps), weights, rotary)
    return x + attended + mlp(norm(x, weights["mlp_norm.w"], eps), weights)


def wrong_mlp_reads_attention_alone(x, weights, rotary=None, eps=1e-5):
    """this equals an MLP that reads only what attention wrote: it reads the whole stream, x plus
    that."""
    attended = attention(norm(x, weights["attn_norm.w"], eps), weights, rotary)
    return x + attended + mlp(norm(attended, weights["mlp_norm.w"], eps), weights)


def wrong_attention_not_added(x, weights, rotary=None, eps=1e-5):
    """this equals a block that adds the MLP's output to the stream as it came: add it to the stream
    after attention."""
    middle = x + attention(norm(x, weights["attn_norm.w"], eps), weights, rotary)
    return x + mlp(norm(middle, weights["mlp_norm.w"], eps), weights)


def wrong_mlp_first(x, weights, rotary=None, eps=1e-5):
    """this equals a block whose MLP comes before attention: attention adds first, then the MLP."""
    x = x + mlp(norm(x, weights["mlp_norm.w"], eps), weights)
    return x + attention(norm(x, weights["attn_norm.w"], eps), weights, rotary)


def wrong_no_mlp(x, weights, rotary=None, eps=1e-5):
    """this equals the first half of the block: let the MLP add to the stream after attention."""
    return x + attention(norm(x, weights["attn_norm.w"], eps), weights, rotary)


def wrong_no_attention(x, weights, rotary=None, eps=1e-5):
    """this equals the second half of the block: let attention add to the stream before the MLP."""
    return x + mlp(norm(x, weights["mlp_norm.w"], eps), weights)


def wrong_rotary_ignored(x, weights, rotary=None, eps=1e-5):
    """this equals a block without rotary: hand it on to attention, as its last argument."""
    return whole(x, weights, None, eps)


def wrong_eps_ignored(x, weights, rotary=None, eps=1e-5):
    """this equals a block whose norms have an eps of 0.00001 whatever is given: hand eps on to both
    norms."""
    return whole(x, weights, rotary)


def wrong_gate_and_input_exchanged(x, weights, rotary=None, eps=1e-5):
    """this equals a block with mlp.W_gate and mlp.W_in exchanged: the gate comes first."""
    other = {"mlp.W_gate": weights["mlp.W_in"], "mlp.W_in": weights["mlp.W_gate"]}
    return whole(x, weights | other, rotary, eps)


def wrong_keys_and_values_exchanged(x, weights, rotary=None, eps=1e-5):
    """this equals a block with attn.W_K and attn.W_V exchanged: the order is W_Q, W_K, W_V, W_O."""
    other = {"attn.W_K": weights["attn.W_V"], "attn.W_V": weights["attn.W_K"]}
    return whole(x, weights | other, rotary, eps)


def wrong_layer_norm(x, weights, rotary=None, eps=1e-5):
    """this equals a block with LayerNorms, which subtract the mean: this one's norms are
    RMSNorms."""

    def layer_norm(x, w):
        return norm(x - x.mean(dim=-1, keepdim=True), w, eps)

    x = x + attention(layer_norm(x, weights["attn_norm.w"]), weights, rotary)
    return x + mlp(layer_norm(x, weights["mlp_norm.w"]), weights)


def wrong_no_mask(x, weights, rotary=None, eps=1e-5):
    """this equals a block whose attention sees the future: use attention.grouped, which hides
    it."""
    x = x + attention(norm(x, weights["attn_norm.w"], eps), weights, rotary, causal=False)
    return x + mlp(norm(x, weights["mlp_norm.w"], eps), weights)


def wrong_stream_added_twice(x, weights, rotary=None, eps=1e-5):
    """this equals a block that adds the incoming stream once more at the end: the stream after
    attention holds it already."""
    return x + whole(x, weights, rotary, eps)


def wrong_mlp_norm_twice(x, weights, rotary=None, eps=1e-5):
    """this equals a block with the weights of the MLP's norm in both places: attention's norm has
    its own, attn_norm.w."""
    return whole(x, weights, rotary, eps, first="mlp_norm.w")
