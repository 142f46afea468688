"""SmolLM2's tokenizer against transformers', and what it cannot hold."""

from __future__ import annotations

import inspect
import logging
import textwrap
from pathlib import Path

import pytest

from minitransformer import fetch, pretrained
from minitransformer.tokenizer import BYTE_OF_CHARACTER, Tokenizer

NAME = "smollm2-135m-instruct"
TEXTS = [
    "When Mary and John went to the store, John gave a drink to",
    "  two  spaces,   then 12345 and\t\ttabs\n\n\nand lines  \n 7",
    "price: 3.14 €, 1,000,000 ¥; 50% off   99",
    "don't we've they'll I'm you're he'd it's DON'T",
    "naïve café Übergröße Ελλάδα Привет мир 你好，世界 こんにちは 안녕하세요 العربية हिन्दी ไทย",
    "🙂👩‍👩‍👧‍👦🏳️‍🌈 emoji",
    "½ ² Ⅷ ٣ 四",
    "<|im_start|>user",
    "",
]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return pretrained.load_tokenizer(NAME)


@pytest.mark.slow
def test_ids_are_those_of_transformers(tokenizer):
    transformers = pytest.importorskip("transformers")
    logging.getLogger("transformers").setLevel(logging.ERROR)
    path = fetch.fetch(NAME)
    theirs = transformers.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    # Reading a GGUF, transformers leaves out what its "smollm" pre-tokenizer means: digits are
    # cut out singly before the rest is cut as GPT-2 does.
    tokenizers = pytest.importorskip("tokenizers.pre_tokenizers")
    theirs.backend_tokenizer.pre_tokenizer = tokenizers.Sequence(
        [tokenizers.Digits(individual_digits=True), tokenizers.ByteLevel(add_prefix_space=False)]
    )
    # The standard library's own code, function by function, and this project's text.
    code = [inspect.getsource(f) for _, f in inspect.getmembers(textwrap, inspect.isroutine)]
    code += Path(inspect.__file__).read_text(encoding="utf-8").split("\ndef ")
    for text in TEXTS + code:
        expected = theirs(text, add_special_tokens=False)["input_ids"]
        assert tokenizer.encode(text, special=True) == expected, text


@pytest.mark.parametrize("text", TEXTS)
def test_decoding_gives_the_text_back(tokenizer, text):
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert "".join(tokenizer.pieces(text)) == text or any(ord(c) > 127 for c in text)


def test_special_tokens_are_text_unless_asked_for(tokenizer):
    assert tokenizer.encode("<|im_start|>", special=True) == [1]
    assert len(tokenizer.encode("<|im_start|>")) > 1


def test_a_byte_the_vocabulary_lacks_is_named(tokenizer):
    with pytest.raises(ValueError, match=r"no token for the byte 4 \(0x04\)"):
        tokenizer.encode("a\x04b")


def test_a_lone_surrogate_is_named(tokenizer):
    with pytest.raises(ValueError, match=r"character 1 .* lone surrogate \(U\+D800\)"):
        tokenizer.encode("a\ud800")


def test_an_id_out_of_range_is_refused(tokenizer):
    with pytest.raises(ValueError, match="no token has the id 49152"):
        tokenizer.decode([49152])


def test_gpt2s_alphabet_by_hand():
    # GPT-2 writes a space as Ġ (U+0120), a newline as Ċ (U+010A), and letters as themselves.
    assert (BYTE_OF_CHARACTER["Ġ"], BYTE_OF_CHARACTER["Ċ"], BYTE_OF_CHARACTER["a"]) == (32, 10, 97)
    assert sorted(BYTE_OF_CHARACTER.values()) == list(range(256))
