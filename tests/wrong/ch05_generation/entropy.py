"""Wrong answers for generation.entropy; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import math

import torch


def parts(logits, dim=-1):
    log_p = logits.log_softmax(dim=dim)
    p = log_p.exp()
    return torch.where(p > 0, p * log_p, 0.0)


def wrong_nan(logits):
    """this equals the entropy with 0 times minus infinity left as nan: a token of probability 0
    adds 0, for instance by torch.where(p > 0, ...)."""
    log_p = logits.log_softmax(dim=-1)
    return -(log_p.exp() * log_p).sum(dim=-1)


def wrong_nan_replaced_after_the_sum(logits):
    """this equals 0 for every row that holds a token of probability 0: replace what is nan before
    the sum, not after it."""
    log_p = logits.log_softmax(dim=-1)
    return torch.nan_to_num(-(log_p.exp() * log_p).sum(dim=-1))


def wrong_overflow(logits):
    """this equals the entropy with a softmax that overflows: use log_softmax, or subtract each
    row's maximum before exp."""
    weights = logits.exp()
    p = weights / weights.sum(dim=-1, keepdim=True)
    return -torch.where(p > 0, p * p.log(), p * 0).sum(dim=-1)


def wrong_sign(logits):
    """this equals the entropy with its sign turned: logarithms of probabilities are negative, so
    the sum needs a minus in front."""
    return parts(logits).sum(dim=-1)


def wrong_base_two(logits):
    """this equals the entropy in bits: take the natural logarithm, not that of base 2."""
    return -parts(logits).sum(dim=-1) / math.log(2)


def wrong_mean(logits):
    """this equals the entropy divided by the number of tokens: sum over the vocabulary, do not
    take the mean."""
    return -parts(logits).mean(dim=-1)


def wrong_share_of_the_largest(logits):
    """this equals the entropy divided by its largest value, log d_vocab: leave that division
    out."""
    return -parts(logits).sum(dim=-1) / math.log(logits.shape[-1])


def wrong_perplexity(logits):
    """this equals the number of equally likely tokens, e to the entropy: return the entropy
    itself."""
    return (-parts(logits).sum(dim=-1)).exp()


def wrong_logits_for_logarithms(logits):
    """this equals the mean of the logits under the probabilities, turned round: take the
    logarithms of the probabilities, log_softmax, not the logits."""
    p = logits.softmax(dim=-1)
    return -torch.where(p > 0, p * logits, 0.0).sum(dim=-1)


def wrong_surprise_at_the_likeliest(logits):
    """this equals how surprising the likeliest token is: the entropy is the mean over all tokens,
    each weighted by its probability."""
    return -logits.log_softmax(dim=-1).amax(dim=-1)


def wrong_first_axis(logits):
    """this equals probabilities along the first axis: the vocabulary is the last axis, dim=-1."""
    p, log_p = logits.softmax(dim=0), logits.log_softmax(dim=0)
    return -torch.where(p > 0, p * log_p, 0.0).sum(dim=-1)


def wrong_nan_where_it_underflows(logits):
    """this equals the entropy with 0 times log 0 left as nan: a token of probability 0 adds 0, for
    instance by torch.where(p > 0, ...); and log_softmax is exact where p rounds to 0."""
    p = logits.softmax(dim=-1)
    return -(p * p.log()).sum(dim=-1)


def wrong_overflow_hidden(logits):
    """this equals a softmax of one's own that overflows near 1000, and gives 0 / 0 near -1000: use
    softmax, or subtract each row's maximum before exp."""
    weights = logits.exp()
    p = weights / weights.sum(dim=-1, keepdim=True)
    return -torch.where(p > 0, p * p.log(), 0.0).sum(dim=-1)


def wrong_hidden_near_zero(logits):
    """this equals minus infinity replaced by a number that is not small enough: beside logits near
    -1000 it is the likeliest. Leave the logits, and set the product to 0 where p is 0."""
    logits = logits.masked_fill(logits == -torch.inf, -100.0)
    return -(logits.softmax(dim=-1) * logits.log_softmax(dim=-1)).sum(dim=-1)


def wrong_hidden_at_zero(logits):
    """this equals a logit of 0 in the place of minus infinity: such a token would have a
    probability. Set the product to 0 where p is 0, and leave the logits."""
    logits = logits.masked_fill(logits == -torch.inf, 0.0)
    return -(logits.softmax(dim=-1) * logits.log_softmax(dim=-1)).sum(dim=-1)


def wrong_softmax_left_out(logits):
    """this equals the sum over the logits themselves, as if they were probabilities: take their
    softmax first."""
    return -(logits * logits.log()).sum(dim=-1)


def wrong_sum_of_logarithms(logits):
    """this equals the logarithms of the probabilities summed without their weights: each counts as
    often as its probability says, p times log p."""
    log_p = logits.log_softmax(dim=-1)
    return -torch.where(log_p > -torch.inf, log_p, 0.0).sum(dim=-1)


def wrong_softmax_twice(logits):
    """this equals the entropy of a softmax of a softmax: take it once, of the logits."""
    return -parts(logits.softmax(dim=-1)).sum(dim=-1)


def wrong_chance_of_two(logits):
    """this equals minus the logarithm of the chance that two draws agree: weight each logarithm by
    its probability, and sum, p times log p."""
    return -logits.softmax(dim=-1).square().sum(dim=-1).log()


def wrong_sigmoid(logits):
    """this equals probabilities by the sigmoid, each by itself: the softmax makes them sum to
    1."""
    p = logits.sigmoid()
    return -torch.where(p > 0, p * p.log(), 0.0).sum(dim=-1)


def wrong_one_maximum(logits):
    """this equals a softmax of one's own with one maximum for all rows, so that those far below it
    are 0 / 0: take each row's, or use softmax."""
    weights = (logits - logits.max()).exp()
    p = weights / weights.sum(dim=-1, keepdim=True)
    return -torch.special.xlogy(p, p).sum(dim=-1)
