"""Wrong answers for tokenizer.join; each docstring is the sentence that its writer is told."""

from __future__ import annotations

from itertools import pairwise


def joined(chunk, choose, rounds=10**6):
    """The right loop, with a say in which union comes first."""
    parts = [chunk[i : i + 1] for i in range(len(chunk))]
    for _ in range(rounds):
        unions = [a + b for a, b in pairwise(parts)]
        i = choose(unions)
        if i is None:
            break
        parts[i : i + 2] = [unions[i]]
    return parts


def best_place(key):
    """The place of the known union with the smallest key; key(union, place)."""

    def choose(unions):
        return min((i for i, union in enumerate(unions) if key(union, i) is not None),
                   key=lambda i: key(unions[i], i), default=None)  # fmt: skip

    return choose


def ids(chunk, ranks, key, rounds=10**6):
    def known(union, i):
        return key(union, i) if union in ranks else None

    return [ranks[part] for part in joined(chunk, best_place(known), rounds)]


def gone_through(chunk, tokens, parts=None):
    """Join token by token, each wherever two neighbours make it."""
    parts = [chunk[i : i + 1] for i in range(len(chunk))] if parts is None else list(parts)
    for token in tokens:
        i = 0
        while i + 1 < len(parts):
            if parts[i] + parts[i + 1] == token:
                parts[i : i + 2] = [token]
            i += 1
    return parts


def wrong_longest_token(chunk, ranks):
    """this equals reading from the left and taking the longest token each time: join neighbours,
    the union with the lowest id first."""
    found, i = [], 0
    while i < len(chunk):
        end = next(end for end in range(len(chunk), i, -1) if chunk[i:end] in ranks)
        found.append(ranks[chunk[i:end]])
        i = end
    return found


def wrong_leftmost_pair(chunk, ranks):
    """this equals joining the leftmost pair that makes a token, whatever its id: look at all pairs
    and take the lowest id."""
    return ids(chunk, ranks, lambda union, i: i)


def wrong_highest_id(chunk, ranks):
    """this equals joining the union with the highest id, learnt last: take the lowest."""
    return ids(chunk, ranks, lambda union, i: (-ranks[union], i))


def wrong_longest_union(chunk, ranks):
    """this equals joining the longest union first: take the one with the lowest id."""
    return ids(chunk, ranks, lambda union, i: (-len(union), ranks[union], i))


def wrong_first_in_the_alphabet(chunk, ranks):
    """this equals joining the union whose bytes come first in the alphabet: compare ids, with
    min(known, key=ranks.get)."""
    return ids(chunk, ranks, lambda union, i: (union, i))


def wrong_rightmost(chunk, ranks):
    """this equals joining the rightmost of equal unions first: where a token can be made in several
    places, the leftmost comes first."""
    return ids(chunk, ranks, lambda union, i: (ranks[union], -i))


def wrong_one_joining(chunk, ranks):
    """this equals a single joining: look again, and go on until no two neighbours make a token."""
    return ids(chunk, ranks, lambda union, i: (ranks[union], i), rounds=1)


def wrong_bytes_only(chunk, ranks):
    """this equals joining single bytes only: what has been joined can be joined again."""
    return ids(chunk, ranks, lambda union, i: (ranks[union], i) if len(union) == 2 else None)


def wrong_once_through_the_tokens(chunk, ranks):
    """this equals going through the tokens once, from the lowest id to the highest: a joining may
    make a union with a lower id possible, so look at all pairs again after each."""
    return [ranks[part] for part in gone_through(chunk, sorted(ranks, key=ranks.get))]


def wrong_again_at_the_end(chunk, ranks):
    """this equals going through the tokens by their ids, and beginning again at the end: begin
    again after every joining, which may make a union with a lower id possible."""
    order, before, parts = sorted(ranks, key=ranks.get), None, None
    while parts is None or parts != before:
        before, parts = parts, gone_through(chunk, order, parts)
    return [ranks[part] for part in parts]


def wrong_all_places_in_one_sweep(chunk, ranks):
    """this equals joining the lowest union in all its places at once: join one of them, the
    leftmost, and look again, since that joining may make a union with a lower id possible."""
    parts = [chunk[i : i + 1] for i in range(len(chunk))]
    while known := [a + b for a, b in pairwise(parts) if a + b in ranks]:
        parts = gone_through(chunk, [min(known, key=ranks.get)], parts)
    return [ranks[part] for part in parts]


def wrong_order_of_the_dict(chunk, ranks):
    """this equals going through the tokens in the order of the dict, which may be any: the id says
    which was learnt first."""
    place = {token: i for i, token in enumerate(ranks)}
    return ids(chunk, ranks, lambda union, i: (place[union], i))


def wrong_zero_is_no_id(chunk, ranks):
    """this equals taking the id 0 for no token, as `if ranks.get(union)` does: ask `union in
    ranks`, or whether the id `is not None`."""
    return ids(chunk, ranks, lambda union, i: (ranks[union], i) if ranks[union] else None)


def wrong_never_joined(chunk, ranks):
    """this equals the single bytes: join neighbours as long as two of them make a token, which is
    asked of their union, left + right."""
    return [ranks[bytes([byte])] for byte in chunk]


def wrong_whole_chunk_first(chunk, ranks):
    """this equals taking a chunk that is a token for that token at once: only joining neighbours
    leads to a token."""
    if chunk in ranks:
        return [ranks[chunk]]
    return ids(chunk, ranks, lambda union, i: (ranks[union], i))


def wrong_byte_values(chunk, ranks):
    """this equals taking a byte's value for its id where it stays alone: look it up in ranks as a
    token of one byte."""
    parts = joined(chunk, best_place(lambda u, i: (ranks[u], i) if u in ranks else None))
    return [ranks[part] if len(part) > 1 else part[0] for part in parts]


def wrong_tokens(chunk, ranks):
    """this equals the tokens' bytes: return the id that ranks has for each."""
    return joined(chunk, best_place(lambda u, i: (ranks[u], i) if u in ranks else None))


def wrong_single_bytes_left_out(chunk, ranks):
    """this equals leaving out the bytes that stay alone: each is a token too, with its own id."""
    parts = joined(chunk, best_place(lambda u, i: (ranks[u], i) if u in ranks else None))
    return [ranks[part] for part in parts if len(part) > 1]


def wrong_sorted(chunk, ranks):
    """this equals the ids sorted by size: return them in the order in which the tokens stand."""
    return sorted(ids(chunk, ranks, lambda union, i: (ranks[union], i)))


def wrong_no_bytes_looked_up(chunk, ranks):
    """this equals looking up numbers or letters, which ranks does not know: its keys are bytes, as
    chunk[i : i + 1] and bytes([byte]) are."""
    return [ranks[byte] for byte in chunk]


def wrong_so_many_zeros(chunk, ranks):
    """this equals bytes(byte), which makes so many zeros: bytes([byte]), with a list, is that one
    byte."""
    return [ranks[bytes(byte)] for byte in chunk]


def wrong_unknown_union(chunk, ranks):
    """this equals asking ranks for the id of every union, which fails where one is no token: ask
    `union in ranks` first, and stop where none is."""
    parts = [chunk[i : i + 1] for i in range(len(chunk))]
    while len(parts) > 1:
        unions = [a + b for a, b in pairwise(parts)]
        i = min(range(len(unions)), key=lambda i: ranks[unions[i]])
        parts[i : i + 2] = [unions[i]]
    return [ranks[part] for part in parts]


def wrong_least_of_none(chunk, ranks):
    """this equals asking for the lowest id where one part is left, or none, and so no neighbours:
    go on only while len(parts) > 1."""
    parts = [chunk[i : i + 1] for i in range(len(chunk))]
    while True:
        unions = [a + b for a, b in pairwise(parts)]
        best = min(ranks.get(union, float("inf")) for union in unions)
        if best == float("inf"):
            return [ranks[part] for part in parts]
        i = [ranks.get(union) for union in unions].index(best)
        parts[i : i + 2] = [unions[i]]


def wrong_size_for_none(chunk, ranks):
    """this equals taking ids from len(ranks) on for no tokens: ids may have gaps and be larger, so
    ask `union in ranks`, or take float("inf")."""
    return ids(chunk, ranks, lambda u, i: (ranks[u], i) if ranks[u] < len(ranks) else None)


def wrong_right_part_kept(chunk, ranks):
    """this equals leaving the right part where it was beside the union: both are used up, so what
    follows begins at i + 2."""
    parts = [chunk[i : i + 1] for i in range(len(chunk))]
    choose = best_place(lambda u, i: (ranks[u], i) if u in ranks else None)
    while (i := choose([a + b for a, b in pairwise(parts)])) is not None:
        parts[i] += parts[i + 1]
    return [ranks[part] for part in parts]


def by_parts(chunk, ranks, key):
    """The right loop, with a key of the two neighbours' own ids."""
    parts = [chunk[i : i + 1] for i in range(len(chunk))]
    while places := [i for i in range(len(parts) - 1) if parts[i] + parts[i + 1] in ranks]:
        i = min(places, key=lambda i: key(ranks[parts[i]], ranks[parts[i + 1]]))
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
    return [ranks[part] for part in parts]


def wrong_lowest_parts(chunk, ranks):
    """this equals taking the two neighbours with the lowest ids of their own: the id of their union
    decides."""
    return by_parts(chunk, ranks, lambda left, right: (left, right))


def wrong_lowest_sum(chunk, ranks):
    """this equals taking the two neighbours whose ids have the lowest sum: the id of their union
    decides."""
    return by_parts(chunk, ranks, lambda left, right: left + right)


def wrong_characters(chunk, ranks):
    """this equals beginning with characters, chunk.decode(), which not every chunk has: begin with
    single bytes."""
    chunk.decode("utf-8")
    return ids(chunk, ranks, lambda union, i: (ranks[union], i))


def wrong_once_in_the_order_of_the_dict(chunk, ranks):
    """this equals going through the dict once, joining each token where it can be made: of all
    unions join the one with the lowest id, and look at all again."""
    return [ranks[part] for part in gone_through(chunk, ranks)]


def wrong_place_among_the_known(chunk, ranks):
    """this equals taking a place among the unions that are tokens for a place among the parts: keep
    the place in parts with each union, as enumerate gives it."""
    parts = [chunk[i : i + 1] for i in range(len(chunk))]
    while known := [a + b for a, b in pairwise(parts) if a + b in ranks]:
        best = min(known, key=ranks.get)
        i = known.index(best)
        parts[i : i + 2] = [best]
    return [ranks[part] for part in parts]


def wrong_grown_from_the_left(chunk, ranks):
    """this equals going through the bytes once and adding each to the part before it where that
    makes a token: look at all neighbours, and join the union with the lowest id."""
    parts = []
    for i in range(len(chunk)):
        byte = chunk[i : i + 1]
        if parts and parts[-1] + byte in ranks:
            parts[-1] += byte
        else:
            parts.append(byte)
    return [ranks[part] for part in parts]


def wrong_last_neighbours_left_out(chunk, ranks):
    """this equals never joining the last two parts: the places of neighbours go to len(parts) - 1,
    that is range(len(parts) - 1)."""
    parts = [chunk[i : i + 1] for i in range(len(chunk))]
    while places := [i for i in range(len(parts) - 2) if parts[i] + parts[i + 1] in ranks]:
        i = min(places, key=lambda i: ranks[parts[i] + parts[i + 1]])
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
    return [ranks[part] for part in parts]


def wrong_none_compared(chunk, ranks):
    """this equals comparing None, which ranks.get gives for a union that is no token, with ids:
    take only the unions in ranks, or ranks.get(union, float("inf"))."""
    parts = [chunk[i : i + 1] for i in range(len(chunk))]
    while len(parts) > 1:
        found = [ranks.get(a + b) for a, b in pairwise(parts)]
        best = min(found)
        if best is None:
            break
        i = found.index(best)
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
    return [ranks[part] for part in parts]


def wrong_lower_than_any_id(chunk, ranks):
    """this equals giving -1 to a union that is no token, so that it comes first and ends the
    joining: give it float("inf"), or leave it out."""
    parts = [chunk[i : i + 1] for i in range(len(chunk))]
    while len(parts) > 1:
        found = [ranks.get(a + b, -1) for a, b in pairwise(parts)]
        if min(found) == -1:
            break
        i = found.index(min(found))
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
    return [ranks[part] for part in parts]


def wrong_shorter_under_the_loop(chunk, ranks):
    """this equals a loop over the places of the parts as many as they were, while each joining
    makes them fewer: begin the loop again after a joining."""
    parts = [chunk[i : i + 1] for i in range(len(chunk))]
    for token in sorted(ranks, key=ranks.get):
        for i in range(len(parts) - 1):
            if parts[i] + parts[i + 1] == token:
                parts[i : i + 2] = [token]
    return [ranks[part] for part in parts]


def wrong_different_ids(chunk, ranks):
    """this equals each id once, as a set or a dict gives it: a token that comes again is given
    again."""
    return list(dict.fromkeys(ids(chunk, ranks, lambda union, i: (ranks[union], i))))
