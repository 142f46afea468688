"""Wrong answers for generation.penalty; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import torch


def smaller(logits, strength):
    return torch.where(logits > 0, logits / strength, logits * strength)


def wrong_always_divided(logits, seen, strength):
    """this equals dividing every logit that was seen: one below 0 comes nearer to 0 that way and
    so grows; multiply it."""
    return torch.where(seen, logits / strength, logits)


def wrong_always_multiplied(logits, seen, strength):
    """this equals multiplying every logit that was seen: one above 0 grows that way; divide it."""
    return torch.where(seen, logits * strength, logits)


def wrong_the_other_way(logits, seen, strength):
    """this equals multiplying above 0 and dividing below: it is the other way round, so that the
    logit becomes smaller."""
    return torch.where(seen, smaller(logits, 1 / strength), logits)


def wrong_all_tokens(logits, seen, strength):
    """this equals the penalty on every token: leave those that were not seen as they were."""
    return smaller(logits, strength)


def wrong_unseen(logits, seen, strength):
    """this equals the penalty on the tokens that were not seen: it is for those that were."""
    return torch.where(seen, logits, smaller(logits, strength))


def wrong_subtracted(logits, seen, strength):
    """this equals subtracting the strength: divide a logit above 0 by it, and multiply one below
    0."""
    return torch.where(seen, logits - strength, logits)


def wrong_unseen_at_zero(logits, seen, strength):
    """this equals a logit of 0 for the tokens that were not seen: they keep their own."""
    return smaller(logits, strength) * seen


def wrong_forbidden(logits, seen, strength):
    """this equals forbidding what was seen: make its logit smaller by the strength, not minus
    infinity."""
    return logits.masked_fill(seen, -torch.inf)


def wrong_probabilities_divided(logits, seen, strength):
    """this equals dividing the probabilities by the strength: change the logits, before any
    softmax."""
    return torch.where(seen, logits.softmax(dim=-1) / strength, logits.softmax(dim=-1))


def wrong_seen_anywhere(logits, seen, strength):
    """this equals a penalty on what any of the texts holds: each row has a text, and a row of seen,
    of its own."""
    return torch.where(seen.any(dim=0), smaller(logits, strength), logits)


def wrong_seen_in_the_first(logits, seen, strength):
    """this equals a penalty on what the first text holds, in every row: each row has a row of seen
    of its own."""
    return torch.where(seen[:1], smaller(logits, strength), logits)


def wrong_nothing_done(logits, seen, strength):
    """this equals the logits as they came: out[seen][...] is a copy, so what is put into it is
    lost. Use torch.where, or out[seen & (logits > 0)]."""
    return logits.clone()


def wrong_below_zero_a_part_taken_off(logits, seen, strength):
    """this equals a logit below 0 made smaller by the part that dividing takes off: below 0 it is
    multiplied by the strength."""
    return torch.where(seen, logits - logits.abs() * (1 - 1 / strength), logits)


def wrong_above_zero_a_multiple_taken_off(logits, seen, strength):
    """this equals a logit above 0 from which strength - 1 times itself is taken: above 0 it is
    divided by the strength."""
    return torch.where(seen, logits - logits.abs() * (strength - 1), logits)


def wrong_strength_zero_for_the_others(logits, seen, strength):
    """this equals a strength of 0 for tokens that were not seen, by which they are divided: take
    torch.where(seen, ..., logits)."""
    number = seen * strength
    return torch.where(logits > 0, logits / number, logits * number)


def wrong_zero_times_infinity(logits, seen, strength):
    """this equals parts multiplied by 0 or 1 and added up, which is nan for a logit of minus
    infinity: choose by torch.where."""
    above, below = (logits > 0) & seen, (logits < 0) & seen
    return logits * ~seen + logits / strength * above + logits * strength * below


def wrong_rounded_down(logits, seen, strength):
    """this equals a division that rounds down: write /, not //."""
    return torch.where(seen, torch.where(logits > 0, logits // strength, logits * strength), logits)


def wrong_negative_ones_left(logits, seen, strength):
    """this equals the penalty on logits above 0 alone: multiply those below 0."""
    return torch.where(seen & (logits > 0), logits / strength, logits)


def wrong_positive_ones_left(logits, seen, strength):
    """this equals the penalty on logits below 0 alone: divide those above 0."""
    return torch.where(seen & (logits < 0), logits * strength, logits)


def wrong_normalised(logits, seen, strength):
    """this equals the log-probabilities after the penalty: return the logits, without a
    log_softmax."""
    return torch.where(seen, smaller(logits, strength), logits).log_softmax(dim=-1)


def wrong_first_text_decides(logits, seen, strength):
    """this equals what the first text holds, and the signs of its logits, in every row: each row
    has its own."""
    by_sign = torch.where(logits[:1] > 0, logits / strength, logits * strength)
    return torch.where(seen[:1], by_sign, logits)


def wrong_probability_divided(logits, seen, strength):
    """this equals the logarithm of the strength taken off, which divides the odds: divide a logit
    above 0, and multiply one below."""
    return torch.where(seen, logits - torch.tensor(strength).log(), logits)


def wrong_sign_lost(logits, seen, strength):
    """this equals the penalty with the sign of negative logits turned: multiplied by the strength
    they stay below 0."""
    by_sign = torch.where(logits > 0, logits / strength, -logits * strength)
    return torch.where(seen, by_sign, logits)


def wrong_once_for_each_text(logits, seen, strength):
    """this equals a strength that grows with the texts that hold the token: each row has a row of
    seen of its own, and it counts once."""
    return smaller(logits, strength ** seen.sum(dim=0, keepdim=True))
