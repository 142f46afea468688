"""Wrong answers for generation.draw; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import torch


def sums(logits):
    reached = logits.softmax(dim=-1).cumsum(dim=-1)
    return reached / reached[:, -1:]


def place(reached, u):
    """Where a row of sums first exceeds u; the last place where none does."""
    return (reached <= u[:, None]).sum(dim=-1)


def wrong_temperature_left_out(logits, temperature, u):
    """this equals drawing at temperature 1: divide the logits by the temperature before the
    softmax."""
    return place(sums(logits), u)


def wrong_temperature_multiplied(logits, temperature, u):
    """this equals multiplying the logits by the temperature: divide them, so that a temperature
    below 1 makes the likely likelier."""
    return place(sums(logits * temperature), u)


def wrong_temperature_on_probabilities(logits, temperature, u):
    """this equals dividing the probabilities by the temperature, after the softmax: divide the
    logits, before it."""
    return place(logits.softmax(dim=-1).cumsum(dim=-1) / temperature, u).clamp(
        max=logits.shape[-1] - 1
    )


def wrong_equal_is_enough(logits, temperature, u):
    """this equals the first token at which the sum reaches u: it has to exceed u, or a token of
    probability 0 is drawn by u = 0."""
    reached = sums(logits / temperature)
    return (reached < u[:, None]).sum(dim=-1)


def wrong_one_before(logits, temperature, u):
    """this equals the last token whose sum does not exceed u, one too early: take the first at
    which the sum exceeds u."""
    return (place(sums(logits / temperature), u) - 1).clamp(min=0)


def wrong_last_sum_below_one(logits, temperature, u):
    """this equals sums whose last one rounding may leave below u, so that no token is found:
    divide the sums by the last of them."""
    return place((logits / temperature).softmax(dim=-1).cumsum(dim=-1), u)


def wrong_last_token_instead(logits, temperature, u):
    """this equals the very last token where rounding leaves the last sum below u, though its
    probability may be 0: divide the sums by the last of them instead of limiting the place."""
    reached = (logits / temperature).softmax(dim=-1).cumsum(dim=-1)
    return place(reached, u).clamp(max=logits.shape[-1] - 1)


def wrong_first_token_instead(logits, temperature, u):
    """this equals token 0 where rounding leaves the last sum below u, as argmax gives it when
    nothing is true: divide the sums by the last of them."""
    reached = (logits / temperature).softmax(dim=-1).cumsum(dim=-1)
    return (reached > u[:, None]).int().argmax(dim=-1)


def wrong_greedy(logits, temperature, u):
    """this equals the likeliest token, whatever u is: lay the probabilities end to end, and see
    where u falls."""
    return logits.argmax(dim=-1)


def wrong_sorted_first(logits, temperature, u):
    """this equals laying the tokens end to end in the order of their probability: keep the order
    of their ids."""
    likeliest, order = (logits / temperature).sort(dim=-1, descending=True)
    return order.gather(-1, place(sums(likeliest), u)[:, None])[:, 0]


def wrong_sorted_and_left_there(logits, temperature, u):
    """this equals the place among the sorted probabilities: keep the order of the ids, so that the
    place is the id."""
    return place(sums((logits / temperature).sort(dim=-1, descending=True).values), u)


def wrong_one_u_for_all(logits, temperature, u):
    """this equals the first u for every text: row b is drawn by u[b]."""
    return place(sums(logits / temperature), u[:1].expand(len(logits)))


def wrong_from_the_other_end(logits, temperature, u):
    """this equals u counted from the other end, 1 - u: begin the sums with token 0."""
    return place(sums(logits / temperature), 1 - u).clamp(max=logits.shape[-1] - 1)


def wrong_one_too_far(logits, temperature, u):
    """this equals the token behind the one on which u falls: as many sums as do not exceed u stand
    before it, and the ids begin with 0."""
    return place(sums(logits / temperature), u) + 1


def wrong_sums_before(logits, temperature, u):
    """this equals the first token whose sum without itself exceeds u: take the sums with each token
    in them, cumsum alone."""
    p = (logits / temperature).softmax(dim=-1)
    return (p.cumsum(dim=-1) - p > u[:, None]).int().argmax(dim=-1)


def wrong_sums_over_texts(logits, temperature, u):
    """this equals probabilities summed from text to text: sum within each row, cumsum(dim=-1)."""
    reached = (logits / temperature).softmax(dim=-1).cumsum(dim=0)
    return (reached / reached[:, -1:] > u[:, None]).int().argmax(dim=-1)


def wrong_temperature_twice(logits, temperature, u):
    """this equals a temperature that is applied twice: dividing the logits by it is all."""
    return place(sums(logits / temperature / temperature), u)


def wrong_overflow(logits, temperature, u):
    """this equals a softmax of one's own that overflows near 1000, after which no comparison is
    true: use softmax."""
    weights = (logits / temperature).exp()
    reached = weights.cumsum(dim=-1)
    return (reached / reached[:, -1:] > u[:, None]).int().argmax(dim=-1)


def wrong_logarithms_summed(logits, temperature, u):
    """this equals sums of log-probabilities: sum the probabilities, softmax."""
    reached = (logits / temperature).log_softmax(dim=-1).cumsum(dim=-1)
    return (reached / reached[:, -1:] > u[:, None]).int().argmax(dim=-1)


def wrong_equal_parts(logits, temperature, u):
    """this equals a line cut into equal parts: the part of a token is as long as its
    probability."""
    return (u * logits.shape[-1]).long()


def wrong_loop_runs_out(logits, temperature, u):
    """this equals a loop that ends with the very last token where rounding leaves the sum below u,
    though its probability may be 0: divide the sums by the last of them."""
    found = []
    for row, mark in zip((logits / temperature).softmax(dim=-1), u, strict=True):
        reached = 0.0
        for token, share in enumerate(row):  # noqa: B007
            reached = reached + share
            if reached > mark:
                break
        found.append(token)
    return torch.tensor(found)


def wrong_from_the_other_end_or_none(logits, temperature, u):
    """this equals u counted from the other end, 1 - u, which u = 0 puts behind all sums: begin the
    sums with token 0."""
    reached = sums(logits / temperature)
    return (reached > 1 - u[:, None]).int().argmax(dim=-1)


def wrong_softmax_over_texts(logits, temperature, u):
    """this equals a softmax along the batch: the probabilities of a text lie along the last
    axis."""
    reached = (logits / temperature).softmax(dim=0).cumsum(dim=-1)
    return place(reached / reached[:, -1:], u)


def wrong_nearest(logits, temperature, u):
    """this equals the token whose sum is nearest to u: take the first whose sum exceeds it."""
    return (sums(logits / temperature) - u[:, None]).abs().argmin(dim=-1)


def wrong_no_sums(logits, temperature, u):
    """this equals the first token whose own probability exceeds u: compare u with the sums so far,
    cumsum."""
    return ((logits / temperature).softmax(dim=-1) > u[:, None]).int().argmax(dim=-1)


def wrong_overflow_counted(logits, temperature, u):
    """this equals a softmax of one's own that overflows near 1000, where every place is counted:
    use softmax."""
    reached = (logits / temperature).exp().cumsum(dim=-1)
    return (~(reached / reached[:, -1:] > u[:, None])).sum(dim=-1)
