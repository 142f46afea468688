"""Wrong answers for block.mlp; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import torch


def gelu(x):
    return torch.nn.functional.gelu(x, approximate="tanh")


def wrong_no_first_bias(x, W_in, b_in, W_out, b_out):
    """this equals an MLP without b_in: add it to x @ W_in, before the gelu."""
    return gelu(x @ W_in) @ W_out + b_out


def wrong_no_last_bias(x, W_in, b_in, W_out, b_out):
    """this equals an MLP without b_out: add it at the end."""
    return gelu(x @ W_in + b_in) @ W_out


def wrong_no_biases(x, W_in, b_in, W_out, b_out):
    """this equals an MLP without its biases: add b_in before the gelu and b_out at the end."""
    return gelu(x @ W_in) @ W_out


def wrong_bias_after_gelu(x, W_in, b_in, W_out, b_out):
    """this equals an MLP with b_in added after the gelu: add it before."""
    return (gelu(x @ W_in) + b_in) @ W_out + b_out


def wrong_first_bias_subtracted(x, W_in, b_in, W_out, b_out):
    """this equals an MLP with b_in subtracted: add it."""
    return gelu(x @ W_in - b_in) @ W_out + b_out


def wrong_last_bias_subtracted(x, W_in, b_in, W_out, b_out):
    """this equals an MLP with b_out subtracted: add it."""
    return gelu(x @ W_in + b_in) @ W_out - b_out


def wrong_no_gelu(x, W_in, b_in, W_out, b_out):
    """this equals two matrix products with nothing between them: put the gelu there."""
    return (x @ W_in + b_in) @ W_out + b_out


def wrong_relu(x, W_in, b_in, W_out, b_out):
    """this equals an MLP that bends by the relu: use the gelu of exercise 3."""
    return (x @ W_in + b_in).relu() @ W_out + b_out


def wrong_silu(x, W_in, b_in, W_out, b_out):
    """this equals an MLP that bends by the silu: use the gelu of exercise 3."""
    return torch.nn.functional.silu(x @ W_in + b_in) @ W_out + b_out


def wrong_exact_gelu(x, W_in, b_in, W_out, b_out):
    """this equals an MLP with the gelu by erf: use the one of exercise 3, by the formula with
    tanh."""
    return torch.nn.functional.gelu(x @ W_in + b_in) @ W_out + b_out


def wrong_gelu_twice(x, W_in, b_in, W_out, b_out):
    """this equals an MLP with a second gelu at the end: what is written is not bent again."""
    return gelu(gelu(x @ W_in + b_in) @ W_out + b_out)


def wrong_gelu_of_the_input(x, W_in, b_in, W_out, b_out):
    """this equals an MLP that bends x itself: the gelu acts on x @ W_in + b_in."""
    return (gelu(x) @ W_in + b_in) @ W_out + b_out


def wrong_gelu_at_the_end(x, W_in, b_in, W_out, b_out):
    """this equals an MLP with its gelu after the second product: put it between the two."""
    return gelu((x @ W_in + b_in) @ W_out + b_out)


def wrong_added_to_stream(x, W_in, b_in, W_out, b_out):
    """this equals the stream with the MLP's output added to it: return what the MLP adds, without
    x."""
    return x + gelu(x @ W_in + b_in) @ W_out + b_out


def wrong_mean_over_neurons(x, W_in, b_in, W_out, b_out):
    """this equals the mean of what the neurons write: sum over them, as the matrix product does."""
    return gelu(x @ W_in + b_in) @ W_out / len(W_out) + b_out


def wrong_softmax(x, W_in, b_in, W_out, b_out):
    """this equals an MLP whose neurons compete in a softmax, as keys do in attention: each neuron
    is bent by itself, by the gelu."""
    return (x @ W_in + b_in).softmax(dim=-1) @ W_out + b_out


def wrong_mean_of_positions(x, W_in, b_in, W_out, b_out):
    """this equals an MLP that reads the mean of all positions: each position is read by itself."""
    mean = x.reshape(-1, x.shape[-1]).mean(dim=0).expand_as(x)
    return gelu(mean @ W_in + b_in) @ W_out + b_out
