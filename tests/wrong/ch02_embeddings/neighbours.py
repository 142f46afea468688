"""Wrong answers for embeddings.neighbours; each docstring is the sentence its writer is told."""

from __future__ import annotations

import torch


def cosines(W_E, token):
    unit = torch.nn.functional.normalize(W_E, dim=-1)
    return unit @ unit[token]


def nearest(nearness, token, k):
    """The k largest, the token left out."""
    order = nearness.argsort(descending=True, stable=True)
    return order[order != token][:k].tolist()


def wrong_dot_product(W_E, token, k):
    """this equals sorting by the dot product, by which long rows win: divide by the lengths of the
    rows."""
    return nearest(W_E @ W_E[token], token, k)


def wrong_distance(W_E, token, k):
    """this equals sorting by the distance between the rows: sort by the cosine, which does not care
    how long they are."""
    return nearest(-(W_E - W_E[token]).norm(dim=-1), token, k)


def wrong_farthest_first(W_E, token, k):
    """this equals the smallest cosines, the farthest first: sort with descending=True."""
    return nearest(-cosines(W_E, token), token, k)


def wrong_itself_too(W_E, token, k):
    """this equals counting the token among its own neighbours: leave it out."""
    return cosines(W_E, token).argsort(descending=True, stable=True)[:k].tolist()


def wrong_first_dropped(W_E, token, k):
    """this equals dropping the first of the sorted tokens, which need not be the token itself:
    leave out the one whose number is `token`."""
    return cosines(W_E, token).argsort(descending=True, stable=True)[1 : k + 1].tolist()


def wrong_first_dropped_nan_kept(W_E, token, k):
    """this equals dropping the first of the sorted tokens, which need not be the token itself, and
    dividing by the length of rows of zeros, which gives nan: leave out the one whose number is
    `token`, and count the cosine with a row of zeros as 0."""
    length = W_E.norm(dim=-1)
    cosine = W_E @ W_E[token] / (length * length[token])
    return cosine.argsort(descending=True, stable=True)[1 : k + 1].tolist()


def wrong_one_too_few(W_E, token, k):
    """this equals taking the k nearest and leaving the token out of them, so that k - 1 are left:
    leave it out first, then take k."""
    order = cosines(W_E, token).argsort(descending=True, stable=True)[:k]
    return order[order != token].tolist()


def wrong_any_sign(W_E, token, k):
    """this equals sorting by the size of the cosine, whatever its sign: rows that point the
    opposite way are far, not near."""
    return nearest(cosines(W_E, token).abs(), token, k)


def wrong_token_counts_as_zero(W_E, token, k):
    """this equals giving the token itself the cosine 0, so that it comes before those with a
    negative one: leave it out altogether."""
    nearness = cosines(W_E, token)
    nearness[token] = 0
    return nearness.argsort(descending=True, stable=True)[:k].tolist()


def wrong_token_put_last(W_E, token, k):
    """this equals putting the token itself last, where it still counts if k is large: leave it out
    altogether."""
    nearness = cosines(W_E, token)
    nearness[token] = -2
    return nearness.argsort(descending=True, stable=True)[:k].tolist()


def wrong_token_counts_as_opposite(W_E, token, k):
    """this equals giving the token itself the cosine -1, so that it comes before those with a
    larger number that point the opposite way, and still counts if k is large: leave it out
    altogether."""
    nearness = cosines(W_E, token)
    nearness[token] = -1
    return nearness.argsort(descending=True, stable=True)[:k].tolist()


def wrong_token_before_its_opposite(W_E, token, k):
    """this equals giving the token itself the cosine -1, which a row that points the opposite way
    has, too: leave the token out altogether."""
    nearness = cosines(W_E, token)
    nearness[token] = -1
    return nearness.argsort(descending=True, stable=True)[: min(k, len(W_E) - 1)].tolist()


def wrong_counted_anew(W_E, token, k):
    """this equals numbers counted without the token's own row, one too small behind it: give the
    rows' numbers in W_E."""
    others = torch.arange(len(W_E)) != token
    return cosines(W_E, token)[others].argsort(descending=True, stable=True)[:k].tolist()


def wrong_larger_number_first(W_E, token, k):
    """this equals putting the larger number first where cosines are the same: the smaller one comes
    first (argsort with descending=True, stable=True)."""
    order = cosines(W_E, token).argsort(stable=True).flip(0)
    return order[order != token][:k].tolist()


def wrong_zero_over_zero(W_E, token, k):
    """this equals dividing by the length of a row of zeros, which gives nan, and nan sorts before
    everything: the cosine with such a row counts as 0."""
    length = W_E.norm(dim=-1)
    return nearest(W_E @ W_E[token] / (length * length[token]), token, k)


def wrong_zeros_left_out(W_E, token, k):
    """this equals leaving rows of zeros out: their cosine counts as 0, and they are listed like any
    other."""
    nearness = cosines(W_E, token)
    order = nearness.argsort(descending=True, stable=True)
    return order[(order != token) & (W_E.norm(dim=-1)[order] > 0)][:k].tolist()


def wrong_same_row_left_out(W_E, token, k):
    """this equals leaving out every row with cosine 1, not the token alone: another token with such
    a row is a neighbour."""
    nearness = cosines(W_E, token)
    order = nearness.argsort(descending=True, stable=True)
    return order[(order != token) & (nearness[order] < 1 - 1e-6)][:k].tolist()


def wrong_mean_taken_off(W_E, token, k):
    """this equals the cosines after the mean of all rows is taken off: compare the rows as they
    are."""
    return nearest(cosines(W_E - W_E.mean(dim=0), token), token, k)


def wrong_columns_scaled(W_E, token, k):
    """this equals dividing each column by its length: it is the rows' lengths, norm(dim=-1)."""
    scaled = torch.nn.functional.normalize(W_E, dim=0)
    return nearest(scaled @ scaled[token], token, k)


def wrong_cosines_returned(W_E, token, k):
    """this equals the cosines of the neighbours: return the neighbours' numbers."""
    nearness = cosines(W_E, token)
    return nearness[nearest(nearness, token, k)].tolist()


def wrong_by_number(W_E, token, k):
    """this equals the k nearest tokens in the order of their numbers: put the nearest first."""
    return sorted(nearest(cosines(W_E, token), token, k))


def wrong_equal_row_left_out(W_E, token, k):
    """this equals leaving out every row that equals the token's, not the token alone: another token
    with the very same row is a neighbour like any other."""
    order = cosines(W_E, token).argsort(descending=True, stable=True).tolist()
    return [i for i in order if not torch.equal(W_E[i], W_E[token])][:k]


def wrong_zeros_count_as_opposite(W_E, token, k):
    """this equals the cosine -1 for a row of zeros: it counts as 0, so that such a row comes before
    those with a negative one."""
    nearness = cosines(W_E, token)
    if W_E[token].any():
        nearness[W_E.norm(dim=-1) == 0] = -1
    return nearest(nearness, token, k)


def wrong_nearest_last(W_E, token, k):
    """this equals the right neighbours with the nearest last: put the nearest first."""
    return nearest(cosines(W_E, token), token, k)[::-1]


def wrong_one_too_many(W_E, token, k):
    """this equals the k + 1 nearest: the token is left out already, so take k of the others."""
    return nearest(cosines(W_E, token), token, k + 1)


def wrong_rounded(W_E, token, k):
    """this equals sorting by rounded cosines, to which close ones are the same: sort by the cosines
    as they are."""
    return nearest(cosines(W_E, token).round(decimals=3), token, k)


def wrong_distance_of_unit_rows(W_E, token, k):
    """this equals sorting by the distance between rows made length 1, which agrees with the cosine
    but for rows of zeros: sort by the cosine, which is 0 for those."""
    unit = torch.nn.functional.normalize(W_E, dim=-1)
    return nearest(-(unit - unit[token]).norm(dim=-1), token, k)


def wrong_nothing_for_a_row_of_zeros(W_E, token, k):
    """this equals an empty list for a token whose own row is zero: all its cosines count as 0, and
    the others come in the order of their numbers."""
    return nearest(cosines(W_E, token), token, k) if W_E[token].any() else []


def wrong_filled_up(W_E, token, k):
    """this equals filling up with something else where there are fewer than k others: give those
    there are, a shorter list."""
    found = nearest(cosines(W_E, token), token, k)
    return found + [-1] * (k - len(found))


def wrong_only_positive_cosines(W_E, token, k):
    """this equals leaving out tokens whose cosine is not above 0: they are far, and still come in
    where there are not k nearer ones."""
    nearness = cosines(W_E, token)
    return [i for i in nearest(nearness, token, k) if nearness[i] > 0]
