"""Wrong answers for tokenizer.merge; each docstring is the sentence that its writer is told."""

from __future__ import annotations

from itertools import pairwise


def joined(ids, fits, new):
    """The right loop, with a say in what is joined."""
    out, i = [], 0
    while i < len(ids):
        if i + 1 < len(ids) and fits(i):
            out.append(new)
            i += 2
        else:
            out.append(ids[i])
            i += 1
    return out


def wrong_first_place_only(ids, pair, new):
    """this equals joining the first place only: go on to the end of the list."""
    places = [i for i, here in enumerate(pairwise(ids)) if here == pair]
    return joined(ids, lambda i: i in places[:1], new)


def wrong_from_the_right(ids, pair, new):
    """this equals joining from right to left, which in a run of three leaves the first: begin on
    the left."""
    back = ids[::-1]
    return joined(back, lambda i: (back[i + 1], back[i]) == pair, new)[::-1]


def wrong_used_twice(ids, pair, new):
    """this equals using an id twice, so that 5 5 5 becomes two new ids: behind a joining go on 2
    places, not 1."""
    out, i = [], 0
    while i < len(ids):
        if tuple(ids[i : i + 2]) == pair:
            out.append(new)
            i += 1 if tuple(ids[i + 1 : i + 3]) == pair else 2
        else:
            out.append(ids[i])
            i += 1
    return out


def wrong_right_id_kept(ids, pair, new):
    """this equals putting the new id in the place of the left one and keeping the right one: both
    are used up, so go on 2 places."""
    out = [new if here == pair else here[0] for here in pairwise(ids)]
    return out + ids[-1:]


def wrong_put_between(ids, pair, new):
    """this equals putting the new id behind the pair: it takes the place of the two."""
    out = []
    for i, id in enumerate(ids):
        out.append(id)
        if i and (ids[i - 1], id) == pair:
            out.append(new)
    return out


def wrong_taken_out(ids, pair, new):
    """this equals taking the pair out and putting nothing in its place: append the new id."""
    return [
        id for id in joined(ids, lambda i: (ids[i], ids[i + 1]) == pair, None) if id is not None
    ]


def wrong_last_id_lost(ids, pair, new):
    """this equals losing the last id where it is not joined: it has no neighbour on its right, and
    belongs to the answer all the same."""
    out, i = [], 0
    while i + 1 < len(ids):
        here = (ids[i], ids[i + 1]) == pair
        out.append(new if here else ids[i])
        i += 2 if here else 1
    return out


def wrong_written_as_text(ids, pair, new):
    """this equals replacing in the ids written as text, where "15 5" holds a "5 5": compare the
    numbers, not their digits."""
    text = " ".join(map(str, ids)).replace(f"{pair[0]} {pair[1]}", str(new))
    return [int(id) for id in text.split()]


def wrong_beyond_the_end(ids, pair, new):
    """this equals asking for the neighbour of the last id, which has none: compare slices,
    tuple(ids[i : i + 2]) == pair, or stop one before the end and append the last id behind it."""
    out, i = [], 0
    while i < len(ids):
        here = (ids[i], ids[i + 1]) == pair
        out.append(new if here else ids[i])
        i += 2 if here else 1
    return out


def wrong_beyond_the_end_now_and_then(ids, pair, new):
    """this equals asking for the neighbour of the last id where that is the left one of the pair:
    there is none, so compare slices, or stop one before the end."""
    out, i = [], 0
    while i < len(ids):
        here = ids[i] == pair[0] and ids[i + 1] == pair[1]
        out.append(new if here else ids[i])
        i += 2 if here else 1
    return out


def wrong_pair_at_the_end(ids, pair, new):
    """this equals leaving a pair that ends the list: the last place where a pair can begin is
    len(ids) - 2."""
    return joined(ids, lambda i: i + 2 < len(ids) and (ids[i], ids[i + 1]) == pair, new)


def wrong_either_order(ids, pair, new):
    """this equals joining the two in either order: only left before right is the pair."""
    return joined(ids, lambda i: (ids[i], ids[i + 1]) in (pair, pair[::-1]), new)


def wrong_turned_round(ids, pair, new):
    """this equals joining right before left: pair[0] is the id on the left."""
    return joined(ids, lambda i: (ids[i + 1], ids[i]) == pair, new)


def wrong_left_alone(ids, pair, new):
    """this equals joining wherever the left id stands, whatever comes behind it: look at both."""
    return joined(ids, lambda i: ids[i] == pair[0], new)


def wrong_either_of_the_two(ids, pair, new):
    """this equals putting the new id in the place of every single id of the pair: only the two
    side by side are joined."""
    return [new if id in pair else id for id in ids]


def wrong_nothing(ids, pair, new):
    """this equals the list as it came: where the pair stands, the new id has to take its place."""
    return list(ids)


def wrong_in_place(ids, pair, new):
    """this equals the right list, made by changing the one that was handed in: build a new list,
    or work on list(ids)."""
    i = 0
    while i + 1 < len(ids):
        if (ids[i], ids[i + 1]) == pair:
            ids[i : i + 2] = [new]
        i += 1
    return ids


def wrong_three_places_on(ids, pair, new):
    """this equals losing the id behind each joined pair: the pair has two ids, so go on 2
    places."""
    out, i = [], 0
    while i < len(ids):
        here = tuple(ids[i : i + 2]) == pair
        out.append(new if here else ids[i])
        i += 3 if here else 1
    return out


def wrong_new_ids_only(ids, pair, new):
    """this equals the new ids alone: what is not joined stays, so append it too."""
    return [new] * joined(ids, lambda i: (ids[i], ids[i + 1]) == pair, None).count(None)


def wrong_always_nine(ids, pair, new):
    """this equals writing 9, the new id of the case by hand, whatever it is: append new."""
    return joined(ids, lambda i: (ids[i], ids[i + 1]) == pair, 9)


def wrong_right_id_behind(ids, pair, new):
    """this equals the new id with the right one of the pair behind it, which is used up too: append
    the new id alone."""
    out = []
    for id in joined(ids, lambda i: (ids[i], ids[i + 1]) == pair, None):
        out += [new, pair[1]] if id is None else [id]
    return out


def wrong_shorter_under_the_loop(ids, pair, new):
    """this equals a loop over the places of the list as long as it was, while each joining makes it
    shorter: build a new list, or use while with the length as it is."""
    out = list(ids)
    for i in range(len(out) - 1):
        if (out[i], out[i + 1]) == pair:
            out[i : i + 2] = [new]
    return out


def wrong_sets(ids, pair, new):
    """this equals comparing sets, which know neither order nor number, so that 5 alone is {5, 5}:
    compare tuples."""
    out, i = [], 0
    while i < len(ids):
        here = set(ids[i : i + 2]) == set(pair)
        out.append(new if here else ids[i])
        i += 2 if here else 1
    return out


def wrong_same_object(ids, pair, new):
    """this equals comparing with `is`, which asks for the very same object: numbers are compared
    with ==."""
    return joined(ids, lambda i: ids[i] is pair[0] and ids[i + 1] is pair[1], new)


def wrong_zero_is_no_id(ids, pair, new):
    """this equals joining no pair that holds the id 0, as `if left and right` does: 0 is an id like
    any other."""
    return joined(ids, lambda i: all(pair) and (ids[i], ids[i + 1]) == pair, new)


def wrong_zeros_lost(ids, pair, new):
    """this equals losing every id 0, as `if id` does where it keeps what is left: 0 is an id like
    any other."""
    return [id for id in joined(ids, lambda i: (ids[i], ids[i + 1]) == pair, new) if id]


def wrong_last_id_twice(ids, pair, new):
    """this equals appending the last id also where it has been joined: append it behind the loop
    only if it is left over."""
    return wrong_last_id_lost(ids, pair, new) + ids[-1:]


def wrong_last_of_none(ids, pair, new):
    """this equals appending ids[-1] behind the loop, which fails for an empty list and comes too
    often where the last id has been joined: append it only if it is left over."""
    return [*wrong_last_id_lost(ids, pair, new), ids[-1]]


def wrong_places_that_have_moved(ids, pair, new):
    """this equals using the places of ids in a list that each joining makes shorter: build a new
    list from left to right."""
    out = list(ids)
    for i, here in enumerate(pairwise(ids)):
        if here == pair:
            out[i] = new
            out.pop(i + 1)
    return out


def wrong_new_ids_at_the_end(ids, pair, new):
    """this equals the new ids behind all others: append them where the pair stood."""
    rest = joined(ids, lambda i: (ids[i], ids[i + 1]) == pair, None)
    return [id for id in rest if id is not None] + [new] * rest.count(None)
