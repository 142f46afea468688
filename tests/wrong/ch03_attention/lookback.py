"""Wrong answers for attention.lookback; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import torch


def entries(pattern, distance, first):
    """The attention from each query, from `first` on, to `distance` back."""
    query = torch.arange(first, pattern.shape[-2])
    return pattern[:, :, query, (query - distance).clamp(0, pattern.shape[-1] - 1)]


def wrong_first_query_ignored(pattern, distance, first_query=0):
    """this equals the mean over all queries that have a token that far back, whatever first_query
    says: leave out those before first_query too."""
    return entries(pattern, distance, distance).mean(dim=(0, 2))


def wrong_one_query_late(pattern, distance, first_query=0):
    """this equals leaving out query max(distance, first_query) as well: begin with it."""
    first = max(distance, first_query)
    if first + 1 == pattern.shape[-2]:
        return torch.full(pattern.shape[1:2], torch.nan)
    return entries(pattern, distance, first + 1).mean(dim=(0, 2))


def wrong_starts_added(pattern, distance, first_query=0):
    """this equals beginning with query distance + first_query: begin with the larger of the two."""
    first = distance + first_query
    if first >= pattern.shape[-2]:
        return torch.full(pattern.shape[1:2], torch.nan)
    return entries(pattern, distance, first).mean(dim=(0, 2))


def wrong_divided_by_all(pattern, distance, first_query=0):
    """this equals the sum divided by the number of all queries: divide by the number of those that
    count."""
    total = entries(pattern, distance, max(distance, first_query)).sum(dim=(0, 2))
    return total / (pattern.shape[0] * pattern.shape[-2])


def wrong_looks_ahead(pattern, distance, first_query=0):
    """this equals the entries above the diagonal, where a causal pattern has none: the key stands
    before the query, at query - distance."""
    first = max(distance, first_query)
    query = torch.arange(first, pattern.shape[-2])
    return pattern[:, :, query - distance, query].mean(dim=(0, 2))


def wrong_fixed_key(pattern, distance, first_query=0):
    """this equals the attention to the token at position `distance`: count back from each query,
    key = query - distance."""
    return pattern[:, :, max(distance, first_query) :, distance].mean(dim=(0, 2))


def wrong_one_too_far(pattern, distance, first_query=0):
    """this equals looking distance + 1 back: distance 0 is the token itself, 1 the one before."""
    first = max(distance + 1, first_query)
    if first >= pattern.shape[-2]:
        return torch.full(pattern.shape[1:2], torch.nan)
    return entries(pattern, distance + 1, first).mean(dim=(0, 2))


def wrong_wraps_round(pattern, distance, first_query=0):
    """this equals queries with no token that far back reading from the end, as negative indices do:
    begin with query max(distance, first_query)."""
    query = torch.arange(first_query, pattern.shape[-2])
    return pattern[:, :, query, query - distance].mean(dim=(0, 2))


def wrong_first_text_only(pattern, distance, first_query=0):
    """this equals the first text alone: average over the batch as well."""
    return entries(pattern[:1], distance, max(distance, first_query)).mean(dim=(0, 2))


def wrong_texts_kept(pattern, distance, first_query=0):
    """this equals the mean over the queries alone, for each text: average over the batch too, so
    that one number is left for each head."""
    return entries(pattern, distance, max(distance, first_query)).mean(dim=-1)


def wrong_heads_averaged(pattern, distance, first_query=0):
    """this equals the mean over heads as well: keep one number for each head."""
    return entries(pattern, distance, max(distance, first_query)).mean()


def wrong_largest(pattern, distance, first_query=0):
    """this equals the largest attention, not the mean: average over batch and queries."""
    return entries(pattern, distance, max(distance, first_query)).amax(dim=(0, 2))


def wrong_summed(pattern, distance, first_query=0):
    """this equals the sum over the queries, not the mean: divide by the number of those that
    count."""
    return entries(pattern, distance, max(distance, first_query)).sum(dim=(0, 2))


def wrong_queries_cut_first(pattern, distance, first_query=0):
    """this equals cutting the queries before first_query off and then taking the diagonal, which
    lies elsewhere in what is left: take the diagonal first, then cut."""
    left = pattern[:, :, first_query:]
    return left.diagonal(-distance, dim1=-2, dim2=-1).mean(dim=(0, -1))


def wrong_counting_queries_cut_first(pattern, distance, first_query=0):
    """this equals cutting off all queries that do not count and then taking the diagonal, which
    lies elsewhere in what is left: take the diagonal first, then cut."""
    left = pattern[:, :, max(distance, first_query) :]
    return left.diagonal(-distance, dim1=-2, dim2=-1).mean(dim=(0, -1))


def wrong_diagonal_above(pattern, distance, first_query=0):
    """this equals diagonal(distance), which lies above the main one, where a causal pattern has
    only 0: take diagonal(-distance), whose first entry belongs to query `distance`."""
    above = pattern.diagonal(distance, dim1=-2, dim2=-1)
    return above[..., first_query:].mean(dim=(0, -1))


def wrong_diagonal_cut_too_short(pattern, distance, first_query=0):
    """this equals cutting max(distance, first_query) entries off the diagonal, whose first belongs
    to query `distance` already: cut max(first_query - distance, 0)."""
    back = pattern.diagonal(-distance, dim1=-2, dim2=-1)
    return back[..., max(distance, first_query) :].mean(dim=(0, -1))


def wrong_share_of_queries(pattern, distance, first_query=0):
    """this equals the share of queries that look at that token most: average the attention itself,
    not how often it is the largest."""
    query = torch.arange(max(distance, first_query), pattern.shape[-2])
    return (pattern[:, :, query].argmax(dim=-1) == query - distance).float().mean(dim=(0, 2))


def wrong_last_query_left_out(pattern, distance, first_query=0):
    """this equals leaving out the last query: go on to n_query, the number itself not included."""
    return entries(pattern[:, :, :-1], distance, max(distance, first_query)).mean(dim=(0, 2))


def wrong_first_token_instead(pattern, distance, first_query=0):
    """this equals queries with no token that far back reading the first one: leave them out, begin
    with query max(distance, first_query)."""
    return entries(pattern, distance, first_query).mean(dim=(0, 2))


def wrong_every_pair(pattern, distance, first_query=0):
    """this equals the mean over every query with every key of those chosen: index the two axes at
    once, pattern[:, :, query, query - distance], so that they go in pairs."""
    query = torch.arange(max(distance, first_query), pattern.shape[-2])
    return pattern[:, :, query][..., query - distance].mean(dim=(0, 2, 3))


def wrong_one_too_far_round(pattern, distance, first_query=0):
    """this equals looking distance + 1 back, the first query reading from the end: distance 0 is
    the token itself, 1 the one before, so take key = query - distance."""
    query = torch.arange(max(distance, first_query), pattern.shape[-2])
    return pattern[:, :, query, query - distance - 1].mean(dim=(0, 2))


def wrong_after_first_query(pattern, distance, first_query=0):
    """this equals leaving out query first_query itself: the queries count from first_query on, it
    included (>=, not >)."""
    first = max(distance, first_query + 1)
    if first == pattern.shape[-2]:
        return torch.full(pattern.shape[1:2], torch.nan)
    return entries(pattern, distance, first).mean(dim=(0, 2))


def wrong_mean_of_every_query(pattern, distance, first_query=0):
    """this equals the sum divided by n_query - distance, also where first_query leaves out more:
    divide by the number of those that count, n_query - max(distance, first_query)."""
    total = entries(pattern, distance, max(distance, first_query)).sum(dim=(0, 2))
    return total / (pattern.shape[0] * (pattern.shape[-2] - distance))


def wrong_minus_zero(pattern, distance, first_query=0):
    """this equals cutting the last `distance` keys off by [:-distance], which for distance 0 leaves
    none: cut at n_key - distance, or take diagonal(-distance)."""
    left = pattern[:, :, distance:, :-distance].diagonal(dim1=-2, dim2=-1)
    return left[..., max(first_query - distance, 0) :].mean(dim=(0, -1))


def wrong_negative_cut(pattern, distance, first_query=0):
    """this equals cutting the diagonal by [first_query - distance:], which counts from the end
    where it is negative: cut max(first_query - distance, 0)."""
    back = pattern.diagonal(-distance, dim1=-2, dim2=-1)
    return back[..., first_query - distance :].mean(dim=(0, -1))


def wrong_diagonal_of_other_axes(pattern, distance, first_query=0):
    """this equals the diagonal of the first two axes, batch and head, which diagonal takes unless
    told otherwise: dim1=-2, dim2=-1."""
    back = pattern.diagonal(-distance)
    return back[..., max(first_query - distance, 0) :].mean(dim=(0, -1))


def wrong_queries_kept(pattern, distance, first_query=0):
    """this equals the mean over batch and heads, one number for each query: average over batch and
    queries, so that one is left for each head."""
    return entries(pattern, distance, max(distance, first_query)).mean(dim=(0, 1))
