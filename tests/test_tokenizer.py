"""Text to ids and back: training, special tokens, cutting, what a vocabulary cannot hold."""

from __future__ import annotations

import json

import pytest
import regex
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from minitransformer import pretrained
from minitransformer.chunks import PATTERNS, ChunkIds, Cutter
from minitransformer.tokenizer import BYTE_OF_CHARACTER, Tokenizer

NAME = "smollm2-135m-instruct"
SPECIAL = ["<|end|>", "<|end|>x"]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return pretrained.load_tokenizer(NAME)


@pytest.fixture(scope="module", params=list(PATTERNS))
def trained(request) -> Tokenizer:
    text = "she sells sea shells, sea shells she sells by the sea shore; 1234 été été"
    return Tokenizer.train(text, d_vocab=280, pattern=request.param, special=SPECIAL)


@pytest.mark.parametrize(
    ("name", "chunks"),
    [
        ("gpt2", "It|'s| 2024|,| | I|'|LL| go|!|\n\n | x"),
        ("cl100k", "It|'s| |202|4|,| | I|'LL| go|!\n\n| | x"),
        ("smollm", "It|'s| |2|0|2|4|,| | I|'|LL| go|!|\n\n | x"),
    ],
)
def test_cutting_by_hand(name, chunks):
    assert Cutter(PATTERNS[name])("It's 2024,  I'LL go!\n\n  x") == chunks.split("|")


def test_cl100k_cuts_capital_contractions_off():
    assert Cutter(PATTERNS["cl100k"])("I'LLAMA") == ["I", "'LL", "AMA"]
    assert Cutter(PATTERNS["gpt2"])("I'LLAMA") == ["I", "'", "LLAMA"]


def test_smollm_keeps_white_space_before_digits_whole():
    assert Cutter(PATTERNS["smollm"])("a   7   b") == ["a", "   ", "7", "  ", " b"]


@settings(deadline=None)
@given(st.text())
def test_chunks_joined_are_the_text(text):
    for pattern in PATTERNS.values():
        assert "".join(Cutter(pattern)(text)) == text


def test_a_pattern_that_leaves_characters_out_is_refused():
    with pytest.raises(ValueError, match=r"leaves out character 2 \(' '\)"):
        Cutter(r"\w+")("ab cd")
    with pytest.raises(ValueError, match=r"leaves out character 2 \('!'\)"):
        Cutter(r"\w+")("ab!")
    with pytest.raises(ValueError, match="without groups that capture, got 1"):
        Cutter(r"(\w)+|.")


@settings(deadline=None)
@given(st.text())
def test_decoding_gives_any_text_back(trained, text):
    assert trained.decode(trained.encode(text)) == text
    assert trained.decode(trained.encode(text, special=True)) == text


@settings(deadline=None)
@given(st.binary())
def test_decoding_gives_any_bytes_back(trained, data):
    assert trained.decode_bytes(trained.encode_bytes(data)) == data


@settings(deadline=None)
@given(st.lists(st.integers(0, 279)))
def test_any_ids_decode(trained, ids):
    assert trained.decode_bytes(ids) == b"".join(trained.decode_bytes([id]) for id in ids)


def test_training_by_hand():
    # low, " low", lower: l o and o w stand three times each, and l is the smaller id.
    tokenizer = Tokenizer.train(["low low", "lower"], d_vocab=259, special=["<|end|>"])
    assert tokenizer.d_vocab == 259
    assert [tokenizer.decode_bytes([id]) for id in (256, 257, 258)] == [b"lo", b"low", b"<|end|>"]
    assert tokenizer.encode("low lower") == [257, 32, 257, 101, 114]
    with pytest.raises(ValueError, match=r"at least 257 .* got 256"):
        Tokenizer.train("low", d_vocab=256, special=["<|end|>"])
    with pytest.raises(ValueError, match="no pair left after 2: ask for fewer"):
        Tokenizer.train("low", d_vocab=300)


def test_special_tokens_are_text_unless_asked_for(trained, tokenizer):
    assert trained.encode("a<|end|>xb<|end|>", special=True) == [97, 279, 98, 278]
    assert trained.encode("<|end|><|end|>", special=True) == [278, 278]
    assert len(trained.encode("<|end|>")) > 1
    assert trained.pieces("a<|end|>x", special=True) == ["a", "<|end|>x"]
    assert tokenizer.encode("<|im_start|>", special=True) == [1]
    assert len(tokenizer.encode("<|im_start|>")) > 1


def test_a_vocabulary_without_special_tokens_finds_none():
    tokenizer = Tokenizer.train("low", d_vocab=257)
    assert tokenizer.encode("low", special=True) == tokenizer.encode("low") == [256, 119]


def test_a_chunk_that_is_a_token_is_that_token_as_in_tiktoken():
    # No merging leads to abc: neither ab nor bc is a token.
    ranks = {b"a": 0, b"b": 1, b"c": 2, b"abc": 3}
    theirs = tiktoken.Encoding("any", pat_str=r"\w+|\s", mergeable_ranks=ranks, special_tokens={})
    ours = Tokenizer(ranks, {}, r"\w+|\s")
    assert ours.encode("abc") == theirs.encode_ordinary("abc") == [3]
    assert ours.encode("abca") == theirs.encode_ordinary("abca") == [0, 1, 2, 0]


def test_broken_bytes_take_the_white_space_before_along_and_no_more():
    ranks = {bytes([byte]): byte for byte in range(256)} | {b"a ": 256, b"  ": 257}
    theirs = tiktoken.Encoding("any", pat_str=r"\w+|\s", mergeable_ranks=ranks, special_tokens={})
    ours = Tokenizer(ranks, {}, r"\w+|\s")
    assert ours.encode_bytes(b"a  \xff") == theirs._encode_bytes(b"a  \xff") == [97, 257, 255]


def test_two_tokens_with_one_id_are_refused():
    with pytest.raises(ValueError, match="for each of 3 tokens, got 2 ids"):
        Tokenizer({b"a": 0, b"b": 1}, {"<|end|>": 1}, "gpt2")


def test_saving_and_loading_changes_nothing(trained, tmp_path):
    trained.save(tmp_path / "vocabulary.json")
    loaded = Tokenizer.load(tmp_path / "vocabulary.json")
    text = "she sells 1234   shells<|end|>"
    for special in (False, True):
        assert loaded.encode(text, special) == trained.encode(text, special)
    assert (loaded.ranks, loaded.special) == (trained.ranks, trained.special)
    stored = json.loads((tmp_path / "vocabulary.json").read_text())
    assert stored["pre"] in PATTERNS
    assert stored["ranks"][trained.decode_bytes([256]).hex()] == 256


def test_a_pattern_of_ones_own_is_saved_too(tmp_path):
    tokenizer = Tokenizer.train("low-lower", d_vocab=257, pattern=r"-|[^-]+")
    tokenizer.save(tmp_path / "own.json")
    assert Tokenizer.load(tmp_path / "own.json").pieces("low-low") == ["lo", "w", "-", "lo", "w"]


def test_a_pretrained_models_vocabulary_is_saved_as_it_was_read(tokenizer, tmp_path):
    tokenizer.save(tmp_path / "vocabulary.json")
    read = pretrained.derived(NAME, "vocabulary.json")
    assert json.loads((tmp_path / "vocabulary.json").read_text()) == json.loads(read.read_text())


def test_a_byte_the_vocabulary_lacks_is_named(tokenizer):
    lacking = [byte for byte in range(256) if bytes([byte]) not in tokenizer.ranks]
    assert len(lacking) == 21
    for byte in lacking:
        with pytest.raises(ValueError, match=rf"no token for the byte {byte} \(0x{byte:02x}\)"):
            tokenizer.encode_bytes(b"a" + bytes([byte]) + b"b")
    with pytest.raises(ValueError, match=r"no token for the byte 4 \(0x04\)"):
        tokenizer.encode("a\x04b")


@pytest.mark.parametrize("special", [False, True])
def test_a_lone_surrogate_is_named(tokenizer, special):
    with pytest.raises(ValueError, match=r"character 13 .* lone surrogate \(U\+D800\)"):
        tokenizer.encode("<|im_start|>a\ud800b\udfff", special)
    with pytest.raises(ValueError, match=r"character 0 .* lone surrogate \(U\+DFFF\)"):
        Tokenizer.train("\udfff", d_vocab=256)


def test_an_id_out_of_range_is_refused(tokenizer):
    with pytest.raises(ValueError, match="no token has the id 49152: expected ids below 49152"):
        tokenizer.decode([49152])
    with pytest.raises(ValueError, match="no token has the id -1"):
        tokenizer.decode_bytes([-1])


def test_bytes_that_are_no_character_decode_to_the_replacement_character(trained):
    assert trained.decode([0xE2, 0x82]) == "\ufffd"
    assert trained.decode_bytes([0xE2, 0x82]) == b"\xe2\x82"


def test_kept_chunks_are_bounded(monkeypatch, trained):
    monkeypatch.setattr(ChunkIds, "MOST", 3)
    ids = ChunkIds(trained.ranks)
    for chunk in ["a", "b", "c", "a", "sea", "d", "x" * 65]:
        assert trained.decode(ids[chunk]) == chunk
    assert list(ids) == ["sea", "d"]  # the fourth drove out three; the long one was not kept


def test_gpt2s_alphabet_by_hand():
    # GPT-2 writes a space as Ġ (U+0120), a newline as Ċ (U+010A), and letters as themselves.
    assert (BYTE_OF_CHARACTER["Ġ"], BYTE_OF_CHARACTER["Ċ"], BYTE_OF_CHARACTER["a"]) == (32, 10, 97)
    assert sorted(BYTE_OF_CHARACTER.values()) == list(range(256))


def test_white_space_is_what_unicode_says():
    # str.isspace and re's \s have U+001C to U+001F too; tiktoken's and transformers' have not.
    assert not regex.match(r"\s", "\x1c")
    assert regex.match(r"\s", "\x85")
