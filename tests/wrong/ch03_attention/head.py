"""Wrong answers for attention.head; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import torch


def parts(x, W_Q, W_K, W_V):
    """Queries, keys, values and the table of what is future."""
    n_pos = x.shape[1]
    return x @ W_Q, x @ W_K, x @ W_V, torch.ones(n_pos, n_pos).triu(1).bool()


def wrong_no_mask(x, W_Q, W_K, W_V, W_O):
    """this equals attention without the causal mask: set the scores of the future to minus infinity
    before the softmax."""
    q, k, v, _ = parts(x, W_Q, W_K, W_V)
    return (q @ k.mT / q.shape[-1] ** 0.5).softmax(dim=-1) @ v @ W_O


def wrong_mask_after_softmax(x, W_Q, W_K, W_V, W_O):
    """this equals attention with the mask applied after the softmax, so that the rows no longer sum
    to one: set the scores to minus infinity before it."""
    q, k, v, future = parts(x, W_Q, W_K, W_V)
    pattern = (q @ k.mT / q.shape[-1] ** 0.5).softmax(dim=-1)
    return pattern.masked_fill(future, 0) @ v @ W_O


def wrong_mask_of_zeros(x, W_Q, W_K, W_V, W_O):
    """this equals attention with the future's scores set to 0, which the softmax turns into a
    weight like any other: set them to minus infinity."""
    q, k, v, future = parts(x, W_Q, W_K, W_V)
    return (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(future, 0).softmax(dim=-1) @ v @ W_O


def wrong_mask_turned_round(x, W_Q, W_K, W_V, W_O):
    """this equals attention that hides the past and the position itself: hide what comes after, the
    entries above the diagonal."""
    q, k, v, future = parts(x, W_Q, W_K, W_V)
    return (
        (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(~future, -torch.inf).softmax(dim=-1) @ v @ W_O
    )


def wrong_hides_itself(x, W_Q, W_K, W_V, W_O):
    """this equals attention that hides the position itself too, so that the first one has nothing
    to look at: hide only the keys after the query."""
    q, k, v, future = parts(x, W_Q, W_K, W_V)
    hidden = future | torch.eye(len(future)).bool()
    return (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(hidden, -torch.inf).softmax(dim=-1) @ v @ W_O


def wrong_not_scaled(x, W_Q, W_K, W_V, W_O):
    """this equals attention with scores that are not scaled: divide them by the square root of
    d_head."""
    q, k, v, future = parts(x, W_Q, W_K, W_V)
    return (q @ k.mT).masked_fill(future, -torch.inf).softmax(dim=-1) @ v @ W_O


def wrong_root_of_d_model(x, W_Q, W_K, W_V, W_O):
    """this equals attention with scores divided by the square root of d_model: divide by that of
    d_head, the last axis of the queries."""
    q, k, v, future = parts(x, W_Q, W_K, W_V)
    scores = q @ k.mT / x.shape[-1] ** 0.5
    return scores.masked_fill(future, -torch.inf).softmax(dim=-1) @ v @ W_O


def wrong_softmax_over_queries(x, W_Q, W_K, W_V, W_O):
    """this equals attention with the softmax taken over the queries: each query's weights over the
    keys, the last axis, sum to one."""
    q, k, v, future = parts(x, W_Q, W_K, W_V)
    scores = (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(future, -torch.inf)
    return scores.softmax(dim=-2) @ v @ W_O


def wrong_no_softmax(x, W_Q, W_K, W_V, W_O):
    """this equals values weighted by the scores themselves: turn the masked scores into weights by
    the softmax."""
    q, k, v, future = parts(x, W_Q, W_K, W_V)
    return (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(future, 0) @ v @ W_O


def wrong_no_output_weights(x, W_Q, W_K, W_V, W_O):
    """this equals the averaged values, before they are written back: multiply them by W_O."""
    q, k, v, future = parts(x, W_Q, W_K, W_V)
    scores = (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(future, -torch.inf)
    return scores.softmax(dim=-1) @ v


def wrong_keys_and_queries_exchanged(x, W_Q, W_K, W_V, W_O):
    """this equals attention with queries and keys exchanged: the position that looks gives the
    query, x @ W_Q, and stands in the rows of the scores."""
    q, k, v, future = parts(x, W_K, W_Q, W_V)
    scores = (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(future, -torch.inf)
    return scores.softmax(dim=-1) @ v @ W_O


def wrong_keys_carried(x, W_Q, W_K, W_V, W_O):
    """this equals attention that carries the keys: average the values, x @ W_V."""
    q, k, _, future = parts(x, W_Q, W_K, W_V)
    scores = (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(future, -torch.inf)
    return scores.softmax(dim=-1) @ k @ W_O


def wrong_pattern_turned(x, W_Q, W_K, W_V, W_O):
    """this equals values averaged with the pattern turned round, [key, query]: sum over the key, so
    that every query gets its own average."""
    q, k, v, future = parts(x, W_Q, W_K, W_V)
    scores = (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(future, -torch.inf)
    return scores.softmax(dim=-1).mT @ v @ W_O


def wrong_added_to_stream(x, W_Q, W_K, W_V, W_O):
    """this equals the stream with the head's output added to it: return what the head adds, without
    x."""
    q, k, v, future = parts(x, W_Q, W_K, W_V)
    scores = (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(future, -torch.inf)
    return x + scores.softmax(dim=-1) @ v @ W_O


def wrong_scaled_twice(x, W_Q, W_K, W_V, W_O):
    """this equals attention with scores divided by the square root of d_head twice: the function of
    exercise 2 does it already."""
    q, k, v, future = parts(x, W_Q, W_K, W_V)
    scores = (q @ k.mT / q.shape[-1]).masked_fill(future, -torch.inf)
    return scores.softmax(dim=-1) @ v @ W_O


def wrong_squeezed(x, W_Q, W_K, W_V, W_O):
    """this equals squeezing all axes of length 1 away, also those of a single text or position:
    take off the axis of heads alone, [:, 0] or squeeze(1)."""
    q, k, v, future = parts(x, W_Q, W_K, W_V)
    scores = (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(future, -torch.inf)
    return scores.softmax(dim=-1).squeeze() @ v @ W_O


def wrong_minus_infinity_after_softmax(x, W_Q, W_K, W_V, W_O):
    """this equals attention with the mask after the softmax, which puts minus infinity among the
    weights: mask the scores first, softmax(mask(scores))."""
    q, k, v, future = parts(x, W_Q, W_K, W_V)
    pattern = (q @ k.mT / q.shape[-1] ** 0.5).softmax(dim=-1)
    return pattern.masked_fill(future, -torch.inf) @ v @ W_O


def wrong_softmax_over_the_head(x, W_Q, W_K, W_V, W_O):
    """this equals attention with the softmax over the axis of heads, of length 1, so that every
    weight is 1 or nan: take it over the keys, the last axis."""
    q, k, v, future = parts(x, W_Q, W_K, W_V)
    scores = (q @ k.mT / q.shape[-1] ** 0.5).masked_fill(future, -torch.inf)
    return scores[:, None].softmax(dim=1)[:, 0] @ v @ W_O
