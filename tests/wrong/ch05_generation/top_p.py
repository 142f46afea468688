"""Wrong answers for generation.top_p; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import torch


def keep(logits, p, outside, descending=True):
    """Hide the tokens for which outside(probability, sum so far) holds, in sorted order."""
    ordered, order = logits.sort(dim=-1, descending=descending)
    probability = ordered.softmax(dim=-1)
    hidden = outside(probability, probability.cumsum(dim=-1))
    return torch.zeros_like(hidden).scatter(-1, order, hidden)


def wrong_stops_before_p(logits, p):
    """this equals the tokens whose probabilities together stay below p: the one that reaches p
    belongs to the nucleus too, so look at the sum before each token."""
    return logits.masked_fill(keep(logits, p, lambda one, so_far: so_far > p), -torch.inf)


def wrong_stops_before_p_but_keeps_one(logits, p):
    """this equals the tokens that together stay below p, and at least one: the token with which
    the sum reaches p always belongs to the nucleus."""
    hidden = keep(logits, p, lambda one, so_far: so_far > p)
    hidden.scatter_(-1, logits.argmax(dim=-1, keepdim=True), False)
    return logits.masked_fill(hidden, -torch.inf)


def wrong_one_too_many(logits, p):
    """this equals one token more than are needed to reach p: a token is outside as soon as those
    before it reach p."""

    def outside(one, so_far):
        before = so_far - one
        return torch.cat([torch.zeros_like(before[:, :1]), before[:, :-1]], dim=1) >= p

    return logits.masked_fill(keep(logits, p, outside), -torch.inf)


def wrong_least_likely_first(logits, p):
    """this equals collecting the least likely tokens first: sort with descending=True."""
    hidden = keep(logits, p, lambda one, so_far: so_far - one >= p, descending=False)
    return logits.masked_fill(hidden, -torch.inf)


def wrong_order_of_ids(logits, p):
    """this equals summing in the order of the ids: sort each row first, the likeliest first."""
    probability = logits.softmax(dim=-1)
    before = probability.cumsum(dim=-1) - probability
    return logits.masked_fill(before >= p, -torch.inf)


def wrong_not_put_back(logits, p):
    """this equals verdicts that stay in sorted order, on logits in the order of their ids: put
    each where its token was, with scatter(-1, order, ...)."""
    probability = logits.sort(dim=-1, descending=True).values.softmax(dim=-1)
    before = probability.cumsum(dim=-1) - probability
    return logits.masked_fill(before >= p, -torch.inf)


def wrong_gathered(logits, p):
    """this equals verdicts moved by gather where scatter is needed: gather takes from the place
    order[i], scatter puts there."""
    ordered, order = logits.sort(dim=-1, descending=True)
    probability = ordered.softmax(dim=-1)
    outside = probability.cumsum(dim=-1) - probability >= p
    return logits.masked_fill(outside.gather(-1, order), -torch.inf)


def wrong_left_sorted(logits, p):
    """this equals the logits left in sorted order: each has to go back to its own place."""
    ordered = logits.sort(dim=-1, descending=True).values
    probability = ordered.softmax(dim=-1)
    return ordered.masked_fill(probability.cumsum(dim=-1) - probability >= p, -torch.inf)


def wrong_share_of_the_largest(logits, p):
    """this equals min-p, the tokens at least p times as probable as the likeliest: sum the
    probabilities until they reach p."""
    probability = logits.softmax(dim=-1)
    return logits.masked_fill(probability < p * probability.amax(dim=-1, keepdim=True), -torch.inf)


def wrong_zeros(logits, p):
    """this equals logits of 0 outside the nucleus: set them to minus infinity, since a logit of 0
    still has a probability."""
    return logits.masked_fill(keep(logits, p, lambda one, so_far: so_far - one >= p), 0.0)


def wrong_probabilities(logits, p):
    """this equals the probabilities of the nucleus: return its logits, as they were."""
    hidden = keep(logits, p, lambda one, so_far: so_far - one >= p)
    return logits.softmax(dim=-1).masked_fill(hidden, -torch.inf)


def wrong_shifted(logits, p):
    """this equals the log-probabilities within the nucleus: leave its logits as they were."""
    hidden = keep(logits, p, lambda one, so_far: so_far - one >= p)
    return logits.masked_fill(hidden, -torch.inf).log_softmax(dim=-1)


def wrong_logits_summed(logits, p):
    """this equals sums of logits: take the softmax of the sorted logits first."""
    ordered, order = logits.sort(dim=-1, descending=True)
    outside = ordered.cumsum(dim=-1) - ordered >= p
    return logits.masked_fill(torch.zeros_like(outside).scatter(-1, order, outside), -torch.inf)


def wrong_softmax_over_texts(logits, p):
    """this equals a softmax along the batch: the probabilities of a text lie along the last
    axis."""
    ordered, order = logits.sort(dim=-1, descending=True)
    probability = ordered.softmax(dim=0)
    outside = probability.cumsum(dim=-1) - probability >= p
    return logits.masked_fill(torch.zeros_like(outside).scatter(-1, order, outside), -torch.inf)


def wrong_probabilities_and_zeros(logits, p):
    """this equals the probabilities of the nucleus, and 0 outside: return its logits as they were,
    and minus infinity outside."""
    hidden = keep(logits, p, lambda one, so_far: so_far - one >= p)
    return logits.softmax(dim=-1).masked_fill(hidden, 0.0)


def wrong_each_alone(logits, p):
    """this equals the tokens that have a probability of p each: it is their sum that reaches p."""
    return logits.masked_fill(logits.softmax(dim=-1) < p, -torch.inf)


def wrong_zero_times_infinity(logits, p):
    """this equals a mask multiplied by minus infinity, which is nan where the mask is 0: use
    masked_fill or torch.where."""
    hidden = keep(logits, p, lambda one, so_far: so_far - one >= p)
    return logits + hidden * -torch.inf


def wrong_sum_carried_on(logits, p):
    """this equals a sum that is carried on from text to text: begin each row with 0."""
    out, reached = torch.full_like(logits, -torch.inf), torch.zeros(())
    for b, row in enumerate(logits.softmax(dim=-1)):
        for token in row.argsort(descending=True):
            out[b, token] = logits[b, token]
            reached = reached + row[token]
            if reached >= p:
                break
    return out


def wrong_first_text_for_all(logits, p):
    """this equals the nucleus of the first text, in every text: sort and sum along the last axis of
    all of them."""
    hidden = keep(logits[:1], p, lambda one, so_far: so_far - one >= p)
    return logits.masked_fill(hidden, -torch.inf)


def wrong_share_of_the_tokens(logits, p):
    """this equals p times as many tokens as there are, the likeliest: it is their probabilities
    that reach p together."""
    k = max(1, int(p * logits.shape[-1]))
    return logits.masked_fill(logits < logits.topk(k).values[:, -1:], -torch.inf)


def wrong_log_probabilities(logits, p):
    """this equals the log-probabilities of all tokens, kept for the nucleus: leave its logits as
    they were."""
    hidden = keep(logits, p, lambda one, so_far: so_far - one >= p)
    return logits.log_softmax(dim=-1).masked_fill(hidden, -torch.inf)


def wrong_tail_of_p(logits, p):
    """this equals the fewest tokens that reach 1 - p: they have to reach p."""
    return logits.masked_fill(
        keep(logits, p, lambda one, so_far: so_far - one >= 1 - p), -torch.inf
    )


def wrong_sum_over_texts(logits, p):
    """this equals probabilities summed from text to text: sum within each row, cumsum(dim=-1)."""
    ordered, order = logits.softmax(dim=-1).sort(dim=-1, descending=True)
    hidden = ordered.cumsum(dim=0) - ordered >= p
    return logits.masked_fill(torch.zeros_like(hidden).scatter(-1, order, hidden), -torch.inf)


def wrong_nucleus_hidden(logits, p):
    """this equals all but the nucleus: it is the nucleus that stays."""
    hidden = keep(logits, p, lambda one, so_far: so_far - one >= p)
    return logits.masked_fill(~hidden, -torch.inf)


def wrong_each_above_the_rest(logits, p):
    """this equals the tokens that have a probability of 1 - p each: collect the likeliest until
    their sum reaches p."""
    return logits.masked_fill(logits.softmax(dim=-1) < 1 - p, -torch.inf)
