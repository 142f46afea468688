"""Embeddings, norms and MLPs against torch; circuits against products written out."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from minitransformer import circuits
from minitransformer.config import Config
from minitransformer.mlp import MLP, GatedMLP
from minitransformer.normalization import LayerNorm, RMSNorm
from minitransformer.transformer import Transformer

X = torch.randn(3, 5, 20, generator=torch.Generator().manual_seed(0)) * 3 + 1
W, B = torch.linspace(0.5, 2, 20), torch.linspace(-1, 1, 20)


@pytest.mark.parametrize("size", [1.0, 1e-3])  # the small one feels eps
def test_norms_equal_torchs(size):
    x = size * X
    norm = LayerNorm(20, eps=1e-5).requires_grad_(False)
    norm.w[:], norm.b[:] = W, B
    torch.testing.assert_close(norm(x), F.layer_norm(x, (20,), W, B, eps=1e-5))
    norm = RMSNorm(20, eps=1e-5).requires_grad_(False)
    norm.w[:] = W
    torch.testing.assert_close(norm(x), F.rms_norm(x, (20,), W, eps=1e-5))


@pytest.mark.parametrize(
    ("act", "torchs"),
    [
        ("relu", torch.nn.ReLU()),
        ("gelu", torch.nn.GELU()),
        ("gelu_tanh", torch.nn.GELU(approximate="tanh")),
        ("silu", torch.nn.SiLU()),
    ],
)
def test_mlps_equal_linear_layers_around_torchs_activations(act, torchs):
    sizes = {"n_layers": 1, "d_model": 20, "n_heads": 1, "d_head": 3, "d_vocab": 2, "n_ctx": 9}
    generator = torch.Generator().manual_seed(1)
    plain = MLP(Config(**sizes, d_mlp=44, act=act)).requires_grad_(False)
    gated = GatedMLP(Config(**sizes, d_mlp=44, act=act, gated=True, bias=False))
    gated.requires_grad_(False)
    for weight in [*plain.parameters(), *gated.parameters()]:
        torch.nn.init.normal_(weight, generator=generator)
    expected = torchs(X @ plain.W_in + plain.b_in) @ plain.W_out + plain.b_out
    torch.testing.assert_close(plain(X), expected, atol=1e-3, rtol=1e-4)
    expected = (torchs(X @ gated.W_gate) * (X @ gated.W_in)) @ gated.W_out
    torch.testing.assert_close(gated(X), expected, atol=1e-3, rtol=1e-4)


@pytest.fixture(scope="module")
def model() -> Transformer:
    config = Config(
        n_layers=2, d_model=20, n_heads=6, n_kv_heads=2, d_head=8, d_vocab=50, n_ctx=16,
        norm=None, positions=None, bias=False,
    )  # fmt: skip
    model = Transformer(config)
    generator = torch.Generator().manual_seed(0)
    for weight in model.parameters():
        torch.nn.init.normal_(weight, 0.0, 0.3, generator=generator)
    return model.requires_grad_(False)


def test_the_qk_circuit_gives_the_scores_of_a_model_without_positions(model):
    tokens = torch.tensor([[3, 14, 15, 9, 26]])
    _, cache = model.run_with_cache(tokens, keep=["attn_scores", "attn_in"])
    x, past = cache["attn_in", 1][0], torch.ones(5, 5).tril().bool()
    scores = x @ circuits.qk(model, 1, 4).full() @ x.T / 8**0.5
    torch.testing.assert_close(scores[past], cache["attn_scores", 1][0, 4][past])


def test_the_ov_circuits_weighted_by_the_patterns_give_attn_out(model):
    tokens = torch.tensor([[3, 14, 15, 9, 26]])
    _, cache = model.run_with_cache(tokens, keep=["pattern", "attn_in", "attn_out"])
    x, pattern = cache["attn_in", 1][0], cache["pattern", 1][0]
    out = sum(pattern[h] @ x @ circuits.ov(model, 1, h).full() for h in range(6))
    torch.testing.assert_close(out, cache["attn_out", 1][0], atol=1e-5, rtol=1e-5)


def test_eigenvalues_of_a_factored_matrix_are_those_of_the_product(model):
    factored = circuits.ov(model, 0, 3)
    every = torch.linalg.eigvals(factored.full())
    largest = every[every.abs().argsort(descending=True)[:8]].abs().sort().values
    torch.testing.assert_close(
        factored.eigenvalues().abs().sort().values, largest, rtol=1e-3, atol=1e-4
    )


def test_a_head_there_is_not_is_refused(model):
    with pytest.raises(IndexError, match=r"layer 0 to 1 and head 0 to 5, got 1\.6"):
        circuits.ov(model, 1, 6)
