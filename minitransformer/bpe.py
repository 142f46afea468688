"""Byte-pair encoding: how one chunk of bytes becomes tokens, and how the tokens are learnt.

Sennrich, Haddow and Birch 2016, on bytes as in GPT-2 (Radford et al. 2019). First the plain
loop, then the same with the needless work left out. Leaves out text: tokenizer.py cuts it into
chunks and remembers them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from heapq import heapify, heappop, heappush
from itertools import pairwise
from math import inf


def merge_plainly(chunk: bytes, ranks: Mapping[bytes, int]) -> list[int]:
    """Join the two neighbours whose union was learnt first, until no two make a token.

    >>> ranks = {b"a": 0, b"b": 1, b"c": 2, b"bc": 3, b"ab": 4}
    >>> merge_plainly(b"abcab", ranks)    # a b c a b -> a bc a b -> a bc ab
    [0, 3, 4]

    `ranks` maps a token's bytes to its id, and a smaller id was learnt earlier; of equals the
    leftmost is joined first. This is the definition; `merge` is what the tokenizer runs. It
    looks at every pair again after each joining, so its work grows with the square of the
    chunk's length. Raises KeyError, with the byte, for a byte that is no token.
    """
    parts = [chunk[i : i + 1] for i in range(len(chunk))]
    while len(parts) > 1:
        unions = [a + b for a, b in pairwise(parts)]
        best = min(unions, key=lambda union: ranks.get(union, inf))
        if best not in ranks:
            break
        first = unions.index(best)
        parts[first : first + 2] = [best]
    return [ranks[part] for part in parts]


def merge(chunk: bytes, ranks: Mapping[bytes, int]) -> list[int]:
    """What `merge_plainly` gives, in n log n steps for a chunk of n bytes.

    >>> merge(b"abcab", {b"a": 0, b"b": 1, b"c": 2, b"bc": 3, b"ab": 4})
    [0, 3, 4]

    Joining two parts changes only the pairs on their left and right. So the pairs wait in a
    heap, the earliest learnt and then leftmost on top, and each joining puts in at most two
    new ones. A part is known by where it starts: `end[start]` is where it ends, and 0 once it
    has been joined to the part before it.
    """
    n, get = len(chunk), ranks.get
    end = list(range(1, n + 1))
    before = list(range(-1, n - 1))  # where the part before this one starts
    pairs = [(rank, i, i + 2) for i in range(n - 1) if (rank := get(chunk[i : i + 2])) is not None]
    heapify(pairs)
    while pairs:
        _, start, stop = heappop(pairs)
        middle = end[start]
        if not 0 < middle < stop or end[middle] != stop:
            continue  # one of its parts has been joined to another since
        end[start], end[middle] = stop, 0
        if stop < n:
            before[stop] = start
            if (rank := get(chunk[start : end[stop]])) is not None:
                heappush(pairs, (rank, start, end[stop]))
        if start and (rank := get(chunk[before[start] : stop])) is not None:
            heappush(pairs, (rank, before[start], stop))
    ids, start = [], 0
    while start < n:
        ids.append(ranks[chunk[start : end[start]]])
        start = end[start]
    return ids


def learn(chunks: Mapping[bytes, int], n_merges: int) -> list[bytes]:
    """The tokens that byte-pair encoding learns, in order: chunks come with how often they occur.

    >>> learn({b"aaabdaaabac": 1}, n_merges=3)
    [b'aa', b'ab', b'aaab']

    Each time, the commonest pair of neighbouring tokens becomes a token and is joined wherever
    it stands, from left to right. Ids are the bytes' own, then 256 and up in the order learnt;
    of pairs equally common the one with the smallest left id wins, then the smallest right id.
    Pairs that overlap ("aaa" holds "aa" twice) are each counted. Raises ValueError where no
    pair is left before `n_merges` are learnt.

    A joining changes the counts of the pairs beside it and no others, so nothing is counted
    anew: `where` keeps the places of every pair. A pair's count can only fall once its tokens
    are there; a count in the heap that has fallen since is put back with what it is now.
    """
    tokens = [bytes([byte]) for byte in range(256)]
    # All chunks in a row, a chain with ends: `after` and `before` are -1 where a chunk ends.
    # A place that has been joined to the one before it holds the id -1.
    ids = list(b"".join(chunks))
    after, before, weight = list(range(1, len(ids) + 1)), list(range(-1, len(ids) - 1)), []
    count: dict[tuple[int, int], int] = defaultdict(int)
    where: dict[tuple[int, int], list[int]] = defaultdict(list)
    for chunk, times in chunks.items():
        if not chunk:
            continue
        first = len(weight)
        weight += [times] * len(chunk)
        before[first] = after[len(weight) - 1] = -1
        for place in range(first, len(weight) - 1):
            pair = ids[place], ids[place + 1]
            count[pair] += times
            where[pair].append(place)
    common = [(-times, pair) for pair, times in count.items()]
    heapify(common)
    while len(tokens) < 256 + n_merges:
        if not common:
            raise ValueError(
                f"expected a text in which {n_merges} pairs can be joined, got one that has no "
                f"pair left after {len(tokens) - 256}: ask for fewer tokens, or give more text"
            )
        times, pair = heappop(common)
        if count[pair] != -times:
            if count[pair]:
                heappush(common, (-count[pair], pair))
            continue
        new, (a, b) = len(tokens), pair
        tokens.append(tokens[a] + tokens[b])
        changed = set()
        for place in where.pop(pair):  # from left to right, as they were found
            right = after[place]
            if ids[place] != a or right < 0 or ids[right] != b:
                continue  # one of the two has been joined to another since
            beyond, left = after[right], before[place]
            ids[place], ids[right], after[place] = new, -1, beyond
            if beyond >= 0:
                before[beyond] = place
                count[b, ids[beyond]] -= weight[place]
                count[new, ids[beyond]] += weight[place]
                where[new, ids[beyond]].append(place)
                changed.add((new, ids[beyond]))
            if left >= 0:
                count[ids[left], a] -= weight[place]
                count[ids[left], new] += weight[place]
                where[ids[left], new].append(left)
                changed.add((ids[left], new))
        del count[pair]
        for pair in changed:
            if count[pair]:  # in a run, a pair may come and go: "aaaa" becomes aa a a, then aa aa
                heappush(common, (-count[pair], pair))
    return tokens[256:]
