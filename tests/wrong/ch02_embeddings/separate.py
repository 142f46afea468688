"""Wrong answers for embeddings.separate; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import torch


def unit(vector):
    return vector / vector.norm()


def means(a, b):
    return a.mean(dim=0), b.mean(dim=0)


def right(a, b):
    mean_a, mean_b = means(a, b)
    direction = unit(mean_a - mean_b)
    return direction, float(direction @ (mean_a + mean_b) / 2)


def wrong_way_round(a, b):
    """this equals the direction from a to b: it points from the mean of b to that of a, so that a
    lies above the threshold."""
    direction, threshold = right(a, b)
    return -direction, -threshold


def wrong_not_unit(a, b):
    """this equals the difference of the means as it is: divide it by its length, and take the
    threshold along the result."""
    mean_a, mean_b = means(a, b)
    direction = mean_a - mean_b
    return direction, float(direction @ (mean_a + mean_b) / 2)


def wrong_threshold_before_scaling(a, b):
    """this equals a threshold measured along the difference of the means before it was divided by
    its length: divide first."""
    mean_a, mean_b = means(a, b)
    direction = mean_a - mean_b
    return unit(direction), float(direction @ (mean_a + mean_b) / 2)


def wrong_direction_not_scaled(a, b):
    """this equals the right threshold, but a direction that is not divided by its length: return
    the one of length 1."""
    mean_a, mean_b = means(a, b)
    return mean_a - mean_b, right(a, b)[1]


def wrong_divided_by_square(a, b):
    """this equals the difference divided by its squared length: divide by the length, the root of
    the sum of the squares."""
    mean_a, mean_b = means(a, b)
    direction = (mean_a - mean_b) / (mean_a - mean_b).pow(2).sum()
    return direction, float(direction @ (mean_a + mean_b) / 2)


def wrong_divided_by_sum(a, b):
    """this equals the difference divided by the sum of its entries' sizes: divide by its length,
    the root of the sum of the squares."""
    mean_a, mean_b = means(a, b)
    direction = (mean_a - mean_b) / (mean_a - mean_b).abs().sum()
    return direction, float(direction @ (mean_a + mean_b) / 2)


def wrong_mean_of_all_rows(a, b):
    """this equals a threshold at the mean of all rows, to which the larger group counts more: take
    the point half-way between the two means."""
    direction, _ = right(a, b)
    return direction, float(torch.cat([a, b]).mean(dim=0) @ direction)


def wrong_sum_not_halved(a, b):
    """this equals the sum of what the two means read, not half of it: half-way lies half the
    sum."""
    direction, threshold = right(a, b)
    return direction, 2 * threshold


def wrong_difference_halved(a, b):
    """this equals half the distance between the means: the threshold is what the direction reads at
    the point half-way, (mean_a + mean_b) / 2."""
    direction, _ = right(a, b)
    mean_a, mean_b = means(a, b)
    return direction, float(direction @ (mean_a - mean_b) / 2)


def wrong_zero(a, b):
    """this equals the threshold 0: the groups need not lie around 0, so take it half-way between
    the means."""
    return right(a, b)[0], 0.0


def wrong_at_mean_a(a, b):
    """this equals a threshold at the mean of a: half of its own rows would lie below it; take it
    half-way between the two means."""
    direction, _ = right(a, b)
    return direction, float(direction @ means(a, b)[0])


def wrong_at_mean_b(a, b):
    """this equals a threshold at the mean of b: half of b's rows would lie above it; take it
    half-way between the two means."""
    direction, _ = right(a, b)
    return direction, float(direction @ means(a, b)[1])


def wrong_sums(a, b):
    """this equals sums over the rows, by which the larger group counts more: take the means."""
    sum_a, sum_b = a.sum(dim=0), b.sum(dim=0)
    direction = unit(sum_a - sum_b)
    return direction, float(direction @ (sum_a + sum_b) / 2)


def wrong_medians(a, b):
    """this equals the medians of the two groups: take the means."""
    mid_a, mid_b = a.median(dim=0).values, b.median(dim=0).values
    direction = unit(mid_a - mid_b)
    return direction, float(direction @ (mid_a + mid_b) / 2)


def wrong_rows_made_unit(a, b):
    """this equals making every row length 1 before the means: take the rows as they are."""
    return right(*(torch.nn.functional.normalize(rows, dim=-1) for rows in (a, b)))


def wrong_means_made_unit(a, b):
    """this equals making each mean length 1 before the difference: take the difference first, and
    make that length 1."""
    mean_a, mean_b = map(unit, means(a, b))
    direction = unit(mean_a - mean_b)
    return direction, float(direction @ (mean_a + mean_b) / 2)


def wrong_middle_point(a, b):
    """this equals the point half-way itself, a vector: the threshold is one number, its dot product
    with the direction."""
    mean_a, mean_b = means(a, b)
    return right(a, b)[0], (mean_a + mean_b) / 2


def wrong_tensor(a, b):
    """this equals the right direction and threshold, but the threshold is a tensor: make a plain
    number of it, by .item()."""
    direction, threshold = right(a, b)
    return direction, torch.tensor(threshold)


def wrong_order(a, b):
    """this equals (threshold, direction): the direction comes first."""
    return right(a, b)[::-1]


def wrong_brackets_left_out(a, b):
    """this equals the mean of b alone divided by the length, a - b / n, which is a - (b / n): put
    brackets round the difference, (mean_a - mean_b) / length."""
    mean_a, mean_b = means(a, b)
    direction = mean_a - mean_b / (mean_a - mean_b).norm()
    return direction, float(direction @ (mean_a + mean_b) / 2)


def wrong_one_of_two_halved(a, b):
    """this equals halving the mean of b alone: halve the sum, (mean_a + mean_b) / 2."""
    mean_a, mean_b = means(a, b)
    direction, _ = right(a, b)
    return direction, float(direction @ (mean_a + mean_b / 2))


def wrong_half_of_a(a, b):
    """this equals half of what the direction reads in a's mean, half-way from 0: take the point
    half-way between the two means."""
    direction, _ = right(a, b)
    return direction, float(direction @ a.mean(dim=0) / 2)


def wrong_threshold_turned_round(a, b):
    """this equals the threshold with the opposite sign: it is what the direction reads at the point
    half-way, as it is."""
    direction, threshold = right(a, b)
    return direction, -threshold


def wrong_length_of_the_middle(a, b):
    """this equals the length of the point half-way: take its dot product with the direction."""
    mean_a, mean_b = means(a, b)
    return right(a, b)[0], float(((mean_a + mean_b) / 2).norm())


def wrong_divided_by_signed_sum(a, b):
    """this equals the difference divided by the sum of its entries: divide by its length, the root
    of the sum of the squares."""
    mean_a, mean_b = means(a, b)
    direction = (mean_a - mean_b) / (mean_a - mean_b).sum()
    return direction, float(direction @ (mean_a + mean_b) / 2)


def wrong_divided_by_largest(a, b):
    """this equals the difference divided by its largest entry: divide by its length, the root of
    the sum of the squares."""
    mean_a, mean_b = means(a, b)
    direction = (mean_a - mean_b) / (mean_a - mean_b).abs().max()
    return direction, float(direction @ (mean_a + mean_b) / 2)


def wrong_between_the_nearest_rows(a, b):
    """this equals a threshold half-way between the lowest row of a and the highest of b: take it
    half-way between the two means."""
    direction, _ = right(a, b)
    return direction, float((a @ direction).min() + (b @ direction).max()) / 2


def wrong_row_against_row(a, b):
    """this equals the mean difference of rows set side by side, which leaves the longer group's
    last rows out: take each group's own mean."""
    n = min(len(a), len(b))
    direction, (mean_a, mean_b) = unit((a[:n] - b[:n]).mean(dim=0)), means(a, b)
    return direction, float(direction @ (mean_a + mean_b) / 2)


def wrong_rounded(a, b):
    """this equals the threshold rounded to two places: return it as it is."""
    direction, threshold = right(a, b)
    return direction, round(threshold, 2)


def wrong_means_of_each_row(a, b):
    """this equals one mean for each row, mean(dim=1): the mean row is mean(dim=0), over the rows
    of the group."""
    mean_a, mean_b = a.mean(dim=1), b.mean(dim=1)
    direction = unit(mean_a - mean_b)
    return direction, float(direction @ (mean_a + mean_b) / 2)


def wrong_each_entry_by_its_size(a, b):
    """this equals the difference with every entry divided by its own size, which leaves 1 and -1:
    divide all of them by one number, the length."""
    mean_a, mean_b = means(a, b)
    direction = (mean_a - mean_b) / (mean_a - mean_b).abs()
    return direction, float(direction @ (mean_a + mean_b) / 2)
