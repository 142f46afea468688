"""Tokenizers from files: the ids are those of the library that wrote the files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from minitransformer import pretrained

tokenizers = pytest.importorskip("tokenizers")

# This file, without the special token: the library looks for it in every text, and we when asked.
SOURCE = Path(__file__).read_text(encoding="utf-8").replace("<|end|>", "")
TEXTS = [
    SOURCE, "", " ", "   leading, 3 spaces and 12345 digits", "it's we'll they'VE", "\n\n \t x\r\n",
    "Die Würde des Menschen", "人人生而自由", "🙂 😀🙃",
    "e\u0301 \u00a0 \u3000", "١٢٣ ½ Ⅷ", "    7", "a\x00b\x7f",
]  # fmt: skip
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def cut_as(kind: str):
    pre, end = tokenizers.pre_tokenizers, tokenizers.pre_tokenizers.ByteLevel
    return {
        "gpt2": end(add_prefix_space=False),
        "smollm": pre.Sequence([pre.Digits(individual_digits=True), end(add_prefix_space=False)]),
        "llama3": pre.Sequence(
            [
                pre.Split(tokenizers.Regex(LLAMA3), "isolated"),
                end(add_prefix_space=False, use_regex=False),
            ]
        ),
        "prefix": end(add_prefix_space=True),
        "words": pre.Whitespace(),
    }[kind]


def trained(kind: str):
    """A tokenizer of the tokenizers library, trained on this file."""
    theirs = tokenizers.Tokenizer(tokenizers.models.BPE())
    theirs.pre_tokenizer = cut_as(kind)
    theirs.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|end|>"],
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    theirs.train_from_iterator([SOURCE], trainer)
    return theirs


@pytest.mark.parametrize("kind", ["gpt2", "smollm", "llama3"])
def test_tokenizer_json(kind, tmp_path):
    theirs = trained(kind)
    theirs.save(str(tmp_path / "tokenizer.json"))
    ours = pretrained.load_tokenizer(tmp_path)
    for text in TEXTS:
        ids = theirs.encode(text).ids
        assert ours.encode(text) == ids, text
        assert ours.decode(ids) == text
    assert len(ours.encode(SOURCE)) < 0.7 * len(SOURCE.encode())  # it does merge
    assert ours.special == {"<|end|>": 0}


def test_the_older_pair(tmp_path):
    theirs = trained("gpt2")
    theirs.model.save(str(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["merges.txt", "vocab.json"]
    ours = pretrained.load_tokenizer(str(tmp_path))
    for text in TEXTS:
        assert ours.encode(text) == theirs.encode(text).ids, text
    assert ours.encode("a<|end|>", special=True)[-1] == 0


@pytest.mark.parametrize(
    ("kind", "message"),
    [("prefix", "a space before the text"), ("words", "cuts texts by Whitespace in a way unknown")],
)
def test_another_way_of_cutting_is_refused(kind, message, tmp_path):
    trained(kind).save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(ValueError, match=f"tokenizer.json: expected a byte-level BPE; .*{message}"):
        pretrained.load_tokenizer(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": {"type": "Unigram"}}, "type is 'Unigram'"),
        ({"normalizer": {"type": "NFC"}}, "changes the text: 'NFC'"),
        ({"model": {}}, "type is None"),
    ],
)
def test_another_kind_is_refused(change, message, tmp_path):
    path = tmp_path / "tokenizer.json"
    trained("gpt2").save(str(path))
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **change}))
    with pytest.raises(ValueError, match=message):
        pretrained.load_tokenizer(tmp_path)


def test_merges_out_of_order_and_files_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no tokenizer: expected tokenizer.json, or"):
        pretrained.load_tokenizer(tmp_path)
    trained("gpt2").model.save(str(tmp_path))
    merges = (tmp_path / "merges.txt").read_text(encoding="utf-8").splitlines()
    (tmp_path / "merges.txt").write_text("\n".join([merges[0], merges[2], merges[1]]))
    with pytest.raises(ValueError, match=r"merges.txt: merge 2: expected two tokens.*above 258"):
        pretrained.load_tokenizer(tmp_path)
