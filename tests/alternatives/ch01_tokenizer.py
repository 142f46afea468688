"""Right answers in other styles than the solutions': counters, heaps, recursion, numpy's numbers.

Each must pass its grader: a learner is told how a result differs, never how it should have been
written. `right_<exercise>_<style>`; other tests read this file by that name.
"""

from __future__ import annotations

import itertools
import statistics
from collections import Counter, defaultdict

import numpy as np
import regex

from minitransformer import bpe


def right_pairs_counter(numbers):
    return Counter(itertools.pairwise(numbers))


def right_pairs_defaultdict(ids):
    found = defaultdict(int)
    for i in range(1, len(ids)):
        found[ids[i - 1], ids[i]] += 1
    return found


def right_pairs_numpy(ids):
    if len(ids) < 2:
        return {}
    rows = np.stack([ids[:-1], ids[1:]], axis=1)
    found, counts = np.unique(rows, axis=0, return_counts=True)
    return {tuple(pair): n for pair, n in zip(found, counts, strict=True)}


def right_merge_into_what_is_there(ids, pair, new):
    out = []
    waiting = False  # whether the last of `out` may still be joined
    for id in ids:
        if waiting and (out[-1], id) == tuple(pair):
            out[-1], waiting = new, False
        else:
            out.append(id)
            waiting = True
    return out


def right_merge_on_a_copy(ids, pair, new):
    ids, i = list(ids), 0
    while i + 1 < len(ids):
        if ids[i] == pair[0] and ids[i + 1] == pair[1]:
            ids[i : i + 2] = [new]
        i += 1
    return ids


def right_merge_numpy(ids, pair, new):
    ids = np.array(ids, dtype=int)
    out, i = [], 0
    while i < len(ids):
        here = i + 1 < len(ids) and ids[i] == pair[0] and ids[i + 1] == pair[1]
        out.append(np.int64(new) if here else ids[i])
        i += 2 if here else 1
    return out


def right_learn_the_package(chunks, n_merges):
    for n in range(n_merges, -1, -1):  # the package refuses what cannot be learnt
        try:
            return bpe.learn(chunks, n)
        except ValueError:
            pass
    return []


def right_learn_sorted(chunks, n_merges):
    tokens = {i: bytes([i]) for i in range(256)}
    rows = {chunk: tuple(chunk) for chunk in chunks}
    for new in range(256, 256 + n_merges):
        count = Counter()
        for chunk, row in rows.items():
            for pair in itertools.pairwise(row):
                count[pair] += chunks[chunk]
        if not count:
            return [tokens[i] for i in range(256, new)]
        best = sorted(count, key=lambda pair: (-count[pair], pair[0], pair[1]))[0]
        tokens[new] = tokens[best[0]] + tokens[best[1]]
        for chunk, row in rows.items():
            rows[chunk] = tuple(right_merge_into_what_is_there(row, best, new))
    return [tokens[i] for i in range(256, 256 + n_merges)]


def right_join_heap(chunk, ranks):
    return bpe.merge(chunk, ranks)


def right_join_recursive(chunk, ranks, cuts=None):
    cuts = list(range(len(chunk) + 1)) if cuts is None else cuts
    options = [
        (ranks[union], i)
        for i in range(len(cuts) - 2)
        if (union := chunk[cuts[i] : cuts[i + 2]]) in ranks
    ]
    if options:
        i = min(options)[1]
        return right_join_recursive(chunk, ranks, cuts[: i + 1] + cuts[i + 2 :])
    return [ranks[chunk[a:b]] for a, b in itertools.pairwise(cuts)]


def right_encode_the_package(text, ranks, pattern):
    found = []
    for match in regex.finditer(pattern, text):
        found += bpe.merge(bytes(match.group(), "utf-8"), ranks)
    return found


def right_encode_remembering(text, ranks, pattern):
    known = {}

    def ids(chunk):
        if chunk not in known:
            known[chunk] = bpe.merge_plainly(chunk.encode(), ranks)
        return known[chunk]

    return [id for chunk in regex.findall(pattern, text) for id in ids(chunk)]


def right_decode_sum(ids, ranks):
    names = list(ranks)
    numbers = list(ranks.values())
    data = b""
    for id in ids:
        data += names[numbers.index(id)]
    return str(data, "utf-8", errors="replace")


def right_decode_array(ids, ranks):
    table = {v: k for k, v in ranks.items()}
    return bytearray(byte for id in ids for byte in table[id]).decode(errors="replace")


def right_fertility_statistics(encode, texts):
    kept = [text for text in texts if text.strip()]
    words = [len(text.split()) for text in kept]
    tokens = [len(encode(text)) for text in kept]
    own = [t / w for t, w in zip(tokens, words, strict=True)]
    return sum(tokens) / sum(words), statistics.pstdev(own)


def right_fertility_numpy(encode, texts):
    table = np.array([(len(encode(t)), len(t.split())) for t in texts if t.split()], dtype=float)
    return table[:, 0].sum() / table[:, 1].sum(), np.std(table[:, 0] / table[:, 1])


def right_premium_loops(encode, versions, base):
    def cost(language):
        total = 0
        for text in versions[language]:
            total += len(encode(text))
        return total

    return {language: cost(language) / cost(base) for language in versions}


def right_premium_numpy(encode, versions, base):
    costs = {k: np.sum([len(encode(t)) for t in v], dtype=float) for k, v in versions.items()}
    return {k: np.float64(n / costs[base]) for k, n in costs.items()}


def right_unreachable_backwards(encode, ranks):
    for token in sorted(ranks, key=len, reverse=True):
        text = token.decode(errors="replace")
        if text.encode() == token and len(encode(text)) > 1:
            return ranks[token], tuple(encode(text))


def right_unreachable_numpy(encode, ranks):
    found = []
    for token, id in ranks.items():
        try:
            ids = encode(str(token, "utf-8"))
        except UnicodeDecodeError:
            continue
        if id not in ids:
            found.append([np.int64(id), np.array(ids)])
    return found[-1]
