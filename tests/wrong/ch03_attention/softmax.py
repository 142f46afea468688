"""Wrong answers for attention.softmax; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import torch


def wrong_first_axis(x):
    """this equals the softmax along the first axis: use the last one, dim=-1, in every step."""
    return torch.softmax(x, dim=0)


def wrong_axis_before_last(x):
    """this equals the softmax along the last axis but one: use the last one, dim=-1."""
    return torch.softmax(x, dim=max(-2, -x.ndim))


def wrong_all_together(x):
    """this equals one softmax over all entries: take maximum and sum of each row by itself, with
    dim=-1, keepdim=True."""
    return torch.softmax(x.flatten(), dim=0).reshape(x.shape)


def wrong_overflow(x):
    """this equals the exponentials over their sum, which gives nan for large numbers: subtract the
    largest entry of each row first."""
    return x.exp() / x.exp().sum(dim=-1, keepdim=True)


def wrong_maximum_of_everything(x):
    """this equals subtracting one maximum for the whole tensor, so that rows of small numbers all
    become 0: subtract each row's own, x.amax(dim=-1, keepdim=True)."""
    odds = (x - x.max()).exp()
    return odds / odds.sum(dim=-1, keepdim=True)


def wrong_mean_subtracted(x):
    """this equals subtracting each row's mean, which still overflows and meets minus infinity:
    subtract the row's maximum."""
    odds = (x - x.mean(dim=-1, keepdim=True)).exp()
    return odds / odds.sum(dim=-1, keepdim=True)


def wrong_minimum_subtracted(x):
    """this equals subtracting each row's smallest entry, which still overflows: subtract the
    largest, so that nothing above 0 is exponentiated."""
    odds = (x - x.amin(dim=-1, keepdim=True)).exp()
    return odds / odds.sum(dim=-1, keepdim=True)


def wrong_not_divided(x):
    """this equals the exponentials alone: divide each row by its sum."""
    return (x - x.amax(dim=-1, keepdim=True)).exp()


def wrong_logarithm(x):
    """this equals the logarithm of the softmax: return the weights themselves."""
    return torch.log_softmax(x, dim=-1)


def wrong_no_exponential(x):
    """this equals each entry over the sum of its row: take the exponentials first."""
    return x / x.sum(dim=-1, keepdim=True)


def wrong_sign(x):
    """this equals the softmax of -x, which gives the smallest entry the most: exponentiate x minus
    the maximum, not the maximum minus x."""
    return torch.softmax(-x, dim=-1)


def wrong_clamped(x):
    """this equals the softmax with small entries lifted to a least one (clamp), so that minus
    infinity gets a weight: exp(-inf) is 0, and so are those of large negative numbers; none of them
    does harm."""
    odds = (x - x.amax(dim=-1, keepdim=True)).clamp(min=-12).exp()
    return odds / odds.sum(dim=-1, keepdim=True)


def wrong_index_subtracted(x):
    """this equals subtracting the place of each row's largest entry, not its size, which still
    overflows: x.max(dim=-1, keepdim=True) gives values and indices, so take .values."""
    odds = (x - x.max(dim=-1, keepdim=True).indices).exp()
    return odds / odds.sum(dim=-1, keepdim=True)


def wrong_nan_replaced(x):
    """this equals the exponentials over their sum, with 0 for the nan that large numbers give:
    subtract the largest entry of each row first, and no nan arises."""
    return (x.exp() / x.exp().sum(dim=-1, keepdim=True)).nan_to_num()


def wrong_shift_below_only(x):
    """this equals subtracting the maximum below the fraction line only: take the exponentials of
    the shifted row above it, too."""
    return x.exp() / (x - x.amax(dim=-1, keepdim=True)).exp().sum(dim=-1, keepdim=True)


def wrong_shift_above_only(x):
    """this equals subtracting the maximum above the fraction line only: sum the exponentials of the
    shifted row, too."""
    return (x - x.amax(dim=-1, keepdim=True)).exp() / x.exp().sum(dim=-1, keepdim=True)


def wrong_no_axis_given(x):
    """this equals a softmax to which no axis is given, so that it picks one by the number of axes:
    take the last, dim=-1, in every step."""
    return torch.softmax(x, dim=0 if x.ndim in (1, 3) else 1)


def wrong_loop_over_first_axis(x):
    """this equals one softmax for each x[i], which is a row only where x has two axes: use dim=-1
    instead of a loop."""
    return (
        torch.softmax(x.flatten(1), dim=-1).reshape(x.shape) if x.ndim > 1 else torch.ones_like(x)
    )
