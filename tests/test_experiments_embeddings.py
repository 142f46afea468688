"""Chapter 02's experiments: what is asked of the table, what is done to the stream, its claims."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from minitransformer import recipes
from minitransformer.experiments import embeddings
from minitransformer.experiments import embeddings_stream as stream
from minitransformer.experiments import embeddings_table as table
from minitransformer.experiments.data import speeches


def rows(n: int, d: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(n, d, generator=generator) * torch.linspace(1, 3, d) + torch.arange(d)


def test_the_first_component_is_that_of_the_singular_value_decomposition():
    x = rows(50, 7)
    direction, share = table.first_component(x)
    _, sizes, found = np.linalg.svd(x.numpy() - x.numpy().mean(axis=0), full_matrices=False)
    assert abs(float(direction @ torch.tensor(found[0]))) == pytest.approx(1, abs=1e-4)
    assert share == pytest.approx(sizes[0] ** 2 / (sizes**2).sum(), rel=1e-4)


def test_without_its_component_a_table_has_nothing_along_it():
    x = rows(50, 7)
    direction, _ = table.first_component(x)
    rest = table.without_component(x)
    assert (rest @ direction).abs().max() < 1e-4
    other = torch.linalg.svd(direction[None])[2][1]  # at right angles to it
    assert torch.allclose(rest @ other, x @ other, atol=1e-4)


def test_shuffled_columns_keep_their_numbers():
    x = rows(40, 5)
    shuffled = table.shuffled_columns(x, seed=1)
    assert torch.equal(shuffled.sort(dim=0).values, x.sort(dim=0).values)
    order = [int((x[:, j] == shuffled[0, j]).nonzero()[0, 0]) for j in range(5)]
    assert len(set(order)) > 1  # each in an order of its own


def test_same_ranks_by_hand():
    x = torch.tensor([1.0, 2.0, 3.0, 4.0])
    assert table.same_ranks(x, x.exp()) == pytest.approx(1)
    assert table.same_ranks(x, -x) == pytest.approx(-1)
    # 1 - 6 * (1 + 1) / (4 * 15)
    assert table.same_ranks(x, torch.tensor([10.0, 30.0, 20.0, 40.0])) == pytest.approx(0.8)


def test_separate_and_right_by_hand():
    a = torch.tensor([[4.0, 1.0], [6.0, 1.0]])
    b = torch.tensor([[1.0, -3.0], [3.0, -3.0], [2.0, -3.0]])
    difference, threshold = table.separate(a, b)
    assert difference.tolist() == [3, 4]
    assert float(threshold) == pytest.approx(6.5)
    assert table.right(a, b, difference, threshold) == 1
    # The first of a lies at 16, the second at 22; those of b at -9, -3 and -6.
    assert table.right(a, b, difference, 20.0) == pytest.approx((1 / 2 + 1) / 2)
    assert table.right(a, b, difference, -7.0) == pytest.approx((1 + 1 / 3) / 2)


def test_nearest_and_nearness_by_hand():
    x = torch.tensor([[4.0, 3], [1, 0], [0, 2], [3, 4], [-4, -3], [8, 6]])
    cosine, near = table.nearest(x, torch.tensor([0, 1]), 3)
    assert near.tolist() == [[5, 3, 1], [0, 5, 3]] or near.tolist() == [[5, 3, 1], [5, 0, 3]]
    assert cosine[0].tolist() == pytest.approx([1, 0.96, 0.8])
    near = table.nearness(torch.tensor([[2.0, 0], [4, 0], [4, 3], [0, 1]]), [0, 1])
    assert near.tolist() == pytest.approx([1, 1, 0.8, 0])


def test_a_random_table_has_the_mean_and_the_spread_of_its_model():
    x = rows(20_000, 4)
    drawn = table.random_table(x, seed=5)
    assert drawn.shape == x.shape
    assert torch.allclose(drawn.mean(dim=0), x.mean(dim=0), atol=0.1)
    assert torch.allclose(drawn.T.cov(), x.T.cov(), atol=0.3)
    assert not torch.allclose(drawn[:10], x[:10], atol=0.1)


def test_halves_share_nothing_and_lose_nothing():
    x = torch.arange(100, 121)
    a, b = table.halves(x, seed=3)
    assert (len(a), len(b)) == (10, 11)
    assert sorted(a.tolist() + b.tolist()) == x.tolist()
    assert not torch.equal(a, table.halves(x, seed=4)[0])


def test_word_lists_are_single_tokens_and_share_no_word(tokenizer):
    programming = table.programming_words(tokenizer)
    prose = table.prose_words(tokenizer, seed=0, n=len(programming))
    assert len(programming) == len(prose) >= 120
    assert len(set(programming.tolist()) | set(prose.tolist())) == 2 * len(programming)
    assert tokenizer.encode(" elif")[0] in programming
    assert all(tokenizer.decode([i])[0] == " " for i in prose.tolist())


def test_spellings_spell_the_same_word(tokenizer):
    found = table.spellings(tokenizer, seed=0, n=60)
    assert len(found) == 60
    for word, others in found.items():
        spelt = {tokenizer.decode([i]) for i in others}
        bare = tokenizer.decode([word]).strip()
        assert spelt
        assert {s.strip().lower() for s in spelt} == {bare}
        assert word not in others


def test_counts_are_of_the_play_and_of_the_library(tokenizer, monkeypatch, tmp_path):
    (tmp_path / "one.py").write_text("elif elif", encoding="utf-8")
    (tmp_path / "two.py").write_bytes(b"\xff elif")  # no UTF-8: left out
    (tmp_path / "three.txt").write_text(" elif", encoding="utf-8")
    monkeypatch.setattr(table.sysconfig, "get_path", lambda name: str(tmp_path))
    found = table.counts(tokenizer)
    play = tokenizer.encode(table.data_file("as_you_like_it.txt").read_text(encoding="utf-8"))
    assert int(found.sum()) == len(play) + len(tokenizer.encode("elif elif"))
    assert int(found[tokenizer.encode(" elif")[0]]) == 1
    some = table.counts(tokenizer, seed=1)  # one file of the two
    assert int(some.sum()) in (len(play), int(found.sum()))


@torch.no_grad()
def test_tokens_that_stand_elsewhere_are_turned_as_there(model):
    rotary = model.blocks[0].attn.rotary
    x = torch.randn(2, 6, 3, 64, generator=torch.Generator().manual_seed(0))
    turn = stream.stand_at(model, torch.arange(6.0) + 100)["rot_q"]
    assert torch.allclose(turn(rotary(x)), rotary(x, past=100), atol=1e-4)
    there = stream.stand_at(model, torch.zeros(6))["rot_k"](rotary(x))
    assert torch.allclose(there, x, atol=1e-5)


def test_without_takes_out_a_direction_or_as_much_of_another():
    value = torch.tensor([[[3.0, 4.0], [1.0, 2.0], [5.0, -6.0]]])
    up, along = torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.0])
    assert stream.without(up)(value)[0].tolist() == [[3, 4], [1, 0], [5, 0]]
    assert stream.without(up, instead=along)(value)[0].tolist() == [[3, 4], [-1, 2], [11, -6]]
    assert value[0, 1].tolist() == [1, 2]


def test_unit_vectors_have_length_one():
    vectors = stream.unit_vectors(3, 5, seed=0)
    assert torch.allclose(vectors.norm(dim=1), torch.ones(3))
    assert not torch.equal(vectors, stream.unit_vectors(3, 5, seed=1))


@torch.no_grad()
def test_the_first_write_is_the_mean_of_what_was_written(model, tokenizer):
    tokens = speeches(tokenizer, 3, 8, seed=0, held_out=False)
    _, cache = model.run_with_cache(tokens, keep=["blocks.0.mlp_out"])
    mean = cache["mlp_out", 0][:, 1:].mean(dim=(0, 1))
    assert torch.allclose(stream.first_write(model, tokens), mean / mean.norm(), atol=1e-5)


@torch.no_grad()
def test_heard_is_the_overlap_with_each_later_layer(model):
    written = torch.randn(10, 576, generator=torch.Generator().manual_seed(0))
    each = []
    for block in model.blocks[27:]:
        read = torch.diag(block.mlp_norm.w) @ block.mlp.W_in
        each.append(float((written @ read).norm() / (written.norm() * read.norm())))
    assert stream.heard(model, written, 27) == pytest.approx(sum(each) / 3, rel=1e-4)
    by_chance = stream.heard_by_chance(model, written, 27, seed=0, n=2)
    assert by_chance == pytest.approx(576**-0.5, abs=0.01)


def test_log_mass_and_kl_by_hand():
    p = torch.tensor([[[0.9, 0.1, 0.0001], [0.5, 0.25, 0.25]]]).log()
    assert stream.log_mass(p, torch.tensor([1, 2])) == pytest.approx(np.log(0.5))
    p = torch.tensor([[[0.5, 0.5]]]).log()
    q = torch.tensor([[[0.25, 0.75]]]).log()
    expected = 0.5 * np.log(0.5 / 0.25) + 0.5 * np.log(0.5 / 0.75)
    assert stream.kl(p, q) == pytest.approx(expected, abs=1e-6)
    assert stream.kl(p, p) == 0


def test_inserted_by_hand():
    tokens = torch.tensor([[1, 2, 3], [4, 5, 6]])
    assert stream.inserted(tokens, torch.tensor([8, 9]), 1).tolist() == [[1, 8, 2, 3], [4, 9, 5, 6]]


@pytest.mark.slow
@torch.no_grad()
def test_a_rerun_follows_the_recorded_run(model, tokenizer):
    run = recipes.recorded("embeddings-seeds")["runs"][0]
    again = embeddings.measure_table(run["seed"], model.W_E, tokenizer)
    for id, (ours, control) in again.items():
        assert ours == pytest.approx(run["rows"][id]["ours"], abs=5e-3), id
        assert control == pytest.approx(run["rows"][id]["control"], abs=5e-3), id
