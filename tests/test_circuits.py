"""QK and OV circuits and how heads compose, against products written out."""

from __future__ import annotations

import pytest
import torch

from minitransformer import circuits, pretrained
from minitransformer.circuits import FactoredMatrix, composition, composition_by_chance
from minitransformer.config import Config
from minitransformer.transformer import Transformer


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


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


M, N = FactoredMatrix(drawn(9, 3), drawn(3, 7)), FactoredMatrix(drawn(7, 2), drawn(2, 5))


def test_products_and_transposes_are_those_of_the_full_matrices():
    full, x, y = M.full(), drawn(4, 9, seed=1), drawn(7, 6, seed=2)
    assert M.shape == (9, 7)
    torch.testing.assert_close(M.T.full(), full.T)
    for product, expected, rank in [
        (M @ N, full @ N.full(), 2),
        (N.T @ M.T, N.full().T @ full.T, 2),
        (M @ y, full @ y, 3),
        (x @ M, x @ full, 3),
        (x @ M @ N @ drawn(5, 8), x @ full @ N.full() @ drawn(5, 8), 2),
    ]:
        assert isinstance(product, FactoredMatrix)
        assert product.left.shape[1] == rank  # it stays factored, and as small as it can
        torch.testing.assert_close(product.full(), expected, atol=1e-4, rtol=1e-4)


# The last: a rank above both sides, as W_E OV W_U of a tiny vocabulary has.
@pytest.mark.parametrize("m", [M, N.T, FactoredMatrix(drawn(4, 8), drawn(8, 6))])
def test_norm_and_svd_are_those_of_the_full_matrix(m):
    full = m.full()
    torch.testing.assert_close(m.norm(), torch.linalg.matrix_norm(full))
    u, s, v = m.svd()
    expected = torch.linalg.svdvals(full)
    torch.testing.assert_close(s, expected[: len(s)], atol=1e-4, rtol=1e-4)
    assert (expected[len(s) :] < 1e-4).all()
    torch.testing.assert_close(u @ s.diag() @ v, full, atol=1e-4, rtol=1e-4)
    for basis in (u.T @ u, v @ v.T):
        torch.testing.assert_close(basis, torch.eye(len(s)), atol=1e-5, rtol=0)


def test_a_norm_by_hand():
    m = FactoredMatrix(torch.tensor([[1.0], [2.0]]), torch.tensor([[2.0, 4.0]]))
    assert m.full().tolist() == [[2, 4], [4, 8]]
    assert m.norm().item() == pytest.approx(10)
    assert m.eigenvalues().real.item() == pytest.approx(10)


def test_composition_is_the_ratio_of_full_norms(model):
    """By the paper's formula, transposes and all: their matrices act on columns."""
    scores = {kind: composition(model, kind) for kind in ("Q", "K", "V")}
    for early in range(6):
        for late in range(6):
            a, b = model.blocks[0].attn, model.blocks[1].attn
            kv_a, kv_b = early // 3, late // 3
            ov_a = a.W_O[early].T @ a.W_V[kv_a].T
            ov_b = b.W_O[late].T @ b.W_V[kv_b].T
            qk_b = b.W_Q[late] @ b.W_K[kv_b].T
            for kind, reads in {"Q": qk_b.T, "K": qk_b, "V": ov_b}.items():
                ratio = (reads @ ov_a).norm() / (reads.norm() * ov_a.norm())
                torch.testing.assert_close(scores[kind][0, early, 1, late], ratio)
    for found in scores.values():
        assert found[1].abs().max() == 0  # nothing comes after the last layer
        assert found[0, :, 0].abs().max() == 0  # and nothing composes within one


def test_random_heads_compose_by_one_over_the_root_of_d_model():
    chance = composition_by_chance(100, 8, 50, torch.Generator().manual_seed(0))
    assert chance.mean().item() == pytest.approx(0.1, rel=0.05)
    assert chance.std() < 0.02


def test_heads_made_to_compose_do_and_heads_made_not_to_score_nothing():
    """4 of 8 dimensions each: head 0 writes into the half that 1.0 looks for with its keys."""
    config = Config(n_layers=2, d_model=8, n_heads=2, d_head=4, d_vocab=3, n_ctx=4, bias=False)
    model = Transformer(config).requires_grad_(False)
    first, second = torch.eye(8)[:, :4], torch.eye(8)[:, 4:]
    for block in model.blocks:
        block.attn.W_Q[:] = block.attn.W_V[:] = first
        block.attn.W_K[:] = second
        block.attn.W_O[0], block.attn.W_O[1] = second.T, first.T
    scores = {kind: composition(model, kind)[0, :, 1] for kind in ("Q", "K", "V")}
    half = 2 / (2 * 2)  # the norm of an identity of 4 is 2: one for the product, two below it
    assert scores["K"].tolist() == [[half, half], [0, 0]]
    assert scores["Q"].tolist() == scores["V"].tolist() == [[0, 0], [half, half]]


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"expected 7 rows to the right of \(9, 7\), got 9"):
        M @ M
    with pytest.raises(ValueError, match=r"expected 7 rows to the right of \(9, 7\), got 5"):
        M @ drawn(5, 5)
    with pytest.raises(ValueError, match=r"expected 9 columns to the left of \(9, 7\), got 7"):
        drawn(2, 7) @ M
    with pytest.raises(ValueError, match="a square matrix, got 9 x 7"):
        M.eigenvalues()


@pytest.mark.parametrize("circuit", [circuits.qk, circuits.ov])
def test_a_layer_there_is_not_is_refused(model, circuit):
    with pytest.raises(IndexError, match=r"layer 0 to 1 and head 0 to 5, got 2\.0"):
        circuit(model, 2, 0)


@pytest.mark.slow
def test_smollm2s_previous_token_head_composes_with_its_induction_heads():
    """Chapter 03's heads, found by what they do: their weights say the same."""
    model = pretrained.load("smollm2-135m-instruct")
    scores = composition(model, "K")
    assert torch.unravel_index(scores.argmax(), scores.shape)[:2] == (16, 0)
    induction = [scores[16, 0, layer, head] for layer, head in [(17, 3), (17, 4), (17, 5)]]
    chance = composition_by_chance(576, 64, 20, torch.Generator().manual_seed(0))
    assert min(induction) > 4 * chance.mean()
