"""Wrong answers for block.layer_norm; each docstring is the sentence that its writer is told."""

from __future__ import annotations


def left_over(x, dim=-1):
    return x - x.mean(dim=dim, keepdim=True)


def scale(left, eps, dim=-1):
    return (left.pow(2).mean(dim=dim, keepdim=True) + eps).sqrt()


def wrong_rms_norm(x, w, b, eps=1e-5):
    """this equals an RMSNorm with a shift: subtract each vector's mean first."""
    return x / scale(x, eps) * w + b


def wrong_divided_by_one_less(x, w, b, eps=1e-5):
    """this equals a variance divided by d_model - 1, as x.var and x.std do by themselves: divide by
    d_model (correction=0, or the mean of the squares)."""
    return left_over(x) / (x.var(dim=-1, keepdim=True) + eps).sqrt() * w + b


def wrong_eps_outside_the_root(x, w, b, eps=1e-5):
    """this equals a LayerNorm with eps added to the standard deviation: add it to the variance,
    under the root."""
    left = left_over(x)
    return left / (scale(left, 0.0) + eps) * w + b


def wrong_eps_ignored(x, w, b, eps=1e-5):
    """this equals a LayerNorm without eps, which divides a vector of equal numbers by zero: add eps
    to the variance."""
    left = left_over(x)
    return left / scale(left, 0.0) * w + b


def wrong_eps_fixed(x, w, b, eps=1e-5):
    """this equals a LayerNorm whose eps is always 0.00001: use the eps that is given."""
    left = left_over(x)
    return left / scale(left, 1e-5) * w + b


def wrong_no_shift(x, w, b, eps=1e-5):
    """this equals a LayerNorm without its shift: add b at the end."""
    left = left_over(x)
    return left / scale(left, eps) * w


def wrong_shift_subtracted(x, w, b, eps=1e-5):
    """this equals a LayerNorm with its shift subtracted: add b."""
    left = left_over(x)
    return left / scale(left, eps) * w - b


def wrong_shifted_before_stretched(x, w, b, eps=1e-5):
    """this equals shifting by b and then stretching by w: multiply by w first, then add b."""
    left = left_over(x)
    return (left / scale(left, eps) + b) * w


def wrong_no_weights(x, w, b, eps=1e-5):
    """this equals a LayerNorm that is not stretched: multiply by w before b is added."""
    left = left_over(x)
    return left / scale(left, eps) + b


def wrong_weights_exchanged(x, w, b, eps=1e-5):
    """this equals a LayerNorm stretched by b and shifted by w: multiply by w, add b."""
    left = left_over(x)
    return left / scale(left, eps) * b + w


def wrong_first_axis(x, w, b, eps=1e-5):
    """this equals a LayerNorm along the first axis: take mean and variance along the last one,
    dim=-1."""
    left = left_over(x, 0)
    return left / scale(left, eps, 0) * w + b


def wrong_all_together(x, w, b, eps=1e-5):
    """this equals one mean and one variance for all vectors: take each vector's own, with dim=-1,
    keepdim=True."""
    left = x - x.mean()
    return left / (left.pow(2).mean() + eps).sqrt() * w + b


def wrong_scale_of_the_whole(x, w, b, eps=1e-5):
    """this equals dividing by the root mean square of x itself: divide by that of what is left
    after the mean is subtracted."""
    return left_over(x) / scale(x, eps) * w + b


def wrong_mean_kept(x, w, b, eps=1e-5):
    """this equals dividing x itself by its standard deviation: divide what is left after the mean
    is subtracted."""
    return x / scale(left_over(x), eps) * w + b


def wrong_no_root(x, w, b, eps=1e-5):
    """this equals dividing by the variance: take its root first."""
    left = left_over(x)
    return left / scale(left, eps).pow(2) * w + b


def wrong_centred_only(x, w, b, eps=1e-5):
    """this equals subtracting the mean without dividing: divide by the root of the variance plus
    eps."""
    return left_over(x) * w + b


def wrong_standard_deviation(x, w, b, eps=1e-5):
    """this equals dividing by x.std, which divides the sum of squares by d_model - 1 and knows no
    eps: take the root of the mean square of what is left, plus eps."""
    return left_over(x) / x.std(dim=-1, keepdim=True) * w + b


def wrong_standard_deviation_and_eps(x, w, b, eps=1e-5):
    """this equals dividing by x.std plus eps: eps goes under the root, and the sum of squares is
    divided by d_model, not by d_model - 1."""
    return left_over(x) / (x.std(dim=-1, keepdim=True) + eps) * w + b


def wrong_mean_square_less_square_of_mean(x, w, b, eps=1e-5):
    """this equals a variance by the mean of x squared less the square of the mean, two large
    numbers whose difference is lost to rounding far from 0: subtract the mean before you square."""
    mean = x.mean(dim=-1, keepdim=True)
    variance = (x**2).mean(dim=-1, keepdim=True) - mean**2
    return (x - mean) / (variance + eps).sqrt() * w + b


def wrong_one_mean(x, w, b, eps=1e-5):
    """this equals one mean subtracted from all vectors: take each vector's own, with dim=-1,
    keepdim=True."""
    left = x - x.mean()
    return left / scale(left, eps) * w + b


def wrong_normed_then_centred(x, w, b, eps=1e-5):
    """this equals an RMSNorm whose mean is subtracted afterwards: subtract the mean first, and norm
    what is left."""
    return left_over(x / scale(x, eps) * w) + b


def wrong_length(x, w, b, eps=1e-5):
    """this equals dividing by the root of the sum of squares: take the mean of the squares."""
    left = left_over(x)
    return left / (left.pow(2).sum(dim=-1, keepdim=True) + eps).sqrt() * w + b
