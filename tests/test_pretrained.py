"""SmolLM2 under our names, against transformers reading the same file."""

from __future__ import annotations

import logging

import pytest
import torch

from minitransformer import fetch, pretrained
from minitransformer.transformer import Transformer

NAME = "smollm2-135m-instruct"
PROMPTS = [
    "When Mary and John went to the store, John gave a drink to",
    "The capital of France is",
    "def fibonacci(n):\n    if n < 2:\n        return",
    "1 + 1 = 2, 2 + 2 = 4, 3 + 3 =",
    "Once upon a time, in a village by the sea, there lived",
    "a",
    " ",
    "Die Würde des Menschen ist",
    "Все люди рождаются свободными и",
    "人人生而自由，在尊严和",
    "import numpy as np\nx = np.",
    "the the the the the the the the",
    "Q: What is the boiling point of water?\nA:",
    "ACGTACGTACGTACGT",
    "🙂 😀 🙃",
    "Dear Sir or Madam,\n\nI am writing to",
    "    \t\n\n   indented",
    "In 1969, Neil Armstrong walked on the",
    "SELECT name, age FROM users WHERE",
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age"
    " of foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the",
]


@pytest.fixture(scope="module")
def model() -> Transformer:
    return pretrained.load(NAME)


@pytest.fixture(scope="module")
def oracle():
    """The same file, read and run by transformers."""
    transformers = pytest.importorskip("transformers")
    logging.getLogger("transformers").setLevel(logging.ERROR)
    path = fetch.fetch(NAME)
    return transformers.AutoModelForCausalLM.from_pretrained(
        path.parent, gguf_file=path.name, dtype=torch.float32, attn_implementation="eager"
    ).eval()


@pytest.mark.slow
@torch.no_grad()
def test_logits_and_patterns_are_those_of_transformers(model, oracle):
    tokenizer = pretrained.load_tokenizer(NAME)
    assert len(PROMPTS) == 20
    for prompt in PROMPTS:
        tokens = torch.tensor([tokenizer.encode(prompt)])
        expected = oracle(tokens, output_attentions=True)
        logits, cache = model.run_with_cache(tokens, keep=["pattern"])
        assert (logits - expected.logits).abs().max() < 3e-4, prompt
        assert torch.equal(logits.argmax(-1), expected.logits.argmax(-1)), prompt
        difference = cache.stack("pattern") - torch.stack(expected.attentions)
        assert difference.abs().max() < 1e-4, prompt
        # The fused kernel, which runs when nobody asks for the pattern.
        assert (model(tokens) - expected.logits).abs().max() < 3e-4, prompt


def test_it_knows_the_capital_of_france(model):
    tokenizer = pretrained.load_tokenizer(NAME)
    logits = model(torch.tensor([tokenizer.encode("The capital of France is")]))
    assert tokenizer.decode([int(logits[0, -1].argmax())]) == " Paris"


def test_an_unknown_model_is_met_with_the_nearest_name():
    with pytest.raises(KeyError, match='did you mean "smollm2-135m-instruct"'):
        pretrained.load("smollm-135m-instruct")


def test_weights_of_another_shape_are_refused(model):
    state = {key: value for key, value in model.state_dict().items() if key != "unembed.w_u"}
    state["blocks.3.attn.w_k"] = torch.zeros(576, 576)
    with pytest.raises(ValueError, match=r"blocks.3.attn.w_k: expected \(192, 576\), got \(576, 5"):
        pretrained.install(Transformer(model.config), state)


def test_unpermuting_pairs_by_hand():
    # One head of 4 rows: pairs (0, 1) and (2, 3) become rows (0, 2) and (1, 3).
    rows = torch.arange(4.0)[:, None].expand(4, 3).numpy()
    assert pretrained.unpermute(rows, d_head=4)[:, 0].tolist() == [0, 2, 1, 3]


def test_a_broken_derived_file_is_not_used(tmp_path):
    whole = tmp_path / "w.safetensors"
    pretrained.save_file({"w": torch.ones(3)}, whole)
    assert pretrained.readable(whole)
    whole.write_bytes(whole.read_bytes()[:-4])
    assert not pretrained.readable(whole)


def test_an_interrupted_write_leaves_nothing(tmp_path):
    def breaks(path):
        path.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pretrained.write_whole(tmp_path / "file", breaks)
    assert list(tmp_path.iterdir()) == []
