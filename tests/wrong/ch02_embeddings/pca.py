"""Wrong answers for embeddings.pca; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import torch


def signs(directions):
    """1 or -1 for each direction, which makes its entry of largest size positive."""
    return directions.gather(1, directions.abs().argmax(dim=1, keepdim=True)).sign()


def parts(x):
    centred = x - x.mean(dim=0)
    _, size, directions = torch.linalg.svd(centred, full_matrices=False)
    return centred, size, directions * signs(directions)


def result(centred, size, directions, k):
    return centred @ directions[:k].T, (size**2 / (size**2).sum())[:k]


def wrong_mean_left_in(x, k):
    """this equals directions of the rows as they are, with their mean left in: take the mean of
    each column off first, x - x.mean(dim=0)."""
    _, size, directions = torch.linalg.svd(x, full_matrices=False)
    return result(x, size, directions * signs(directions), k)


def wrong_coordinates_not_centred(x, k):
    """this equals the right directions, but the coordinates of the rows with their mean left in:
    project the rows without it."""
    _, size, directions = parts(x)
    return result(x, size, directions, k)


def wrong_mean_of_each_row(x, k):
    """this equals taking off the mean of each row's numbers: take off the mean of all rows,
    x.mean(dim=0)."""
    centred = x - x.mean(dim=1, keepdim=True)
    _, size, directions = torch.linalg.svd(centred, full_matrices=False)
    return result(centred, size, directions * signs(directions), k)


def wrong_one_mean(x, k):
    """this equals taking off one number, the mean of all entries: each column has a mean of its
    own, x.mean(dim=0)."""
    centred = x - x.mean()
    _, size, directions = torch.linalg.svd(centred, full_matrices=False)
    return result(centred, size, directions * signs(directions), k)


def wrong_standardised(x, k):
    """this equals dividing each column by its standard deviation first: take off the mean, and
    leave the scale as it is."""
    scaled = (x - x.mean(dim=0)) / x.std(dim=0)
    _, size, directions = torch.linalg.svd(scaled, full_matrices=False)
    return result(scaled, size, directions * signs(directions), k)


def wrong_largest_entry_negative(x, k):
    """this equals every direction turned round: its entry of largest size is positive."""
    centred, size, directions = parts(x)
    return result(centred, size, -directions, k)


def wrong_first_entry_positive(x, k):
    """this equals making the first entry of each direction positive: it is the one of largest
    size."""
    centred, size, directions = parts(x)
    return result(centred, size, directions * directions[:, :1].sign(), k)


def wrong_last_entry_positive(x, k):
    """this equals making the last entry of each direction positive: it is the one of largest
    size."""
    centred, size, directions = parts(x)
    return result(centred, size, directions * directions[:, -1:].sign(), k)


def wrong_sum_positive(x, k):
    """this equals making the sum of each direction's entries positive: it is the entry of largest
    size that decides."""
    centred, size, directions = parts(x)
    return result(centred, size, directions * directions.sum(dim=1, keepdim=True).sign(), k)


def wrong_largest_coordinate_positive(x, k):
    """this equals making the largest coordinate along each direction positive: look at the entries
    of the direction, not at the rows' coordinates."""
    coordinates, share = result(*parts(x), k)
    place = coordinates.abs().argmax(dim=0, keepdim=True)
    return coordinates * coordinates.gather(0, place).sign(), share


def wrong_signs_as_svd_gives(x, k):
    """this equals the directions with the signs that svd happened to give them: turn a direction
    round where its entry of largest size, found by directions.abs(), is negative."""
    centred = x - x.mean(dim=0)
    _, size, directions = torch.linalg.svd(centred, full_matrices=False)
    return result(centred, size, directions, k)


def eigh(x):
    """The rows without their mean, the variances and the directions, as columns, weakest first."""
    centred = x - x.mean(dim=0)
    return centred, *torch.linalg.eigh(centred.T @ centred)


def wrong_signs_as_eigh_gives(x, k):
    """this equals the directions with the signs that eigh happened to give them: turn a direction
    round where its entry of largest size, found by .abs(), is negative."""
    centred, variance, columns = eigh(x)
    share = (variance / variance.sum()).flip(0)
    return centred @ columns.flip(1)[:, :k], share[:k]


def wrong_strongest_last(x, k):
    """this equals the k strongest directions with the strongest last, as eigh lists them: the first
    has the most variance."""
    coordinates, share = result(*parts(x), k)
    return coordinates.flip(1), share.flip(0)


def wrong_eigh_cut_first(x, k):
    """this equals the first k directions in the order of eigh, which lists the weakest first: turn
    the order round before you cut."""
    centred, variance, columns = eigh(x)
    columns = columns[:, :k] * signs(columns[:, :k].T).T
    return centred @ columns, variance[:k] / variance.sum()


def wrong_columns_that_vary_most(x, k):
    """this equals the k columns that vary most: a direction is a mixture of columns, and the best
    ones are those that svd finds."""
    centred = x - x.mean(dim=0)
    squares = centred.pow(2).sum(dim=0)
    widest = squares.argsort(descending=True, stable=True)[:k]
    return centred[:, widest], squares[widest] / squares.sum()


def wrong_all_entries_positive(x, k):
    """this equals directions of which every entry was made positive: a whole direction is turned
    round, or none of it."""
    centred, size, directions = parts(x)
    return result(centred, size, directions.abs(), k)


def wrong_share_not_squared(x, k):
    """this equals the shares of the singular values: square them, for the variance is a sum of
    squares."""
    coordinates, _ = result(*parts(x), k)
    size = parts(x)[1]
    return coordinates, (size / size.sum())[:k]


def wrong_share_of_k(x, k):
    """this equals shares of the k directions alone, which sum to 1: divide by the sum over all
    directions, then cut to k."""
    coordinates, share = result(*parts(x), k)
    return coordinates, share / share.sum()


def wrong_share_added_up(x, k):
    """this equals the shares added up from the first direction on: give each direction's own."""
    coordinates, share = result(*parts(x), k)
    return coordinates, share.cumsum(0)


def wrong_variances(x, k):
    """this equals the sums of squares, or the variances: divide by the sum over all directions to
    make shares of them."""
    coordinates, _ = result(*parts(x), k)
    return coordinates, parts(x)[1][:k] ** 2


def wrong_percent(x, k):
    """this equals the shares in percent: let them sum to 1."""
    coordinates, share = result(*parts(x), k)
    return coordinates, 100 * share


def wrong_unit_coordinates(x, k):
    """this equals coordinates without their size, all directions spread alike (the U of the
    decomposition): project the rows on the directions."""
    coordinates, share = result(*parts(x), k)
    return coordinates / coordinates.norm(dim=0), share


def wrong_weakest_first(x, k):
    """this equals the directions of least variance: the first has the most (eigh lists them the
    other way round)."""
    centred, size, directions = parts(x)
    return result(centred, size.flip(0), directions.flip(0), k)


def wrong_directions_returned(x, k):
    """this equals the directions themselves: return the rows' coordinates along them."""
    centred, size, directions = parts(x)
    return directions[:k], result(centred, size, directions, k)[1]


def wrong_directions_as_rows(x, k):
    """this equals the coordinates turned on their side, [k, n]: a row for each row of x, [n, k]."""
    coordinates, share = result(*parts(x), k)
    return coordinates.T, share


def wrong_only_coordinates(x, k):
    """this equals the coordinates alone: return the shares as well, (coordinates, share)."""
    return result(*parts(x), k)[0]


def wrong_order(x, k):
    """this equals (share, coordinates): the coordinates come first."""
    return result(*parts(x), k)[::-1]


def wrong_largest_positive_entry(x, k):
    """this equals looking for the largest entry with its sign, which is hardly ever negative: the
    one that decides is the largest in size, found by directions.abs()."""
    centred = x - x.mean(dim=0)
    _, size, directions = torch.linalg.svd(centred, full_matrices=False)
    largest = directions.max(dim=1, keepdim=True).values
    return result(centred, size, directions * torch.where(largest > 0, 1.0, -1.0), k)


def wrong_sign_of_the_first_for_all(x, k):
    """this equals turning all directions round where the first one needs it: each direction has a
    sign of its own."""
    centred = x - x.mean(dim=0)
    _, size, directions = torch.linalg.svd(centred, full_matrices=False)
    return result(centred, size, directions * signs(directions)[:1], k)


def wrong_total_with_the_mean(x, k):
    """this equals dividing by the sum of the squares of x as it came, its mean left in: take the
    total after the mean is taken off."""
    centred, size, directions = parts(x)
    return result(centred, size, directions, k)[0], size[:k] ** 2 / (x**2).sum()


def wrong_eigenvalues_squared(x, k):
    """this equals the squares of the covariance's eigenvalues: those are sums of squares already,
    so only the singular values of the rows themselves are squared."""
    centred, size, directions = parts(x)
    return result(centred, size, directions, k)[0], (size**4 / (size**4).sum())[:k]


def wrong_variance_over_that_of_all_entries(x, k):
    """this equals variances over the variance of all entries thrown together: divide by the sum
    over all directions, which is that of the columns' variances."""
    centred, size, directions = parts(x)
    coordinates, _ = result(centred, size, directions, k)
    return coordinates, size[:k] ** 2 / (len(x) - 1) / centred.var()


def wrong_directions_as_columns(x, k):
    """this equals the directions themselves, a column each: return the rows' coordinates along
    them."""
    centred, size, directions = parts(x)
    return directions[:k].T, result(centred, size, directions, k)[1]


def wrong_columns_of_vh(x, k):
    """this equals taking columns of what svd gives third for directions: they are its rows,
    Vh[:k] (it comes turned on its side)."""
    centred = x - x.mean(dim=0)
    _, size, turned = torch.linalg.svd(centred, full_matrices=False)
    columns = turned[:, :k]
    columns = columns * signs(columns.T).T
    return centred @ columns, (size**2 / (size**2).sum())[:k]


def wrong_one_share(x, k):
    """this equals one number, the share of all k directions together: give a share for each."""
    coordinates, share = result(*parts(x), k)
    return coordinates, share.sum()


def wrong_k_ignored(x, k):
    """this equals all directions: give the first k."""
    centred, size, directions = parts(x)
    return result(centred, size, directions, len(size))
