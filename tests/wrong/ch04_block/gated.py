"""Wrong answers for block.gated; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import torch
import torch.nn.functional as F


def wrong_gate_and_input_exchanged(x, W_gate, W_in, W_out):
    """this equals a gated MLP with W_gate and W_in exchanged: the silu acts on x @ W_gate."""
    return (F.silu(x @ W_in) * (x @ W_gate)) @ W_out


def wrong_sigmoid(x, W_gate, W_in, W_out):
    """this equals a gate bent by the sigmoid: silu(z) is z times the sigmoid of z."""
    return (torch.sigmoid(x @ W_gate) * (x @ W_in)) @ W_out


def wrong_gelu(x, W_gate, W_in, W_out):
    """this equals a gate bent by the gelu: SmolLM2's gates are bent by the silu, z * sigmoid(z)."""
    return (F.gelu(x @ W_gate, approximate="tanh") * (x @ W_in)) @ W_out


def wrong_relu(x, W_gate, W_in, W_out):
    """this equals a gate bent by the relu: use the silu, z * sigmoid(z)."""
    return (F.relu(x @ W_gate) * (x @ W_in)) @ W_out


def wrong_not_bent(x, W_gate, W_in, W_out):
    """this equals a gate that is not bent: take the silu of x @ W_gate before the product."""
    return ((x @ W_gate) * (x @ W_in)) @ W_out


def wrong_sum(x, W_gate, W_in, W_out):
    """this equals the sum of gate and input: multiply the two, entry by entry."""
    return (F.silu(x @ W_gate) + x @ W_in) @ W_out


def wrong_silu_of_the_product(x, W_gate, W_in, W_out):
    """this equals the silu of gate times input: take the silu of the gate alone, then multiply."""
    return F.silu((x @ W_gate) * (x @ W_in)) @ W_out


def wrong_both_bent(x, W_gate, W_in, W_out):
    """this equals the silu of both gate and input: what passes through, x @ W_in, is not bent."""
    return (F.silu(x @ W_gate) * F.silu(x @ W_in)) @ W_out


def wrong_gate_ignored(x, W_gate, W_in, W_out):
    """this equals a plain MLP of W_in, bent by the silu: multiply x @ W_in by the silu of
    x @ W_gate instead."""
    return F.silu(x @ W_in) @ W_out


def wrong_input_ignored(x, W_gate, W_in, W_out):
    """this equals the gates alone, written by W_out: multiply each by what passes through it,
    x @ W_in."""
    return F.silu(x @ W_gate) @ W_out


def wrong_added_to_stream(x, W_gate, W_in, W_out):
    """this equals the stream with the MLP's output added to it: return what the MLP adds, without
    x."""
    return x + (F.silu(x @ W_gate) * (x @ W_in)) @ W_out


def wrong_overflow(x, W_gate, W_in, W_out):
    """this equals the silu by z * e^z / (1 + e^z), which gives nan for large gates: use
    torch.sigmoid(z), or z / (1 + e^-z)."""
    gate = x @ W_gate
    return (gate * gate.exp() / (1 + gate.exp()) * (x @ W_in)) @ W_out


def wrong_sign(x, W_gate, W_in, W_out):
    """this equals z / (1 + e^z), which lets negative gates pass: the exponent is -z."""
    gate = x @ W_gate
    return (gate * torch.sigmoid(-gate) * (x @ W_in)) @ W_out


def wrong_softmax(x, W_gate, W_in, W_out):
    """this equals gates that compete in a softmax: each is bent by itself, by the silu."""
    return ((x @ W_gate).softmax(dim=-1) * (x @ W_in)) @ W_out


def wrong_silu_twice(x, W_gate, W_in, W_out):
    """this equals the silu taken twice: take it once (z times the sigmoid of z)."""
    return (F.silu(F.silu(x @ W_gate)) * (x @ W_in)) @ W_out


def wrong_mean_over_neurons(x, W_gate, W_in, W_out):
    """this equals the mean of what the neurons write: sum over them, as the matrix product does."""
    return (F.silu(x @ W_gate) * (x @ W_in)) @ W_out / len(W_out)
