"""Wrong answers for attention.grouped; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import torch
from torch import einsum


def layer(x, W_Q, W_K, W_V, W_O, turn_q=None, turn_k=None, turn_v=None, causal=True, scale=None):
    """Attention with a set of keys and values for each head."""
    q, k, v = (einsum("bpm,hmd->bphd", x, W) for W in (W_Q, W_K, W_V))
    q = turn_q(q) if turn_q else q
    k = turn_k(k) if turn_k else k
    v = turn_v(v) if turn_v else v
    scores = einsum("bqhd,bkhd->bhqk", q, k) / (scale or q.shape[-1]) ** 0.5
    if causal:
        future = torch.ones(x.shape[1], x.shape[1]).triu(1).bool()
        scores = scores.masked_fill(future, -torch.inf)
    z = einsum("bhqk,bkhd->bqhd", scores.softmax(dim=-1), v)
    return einsum("bqhd,hdm->bqm", z, W_O)


def neighbours(W, n_heads):
    """0 0 0 1 1 1: as it should be."""
    return W.repeat_interleave(n_heads // len(W), dim=0)


def in_turn(W, n_heads):
    """0 1 0 1 0 1."""
    return W.repeat(n_heads // len(W), 1, 1)


def wrong_in_turn(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals heads that take the sets in turn, 0 1 2 0 1 2: neighbours share, 0 0 1 1 2 2, so
    use repeat_interleave, or h // (n_heads // n_kv_heads)."""
    n = len(W_Q)
    return layer(x, W_Q, in_turn(W_K, n), in_turn(W_V, n), W_O, rotary, rotary)


def wrong_values_in_turn(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals neighbours sharing keys, but heads taking the values in turn: share the values in
    the same way as the keys."""
    n = len(W_Q)
    return layer(x, W_Q, neighbours(W_K, n), in_turn(W_V, n), W_O, rotary, rotary)


def wrong_keys_in_turn(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals neighbours sharing values, but heads taking the keys in turn: share the keys in
    the same way as the values."""
    n = len(W_Q)
    return layer(x, W_Q, in_turn(W_K, n), neighbours(W_V, n), W_O, rotary, rotary)


def wrong_divisor(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals head h using set h // n_kv_heads: divide h by the number of heads that share a
    set, n_heads // n_kv_heads."""
    which = [h // len(W_K) for h in range(len(W_Q))]  # with 2 sets or 1 there is no such set
    return layer(x, W_Q, W_K[which], W_V[which], W_O, rotary, rotary)


def wrong_first_set_for_all(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals the first set of keys and values serving every head: head h uses set
    h // (n_heads // n_kv_heads)."""
    K, V = W_K[:1].expand(len(W_Q), -1, -1), W_V[:1].expand(len(W_Q), -1, -1)
    return layer(x, W_Q, K, V, W_O, rotary, rotary)


def wrong_mean_of_sets(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals every head using the mean of all sets: each head uses one set, with its
    neighbours."""
    K, V = (W.mean(dim=0).expand(len(W_Q), -1, -1) for W in (W_K, W_V))
    return layer(x, W_Q, K, V, W_O, rotary, rotary)


def wrong_one_head_a_set(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals as many heads as there are sets, the first ones: all heads of W_Q take part, and
    several share a set."""
    n = len(W_K)
    return layer(x, W_Q[:n], W_K, W_V, W_O[:n], rotary, rotary)


def wrong_first_of_each_group(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals one head of each group, the others left out: all heads of W_Q take part."""
    step = len(W_Q) // len(W_K)
    return layer(x, W_Q[::step], W_K, W_V, W_O[::step], rotary, rotary)


def wrong_rotary_ignored(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals grouped attention without rotary: where it is given, turn queries and keys by it
    before the scores, as [batch, pos, heads, d_head] (it takes axis 1 for the positions)."""
    n = len(W_Q)
    return layer(x, W_Q, neighbours(W_K, n), neighbours(W_V, n), W_O)


def wrong_rotary_on_values_too(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals grouped attention with the values turned by rotary as well: turn queries and keys
    only."""
    n = len(W_Q)
    return layer(x, W_Q, neighbours(W_K, n), neighbours(W_V, n), W_O, rotary, rotary, rotary)


def wrong_rotary_on_queries_only(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals grouped attention with only the queries turned by rotary: turn the keys as
    well."""
    n = len(W_Q)
    return layer(x, W_Q, neighbours(W_K, n), neighbours(W_V, n), W_O, rotary)


def wrong_no_mask(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals grouped attention without the causal mask: set the scores of the future to minus
    infinity before the softmax."""
    n = len(W_Q)
    K, V = neighbours(W_K, n), neighbours(W_V, n)
    return layer(x, W_Q, K, V, W_O, rotary, rotary, causal=False)


def wrong_not_scaled(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals grouped attention with scores that are not scaled: divide them by the square root
    of d_head."""
    n = len(W_Q)
    K, V = neighbours(W_K, n), neighbours(W_V, n)
    return layer(x, W_Q, K, V, W_O, rotary, rotary, scale=1)


def wrong_reshaped(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals weights reshaped from [n_heads, d_model, d_head] to [d_model, n_heads * d_head],
    which mixes the heads' numbers: use einsum, or move the axis of heads by permute(1, 0, 2)
    first."""
    W_K, W_V = (neighbours(W, len(W_Q)) for W in (W_K, W_V))
    W_Q, W_K, W_V = (
        W.reshape(W.shape[1], -1).unflatten(1, (len(W), -1)).permute(1, 0, 2)
        for W in (W_Q, W_K, W_V)
    )
    return layer(x, W_Q, W_K, W_V, W_O, rotary, rotary)


def wrong_mean_over_heads(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals the mean of what the heads add: sum over the heads, without dividing."""
    n = len(W_Q)
    return layer(x, W_Q, neighbours(W_K, n), neighbours(W_V, n), W_O, rotary, rotary) / n


def wrong_not_shared(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals heads without sharing, which fits as many sets as heads only, or a single set:
    give each head its set first, W_K.repeat_interleave(n_heads // n_kv_heads, dim=0), and W_V in
    the same way."""
    return layer(x, W_Q, W_K, W_V, W_O, rotary, rotary)


def wrong_not_shared_in_a_loop(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals head h using set h, which is there only with as many sets as heads: neighbours
    share, so head h uses set h // (n_heads // n_kv_heads)."""
    each = ([W[h] for h in range(len(W_Q))] for W in (W_K, W_V))
    W_K, W_V = (torch.stack(W) for W in each)
    return layer(x, W_Q, W_K, W_V, W_O, rotary, rotary)


def wrong_in_turn_in_a_loop(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals heads that take the sets in turn, 0 1 2 0 1 2, and without rotary: head h uses
    set h // (n_heads // n_kv_heads), and its queries and keys are turned (head of exercise 4
    cannot)."""
    n = len(W_Q)
    return layer(x, W_Q, in_turn(W_K, n), in_turn(W_V, n), W_O)


def wrong_keys_in_turn_in_a_loop(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals heads that take the keys in turn, and without rotary: share the keys in the same
    way as the values, and turn queries and keys (head of exercise 4 cannot)."""
    n = len(W_Q)
    return layer(x, W_Q, in_turn(W_K, n), neighbours(W_V, n), W_O)


def wrong_values_in_turn_in_a_loop(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals heads that take the values in turn, and without rotary: share the values in the
    same way as the keys, and turn queries and keys (head of exercise 4 cannot)."""
    n = len(W_Q)
    return layer(x, W_Q, neighbours(W_K, n), in_turn(W_V, n), W_O)


def wrong_last_head_in_a_loop(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals the last head alone, and without rotary: add to the output in the loop instead of
    replacing it, and turn each head's queries and keys (head of exercise 4 cannot)."""
    return layer(x, W_Q[-1:], W_K[-1:], W_V[-1:], W_O[-1:])
