"""The cache of keys and values: what it gives back, padded rows, copies made, gradients."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from minitransformer.config import Config
from minitransformer.kv import KVCache, LayerKV
from minitransformer.transformer import Transformer

SIZES = {"n_heads": 6, "d_head": 8, "d_vocab": 50, "n_ctx": 24, "d_mlp": 44}
LLAMA = {
    "n_layers": 3, "d_model": 30, "n_kv_heads": 2, "act": "silu", "gated": True, "norm": "rms",
    "positions": "rotary", "bias": False,
}  # fmt: skip
GPT2 = {"n_layers": 2, "d_model": 20}
CONFIGS = {
    "gpt2": Config(**SIZES, **GPT2),
    "gpt2, window": Config(**SIZES, **GPT2, window=3),
    "gpt2, exact gelu": Config(**SIZES, **GPT2, act="gelu"),
    "llama": Config(**SIZES, **LLAMA),
    "llama, window": Config(**SIZES, **LLAMA, window=3),
    "multi-query": Config(**SIZES, **{**LLAMA, "n_kv_heads": 1}),
    "attention only": Config(**{**SIZES, "d_mlp": None}, **GPT2, norm=None, positions=None),
}


@pytest.fixture(params=CONFIGS)
def model(request) -> Transformer:
    model = Transformer(CONFIGS[request.param])
    for seed, weight in enumerate(model.parameters()):  # large: every part makes a difference
        generator = torch.Generator().manual_seed(seed)
        torch.nn.init.normal_(weight, 0.0, 0.3, generator=generator)
    return model.requires_grad_(False)


def draw(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def test_prefill_then_decode_equals_the_full_pass(model):
    tokens = torch.randint(0, 50, (3, 20), generator=torch.Generator().manual_seed(1))
    kv = KVCache(model.config.n_layers)
    cuts = [0, 5, 6, 7, 11, *range(12, 21)]
    parts = [model(tokens[:, a:b], kv=kv) for a, b in pairwise(cuts)]
    torch.testing.assert_close(torch.cat(parts, dim=1), model(tokens), atol=1e-5, rtol=1e-5)
    assert kv.length == 20


def test_padded_rows_give_what_each_gives_alone(model):
    generator = torch.Generator().manual_seed(1)
    rows = [torch.randint(0, 50, (n,), generator=generator) for n in (12, 9, 1)]
    for padding in (0, 49):  # whatever stands there
        start = torch.tensor([12 - len(row) for row in rows])
        padded = torch.stack(
            [torch.cat([torch.full((12 - len(row),), padding), row]) for row in rows]
        )
        kv = KVCache(model.config.n_layers, start)
        new = torch.randint(0, 50, (3, 4), generator=generator)
        parts = [padded, new[:, :1], new[:, 1:]]
        together = torch.cat([model(part, kv=kv) for part in parts], dim=1)
        for b, row in enumerate(rows):
            alone = model(torch.cat([row, new[b]])[None])
            torch.testing.assert_close(together[b, 12 - len(row) :], alone[0], atol=1e-5, rtol=1e-5)


def test_it_gives_back_all_that_it_was_given_in_order():
    kv, k, v = LayerKV(), draw(2, 40, 3, 4), draw(2, 40, 3, 4) + 1
    for a, b in [(0, 3), (3, 4), (4, 5), (5, 17), (17, 40)]:
        all_k, all_v = kv.extend(k[:, a:b], v[:, a:b])
        assert kv.length == b
        assert torch.equal(all_k, k[:, :b])
        assert torch.equal(all_v, v[:, :b])


def test_what_was_handed_out_does_not_change_later():
    kv, k = LayerKV(), draw(1, 9, 3, 4)
    given = k[:, :3].clone()
    handed_out = [kv.extend(given, given)[0]]
    handed_out += [kv.extend(k[:, i : i + 1], k[:, i : i + 1])[0] for i in range(3, 9)]
    assert torch.equal(given, k[:, :3])
    for i, earlier in enumerate(handed_out):
        assert torch.equal(earlier, k[:, : 3 + i])


def test_a_text_of_n_tokens_is_copied_about_twice_not_n_times():
    kv, one = LayerKV(), draw(1, 1, 3, 4)
    moved, memory = 0, {}  # every piece of memory it ever used, kept alive to be told apart
    for _ in range(1000):
        k, _ = kv.extend(one, one)
        if k.untyped_storage().data_ptr() not in memory:
            memory[k.untyped_storage().data_ptr()] = k
            moved += k.shape[1]
    assert kv.length == 1000
    assert moved < 3 * 1000


def test_a_gradient_flows_through_it():
    kv, k = LayerKV(), draw(1, 4, 3, 4)
    parts = [k[:, :2].clone().requires_grad_(), *k[:, 2:].split(1, dim=1)]
    weight = draw(1, 4, 3, 4)
    loss = torch.tensor(0.0)
    for part in parts:
        every, _ = kv.extend(part, part.detach())
        loss = loss + (every**2 * weight[:, : every.shape[1]]).sum()
    (found,) = torch.autograd.grad(loss, parts[0])
    torch.testing.assert_close(found, 3 * 2 * k[:, :2] * weight[:, :2])


@pytest.mark.parametrize("start", [None, torch.zeros(3, dtype=torch.int64)])
def test_a_cache_holds_one_batch(start):
    kv = KVCache(1, start).layers[0]
    if start is None:
        kv.extend(draw(3, 2, 3, 4), draw(3, 2, 3, 4))
    with pytest.raises(ValueError, match="holds a batch of 3, got one of 2"):
        kv.extend(draw(2, 2, 3, 4), draw(2, 2, 3, 4))
