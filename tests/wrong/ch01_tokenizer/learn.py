"""Wrong answers for tokenizer.learn; each docstring is the sentence that its writer is told."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise


def join(ids, pair, new):
    out, i = [], 0
    while i < len(ids):
        here = tuple(ids[i : i + 2]) == pair
        out.append(new if here else ids[i])
        i += 2 if here else 1
    return out


def counted(rows):
    count = Counter()
    for ids, times in rows:
        for pair in pairwise(ids):
            count[pair] += times
    return count


def commonest(count, tokens):
    return min(count, key=lambda pair: (-count[pair], pair))


def learnt(chunks, n_merges, count=counted, choose=commonest, join=join):
    """The right loop, with a say in how pairs are counted, chosen and joined."""
    tokens = [bytes([i]) for i in range(256)]
    rows = [(list(chunk), times) for chunk, times in chunks.items()]
    for _ in range(n_merges):
        found = count(rows)
        if not found:
            break
        pair = choose(found, tokens)
        rows = [(join(ids, pair, len(tokens)), times) for ids, times in rows]
        tokens.append(tokens[pair[0]] + tokens[pair[1]])
    return tokens[256:]


def wrong_each_chunk_once(chunks, n_merges):
    """this equals counting each chunk once: a pair counts as often as its chunk occurs."""
    return learnt(dict.fromkeys(chunks, 1), n_merges)


def wrong_across_chunks(chunks, n_merges):
    """this equals putting all chunks in a row, so that pairs reach from one into the next: count
    and join in each chunk by itself."""
    return learnt({b"".join(chunk * times for chunk, times in chunks.items()): 1}, n_merges)


def wrong_no_overlap(chunks, n_merges):
    """this equals counting a run without overlaps: every place where the pair stands counts, as in
    exercise 1."""

    def count(rows):
        found = Counter()
        for ids, times in rows:
            last = -2
            for i, pair in enumerate(pairwise(ids)):
                if pair[0] == pair[1] and last == i - 1:
                    continue
                last = i if pair[0] == pair[1] else last
                found[pair] += times
        return found

    return learnt(chunks, n_merges, count)


def wrong_once_a_chunk(chunks, n_merges):
    """this equals counting a pair once in a chunk, however often it stands there: count every
    place."""

    def count(rows):
        found = Counter()
        for ids, times in rows:
            for pair in set(pairwise(ids)):
                found[pair] += times
        return found

    return learnt(chunks, n_merges, count)


def wrong_tie_first_met(chunks, n_merges):
    """this equals taking, of pairs equally common, the one that is met first: take the one with
    the smaller left id, then right id, min(count, key=lambda pair: (-count[pair], pair))."""
    return learnt(chunks, n_merges, choose=lambda count, tokens: max(count, key=count.get))


def wrong_tie_largest(chunks, n_merges):
    """this equals taking, of pairs equally common, the one with the larger ids: take the smaller
    left id, then the smaller right id."""
    return learnt(
        chunks, n_merges, choose=lambda count, tokens: max(count, key=lambda p: (count[p], p))
    )


def wrong_tie_by_bytes(chunks, n_merges):
    """this equals deciding ties by the tokens' bytes, in the order of the alphabet: compare their
    ids."""
    return learnt(
        chunks,
        n_merges,
        choose=lambda count, tokens: min(
            count, key=lambda p: (-count[p], tokens[p[0]], tokens[p[1]])
        ),
    )


def wrong_tie_right_first(chunks, n_merges):
    """this equals deciding ties by the right id before the left: the smaller left id comes
    first."""
    return learnt(
        chunks,
        n_merges,
        choose=lambda count, tokens: min(count, key=lambda p: (-count[p], p[::-1])),
    )


def wrong_rarest(chunks, n_merges):
    """this equals joining the rarest pair: take the one with the highest count."""
    return learnt(
        chunks, n_merges, choose=lambda count, tokens: min(count, key=lambda p: (count[p], p))
    )


def wrong_counted_once(chunks, n_merges):
    """this equals counting once, at the start, and taking the commonest pairs of bytes: join each
    new token everywhere, and count again."""
    count = counted([(chunk, times) for chunk, times in chunks.items()])
    order = sorted(count, key=lambda pair: (-count[pair], pair))
    return [bytes(pair) for pair in order[:n_merges]]


def wrong_first_place_only(chunks, n_merges):
    """this equals joining the pair at its first place in each chunk only: join it wherever it
    stands."""

    def once(ids, pair, new):
        for i, here in enumerate(pairwise(ids)):
            if here == pair:
                return [*ids[:i], new, *ids[i + 2 :]]
        return ids

    return learnt(chunks, n_merges, join=once)


def wrong_from_the_right(chunks, n_merges):
    """this equals joining from right to left in each chunk: use your merge, which begins on the
    left."""

    def from_the_right(ids, pair, new):
        return join(ids[::-1], pair[::-1], new)[::-1]

    return learnt(chunks, n_merges, join=from_the_right)


def wrong_only_what_repeats(chunks, n_merges):
    """this equals stopping where no pair occurs twice: go on until n_merges tokens are learnt or
    no pair is left."""

    def count(rows):
        found = counted(rows)
        return found if any(n > 1 for n in found.values()) else {}

    return learnt(chunks, n_merges, count)


def wrong_error_at_the_end(chunks, n_merges):
    """this equals going on where no pair is left, which is an error: stop there, and return the
    tokens learnt so far."""
    found = learnt(chunks, n_merges)
    if len(found) < n_merges:
        min({}, key=lambda pair: pair)
    return found


def wrong_bytes_too(chunks, n_merges):
    """this equals all tokens, the 256 bytes among them: return the new ones, tokens[256:]."""
    return [bytes([i]) for i in range(256)] + learnt(chunks, n_merges)


def wrong_one_too_many(chunks, n_merges):
    """this equals learning one token more than n_merges: count the rounds of your loop."""
    return learnt(chunks, n_merges + 1)


def wrong_one_too_few(chunks, n_merges):
    """this equals learning one token less than n_merges: count the rounds of your loop."""
    return learnt(chunks, n_merges - 1)


def wrong_pairs_of_ids(chunks, n_merges):
    """this equals the pairs of ids that were joined: return the bytes of each new token, those of
    its left part and of its right part put together."""
    chosen = []

    def choose(count, tokens):
        chosen.append(commonest(count, tokens))
        return chosen[-1]

    learnt(chunks, n_merges, choose=choose)
    return chosen


def wrong_text(chunks, n_merges):
    """this equals the tokens as text: return them as bytes, since not every token is a text."""
    return [token.decode("utf-8", errors="replace") for token in learnt(chunks, n_merges)]


def wrong_tie_by_union(chunks, n_merges):
    """this equals deciding ties by the bytes of the token that is made: compare the left ids, then
    the right ids."""
    return learnt(
        chunks,
        n_merges,
        choose=lambda count, tokens: min(
            count, key=lambda p: (-count[p], tokens[p[0]] + tokens[p[1]])
        ),
    )


def wrong_never_joined(chunks, n_merges):
    """this equals finding the same pair in every round: merge returns a new list, which has to take
    the chunk's place."""
    return learnt(chunks, n_merges, join=lambda ids, pair, new: ids)


def wrong_counts_kept(chunks, n_merges):
    """this equals adding to the counts of the round before: begin with an empty dict in every
    round."""
    total = Counter()

    def count(rows):
        total.update(counted(rows))
        return total

    return learnt(chunks, n_merges, count)


def wrong_last_chunk_counts(chunks, n_merges):
    """this equals the count of the last chunk that holds the pair: add up those of all chunks, with
    += instead of =."""

    def count(rows):
        found = {}
        for row in rows:
            found.update(counted([row]))
        return found

    return learnt(chunks, n_merges, count)


def wrong_first_chunk_joined(chunks, n_merges):
    """this equals joining the pair in the first chunk that holds it: join it in all of them."""
    tokens = [bytes([i]) for i in range(256)]
    rows = [(list(chunk), times) for chunk, times in chunks.items()]
    for _ in range(n_merges):
        if not (found := counted(rows)):
            break
        pair = commonest(found, tokens)
        first = next(i for i, (ids, _) in enumerate(rows) if pair in pairwise(ids))
        rows[first] = (join(rows[first][0], pair, len(tokens)), rows[first][1])
        tokens.append(tokens[pair[0]] + tokens[pair[1]])
    return tokens[256:]


def wrong_bytes_of_ids(chunks, n_merges):
    """this equals making bytes of the two ids, bytes(pair), which knows no id above 255: put the
    bytes of the two tokens together, and keep those of every token."""
    return [bytes(pair) for pair in wrong_pairs_of_ids(chunks, n_merges)]


def named(chunks, n_merges, name, union):
    """The right loop, with a say in the new ids and in the bytes of a token."""
    tokens, found = {i: bytes([i]) for i in range(256)}, []
    rows = [(list(chunk), times) for chunk, times in chunks.items()]
    while len(found) < n_merges and (count := counted(rows)):
        pair = commonest(count, tokens)
        new = name(len(found))
        rows = [(join(ids, pair, new), times) for ids, times in rows]
        tokens[new] = union(tokens[pair[0]], tokens[pair[1]])
        found.append(tokens[new])
    return found


def wrong_right_before_left(chunks, n_merges):
    """this equals the bytes of the right part before those of the left: tokens[left] +
    tokens[right]."""
    return named(chunks, n_merges, lambda n: 256 + n, lambda left, right: right + left)


def wrong_one_new_id(chunks, n_merges):
    """this equals giving every new token the id 256: the second has 257, and so on."""
    return named(chunks, n_merges, lambda n: 256, lambda left, right: left + right)


def wrong_ids_of_bytes_again(chunks, n_merges):
    """this equals giving the new tokens the ids 0, 1, ..., which are bytes' own: begin at 256."""
    return named(chunks, n_merges, lambda n: n, lambda left, right: left + right)


def wrong_copies_in_a_row(chunks, n_merges):
    """this equals writing a chunk as often as it occurs, in a row, so that pairs reach from one
    copy into the next: multiply the counts instead."""
    rows = {chunk * times: 1 for chunk, times in chunks.items()}
    return learnt(rows, n_merges)


def wrong_tie_by_sum(chunks, n_merges):
    """this equals deciding ties by the sum of the ids: compare the left ids, then the right
    ids."""
    return learnt(
        chunks,
        n_merges,
        choose=lambda count, tokens: min(count, key=lambda p: (-count[p], sum(p))),
    )


def wrong_tie_left_only(chunks, n_merges):
    """this equals deciding ties by the left id alone: where these are equal, the smaller right id
    comes first."""
    return learnt(
        chunks,
        n_merges,
        choose=lambda count, tokens: min(count, key=lambda p: (-count[p], p[0])),
    )


def wrong_no_token_at_all(chunks, n_merges):
    """this equals no tokens at all: is each new one put into the list that is returned, or do the
    256 bytes count among n_merges?"""
    return learnt(chunks, max(0, n_merges - 256))


def wrong_in_the_alphabet(chunks, n_merges):
    """this equals the tokens in the order of the alphabet: return them as they were learnt."""
    return sorted(learnt(chunks, n_merges))


def wrong_filled_up(chunks, n_merges):
    """this equals going on with empty tokens where no pair is left: stop there, and return the
    tokens learnt so far."""
    found = learnt(chunks, n_merges)
    return found + [b""] * (n_merges - len(found))
