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


def wrong_table_of_the_past(scores):
    """this equals the table of what may be seen, not the scores: put minus infinity into the scores
    where it is False, scores.masked_fill(~table, -torch.inf)."""
    return ~future(scores)


def wrong_table_of_the_future(scores):
    """this equals the table of what is future, not the scores: put minus infinity into the scores
    where it is True, scores.masked_fill(table, -torch.inf)."""
    return future(scores)


def wrong_square_of_keys(scores):
    """this equals a table of n_key by n_key, which fits as many queries as keys only: the queries
    are the last ones, so keep its last n_query rows, table[-n_query:]."""
    n_key = scores.shape[-1]
    return scores.masked_fill(torch.ones(n_key, n_key).triu(1).bool(), -torch.inf)


def wrong_square_of_queries(scores):
    """this equals a table of n_query by n_query, which fits as many queries as keys only: make it
    n_query by n_key, and shift the queries by n_key - n_query."""
    n_query = scores.shape[-2]
    return scores.masked_fill(torch.ones(n_query, n_query).triu(1).bool(), -torch.inf)


def wrong_infinity_times_zero_first_aligned(scores):
    """this equals adding minus infinity times a table of zeros and ones, and infinity times 0 is
    nan: use masked_fill, with a table in which the last query stands at the last key."""
    return scores + torch.ones(scores.shape[-2:]).triu(1) * -torch.inf


def wrong_large_number_first_aligned(scores):
    """this equals a mask of -1e9 that puts the first query at the first key: use minus infinity,
    -torch.inf, and let query i stand at position i + n_key - n_query."""
    return scores.masked_fill(torch.ones(scores.shape[-2:]).triu(1).bool(), -1e9)


def wrong_zero_first_aligned(scores):
    """this equals a mask that sets the future to 0, a score like any other, and puts the first
    query at the first key: set it to minus infinity, and let query i stand at position i + n_key -
    n_query."""
    return scores.tril()


def wrong_first_text_only(scores):
    """this equals masking the first head of the first text alone: write to all of them,
    scores[..., i, j] or scores[:, :, i, j]."""
    out = scores.clone()
    out[0, 0] = out[0, 0].masked_fill(future(scores), -torch.inf)
    return out


def wrong_zeros_hidden_first_aligned(scores):
    """this equals hiding every score that tril sets to 0 or that was 0 before, with the first query
    at the first key: find the future by its place, key > query + n_key - n_query."""
    kept = scores.tril()
    return kept.masked_fill(kept == 0, -torch.inf)
