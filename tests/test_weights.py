"""Weights by name: all of them, once, in the shapes of the formulas, and no copies."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from minitransformer.config import Config
from minitransformer.transformer import Transformer
from minitransformer.weights import named

SIZES = {
    "n_layers": 2, "d_model": 7, "n_heads": 6, "d_head": 4, "d_mlp": 9, "d_vocab": 11, "n_ctx": 8,
}  # fmt: skip
GPT2 = Config(**SIZES)
LLAMA = Config(
    **SIZES, n_kv_heads=3, norm="rms", positions="rotary", bias=False, gated=True, act="silu"
)
KINDS = {
    "gpt2": GPT2,
    "llama": LLAMA,
    "attention only": Config(**{**SIZES, "d_mlp": None}, norm=None, positions=None, bias=False),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_is_there_once_and_is_not_a_copy(kind):
    model = Transformer(KINDS[kind]).requires_grad_(False)
    found = named(model)
    assert sorted(w.data_ptr() for w in found.values()) == sorted(
        p.data_ptr() for p in model.parameters()
    )
    assert sum(w.numel() for w in found.values()) == sum(p.numel() for p in model.parameters())


def test_tied_weights_have_both_names():
    found = named(Transformer(Config(**SIZES, tied=True)))
    assert torch.equal(found["W_U"], found["W_E"].T)


def test_names_and_shapes_are_those_of_the_notation_page():
    shapes = {name: list(w.shape) for name, w in named(Transformer(LLAMA)).items()}
    block = {
        "attn_norm.w": [7],
        "attn.W_Q": [6, 7, 4], "attn.W_K": [3, 7, 4], "attn.W_V": [3, 7, 4], "attn.W_O": [6, 4, 7],
        "mlp_norm.w": [7], "mlp.W_gate": [7, 9], "mlp.W_in": [7, 9], "mlp.W_out": [9, 7],
    }  # fmt: skip
    expected = {
        f"blocks.{layer}.{name}": shape for layer in (0, 1) for name, shape in block.items()
    }
    assert shapes == {"W_E": [11, 7], **expected, "final_norm.w": [7], "W_U": [7, 11]}
    gpt2 = named(Transformer(GPT2))
    assert {"W_pos", "blocks.0.attn_norm.b", "blocks.1.attn.b_q", "blocks.1.mlp.b_in"} <= set(gpt2)


def test_a_model_without_layers_is_its_weights():
    config = Config(**{**SIZES, "n_layers": 0}, norm="rms", positions="learned", bias=False)
    model = Transformer(config, torch.Generator().manual_seed(0)).requires_grad_(False)
    w, tokens = named(model), torch.tensor([[3, 10, 0]])
    x = F.rms_norm(w["W_E"][tokens] + w["W_pos"][:3], (7,), w["final_norm.w"], eps=1e-5)
    torch.testing.assert_close(model(tokens), x @ w["W_U"])
