"""Wrong answers for attention.scores; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import torch
from torch import einsum


def wrong_not_scaled(q, k):
    """this equals the dot products, not scaled: divide them by the square root of d_head."""
    return einsum("bqhd,bkhd->bhqk", q, k)


def wrong_divided_by_d_head(q, k):
    """this equals the dot products divided by d_head: divide by its square root, d_head**0.5."""
    return einsum("bqhd,bkhd->bhqk", q, k) / q.shape[-1]


def wrong_multiplied(q, k):
    """this equals the dot products multiplied by the square root of d_head: divide by it."""
    return einsum("bqhd,bkhd->bhqk", q, k) * q.shape[-1] ** 0.5


def wrong_root_of_n_heads(q, k):
    """this equals the dot products divided by the square root of n_heads: divide by that of d_head,
    the length of the last axis, q.shape[-1]."""
    return einsum("bqhd,bkhd->bhqk", q, k) / q.shape[2] ** 0.5


def wrong_root_of_n_keys(q, k):
    """this equals the dot products divided by the square root of the number of keys: divide by that
    of d_head, q.shape[-1]."""
    return einsum("bqhd,bkhd->bhqk", q, k) / k.shape[1] ** 0.5


def wrong_key_before_query(q, k):
    """this equals the scores with query and key exchanged, [batch, n_heads, key, query]: put the
    query's axis before the key's."""
    return einsum("bqhd,bkhd->bhkq", q, k) / q.shape[-1] ** 0.5


def wrong_heads_stay(q, k):
    """this equals the scores with the heads in the third place, [batch, query, n_heads, key]: move
    them to the second, beside batch."""
    return einsum("bqhd,bkhd->bqhk", q, k) / q.shape[-1] ** 0.5


def wrong_heads_last(q, k):
    """this equals the scores with the heads last, [batch, query, key, n_heads]: move them to the
    second place, beside batch."""
    return einsum("bqhd,bkhd->bqkh", q, k) / q.shape[-1] ** 0.5


def wrong_heads_mixed(q, k):
    """this equals each head's queries with the keys of all heads added up: use the same letter for
    the heads of q and of k, and keep it in the output."""
    return einsum("bqhd,bkgd->bhqk", q, k) / q.shape[-1] ** 0.5


def wrong_heads_added_up(q, k):
    """this equals the scores added up over the heads: keep the axis of heads in the output."""
    total = einsum("bqhd,bkhd->bqk", q, k) / q.shape[-1] ** 0.5
    return total[:, None].expand(-1, q.shape[2], -1, -1)


def wrong_reshaped(q, k):
    """this equals queries and keys reshaped to [batch, n_heads, pos, d_head], which mixes positions
    and heads: reshape keeps the numbers' order, so exchange the two axes by transpose(1, 2)."""
    q, k = (t.reshape(t.shape[0], t.shape[2], t.shape[1], t.shape[3]) for t in (q, k))
    return q @ k.mT / q.shape[-1] ** 0.5


def wrong_softmax_too(q, k):
    """this equals the scores after the softmax: return the scores themselves; the mask comes before
    the softmax."""
    return (einsum("bqhd,bkhd->bhqk", q, k) / q.shape[-1] ** 0.5).softmax(dim=-1)


def wrong_precedence(q, k):
    """this equals the dot products divided by d_head, and then by 2: d_head ** 1 / 2 is
    (d_head ** 1) / 2, so write d_head ** 0.5."""
    return einsum("bqhd,bkhd->bhqk", q, k) / q.shape[-1] / 2


def wrong_root_of_n_queries(q, k):
    """this equals the dot products divided by the square root of the number of queries: divide by
    that of d_head, q.shape[-1]."""
    return einsum("bqhd,bkhd->bhqk", q, k) / q.shape[1] ** 0.5


def wrong_cosine(q, k):
    """this equals the cosine of the angle between query and key: leave their lengths as they are,
    and divide by the square root of d_head."""
    q, k = q / q.norm(dim=-1, keepdim=True), k / k.norm(dim=-1, keepdim=True)
    return einsum("bqhd,bkhd->bhqk", q, k)


def wrong_past_only(q, k):
    """this equals scores for key 0 up to the query's own number, and 0 for the others: every query
    meets every key here, the mask comes in exercise 3."""
    return (einsum("bqhd,bkhd->bhqk", q, k) / q.shape[-1] ** 0.5).tril()


def wrong_past_only_masked(q, k):
    """this equals scores of which the future is hidden already: every query meets every key here,
    the mask comes in exercise 3."""
    scores = einsum("bqhd,bkhd->bhqk", q, k) / q.shape[-1] ** 0.5
    future = torch.ones(scores.shape[-2:]).triu(1).bool()
    return scores.masked_fill(future, -torch.inf)


def wrong_summed_apart(q, k):
    """this equals summing queries and keys over d_head by themselves and then multiplying: d_head
    needs one letter in both, as in einsum("bqhd,bkhd->bhqk", q, k)."""
    return einsum("bqhd,bkhe->bhqk", q, k) / q.shape[-1] ** 0.5
