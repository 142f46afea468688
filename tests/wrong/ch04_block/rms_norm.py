"""Wrong answers for block.rms_norm; each docstring is the sentence that its writer is told."""

from __future__ import annotations


def mean_square(x):
    return x.pow(2).mean(dim=-1, keepdim=True)


def wrong_eps_outside_the_root(x, w, eps=1e-5):
    """this equals an RMSNorm with eps added to the root: add it to the mean square, under the
    root."""
    return x / (mean_square(x).sqrt() + eps) * w


def wrong_eps_ignored(x, w, eps=1e-5):
    """this equals an RMSNorm without eps, which divides a vector of zeros by zero: add eps to the
    mean square."""
    return x / mean_square(x).sqrt() * w


def wrong_eps_fixed(x, w, eps=1e-5):
    """this equals an RMSNorm whose eps is always 0.00001: use the eps that is given."""
    return x / (mean_square(x) + 1e-5).sqrt() * w


def wrong_sum(x, w, eps=1e-5):
    """this equals the vector over the root of its sum of squares, its length: take the mean of the
    squares."""
    return x / (x.pow(2).sum(dim=-1, keepdim=True) + eps).sqrt() * w


def wrong_first_axis(x, w, eps=1e-5):
    """this equals an RMSNorm along the first axis: take the mean along the last one, dim=-1."""
    return x / (x.pow(2).mean(dim=0, keepdim=True) + eps).sqrt() * w


def wrong_all_together(x, w, eps=1e-5):
    """this equals all vectors divided by one number: take the mean square of each vector by itself,
    with dim=-1, keepdim=True."""
    return x / (x.pow(2).mean() + eps).sqrt() * w


def wrong_mean_subtracted(x, w, eps=1e-5):
    """this equals a LayerNorm, which subtracts the mean: an RMSNorm leaves it where it is."""
    x = x - x.mean(dim=-1, keepdim=True)
    return x / (mean_square(x) + eps).sqrt() * w


def wrong_root_of_the_variance(x, w, eps=1e-5):
    """this equals the vector over its standard deviation (x.var or x.std subtract the mean): take
    the mean of x squared."""
    return x / (x.var(dim=-1, keepdim=True, correction=0) + eps).sqrt() * w


def wrong_no_weights(x, w, eps=1e-5):
    """this equals an RMSNorm without its weights: multiply by w at the end."""
    return x / (mean_square(x) + eps).sqrt()


def wrong_one_more_than_the_weights(x, w, eps=1e-5):
    """this equals stretching by 1 + w, as some models store their weights: here w is the whole
    factor."""
    return x / (mean_square(x) + eps).sqrt() * (1 + w)


def wrong_divided_by_the_weights(x, w, eps=1e-5):
    """this equals dividing by the weights: multiply by w."""
    return x / (mean_square(x) + eps).sqrt() / w


def wrong_weights_first(x, w, eps=1e-5):
    """this equals norming x * w: norm x alone, and multiply by w afterwards."""
    x = x * w
    return x / (mean_square(x) + eps).sqrt()


def wrong_no_root(x, w, eps=1e-5):
    """this equals the vector over its mean square: take the root of it first."""
    return x / (mean_square(x) + eps) * w


def wrong_multiplied(x, w, eps=1e-5):
    """this equals the vector times its root mean square: divide by it."""
    return x * (mean_square(x) + eps).sqrt() * w


def wrong_mean_of_sizes(x, w, eps=1e-5):
    """this equals the vector over the mean of its coordinates' sizes: square them, take the mean,
    take the root."""
    return x / (x.abs().mean(dim=-1, keepdim=True) + eps) * w


def wrong_divided_by_one_less(x, w, eps=1e-5):
    """this equals squares summed and divided by d_model - 1: divide by d_model, as mean does."""
    n = x.shape[-1]
    return x / (mean_square(x) * n / (n - 1) + eps).sqrt() * w


def wrong_eps_subtracted(x, w, eps=1e-5):
    """this equals an RMSNorm with eps subtracted: add it to the mean square."""
    return x / (mean_square(x) - eps).sqrt() * w


def wrong_length(x, w, eps=1e-5):
    """this equals the vector over its length, .norm(), without eps: divide by the root of the mean
    square plus eps."""
    return x / x.norm(dim=-1, keepdim=True) * w
