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
