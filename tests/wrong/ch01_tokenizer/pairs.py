"""Wrong answers for tokenizer.pairs; each docstring is the sentence that its writer is told."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, pairwise, product


def wrong_no_overlap(ids):
    """this equals counting a run without overlaps, one pair in 5 5 5: every place counts, so that
    run holds the pair twice."""
    count, last = Counter(), -2
    for i, pair in enumerate(pairwise(ids)):
        if pair[0] == pair[1] and last == i - 1:
            continue
        if pair[0] == pair[1]:
            last = i
        count[pair] += 1
    return count


def wrong_every_other(ids):
    """this equals pairs that share no id, the first with the second, the third with the fourth: a
    pair begins at every id but the last."""
    return Counter(zip(ids[::2], ids[1::2], strict=False))


def wrong_order_forgotten(ids):
    """this equals counting (1, 2) and (2, 1) as one pair: keep the order, (left, right)."""
    return Counter((min(pair), max(pair)) for pair in pairwise(ids))


def wrong_right_first(ids):
    """this equals the pairs turned round, (right, left): the left id comes first."""
    return Counter((right, left) for left, right in pairwise(ids))


def wrong_last_pair_missing(ids):
    """this equals leaving out the last pair: it begins at the last id but one, so the range goes
    to len(ids) - 1."""
    return Counter((ids[i], ids[i + 1]) for i in range(len(ids) - 2))


def wrong_first_pair_missing(ids):
    """this equals leaving out the first pair: begin at place 0."""
    return Counter((ids[i], ids[i + 1]) for i in range(1, len(ids) - 1))


def wrong_round_the_end(ids):
    """this equals counting the last id and the first as neighbours too: the last id has none on
    its right."""
    return Counter((ids[i - 1], ids[i]) for i in range(len(ids)))


def wrong_beyond_the_end(ids):
    """this equals asking for the neighbour of the last id, which has none: let the places go to
    len(ids) - 1, or take pairwise(ids)."""
    return Counter((ids[i], ids[i + 1]) for i in range(len(ids)))


def wrong_one_between(ids):
    """this equals pairs with one id between them: take ids[i] and ids[i + 1]."""
    return Counter(zip(ids, ids[2:], strict=False))


def wrong_any_two(ids):
    """this equals counting any two ids, however far apart: only neighbours make a pair."""
    return Counter(combinations(ids, 2))


def wrong_once_each(ids):
    """this equals 1 for every pair that occurs: add one for each place where it stands."""
    return {pair: 1 for pair in pairwise(ids)}


def wrong_counted_from_zero(ids):
    """this equals one less than the count of each pair: the first time that a pair is met counts
    too."""
    return {pair: n - 1 for pair, n in Counter(pairwise(ids)).items()}


def wrong_repeated_only(ids):
    """this equals leaving out the pairs that stand there once: every pair that occurs is a key."""
    return {pair: n for pair, n in Counter(pairwise(ids)).items() if n > 1}


def wrong_zeros_too(ids):
    """this equals a count for every two ids, also 0 for those that never meet: leave those out."""
    count = Counter(pairwise(ids))
    return {pair: count[pair] for pair in product(ids, repeat=2)}


def wrong_shares(ids):
    """this equals the share of each pair among all pairs: return how often it stands there, a
    whole number."""
    return {pair: n / (len(ids) - 1) for pair, n in Counter(pairwise(ids)).items()}


def wrong_single_ids(ids):
    """this equals counting the ids by themselves: the keys are pairs of neighbours, (left,
    right)."""
    return Counter(ids)


def wrong_a_list(ids):
    """this equals a list of the pairs with their counts: return a dict from each pair to its
    count."""
    return list(Counter(pairwise(ids)).items())


def wrong_first_place_of_each(ids):
    """this equals looking at ids.index(id), which is the first place of an id each time: go through
    the places, with range or pairwise."""
    places = [ids.index(id) for id in ids]
    return Counter((ids[i], ids[i + 1]) for i in places if i + 1 < len(ids))


def wrong_written_as_text(ids):
    """this equals counting in the ids written as text, which finds 5 5 once in 5 5 5, and also in
    15 5: count the pairs of numbers."""
    text = " ".join(map(str, ids))
    return {(a, b): text.count(f"{a} {b}") for a, b in pairwise(ids)}


def wrong_zero_is_no_id(ids):
    """this equals leaving out the pairs that hold the id 0, as `if left and right` does: 0 is an id
    like any other."""
    return Counter((left, right) for left, right in pairwise(ids) if left and right)


def wrong_last_id_alone(ids):
    """this equals counting the last id alone, where ids[i : i + 2] holds no second: let the places
    go to len(ids) - 1."""
    return Counter(tuple(ids[i : i + 2]) for i in range(len(ids)))


def wrong_runs_as_one(ids):
    """this equals taking equal neighbours for one id: they are a pair like any other."""
    kept = [id for i, id in enumerate(ids) if i == 0 or ids[i - 1] != id]
    return Counter(pairwise(kept))


def wrong_counted_from_one(ids):
    """this equals one more than the count of each pair: begin at 0, as get(pair, 0) does, and add
    1."""
    return {pair: n + 1 for pair, n in Counter(pairwise(ids)).items()}


def wrong_asked_of_the_ids(ids):
    """this equals ids.count(pair), which is 0: the list holds ids, not pairs, so count in
    list(pairwise(ids))."""
    return {pair: ids.count(pair) for pair in pairwise(ids)}
