"""Wrong answers for generation.repetition; each docstring is the sentence its writer is told."""

from __future__ import annotations

from collections import Counter


def grams(ids, n):
    return [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]


def wrong_first_ones_too(ids, n):
    """this equals the share of n-grams that occur more than once, their first occurrence counted
    with the others: count those that came before."""
    found = grams(ids, n)
    counts = Counter(found)
    return sum(counts[gram] > 1 for gram in found) / len(found) if found else 0.0


def wrong_different_ones(ids, n):
    """this equals the share of different n-grams, which is high where nothing repeats: take 1
    minus it."""
    found = grams(ids, n)
    return len(set(found)) / len(found) if found else 0.0


def wrong_kinds(ids, n):
    """this equals how many of the different n-grams occur more than once: count every n-gram that
    came before, and divide by the number of all."""
    counts = Counter(grams(ids, n))
    return sum(count > 1 for count in counts.values()) / len(counts) if counts else 0.0


def wrong_number(ids, n):
    """this equals the number of n-grams that came before: divide it by how many there are."""
    found = grams(ids, n)
    return len(found) - len(set(found))


def wrong_divided_by_tokens(ids, n):
    """this equals dividing by the number of tokens: divide by the number of n-grams, which are
    n - 1 fewer (a shorter piece at the end is none)."""
    found = grams(ids, n)
    return (len(found) - len(set(found))) / len(ids) if found else 0.0


def wrong_just_before(ids, n):
    """this equals the share of n-grams that repeat the one just before: one counts wherever it came
    before in the text."""
    found = grams(ids, n)
    again = sum(a == b for a, b in zip(found, found[1:], strict=False))
    return again / len(found) if found else 0.0


def wrong_in_blocks(ids, n):
    """this equals n-grams that do not overlap: one starts at each token, not at every n-th."""
    found = [tuple(ids[i : i + n]) for i in range(0, len(ids) - n + 1, n)]
    return 1 - len(set(found)) / len(found) if found else 0.0


def wrong_any_order(ids, n):
    """this equals n-grams whose order does not matter: keep the tokens of each in their order, as a
    tuple."""
    found = [tuple(sorted(gram)) for gram in grams(ids, n)]
    return 1 - len(set(found)) / len(found) if found else 0.0


def wrong_digits_run_together(ids, n):
    """this equals n-grams written as text without a gap, where 1 11 and 11 1 look alike: keep the
    tokens of each apart, as a tuple."""
    found = ["".join(map(str, gram)) for gram in grams(ids, n)]
    return 1 - len(set(found)) / len(found) if found else 0.0


def wrong_last_one_missing(ids, n):
    """this equals leaving out the last n-gram: they start at 0 up to len(ids) - n, so range needs
    one more."""
    found = grams(ids, n)[:-1]
    return 1 - len(set(found)) / len(found) if found else 0.0


def wrong_single_tokens(ids, n):
    """this equals the repetition of single tokens, whatever n is: cut the ids into runs of n."""
    return 1 - len(set(ids)) / len(ids) if ids else 0.0


def wrong_one_for_none(ids, n):
    """this equals 1 where there are no n-grams: a text that is too short repeats nothing, return
    0.0."""
    found = grams(ids, n)
    return 1 - len(set(found)) / len(found) if found else 1.0


def wrong_none_at_all(ids, n):
    """this equals a division by 0 where there are no n-grams: return 0.0 if the text is too
    short."""
    found = grams(ids, n)
    return 1 - len(set(found)) / len(found)


def wrong_n_before(ids, n):
    """this equals the share of n-grams that repeat the one n places before: one counts wherever it
    came before in the text."""
    found = grams(ids, n)
    again = sum(a == b for a, b in zip(found, found[n:], strict=False))
    return again / len(found) if found else 0.0


def wrong_pairs(ids, n):
    """this equals the number of pairs of equal n-grams over that of all n-grams: an n-gram that
    came before counts once, however often it did."""
    found = grams(ids, n)
    pairs = sum(found[i] == found[j] for i in range(len(found)) for j in range(i))
    return pairs / len(found) if found else 0.0


def wrong_itself_counted(ids, n):
    """this equals 1 wherever there are n-grams: each is in the list of all of them, so ask only
    those before it."""
    return 1.0 if grams(ids, n) else 0.0


def wrong_rounded_down(ids, n):
    """this equals 0, whatever the text is: does // or int() round down, does a return inside the
    loop end it in its first round, or is no n-gram ever found again?"""
    found = grams(ids, n)
    return float((len(found) - len(set(found))) // len(found)) if found else 0.0


def wrong_as_sets(ids, n):
    """this equals n-grams as sets, in which neither order nor number counts: keep the tokens of
    each in their order, as a tuple."""
    found = [frozenset(gram) for gram in grams(ids, n)]
    return 1 - len(set(found)) / len(found) if found else 0.0


def wrong_as_sums(ids, n):
    """this equals n-grams taken for equal where their ids have one sum: compare the tokens
    themselves, as a tuple."""
    found = [sum(gram) for gram in grams(ids, n)]
    return 1 - len(set(found)) / len(found) if found else 0.0


def wrong_overlaps_left_out(ids, n):
    """this equals n-grams that came before without overlapping: one that begins at any earlier
    token counts."""
    found = grams(ids, n)
    again = sum(gram in found[: max(0, i - n + 1)] for i, gram in enumerate(found))
    return again / len(found) if found else 0.0


def wrong_first_alone(ids, n):
    """this equals how often the first n-gram occurs: ask of every n-gram whether it came before."""
    found = grams(ids, n)
    return found.count(found[0]) / len(found) if found else 0.0


def wrong_tokens_that_came_before(ids, n):
    """this equals the n-grams whose last token came before: the whole n-gram has to."""
    found = grams(ids, n)
    again = sum(ids[i + n - 1] in ids[: i + n - 1] for i in range(len(found)))
    return again / len(found) if found else 0.0


def wrong_one_token_longer(ids, n):
    """this equals runs of n + 1 tokens, divided by the number of those of n: ids[i : i + n] ends
    before its second number."""
    found = [tuple(ids[i : i + n + 1]) for i in range(len(ids) - n + 1)]
    return 1 - len(set(found)) / len(found) if found else 0.0


def wrong_one_token_shorter(ids, n):
    """this equals runs of n - 1 tokens: ids[i : i + n] ends before its second number, and holds
    n."""
    found = [tuple(ids[i : i + n - 1]) for i in range(len(ids) - n + 1)]
    return 1 - len(set(found)) / len(found) if found else 0.0


def wrong_divided_by_one_less(ids, n):
    """this equals a division by one n-gram less than there are: len(ids) - n + 1 begin, one at each
    place from 0 to len(ids) - n."""
    found = grams(ids, n)
    return (len(found) - len(set(found))) / (len(found) - 1) if len(found) > 1 else 0.0


def wrong_pairs_always(ids, n):
    """this equals the repetition of pairs, whatever n is: cut the ids into runs of n."""
    found = grams(ids, 2)
    return 1 - len(set(found)) / len(found) if found else 0.0


def wrong_fewer_than_none(ids, n):
    """this equals a negative number of n-grams where a text is far too short, len(ids) - n + 1:
    return 0.0 for every text shorter than n."""
    total = len(ids) - n + 1
    return (total - len(set(grams(ids, n)))) / total if total else 0.0
