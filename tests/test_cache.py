"""The residual stream's parts: they sum to it, and to what the final norm makes of it."""

from __future__ import annotations

import pytest
import torch

from minitransformer import pretrained
from minitransformer.attribution import final_parts, writers
from minitransformer.cache import ActivationCache, record
from minitransformer.config import Config
from minitransformer.stream import Parts, Writers
from minitransformer.transformer import Transformer

CONFIGS = {
    "gpt2": Config(
        n_layers=2, d_model=20, n_heads=6, d_head=8, d_vocab=50, n_ctx=16, d_mlp=44
    ),
    "llama": Config(
        n_layers=3, d_model=30, n_heads=6, n_kv_heads=2, d_head=8, d_vocab=50, n_ctx=16, d_mlp=44,
        act="silu", gated=True, norm="rms", positions="rotary", bias=False, tied=True,
    ),
    "attention-only": Config(
        n_layers=2, d_model=20, n_heads=6, d_head=8, d_vocab=50, n_ctx=16, norm=None, bias=False
    ),
}  # fmt: skip
TOKENS = torch.randint(0, 50, (3, 7), generator=torch.Generator().manual_seed(1))


def make(config: Config) -> Transformer:
    """A model whose every weight, bias and norm makes a difference."""
    model = Transformer(config)
    generator = torch.Generator().manual_seed(0)
    for weight in model.parameters():
        torch.nn.init.normal_(weight, 0.0, 0.3, generator=generator)
    return model.requires_grad_(False)


@pytest.fixture(params=CONFIGS)
def model(request) -> Transformer:
    return make(CONFIGS[request.param])


def kinds(model: Transformer) -> list[str]:
    return ["layer", "head"] + ["neuron"] * (model.config.d_mlp is not None)


def assert_sums(parts: Parts, stream: torch.Tensor, within: float) -> None:
    largest = parts.values.abs().max()
    assert (parts.values.double().sum(0) - stream).abs().max() <= within * largest
    assert (parts.sum() - stream).abs().max() <= within * largest


@pytest.mark.parametrize("layer", [0, 1, -1])
def test_the_parts_sum_to_the_stream(model, layer):
    _, cache = model.run_with_cache(TOKENS)
    mid = ["resid_mid"] * (model.config.d_mlp is not None)
    for site in ["resid_pre", *mid, "resid_post"]:
        for by in kinds(model):
            parts = cache.decompose(site, layer, split=writers(model, by))
            assert_sums(parts, cache[site, layer], within=1e-6)
            some = cache.decompose(site, layer, at=[-1, 2], split=writers(model, by))
            torch.testing.assert_close(some.values, parts.values[:, :, [6, 2]])


def test_each_part_is_what_its_name_says():
    model = make(CONFIGS["gpt2"])
    _, cache = model.run_with_cache(TOKENS)
    attn, mlp = model.blocks[1].attn, model.blocks[1].mlp
    split = Writers(
        W_O=[b.attn.W_O for b in model.blocks], b_O=[b.attn.b_o for b in model.blocks],
        W_out=[b.mlp.W_out for b in model.blocks], b_out=[b.mlp.b_out for b in model.blocks],
    )  # fmt: skip
    parts = cache.decompose(split=split)
    assert len(parts) == 2 + 2 * (6 + 1 + 44 + 1)
    assert torch.equal(parts["embed"], model.W_E[TOKENS])
    assert torch.equal(parts["pos_embed"], model.W_pos[:7].expand(3, 7, 20))
    # By columns of the stored matrices, without the names' views.
    head = cache["z", 1][:, :, 4] @ attn.w_o[:, 4 * 8 : 5 * 8].T
    torch.testing.assert_close(parts["blocks.1.attn.head.4"], head)
    neuron = cache["mlp_post", 1][:, :, 17, None] * mlp.w_out[:, 17]
    torch.testing.assert_close(parts["blocks.1.mlp.neuron.17"], neuron)
    assert torch.equal(parts["blocks.1.attn.b_o"], attn.b_o.expand(3, 7, 20))
    assert torch.equal(parts["blocks.1.mlp.b_out"], mlp.b_out.expand(3, 7, 20))


def test_the_stream_before_a_layer_holds_only_what_came_before_it():
    _, cache = make(CONFIGS["gpt2"]).run_with_cache(TOKENS)
    first = ["embed", "pos_embed"]
    assert cache.decompose("resid_pre", 0).names == first
    assert cache.decompose("resid_mid", 0).names == [*first, "blocks.0.attn_out"]
    after = [*first, "blocks.0.attn_out", "blocks.0.mlp_out"]
    assert cache.decompose("resid_post", 0).names == cache.decompose("resid_pre", 1).names == after


def test_the_parts_pass_through_the_final_norm_one_by_one(model):
    _, cache = model.run_with_cache(TOKENS)
    for by in kinds(model):
        parts = final_parts(model, cache, by)
        assert (parts.sum() - cache["final_norm"]).abs().max() <= 1e-4
        torch.testing.assert_close(parts.sum() @ model.W_U, cache["logits"], atol=1e-4, rtol=1e-4)


def test_a_norm_by_hand():
    parts = Parts(["a", "c"], torch.tensor([[[[4.0, 0.0]]], [[[0.0, 2.0]]]]))
    scale, w, b = torch.tensor([[[2.0]]]), torch.tensor([1.0, 3.0]), torch.tensor([5.0, 7.0])
    rms = parts.normed(scale, w)
    assert rms.values.tolist() == [[[[2, 0]]], [[[0, 3]]]]
    layer = parts.normed(scale, w, b, center=True)
    assert layer.names == ["a", "c", "norm.b"]
    assert layer.values.tolist() == [[[[1, -3]]], [[[-0.5, 1.5]]], [[[5, 7]]]]


def test_projections_are_the_vectors_dot_products(model):
    _, cache = model.run_with_cache(TOKENS)
    generator = torch.Generator().manual_seed(2)
    for direction in (
        torch.randn(model.config.d_model, generator=generator),
        torch.randn(3, model.config.d_model, generator=generator),  # another one for each row
    ):
        for by in kinds(model):
            vectors = cache.decompose(split=writers(model, by))
            projected = cache.project(direction, split=writers(model, by))
            assert projected.names == vectors.names
            expected = (vectors.values * direction.expand(3, -1)[:, None]).sum(-1)
            torch.testing.assert_close(projected.values, expected, atol=1e-4, rtol=1e-4)


def test_what_was_left_out_is_noticed():
    model = make(CONFIGS["gpt2"])
    keep = ["embed", "attn_out", "mlp_out", "resid_post"]
    _, cache = model.run_with_cache(TOKENS, keep)
    with pytest.raises(ValueError, match=r"do not sum to the stream.*pos_embed"):
        cache.decompose()
    with pytest.raises(ValueError, match="do not sum to the stream"):
        cache.project(torch.ones(20))
    _, cache = model.run_with_cache(TOKENS, ["pos_embed", *keep])
    assert_sums(cache.decompose(), cache["resid_post", -1], within=1e-6)
    with pytest.raises(KeyError, match='"z" was not kept'):
        cache.decompose(split=writers(model, "head"))
    _, cache = model.run_with_cache(TOKENS, edit={"blocks.1.resid_pre": lambda x: 2 * x})
    with pytest.raises(ValueError, match="or the stream itself edited"):
        cache.decompose()


def test_an_edited_output_is_the_part_that_was_added():
    """An edit at attn_out is what entered the stream, so the parts sum to it still."""
    model = make(CONFIGS["gpt2"])
    _, cache = model.run_with_cache(TOKENS, edit={"attn_out": torch.zeros_like})
    parts = cache.decompose()
    assert parts["blocks.1.attn_out"].abs().max() == 0
    with pytest.raises(ValueError, match="do not sum"):
        cache.decompose(split=writers(model, "head"))  # z was not edited, what it wrote was


def test_a_pass_that_stopped_early_is_taken_apart_as_far_as_it_went():
    model = make(CONFIGS["llama"])
    stream, cache = record(
        lambda tap: model.run_blocks(model.embed_tokens(TOKENS, tap), tap, stop=2)
    )
    assert_sums(cache.decompose(), stream, within=1e-6)
    with pytest.raises(IndexError, match="one of the 2 layers kept, got layer 2"):
        cache.decompose("resid_post", 2)


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        ({"site": "resid_pots"}, KeyError, 'got "resid_pots"; did you mean "resid_post"'),
        ({"layer": 2}, IndexError, "2 layers kept, got layer 2"),
        ({"layer": -3}, IndexError, "2 layers kept, got layer -3"),
        ({"at": [7]}, IndexError, r"positions from -7 to 6, got \[7\]"),
        ({"at": [0, -8]}, IndexError, r"positions from -7 to 6, got \[0, -8\]"),
    ],
)
def test_a_site_a_layer_or_a_position_there_is_not_is_refused(ask, error, message):
    _, cache = make(CONFIGS["gpt2"]).run_with_cache(TOKENS)
    with pytest.raises(error, match=message):
        cache.decompose(**ask)


def test_a_part_there_is_not_is_refused():
    _, cache = make(CONFIGS["gpt2"]).run_with_cache(TOKENS)
    with pytest.raises(KeyError, match=r'"blocks\.0\.atn_out"; did you mean "blocks\.0\.attn_out"'):
        cache.decompose()["blocks.0.atn_out"]


def test_the_scale_of_other_positions_is_refused():
    model = make(CONFIGS["gpt2"])
    _, cache = record(
        lambda tap: model.to_logits(
            model.run_blocks(model.embed_tokens(TOKENS, tap), tap)[:, -1:], tap
        )
    )
    with pytest.raises(ValueError, match="at all 7 positions, got it at 1"):
        final_parts(model, cache, at=[-1])
    with pytest.raises(ValueError, match=r"expected \(3, 7\), got \(3, 1\)"):
        cache.decompose().normed(cache["final_norm.scale"], model.final_norm.w)


def test_nothing_kept_has_no_parts():
    with pytest.raises(IndexError, match="0 layers kept"):
        ActivationCache({}).decompose()


@pytest.mark.slow
@torch.no_grad()
def test_the_parts_of_smollm2_sum_to_its_stream():
    """The stream reaches 21,800 at the first token: sums are judged by their largest part."""
    model = pretrained.load("smollm2-135m-instruct")
    tokenizer = pretrained.load_tokenizer("smollm2-135m-instruct")
    text = "When Mary and John went to the store, John gave a drink to"
    _, cache = model.run_with_cache(torch.tensor([tokenizer.encode(text)]))
    assert cache.stack("resid_post").abs().max() > 20_000
    for by in ("layer", "head"):
        for layer in (0, 10, 29):
            parts = cache.decompose("resid_post", layer, split=writers(model, by))
            assert_sums(parts, cache["resid_post", layer], within=1e-6)
        parts = final_parts(model, cache, by)
        assert (parts.sum() - cache["final_norm"]).abs().max() <= 1e-4
    for position in ([0], [-1]):
        parts = cache.decompose(at=position, split=writers(model, "neuron"))
        assert_sums(parts, cache["resid_post", -1][:, position], within=1e-6)
        parts = final_parts(model, cache, "neuron", position)
        assert (parts.sum() - cache["final_norm"][:, position]).abs().max() <= 1e-4
