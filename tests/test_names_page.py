"""The book's dictionary of names, against models that transformers made."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.dictionary import everywhere, of_layer, table
from minitransformer import pretrained, taps
from minitransformer.config import Config

LAYER = 1
TOKENS = torch.tensor([[3, 1, 4, 1, 5, 9, 2, 6]])
SIZES = {"vocab_size": 29, "bos_token_id": 0, "eos_token_id": 0}


def gpt2():
    transformers = pytest.importorskip("transformers")
    config = transformers.GPT2Config(
        n_layer=3, n_embd=20, n_head=5, n_positions=16, n_inner=28, **SIZES
    )
    return transformers.GPT2LMHeadModel(config)


def llama():
    transformers = pytest.importorskip("transformers")
    config = transformers.LlamaConfig(
        num_hidden_layers=3,
        hidden_size=20,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=6,
        intermediate_size=28,
        max_position_embeddings=16,
        **SIZES,
    )
    return transformers.LlamaForCausalLM(config)


@pytest.fixture
def both(request, tmp_path: Path):
    """A model as transformers has it, and as we load it from the folder it was saved to."""
    make, column = request.param
    torch.manual_seed(0)
    theirs = make().eval()
    with torch.no_grad():  # biases and norms start as zeros and ones, which hide a mistake
        for weight in theirs.parameters():
            weight.copy_(torch.randn_like(weight) * 0.3)
    theirs.set_attn_implementation("eager")
    theirs.save_pretrained(tmp_path)
    return theirs, pretrained.load(tmp_path), column


families = pytest.mark.parametrize(
    "both", [(gpt2, -2), (llama, -1)], indirect=True, ids=["gpt2", "llama"]
)


def third(cell: str, value: torch.Tensor) -> tuple[str, torch.Tensor]:
    """Of "name [k]" the name, and the second third of its value."""
    for place, mark in enumerate((" [q]", " [k]", " [v]")):
        if cell.endswith(mark):
            return cell.removesuffix(mark), value.chunk(3, dim=-1)[place]
    return cell, value


def test_every_setting_and_site_of_ours_is_on_the_page():
    assert {row[0] for row in table("Settings")} == {field.name for field in fields(Config)}
    ours = {*taps.MODEL_SITES, *(f"blocks.L.{site}" for site in taps.BLOCK_SITES)}
    sites = [row[0] for row in everywhere("Sites")]
    assert len(sites) == len(set(sites))
    assert set(sites) == ours


@families
def test_settings_are_called_so(both):
    theirs, ours, column = both
    for row in table("Settings"):
        if not row[column]:
            continue
        value, mine = getattr(theirs.config, row[column]), getattr(ours.config, row[0])
        if row[0] == "act":
            assert value in ("gelu_new", "silu")
        elif row[0] == "rotary_base":
            assert value["rope_theta"] == mine
        else:
            assert value == mine, row[0]


@families
def test_weights_are_called_so(both):
    theirs, ours, column = both
    state, mine = theirs.state_dict(), dict(ours.state_dict())
    seen = set()
    for row in everywhere("Weights"):
        cell, name = of_layer(row[column], LAYER), of_layer(row[0], LAYER)
        assert bool(cell) == (name in mine), name
        if not cell:
            continue
        value = state[cell.partition(" [")[0]]
        cell, value = third(cell, value)
        seen.add(cell)
        lies_across = column == -2 and value.ndim == 2 and "h." in cell
        assert torch.equal(mine[name], value.T if lies_across else value), name
        path, _, last = of_layer(row[1], LAYER).rpartition(".")
        if last.startswith("W_"):
            assert getattr(ours.get_submodule(path), last).numel() == mine[name].numel()
    of_this_layer = {n for n in state if f".{LAYER}." in n or not any(c.isdigit() for c in part(n))}
    assert seen == of_this_layer


def part(name: str) -> str:
    """A weight's name without the digit of ln_1 and the like."""
    return name.replace("ln_1", "").replace("ln_2", "")


@families
@torch.no_grad()
def test_sites_hold_what_the_page_says(both):
    theirs, ours, column = both
    seen: dict[str, Any] = {}
    handles = []
    for name, module in theirs.named_modules():

        def note(module, args, out, name=name):
            first = args[0] if args else None
            seen[f"{name} ←"] = first
            seen[f"{name} →"] = out[0] if isinstance(out, tuple) else out

        handles.append(module.register_forward_hook(note))
    out = theirs(TOKENS, output_attentions=True, use_cache=False)
    _, cache = ours.run_with_cache(TOKENS)
    compared = 0
    for row in everywhere("Sites"):
        cell, name = of_layer(row[column], LAYER), of_layer(row[0], LAYER)
        if not cell:
            continue
        if cell == f"attentions[{LAYER}]":
            value = out.attentions[LAYER]
        else:
            value = seen[cell.partition(" [")[0]]
            _, value = third(cell, value)
        expected = value.reshape(-1)
        got = cache[name].reshape(-1)
        if got.shape != expected.shape:  # one row of positions serves the whole batch
            expected = expected.expand_as(got)
        assert torch.allclose(got, expected, atol=1e-5, rtol=1e-4), name
        compared += 1
    assert compared == (18 if column == -2 else 17)
    names = {of_layer(row[0], LAYER) for row in everywhere("Sites")}
    met = {name for name in cache if name.startswith(f"blocks.{LAYER}.") or "blocks" not in name}
    assert met <= names
