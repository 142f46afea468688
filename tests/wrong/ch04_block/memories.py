"""Wrong answers for block.memories; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import torch
import torch.nn.functional as F


def ranked(x, W_gate, W_in, W_out, k, by, writes=None):
    """The k neurons of the largest `by(post, W_out)`, and what they write."""
    post = F.silu(x @ W_gate) * (x @ W_in)
    which = by(post, W_out).topk(k).indices
    vectors = post[:, None] * W_out if writes is None else writes(post, W_out)
    return which, vectors[which]


def length(post, W_out):
    return (post[:, None] * W_out).norm(dim=-1)


def wrong_largest_activations(x, W_gate, W_in, W_out, k):
    """this equals the neurons of the largest activations, whatever they write: take those whose
    written vectors, activation times row of W_out, are longest."""
    return ranked(x, W_gate, W_in, W_out, k, lambda post, rows: post.abs())


def wrong_signed_activations(x, W_gate, W_in, W_out, k):
    """this equals the neurons of the largest activations above 0: a negative one writes too, so
    take the length of what each neuron writes."""
    return ranked(x, W_gate, W_in, W_out, k, lambda post, rows: post)


def wrong_sign_counts(x, W_gate, W_in, W_out, k):
    """this equals the activation times the length of the row, with its sign: a negative activation
    writes a long vector too, so take the length of the product."""
    return ranked(x, W_gate, W_in, W_out, k, lambda post, rows: post * rows.norm(dim=-1))


def wrong_longest_rows(x, W_gate, W_in, W_out, k):
    """this equals the neurons with the longest rows of W_out, whatever x is: multiply each row by
    the neuron's activation first."""
    return ranked(x, W_gate, W_in, W_out, k, lambda post, rows: rows.norm(dim=-1))


def wrong_shortest(x, W_gate, W_in, W_out, k):
    """this equals the neurons that write the shortest vectors: take the longest."""
    return ranked(x, W_gate, W_in, W_out, k, lambda post, rows: -length(post, rows))


def wrong_backwards(x, W_gate, W_in, W_out, k):
    """this equals the right neurons in the wrong order: the longest comes first."""
    which, writes = ranked(x, W_gate, W_in, W_out, k, length)
    return which.flip(0), writes.flip(0)


def wrong_by_number(x, W_gate, W_in, W_out, k):
    """this equals the right neurons in the order of their numbers: the longest comes first."""
    which, writes = ranked(x, W_gate, W_in, W_out, k, length)
    order = which.argsort()
    return which[order], writes[order]


def wrong_rows_alone(x, W_gate, W_in, W_out, k):
    """this equals the right neurons with their rows of W_out: what a neuron writes is its row times
    its activation."""
    return ranked(x, W_gate, W_in, W_out, k, length, lambda post, rows: rows)


def wrong_vectors_in_the_old_order(x, W_gate, W_in, W_out, k):
    """this equals the right neurons with the vectors that neurons 0 to k - 1 write: pick the
    vectors by the neurons' numbers, writes[which]."""
    post = F.silu(x @ W_gate) * (x @ W_in)
    return length(post, W_out).topk(k).indices, (post[:, None] * W_out)[:k]


def wrong_sum_of_coordinates(x, W_gate, W_in, W_out, k):
    """this equals the neurons ranked by the sum of their vectors' coordinates, in which plus and
    minus cancel: rank by the length, .norm(dim=-1)."""
    return ranked(x, W_gate, W_in, W_out, k, lambda post, rows: (post[:, None] * rows).sum(dim=-1))


def wrong_sum_of_sizes(x, W_gate, W_in, W_out, k):
    """this equals the neurons ranked by the sum of their coordinates' sizes: rank by the Euclidean
    length, the root of the sum of squares."""
    return ranked(
        x, W_gate, W_in, W_out, k, lambda post, rows: (post[:, None] * rows).abs().sum(dim=-1)
    )


def wrong_largest_coordinate(x, W_gate, W_in, W_out, k):
    """this equals the neurons ranked by their vectors' largest coordinate: rank by the Euclidean
    length, the root of the sum of squares."""
    return ranked(
        x, W_gate, W_in, W_out, k, lambda post, rows: (post[:, None] * rows).abs().amax(dim=-1)
    )


def wrong_along_the_output(x, W_gate, W_in, W_out, k):
    """this equals the neurons ranked by how far they push along the MLP's whole output: rank by the
    length of what each writes, whatever its direction."""
    return ranked(x, W_gate, W_in, W_out, k, lambda post, rows: rows @ (post @ rows) * post)


def wrong_gates(x, W_gate, W_in, W_out, k):
    """this equals activations that are the gates alone: multiply the silu of each gate by what
    passes through it, x @ W_in."""
    post = F.silu(x @ W_gate)
    which = length(post, W_out).topk(k).indices
    return which, (post[:, None] * W_out)[which]


def wrong_not_bent(x, W_gate, W_in, W_out, k):
    """this equals activations without the silu: take it of the gate before you multiply."""
    post = (x @ W_gate) * (x @ W_in)
    which = length(post, W_out).topk(k).indices
    return which, (post[:, None] * W_out)[which]


def wrong_gate_and_input_exchanged(x, W_gate, W_in, W_out, k):
    """this equals activations with W_gate and W_in exchanged: the silu acts on x @ W_gate."""
    post = F.silu(x @ W_in) * (x @ W_gate)
    which = length(post, W_out).topk(k).indices
    return which, (post[:, None] * W_out)[which]


def wrong_normed(x, W_gate, W_in, W_out, k):
    """this equals the right neurons with vectors of length 1: return the vectors as they are
    written."""
    which, writes = ranked(x, W_gate, W_in, W_out, k, length)
    return which, writes / writes.norm(dim=-1, keepdim=True)


def wrong_added_up(x, W_gate, W_in, W_out, k):
    """this equals the vectors added up one after the other: return what each neuron writes by
    itself."""
    which, writes = ranked(x, W_gate, W_in, W_out, k, length)
    return which, torch.cumsum(writes, dim=0)
