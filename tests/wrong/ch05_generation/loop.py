"""Wrong answers for generation.loop. The exercise is open-ended: its grader measures again what is
reported, and prints the sentence (the docstring here), followed by the numbers."""

from __future__ import annotations

from minitransformer.generation import generate


def search(model, n_new, periods, part=lambda new, period: new[len(new) // 2 :]):
    """The first token, and the first of the periods, after which a part of the new ones repeats."""
    for token in range(model.config.d_vocab):
        [new] = generate(model, [[token]], n_new)
        for period in periods(n_new // 2):
            tail = part(new, period)
            if tail[period:] == tail[:-period]:
                return [token], period, new
    return None


def upwards(length):
    return range(1, length // 3 + 1)


def wrong_largest_first(model, n_new):
    """this is a multiple of the period: try the periods from 1 upwards, and take the first that
    fits"""
    prompt, period, _ = search(model, n_new, lambda length: range(length // 3, 0, -1))
    return prompt, period


def wrong_twice_is_enough(model, n_new):
    """this circle does not come round three times in the second half: take periods of at most a
    third of its length"""
    prompt, period, _ = search(model, n_new, lambda length: range(1, length // 2 + 1))
    return prompt, period


def wrong_end_alone(model, n_new):
    """this continuation falls into its loop too late: all of the second half has to repeat, not
    its end alone"""
    prompt, period, _ = search(model, n_new, upwards, lambda new, period: new[-3 * period :])
    return prompt, period


def wrong_different_tokens(model, n_new):
    """this counts all the different tokens, also those that lead into the circle: count the places
    from a token to the one that it repeats"""
    prompt, _, new = search(model, n_new, upwards)
    return prompt, len(set(new))


def wrong_rounds(model, n_new):
    """this is how often the circle comes round in the second half: return its length, the
    period"""
    prompt, period, _ = search(model, n_new, upwards)
    return prompt, n_new // 2 // period


def wrong_one_less(model, n_new):
    """this is one less than the period: a token that is repeated at once has the period 1, not
    0"""
    prompt, period, _ = search(model, n_new, upwards)
    return prompt, period - 1


def wrong_one_more(model, n_new):
    """the continuation falls into a loop, but its period is another: count the places from a token
    to the one that it repeats"""
    prompt, period, _ = search(model, n_new, upwards)
    return prompt, period + 1


def wrong_first_prompt(model, n_new):
    """the second half of this prompt's continuation does not repeat after so many tokens: compare
    every token of it with the one `period` places before"""
    return [0], 1


def wrong_order(model, n_new):
    """prompt and period have changed places: return (prompt, period)"""
    prompt, period, _ = search(model, n_new, upwards)
    return period, prompt


def wrong_token_for_prompt(model, n_new):
    """the prompt has to be a list of ids: for a single token [token], not token"""
    [token], period, _ = search(model, n_new, upwards)
    return token, period


def wrong_one_token_came_back(model, n_new):
    """this circle is left again within the second half: every token of new[n_new // 2:] has to
    equal the one `period` places before it; that one came back, or that the first half repeats, is
    not enough"""

    def beginning(new, period):
        return new[len(new) // 2 :][: period + 4]  # longer than what the circle of 2 lasts there

    prompt, period, _ = search(model, n_new, upwards, beginning)
    return prompt, period


def wrong_two_values_in_none(model, n_new):
    """expected two values, found 1: end with return prompt, period"""
    prompt, _, _ = search(model, n_new, upwards)
    return prompt


def wrong_last_period_left_out(model, n_new):
    """nothing was returned, though prompt"""
    found = search(model, n_new, lambda length: range(1, length // 3))
    return found and found[:2]


def wrong_places_below_zero(model, n_new):
    """nothing was returned, though prompt [7] falls into a loop of period 3: do you try it and find
    that?"""
    for token in range(model.config.d_vocab):
        [new] = generate(model, [[token]], n_new)
        tail = new[n_new // 2 :]
        for period in upwards(len(tail)):
            if all(tail[i] == tail[i - period] for i in range(len(tail))):
                return [token], period
    return None


def wrong_zero(model, n_new):
    """a period is at least 1: every token equals the one 0 places before it, itself"""
    return [0], 0
