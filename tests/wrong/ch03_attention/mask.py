"""Wrong answers for attention.mask; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import torch


def future(scores, diagonal=1):
    """True above the diagonal, where the last query is the last key."""
    n_query, n_key = scores.shape[-2:]
    return torch.ones(n_query, n_key).triu(diagonal + n_key - n_query).bool()


def wrong_hides_itself(scores):
    """this equals a mask that hides the diagonal too: let each position see itself, and hide only
    key > query."""
    return scores.masked_fill(future(scores, diagonal=0), -torch.inf)


def wrong_one_step_ahead(scores):
    """this equals a mask that lets each position see the next one, where the answer stands: hide
    every key > query."""
    return scores.masked_fill(future(scores, diagonal=2), -torch.inf)


def wrong_hides_the_past(scores):
    """this equals a mask of the past: hide the keys that come after the query, above the diagonal,
    not those before."""
    n_query, n_key = scores.shape[-2:]
    past = torch.ones(n_query, n_key).tril(n_key - n_query - 1).bool()
    return scores.masked_fill(past, -torch.inf)


def wrong_keeps_the_future_only(scores):
    """this equals hiding all but the future: turn the condition round, so that key > query is
    what goes to minus infinity."""
    return scores.masked_fill(~future(scores), -torch.inf)


def wrong_zero(scores):
    """this equals a mask that sets the future to 0, which the softmax turns into a weight like any
    other: set it to minus infinity."""
    return scores.masked_fill(future(scores), 0.0)


def wrong_first_aligned(scores):
    """this equals a mask that puts the first query at the first key: the last query stands at the
    last key, so query i stands at position i + n_key - n_query."""
    n_query, n_key = scores.shape[-2:]
    return scores.masked_fill(torch.ones(n_query, n_key).triu(1).bool(), -torch.inf)


def wrong_shifted_the_wrong_way(scores):
    """this equals a mask that moves the queries back by n_key - n_query: add this to the query's
    position instead of subtracting it."""
    n_query, n_key = scores.shape[-2:]
    future = torch.ones(n_query, n_key).triu(1 - (n_key - n_query)).bool()
    return scores.masked_fill(future, -torch.inf)


def wrong_large_number(scores):
    """this equals a mask of -1e9, a number like any other once scores are large: use minus
    infinity, -torch.inf."""
    return scores.masked_fill(future(scores), -1e9)


def wrong_smallest_number(scores):
    """this equals a mask of the smallest number of its dtype: use minus infinity, -torch.inf, which
    stays smallest when something is added to it."""
    return scores.masked_fill(future(scores), torch.finfo(scores.dtype).min)


def wrong_infinity_times_zero(scores):
    """this equals adding minus infinity times a table of zeros and ones, and infinity times 0 is
    nan: use masked_fill or torch.where."""
    return scores + future(scores).to(scores.dtype) * -torch.inf


def wrong_plus_infinity(scores):
    """this equals a mask of plus infinity, which would draw all attention to the future: use minus
    infinity, -torch.inf."""
    return scores.masked_fill(future(scores), torch.inf)


def wrong_nothing(scores):
    """this equals the scores as they came: masked_fill returns a new tensor, so return that one."""
    return scores.clone()


def wrong_in_place(scores):
    """this equals the right mask, written into the scores that were handed in: use masked_fill
    without the underscore, or work on scores.clone()."""
    return scores.masked_fill_(future(scores), -torch.inf)


def wrong_softmax_too(scores):
    """this equals the masked scores after the softmax: return the masked scores themselves, the
    softmax is the next step."""
    return scores.masked_fill(future(scores), -torch.inf).softmax(dim=-1)


def wrong_zeros_hidden(scores):
    """this equals hiding every score that is 0, also one that may be seen: find the future by its
    place, key > query, not by what stands there."""
    kept = scores.masked_fill(future(scores), 0.0)
    return kept.masked_fill(kept == 0, -torch.inf)
