"""Graders of chapter 01: counting pairs, joining one, learning a vocabulary."""

from __future__ import annotations

from random import Random

from minitransformer.workbook.grading import Case, Wrong, expect_close, grader

SENTENCE = "When Mary and John went to the store, John gave a drink to"

# ---- 1 pairs


def row(seed, length, different):
    """So many ids, few of them different, so that pairs repeat and runs arise."""
    random = Random(seed * 1000 + length)
    known = random.sample(range(1, 400), different)
    return [random.choice(known) for _ in range(length)]


def cases_pairs(seed):
    return [
        Case("[8, 3]", ([8, 3],)),
        Case("[3, 8, 3, 8, 1]", ([3, 8, 3, 8, 1],)),
        Case("one id: [7]", ([7],)),
        Case("no ids: []", ([],)),
        Case("a run: [4, 4, 4, 4]", ([4, 4, 4, 4],)),
        Case("both orders: [1, 2, 2, 1]", ([1, 2, 2, 1],)),
        Case("the id 0: [0, 4, 0, 0]", ([0, 4, 0, 0],)),
        Case("23 ids, three of them different", (row(seed, 23, 3),)),
        Case("60 ids, nine of them different", (row(seed, 60, 9),)),
    ]


def oracle_pairs(ids):
    found = [(ids[i], ids[i + 1]) for i in range(len(ids) - 1)]
    return {pair: found.count(pair) for pair in found}


def pairs_by_hand(answer):
    expected = {(5, 5): 3, (5, 7): 1, (7, 5): 1}
    found = answer([5, 5, 5, 7, 5, 5])
    for key in found:
        if not isinstance(key, tuple) or len(key) != 2:
            raise Wrong(
                f"the pairs of [5, 5, 5, 7, 5, 5]: one of the keys is {key!r}, a "
                f"{type(key).__name__}: a pair is a tuple of two ids, such as (5, 7)"
            )
    expect_close(found, expected, "the pairs of [5, 5, 5, 7, 5, 5]")


def every_place_counts_once(answer, seed):
    for length in (2, 5, 41):
        ids = row(seed + 1, length, 2)
        total = sum(answer(ids).values())
        expect_close(total, length - 1, f"all counts of {length} ids together")


def backwards_the_pairs_turn_round(answer, seed):
    ids = row(seed, 17, 3)
    turned = {(right, left): n for (left, right), n in answer(ids).items()}
    expect_close(answer(ids[::-1]), turned, f"the pairs of {ids}, read backwards")


# ---- 2 merge


def cases_merge(seed):
    return [
        Case("(1, 2) to 9 in [1, 2, 3]", ([1, 2, 3], (1, 2), 9)),
        Case("(1, 2) to 9 at the end: [3, 1, 2]", ([3, 1, 2], (1, 2), 9)),
        Case("(1, 2) to 9 twice: [1, 2, 4, 1, 2]", ([1, 2, 4, 1, 2], (1, 2), 9)),
        Case("(5, 5) to 8 in a run of three", ([5, 5, 5], (5, 5), 8)),
        Case("(5, 5) to 8 in a run of four", ([5, 5, 5, 5], (5, 5), 8)),
        Case("(5, 5) to 8 in a run of five and a 6", ([5, 5, 5, 5, 5, 6], (5, 5), 8)),
        Case("(1, 2) to 9: other order, and apart", ([2, 1, 3, 2, 1, 4, 2], (1, 2), 9)),
        Case("(1, 2) to 9 after a lone 1: [1, 1, 2, 2]", ([1, 1, 2, 2], (1, 2), 9)),
        Case("(1, 2) to 9 in no ids: []", ([], (1, 2), 9)),
        Case("(7, 7) to 9 in one id: [7]", ([7], (7, 7), 9)),
        Case("(0, 4) to 9, and a 0 that stays", ([0, 4, 0, 2, 0, 4], (0, 4), 9)),
        # Equal to the pair's ids, and other objects.
        Case("a pair that is all there is", ([int("300"), int("301")], (300, 301), 302)),
        Case("(5, 5) to 9 beside 15 and 51", ([15, 5, 7, 5, 5, 7, 5, 51], (5, 5), 9)),
        *(
            Case(f"{n} ids, {k} of them different", _pair_of(row(seed, n, k), seed))
            for n, k in [(29, 2), (37, 3)]
        ),
    ]


def _pair_of(ids, seed):
    i = Random(seed).randrange(len(ids) - 1)
    return ids, (ids[i], ids[i + 1]), 999


def oracle_merge(ids, pair, new):
    for i in range(len(ids) - 1):
        if (ids[i], ids[i + 1]) == pair:
            return [*ids[:i], new, *oracle_merge(ids[i + 2 :], pair, new)]
    return list(ids)


def merge_by_hand(answer):
    expect_close(
        answer([5, 5, 5, 7, 5, 5], (5, 5), 9),
        [9, 5, 7, 9],
        "[5, 5, 5, 7, 5, 5] with (5, 5) joined to 9",
    )


def taken_apart_again_it_is_the_same(answer, seed):
    ids = row(seed, 31, 2)
    pair = (ids[3], ids[4])
    apart = [part for id in answer(ids, pair, 999) for part in (pair if id == 999 else (id,))]
    expect_close(apart, ids, f"{ids} with {pair} joined, and taken apart again")


def the_list_is_a_new_one(answer, seed):
    for ids in ([1, 3, 2], [7], []):
        if answer(ids, (1, 2), 9) is ids:
            raise Wrong(
                f"of {ids}, where nothing is joined, the very list that was handed in came back: "
                "return a new one there too, such as list(ids)"
            )


# ---- 3 learn


def words(seed, n, letters=b"aab bc"):
    """Chunks of few different bytes, and how often each occurs."""
    random = Random(seed * 77 + n)
    made = (bytes(random.choices(letters, k=random.randint(1, 9))) for _ in range(n))
    return {chunk: random.randint(1, 4) for chunk in made}


def cases_learn(seed):
    sentence = {}
    for word in SENTENCE.split():
        sentence[word.encode()] = sentence.get(word.encode(), 0) + 1
    return [
        Case('{b"abab": 1}, one token', ({b"abab": 1}, 1)),
        Case('{b"ab": 3, b"cd": 5}: the second is commoner', ({b"ab": 3, b"cd": 5}, 2)),
        Case('{b"abc": 2, b"bc": 1}', ({b"abc": 2, b"bc": 1}, 2)),
        Case('a tie on the left: {b"cd": 2, b"ab": 2}', ({b"cd": 2, b"ab": 2}, 2)),
        Case('a tie on the right: {b"ac": 2, b"ab": 2}', ({b"ac": 2, b"ab": 2}, 1)),
        Case('left goes before right: {b"bc": 1, b"ad": 1}', ({b"bc": 1, b"ad": 1}, 1)),
        Case('new ids and old: {b"aaabdaaabac": 1}', ({b"aaabdaaabac": 1}, 4)),
        Case('overlaps: {b"ccc": 2, b"ab": 3}', ({b"ccc": 2, b"ab": 3}, 1)),
        Case('a run, and no pair left: {b"aaaa": 1}', ({b"aaaa": 1}, 5)),
        Case('chunks stay apart: {b"ab": 1, b"ba": 1, b"cbc": 1}', (_apart(), 9)),
        Case("no token wanted", ({b"ab": 1}, 0)),
        Case("no chunks", ({}, 3)),
        Case("chunks without a pair", ({b"": 3, b"a": 2}, 2)),
        Case("bytes that are no text", ({b"\xff\xfe\xff\xfe": 2, b"\x00\xff": 1}, 3)),
        Case("the words of a sentence", (sentence, 12)),
        Case("eight chunks of few letters", (words(seed, 8), 10)),
        Case("twenty chunks of few letters", (words(seed, 20), 16)),
    ]


def _apart():
    return {b"ab": 1, b"ba": 1, b"cbc": 1}


def oracle_learn(chunks, n_merges):
    """Count the pairs of every chunk anew, put all in a table, and sort it."""
    tokens = [bytes([byte]) for byte in range(256)]
    rows = [(list(chunk), times) for chunk, times in chunks.items()]
    while len(tokens) < 256 + n_merges:
        counted = [(oracle_pairs(ids), times) for ids, times in rows]
        table = []
        for left, right in {pair for found, _ in counted for pair in found}:
            n = sum(found.get((left, right), 0) * times for found, times in counted)
            table.append((-n, left, right))
        if not table:
            break
        _, left, right = sorted(table)[0]
        rows = [(oracle_merge(ids, (left, right), len(tokens)), times) for ids, times in rows]
        tokens.append(tokens[left] + tokens[right])
    return tokens[256:]


def learn_by_hand(answer):
    for n in (3, 5):
        expect_close(
            answer({b"abab": 2, b"bc": 4}, n),
            [b"ab", b"bc", b"abab"],
            f'{{b"abab": 2, b"bc": 4}}, with n_merges={n}',
        )


def the_order_of_the_chunks_does_not_matter(answer, seed):
    chunks = words(seed + 1, 12)
    backwards = dict(reversed(chunks.items()))
    expect_close(answer(backwards, 8), answer(chunks, 8), "the same chunks in the opposite order")


def fewer_are_the_first_of_more(answer, seed):
    chunks = words(seed + 2, 12)
    expect_close(answer(chunks, 4), answer(chunks, 9)[:4], "4 tokens against the first 4 of 9")


def a_chunk_counts_as_often_as_it_occurs(answer, seed):
    chunks = words(seed + 3, 9)
    thrice = {chunk: 3 * times for chunk, times in chunks.items()}
    expect_close(answer(thrice, 8), answer(chunks, 8), "the same chunks, each three times as often")
    if answer({b"xy": 7, b"ab": 1, b"abc": 1, b"bab": 4}, 1) != [b"xy"]:
        raise Wrong('of {b"xy": 7, b"ab": 1, b"abc": 1, b"bab": 4}, x y is the commonest pair')


GRADERS = [
    grader(
        "tokenizer.pairs",
        cases=cases_pairs,
        oracle=oracle_pairs,
        by_hand=pairs_by_hand,
        tensors=False,
        properties={
            "every place counts once": every_place_counts_once,
            "backwards, the pairs turn round": backwards_the_pairs_turn_round,
        },
    ),
    grader(
        "tokenizer.merge",
        cases=cases_merge,
        oracle=oracle_merge,
        by_hand=merge_by_hand,
        tensors=False,
        properties={
            "taken apart again it is the same": taken_apart_again_it_is_the_same,
            "the list is a new one": the_list_is_a_new_one,
        },
    ),
    grader(
        "tokenizer.learn",
        cases=cases_learn,
        oracle=oracle_learn,
        by_hand=learn_by_hand,
        tensors=False,
        properties={
            "the order of the chunks": the_order_of_the_chunks_does_not_matter,
            "fewer are the first of more": fewer_are_the_first_of_more,
            "a chunk counts as often as it occurs": a_chunk_counts_as_often_as_it_occurs,
        },
    ),
]
