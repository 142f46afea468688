"""Merging a chunk and learning a vocabulary: against the plain loops, tiktoken and by hand."""

from __future__ import annotations

import inspect
import time
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from minitransformer.bpe import learn, merge, merge_plainly
from minitransformer.chunks import PATTERNS, Cutter
from minitransformer.tokenizer import Tokenizer

RANKS = {b"a": 0, b"b": 1, b"c": 2, b"bc": 3, b"ab": 4}
FEW = b"aab b"  # few different bytes, so that pairs repeat, overlap and tie


@pytest.fixture(scope="module")
def play() -> str:
    path = Path(__file__).parents[1] / "data" / "as_you_like_it.txt"
    return path.read_text(encoding="utf-8")


@pytest.fixture(params=[merge_plainly, merge])
def merging(request):
    return request.param


def test_a_chunk_by_hand(merging):
    # "abcab": "bc" (3) is earlier than both "ab" (4), so the first a stays alone.
    assert merging(b"abcab", RANKS) == [0, 3, 4]
    # Of equals the leftmost: a run of three is a pair and one, not one and a pair.
    assert merging(b"aaa", {b"a": 0, b"aa": 1}) == [1, 0]
    assert merging(b"", RANKS) == []
    assert merging(b"c", RANKS) == [2]
    with pytest.raises(KeyError, match="b'z'"):
        merging(b"abz", RANKS)


@st.composite
def tables(draw) -> dict[bytes, int]:
    """Ranks in any order at all, also such as no training would give."""
    tokens = draw(st.sets(st.lists(st.sampled_from(FEW), min_size=2, max_size=5).map(bytes)))
    singles = [bytes([byte]) for byte in range(256)]
    order = draw(st.permutations(sorted(tokens)))
    return {token: rank for rank, token in enumerate([*order, *singles])}


@settings(deadline=None)
@given(tables(), st.lists(st.sampled_from(FEW), max_size=40).map(bytes))
def test_both_loops_merge_as_tiktoken_does(ranks, chunk):
    theirs = tiktoken.Encoding(
        "any", pat_str=r"[\s\S]+", mergeable_ranks=ranks, special_tokens={}
    ).encode_ordinary(chunk.decode())
    if chunk in ranks:  # tiktoken takes a whole chunk for its token; our Tokenizer does that too
        theirs = merge_plainly(chunk, ranks)
    assert merge_plainly(chunk, ranks) == merge(chunk, ranks) == theirs


class Counting(dict[bytes, int]):
    """Ranks that count how often one is looked up."""

    lookups = 0

    def get(self, key, default=None):
        self.lookups += 1
        return super().get(key, default)


@pytest.mark.parametrize("unit", [b"a", b"abcabcb", b"the quick brown fox"])
def test_the_work_on_a_long_run_grows_with_its_length(unit):
    def lookups(merging, n: int) -> int:
        counting = Counting({bytes([byte]): byte for byte in range(256)})
        learnt = learn({unit * 40: 1}, n_merges=4)
        counting.update({token: 256 + i for i, token in enumerate(learnt)})
        merging(unit * (n // len(unit)), counting)
        return counting.lookups

    assert lookups(merge, 64_000) < 3 * 64_000
    assert lookups(merge_plainly, 400) > 3 * lookups(merge_plainly, 200)  # the squares, by contrast


@pytest.mark.parametrize("unit", ["a", "le", "wordswithoutspaces", " ", "\n \t", "! ", "é"])
def test_encoding_takes_time_in_proportion_to_the_length(play, unit):
    for pattern in PATTERNS:
        tokenizer = Tokenizer.train(play[:5_000] + unit * 40, d_vocab=300, pattern=pattern)
        tokenizer.encode(play[:20_000])
        # 16 times the text: n log n takes some 20 times as long, the square 256 times.
        short, long = (best_of(3, tokenizer.encode, unit * (n // len(unit))) for n in (2000, 32000))
        assert long < 80 * short


def best_of(times: int, action: Callable[[str], object], text: str) -> float:
    """The shortest of several runs, in seconds of this process's own time."""

    def once() -> float:
        start = time.process_time()
        action(text)
        return time.process_time() - start

    return min(once() for _ in range(times))


def learn_slowly(chunks: dict[bytes, int], n_merges: int) -> list[bytes]:
    """Count every pair anew each time; join the commonest, ties to the smallest ids."""
    tokens = [bytes([byte]) for byte in range(256)]
    words = [(list(chunk), times) for chunk, times in chunks.items()]
    for _ in range(n_merges):
        count: Counter[tuple[int, int]] = Counter()
        for ids, times in words:
            for pair in pairwise(ids):
                count[pair] += times
        if not count:
            raise ValueError
        pair = min(count, key=lambda pair: (-count[pair], pair))
        for ids, _ in words:
            place = 0
            while place < len(ids) - 1:
                if (ids[place], ids[place + 1]) == pair:
                    ids[place : place + 2] = [len(tokens)]
                place += 1
        tokens.append(tokens[pair[0]] + tokens[pair[1]])
    return tokens[256:]


def test_learning_by_hand():
    # aaabdaaabac: a a stands there 4 times (with overlaps). In aa a b d aa a b a c both aa+a and
    # a+b stand twice, and a (97) is less than aa (256). In aa ab d aa ab a c, aa+ab does.
    assert learn({b"aaabdaaabac": 1}, 3) == [b"aa", b"ab", b"aaab"]
    assert learn({b"ab": 1, b"cd": 2}, 2) == [b"cd", b"ab"]
    assert learn({b"ab": 1, b"": 3}, 0) == []
    # aaaa becomes aa aa, then aaaa: the pair aa a, there for a moment, is not one.
    with pytest.raises(ValueError, match="no pair left after 2"):
        learn({b"aaaa": 1}, 3)


chunk_counts = st.dictionaries(
    st.lists(st.sampled_from(FEW), max_size=24).map(bytes), st.integers(1, 4), max_size=6
)


@settings(deadline=None)
@given(chunk_counts, st.integers(0, 12))
def test_learning_is_that_of_counting_anew(chunks, n_merges):
    try:
        expected = learn_slowly(chunks, n_merges)
    except ValueError:
        with pytest.raises(ValueError, match=f"expected a text in which {n_merges} pairs"):
            learn(chunks, n_merges)
    else:
        assert learn(chunks, n_merges) == expected


def test_learning_from_a_play_is_that_of_counting_anew(play):
    words = Counter(chunk.encode() for chunk in Cutter(PATTERNS["gpt2"])(play[:20_000]))
    assert learn(words, 100) == learn_slowly(words, 100)
    one_run = {play[:3_000].replace(" ", "").encode(): 1}
    assert learn(one_run, 100) == learn_slowly(one_run, 100)


@pytest.mark.slow
def test_4096_tokens_are_learnt_from_a_megabyte_in_seconds():
    files = sorted(Path(inspect.__file__).parent.glob("*.py"))  # the standard library's code
    text = "".join(file.read_text(encoding="utf-8") for file in files)[:1_000_000]
    assert best_of(1, lambda text: Tokenizer.train(text, d_vocab=4096), text) < 5
