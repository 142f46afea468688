"""Graders of chapter 01: a chunk's bytes to tokens, a text to ids, and ids to a text."""

from __future__ import annotations

import functools
from random import Random

import regex
from ch01_tokenizer_learning import SENTENCE, oracle_learn, words

from minitransformer.workbook.grading import Case, expect_close, grader

_compile = regex.compile
WORDS = r" ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"  # GPT-2's, without contractions
LINES = r"[^\n]*\n|[^\n]+"
MIXED = f"{SENTENCE}.\n\nCafé, naïve: 日本語, Привет 12 345  🙂 (been there)\n"

# ---- vocabularies


def vocabulary(seed, chunks, n_merges, n_left_out=0, first=0):
    """Tokens as training gives them: the bytes in any order, then what is learnt.

    `n_left_out` of the learnt ones are taken out again; ids begin at `first`, and the dict is in
    no order.
    """
    random = Random(seed)
    singles = [bytes([byte]) for byte in range(256)]
    random.shuffle(singles)
    learnt = oracle_learn(chunks, n_merges)
    for token in random.sample(learnt, n_left_out):
        learnt.remove(token)
    ranks = {token: first + id for id, token in enumerate([*singles, *learnt])}
    return dict(random.sample(sorted(ranks.items()), len(ranks)))


def with_a_stranger(ranks, token):
    """The same and one more token, with the next id, to which no joining leads."""
    return {token: max(ranks.values()) + 1} | ranks


# ---- 4 join

ABC = {b"a": 0, b"b": 1, b"c": 2}
ABCD = ABC | {b"d": 3}


@functools.cache
def cases_join(seed):
    few = vocabulary(seed, words(seed, 14), 12)
    gappy = vocabulary(seed + 1, words(seed, 14), 14, n_left_out=5, first=40)
    english = vocabulary(seed + 2, {word.encode(): 1 for word in SENTENCE.split()}, 20, first=17)
    random = Random(seed)
    return [
        Case('b"ab", {a 0, b 1, c 2, ab 3}', (b"ab", ABC | {b"ab": 3})),
        Case('b"abc": bc is learnt before ab', (b"abc", ABC | {b"bc": 3, b"ab": 4})),
        Case('b"abc": ab is learnt before bc', (b"abc", ABC | {b"ab": 3, b"bc": 4})),
        Case('b"cab": ab, then cab', (b"cab", ABC | {b"ab": 3, b"cab": 4})),
        Case('b"aaa": the leftmost first', (b"aaa", ABC | {b"aa": 3})),
        Case('b"aaaaaaa", with aa and aaa', (b"aaaaaaa", ABC | {b"aa": 3, b"aaa": 4})),
        Case("nine times a, a vocabulary of two", (b"a" * 9, {b"a": 0, b"aa": 1})),
        Case('b"abc" is a token, no joining leads to it', (b"abc", ABC | {b"abc": 3})),
        Case('b"abc": abc has a lower id than ab', (b"abc", ABC | {b"abc": 3, b"ab": 4})),
        Case('b"abcd": ab, then abc before cd', (b"abcd", ABCD | {b"abc": 4, b"ab": 5, b"cd": 6})),
        Case('b"cab", where ab has the id 0', (b"cab", {b"ab": 0, b"b": 1, b"c": 2, b"a": 3})),
        Case('b"abab": aba has a lower id than ab', (b"abab", ABC | {b"aba": 3, b"ab": 4})),
        Case("one byte", (b"c", ABC | {b"ab": 3})),
        Case("bytes of small value", (b"\x01\x01", {b"\x00": 0, b"\x01": 1})),
        Case("no bytes", (b"", ABC)),
        Case("no two make a token", (b"acb", ABC | {b"ab": 3, b"ca": 4})),
        Case("ids that are not the bytes' values", (b"cba", {b"c": 900, b"b": 7, b"a": 81})),
        Case("bytes that are no text", (b"\xff\xfe\xff", {b"\xff": 1, b"\xfe": 0, b"\xfe\xff": 5})),
        *(
            Case(f"{n} bytes of few letters", (bytes(random.choices(b"aab bc", k=n)), few))
            for n in (9, 21)
        ),
        *(
            Case(
                f"{n} bytes, a vocabulary with gaps", (bytes(random.choices(b"aab bc", k=n)), gappy)
            )
            for n in (11, 26)
        ),
        Case("a word", (b"together", english)),
        Case("a longer word", (b"storehouse", english)),
    ]


def oracle_join(chunk, ranks):
    parts = [bytes([byte]) for byte in chunk]
    while True:
        places = []
        for i in range(len(parts) - 1):
            if parts[i] + parts[i + 1] in ranks:
                places.append((ranks[parts[i] + parts[i + 1]], i))
        if not places:
            return [ranks[part] for part in parts]
        _, i = sorted(places)[0]
        parts = [*parts[:i], parts[i] + parts[i + 1], *parts[i + 2 :]]


def join_by_hand(answer):
    ranks = {b"a": 0, b"b": 1, b"c": 2, b"bc": 3, b"ab": 4}
    expect_close(answer(b"abcab", ranks), [0, 3, 4], 'the chunk b"abcab", bc = 3, ab = 4')


def the_tokens_are_the_chunk(answer, seed):
    for n_left_out in (0, 4):
        ranks = vocabulary(seed + 3, words(seed + 3, 14), 12, n_left_out)
        chunk = bytes(Random(seed).choices(b"aab bc", k=33))
        token_of = {id: token for token, id in ranks.items()}
        found = b"".join(token_of.get(id, b"?") for id in answer(chunk, ranks))
        expect_close(found, chunk, "the bytes of its tokens, put together")


def every_learnt_token_comes_back_whole(answer, seed):
    ranks = vocabulary(seed + 4, words(seed + 4, 14), 12)
    for token, id in sorted(ranks.items(), key=lambda entry: entry[1])[250:]:
        expect_close(answer(token, ranks), [id], f"the token {token!r}, given as a chunk")


# ---- 5 encode


@functools.cache
def cases_encode(seed):
    # Learnt from a text that was not cut: some of its tokens reach over words.
    uncut = vocabulary(
        seed, {MIXED.lower().encode(): 1, b"to the store and to the": 3, "日本é".encode(): 2}, 30
    )
    few = vocabulary(seed + 1, words(seed, 14), 12, first=5)
    simple = {b"a": 0, b"b": 1, b" ": 2, b"b ": 3, b"ab": 4, b" ab": 5, b" b": 6, b"ba": 7}
    bits = "".join(Random(seed).choices("aab bc", k=40))
    return [
        Case('"ab", cut by " ?[a-z]+"', ("ab", simple, " ?[a-z]+")),
        Case('"ab ba ab", cut by " ?[a-z]+"', ("ab ba ab", simple, " ?[a-z]+")),
        Case('"a", cut by " ?[a-z]+"', ("a", simple, " ?[a-z]+")),
        Case("an empty text", ("", simple, WORDS)),
        Case("two spaces", ("ab  b ", simple, WORDS)),
        Case('"é", two bytes', ("é", uncut, WORDS)),
        Case("the sentence of the book", (SENTENCE, uncut, WORDS)),
        Case("every sort of character", (MIXED, uncut, WORDS)),
        Case("the same, cut at the ends of lines", (MIXED, uncut, LINES)),
        Case("the same, each character by itself", (MIXED, uncut, r"(?s:.)")),
        Case("a chunk that is a token no joining leads to", (MIXED, _strange(uncut), WORDS)),
        Case("40 characters of few letters", (bits, few, WORDS)),
        Case("the same, uncut", (bits, few, r"(?s:.+)")),
    ]


def _strange(ranks):
    return with_a_stranger(ranks, "Café".encode())


def oracle_encode(text, ranks, pattern):
    ids, place = [], 0
    while place < len(text):
        end = _compile(pattern).match(text, place).end()
        ids += oracle_join(bytes(text[place:end], "utf-8"), ranks)
        place = end
    return ids


def encode_by_hand(answer):
    ranks = {b"a": 0, b"b": 1, b" ": 2, b"b ": 3, b"ab": 4, b" ab": 5}
    expect_close(answer("ab ab", ranks, " ?[a-z]+"), [4, 5], '"ab ab", cut by " ?[a-z]+"')


def the_bytes_come_back(answer, seed):
    ranks = cases_encode(seed + 1)[6].args[1]
    token_of = {id: token for token, id in ranks.items()}
    for text in (MIXED, "\r\n\t \u00a0x", "e\u0301 \U0001f468\u200d\U0001f469", "\x00\x7f"):
        found = b"".join(token_of.get(id, b"?") for id in answer(text, ranks, WORDS))
        expect_close(found, text.encode(), "the bytes of its tokens, put together")


# ---- 6 decode


@functools.cache
def cases_decode(seed):
    pieces = vocabulary(seed, {MIXED.encode(): 1}, 30, first=11)
    gappy = {b"b": 7, b"a": 90, b"\xe2": 5, b"\x82": 2, b"\xac": 30, b"\x82\xac": 31, b" ": 8}
    gappy |= {"é".encode(): 6}
    small = {b"z": 3, b"w": 4, b"x": 0, b"y": 1, b"v": 6}
    random = Random(seed)
    any_bytes = {bytes([byte]): 3 * byte + 1 for byte in range(256)}
    return [
        Case("two letters", ([90, 7], gappy)),
        Case("no ids", ([], gappy)),
        Case("a dict in no order, a gap in the ids: [3, 1, 0]", ([3, 1, 0], small)),
        Case("a token that is a character of two bytes", ([90, 6, 7], gappy)),
        Case("spaces at both ends", ([8, 90, 8, 8], gappy)),
        Case("a character in three tokens", ([90, 5, 2, 30, 7], gappy)),
        Case("a character in two tokens", ([5, 31, 5, 31], gappy)),
        Case("a character that breaks off", ([90, 5, 2], gappy)),
        Case("a character that breaks off, and a letter", ([5, 2, 7], gappy)),
        Case("the end of a character first", ([30, 90], gappy)),
        Case("only ends of characters", ([2, 30, 2], gappy)),
        Case("every sort of character", (oracle_encode(MIXED, pieces, WORDS), pieces)),
        Case("the same, broken off", (oracle_encode(MIXED, pieces, WORDS)[:-11], pieces)),
        Case("bytes of any kind", (random.choices(list(any_bytes.values()), k=40), any_bytes)),
        Case("a text of three marks", ([*(3 * b + 1 for b in b"\xef\xbf\xbd!?")], any_bytes)),
        Case(
            "U+FEFF, which begins some files", ([*(3 * b + 1 for b in b"\xef\xbb\xbfa")], any_bytes)
        ),
    ]


def oracle_decode(ids, ranks):
    data = bytearray()
    for wanted in ids:
        for token, id in ranks.items():
            if id == wanted:
                data += token
    return str(bytes(data), "utf-8", "replace")


def decode_by_hand(answer):
    ranks = {b"\xa9": 0, b"\xc3": 1, b"caf": 2}
    for ids, expected in [([2, 1, 0], "café"), ([2, 1], "caf\ufffd"), ([0, 2], "\ufffdcaf")]:
        expect_close(answer(ids, ranks), expected, f"the ids {ids}")


def a_text_comes_back(answer, seed):
    ranks = vocabulary(seed + 1, {MIXED.encode(): 1}, 20)
    for text in (MIXED, " \n", "日本", "\U0001f642!", "\x00"):
        ids = oracle_encode(text, ranks, WORDS)
        expect_close(answer(ids, ranks), text, f"the ids of {text[:20]!r}, decoded")


GRADERS = [
    grader(
        "tokenizer.join",
        cases=cases_join,
        oracle=oracle_join,
        by_hand=join_by_hand,
        tensors=False,
        properties={
            "the tokens are the chunk": the_tokens_are_the_chunk,
            "every learnt token comes back whole": every_learnt_token_comes_back_whole,
        },
    ),
    grader(
        "tokenizer.encode",
        cases=cases_encode,
        oracle=oracle_encode,
        by_hand=encode_by_hand,
        tensors=False,
        properties={"the bytes come back": the_bytes_come_back},
    ),
    grader(
        "tokenizer.decode",
        cases=cases_decode,
        oracle=oracle_decode,
        by_hand=decode_by_hand,
        tensors=False,
        properties={"a text comes back": a_text_comes_back},
    ),
]
