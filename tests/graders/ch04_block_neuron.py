"""Grader of chapter 04's open-ended exercise: a neuron that fires for one class of tokens.

Any neuron that meets the conditions passes. What is reported is measured again here, on models in
which one neuron was made to meet them, beside others that nearly do: that fire for too few of the
class, for too many others, for all or for none, or whose activation (not whose gate) is above 0
for the class alone. Where a number differs, the likely ways to have got it are measured too, and
the one that fits is named.
"""

from __future__ import annotations

import copy
import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import torch

from minitransformer.config import Config
from minitransformer.transformer import Transformer
from minitransformer.workbook.grading import Wrong, expect_close, grader
from minitransformer.workbook.grading.evidence import read_numbers

MOST, FEW = 0.9, 0.1
N_CLASS, N_OTHERS, D_MLP = 13, 23, 11


class Evidence(NamedTuple):
    layer: int
    neuron: int
    inside: float
    outside: float


class Measured:
    """One neuron of one model, measured as the exercise asks, and in ways it does not."""

    def __init__(self, model, tokens, member, layer, neuron):
        _, cache = model.run_with_cache(tokens, keep=["mlp_pre", "mlp_post"])
        self.gate = cache["mlp_pre", layer][..., neuron]
        self.post = cache["mlp_post", layer][..., neuron]
        self.here = member[tokens]
        self.inside, self.outside = self.shares(self.gate > 0)

    def shares(self, fires):
        """The share of the class's positions, and of the others, where it fires."""
        pairs = list(zip(fires.flatten().tolist(), self.here.flatten().tolist(), strict=True))
        inside = [fired for fired, of_class in pairs if of_class]
        outside = [fired for fired, of_class in pairs if not of_class]
        return sum(inside) / len(inside), sum(outside) / len(outside)

    def others(self):
        """Other pairs that an answer may have taken for (inside, outside), and what to do."""
        fires, here = self.gate > 0, self.here
        both, only = (fires & here).float(), (fires & ~here).float()
        n_fires = max(int(fires.sum()), 1)
        by_text = [(fires & where).sum(1) / where.sum(1) for where in (here, ~here)]
        return [
            (
                *self.shares(self.post > 0),
                "this counts where the neuron's activation (mlp_post) is above 0: it fires where "
                "its gate is, mlp_pre",
            ),
            (
                self.outside,
                self.inside,
                "inside and outside have changed places: return (layer, neuron, inside, outside)",
            ),
            (
                both.sum() / n_fires,
                only.sum() / n_fires,
                "this is the share of the positions where the neuron fires that are of the class: "
                "take the share of the class's positions where it fires",
            ),
            (
                both.mean(),
                only.mean(),
                "this is a share of all positions: divide by the number of the class's positions "
                "for inside, and by that of the others for outside",
            ),
            (
                by_text[0].mean(),
                by_text[1].mean(),
                "this is the mean of each text's share: count the positions of all texts together",
            ),
            (
                self.inside,
                fires.float().mean(),
                "outside is counted over all positions, the class's too: take the others alone, "
                "where member[tokens] is False",
            ),
            (
                self.gate[here].mean(),
                self.gate[~here].mean(),
                "this is the mean of the gate: take the share of positions where it is above 0",
            ),
            (
                1 - self.inside,
                1 - self.outside,
                "this is the share where the neuron does not fire: count where its gate is above 0",
            ),
            (
                fires.float().mean(),
                fires.float().mean(),
                "this counts the positions of all tokens: take the class's for inside and only the "
                "others' for outside",
            ),
            (
                float(fires[here].sum()),
                float(fires[~here].sum()),
                "this is a number of positions: divide by that of all positions of the kind",
            ),
        ]


def stands_for_the_class(answer: Callable, seed: int) -> None:
    """Put three models before the answer: the neuron wanted is first, last, or anywhere."""
    places = [(0, D_MLP - 1), (1, 0), (seed % 2, 2 + seed % (D_MLP - 3))]
    for number, (layer, neuron) in enumerate(places):
        model, tokens, member = planted(3 * seed + number, layer, neuron)
        found = answer(copy.deepcopy(model), tokens.clone(), member.clone())
        judge(found, model, tokens, member)


def judge(found, model, tokens, member):
    layer, neuron, *shares = evidence = read(found, model, tokens, member)
    n_layers = model.config.n_layers
    there = 0 <= layer < n_layers and 0 <= neuron < D_MLP
    if not (there and _fits(evidence, model, tokens, member)):
        if _fits(evidence._replace(layer=layer - 1, neuron=neuron - 1), model, tokens, member):
            raise Wrong(
                "this counts layers and neurons from 1: count both from 0, as range does "
                f"(found layer {layer}, neuron {neuron})"
            )
        if _fits(evidence._replace(layer=neuron, neuron=layer), model, tokens, member):
            raise Wrong(
                "layer and neuron have changed places: return (layer, neuron, inside, outside) "
                f"(found layer {layer}, neuron {neuron})"
            )
    if not there:
        raise Wrong(
            f"expected a layer from 0 to {n_layers - 1} and a neuron from 0 to {D_MLP - 1}, "
            f"found layer {layer}, neuron {neuron}"
        )
    true, which = Measured(model, tokens, member, layer, neuron), f"layer {layer}, neuron {neuron}"
    expected = (true.inside, true.outside)
    if not _alike(shares, expected):
        numbers = (
            f"({which}: expected inside {expected[0]:.4g} and outside {expected[1]:.4g}, found "
            f"{shares[0]:.4g} and {shares[1]:.4g})"
        )
        if any(shares == [round(share, n) for share in expected] for n in (1, 2, 3)):
            raise Wrong(f"these shares are rounded: return them with all their digits {numbers}")
        for inside, outside, sentence in true.others():
            if _alike(shares, (float(inside), float(outside))):
                raise Wrong(f"{sentence} {numbers}")
        raise Wrong(
            f"the shares are not this neuron's {numbers}: measure them as the page says, on the "
            "model and the tokens you are given, and return them unrounded"
        )
    if true.inside < MOST:
        raise Wrong(
            "this neuron is silent for much of the class: keep only the neurons whose inside is at "
            f"least {MOST} ({which}: {true.inside:.3f})"
        )
    if true.outside > FEW:
        raise Wrong(
            "this neuron fires for many tokens that are not of the class: keep only the neurons "
            f"whose outside is at most {FEW} ({which}: {true.outside:.3f})"
        )


def read(found, model, tokens, member) -> Evidence:
    """The four values; whole numbers and floats of any kind will do."""
    if found is None:
        places = [(at, n) for at in range(model.config.n_layers) for n in range(D_MLP)]
        seen = ((place, Measured(model, tokens, member, *place)) for place in places)
        fits = ((at, n, m) for (at, n), m in seen if m.inside >= MOST and m.outside <= FEW)
        layer, neuron, true = next(fits)
        raise Wrong(
            f"nothing was returned, though layer {layer}, neuron {neuron} has inside "
            f"{true.inside:.4g} and outside {true.outside:.4g}: which of the two do you measure "
            "otherwise, or is there no return?"
        )
    layer, neuron, inside, outside = read_numbers(found, Evidence._fields, 2)
    return Evidence(int(layer), int(neuron), inside, outside)


def _fits(evidence, model, tokens, member):
    """Whether the numbers are those of the neuron."""
    layer, neuron, *shares = evidence
    if not (0 <= layer < model.config.n_layers and 0 <= neuron < D_MLP):
        return False
    true = Measured(model, tokens, member, layer, neuron)
    return _alike(shares, (true.inside, true.outside))


def _alike(a, b):
    return all(math.isclose(x, y, rel_tol=1e-3, abs_tol=1e-6) for x, y in zip(a, b, strict=True))


# ---- models in which the neuron exists


@functools.cache
def planted(seed, layer, neuron):
    """A model whose neuron `neuron` of `layer` alone fires for the class, four texts, the class."""
    for attempt in range(100):
        generator = torch.Generator().manual_seed(1000 * seed + attempt)
        model = Transformer(
            Config(
                n_layers=2, d_model=48, n_heads=4, d_head=10, d_mlp=D_MLP, d_vocab=37, n_ctx=12,
                act="silu", gated=True, norm="rms", positions="rotary", bias=False,
            ),
            generator,
        ).requires_grad_(False)  # fmt: skip
        for name, weight in model.named_parameters():
            if weight.ndim == 2:
                weight.mul_(80 if name.endswith(("w_o", "w_out")) else 20)
        member = torch.zeros(37, dtype=torch.bool)
        member[torch.randperm(37, generator=generator)[:12]] = True
        tokens = _texts(member, generator)
        if tokens is not None and _plant(model, tokens, member, layer, neuron, generator):
            return model, tokens, member
    raise AssertionError(f"no model for seed {seed}: the construction has to be mended")


def _texts(member, generator):
    """Four texts of nine tokens, 13 of the class and 23 others, that begin differently."""
    for _ in range(1000):
        tokens = torch.randint(0, 37, (4, 9), generator=generator)
        here = member[tokens]
        uneven = here.sum(1).unique().numel() > 1 and bool((here.sum(1) > 0).all())
        if int(here.sum()) == N_CLASS and uneven and tokens[:, 0].unique().numel() == 4:
            return tokens
    return None


def _plant(model, tokens, member, layer, neuron, generator):
    """Make every neuron fire where its role says: a vector is a position's, so there are enough
    coordinates for any pattern."""
    here = member[tokens].flatten()
    free = [(at, n) for at in range(2) for n in range(D_MLP) if (at, n) != (layer, neuron)]
    order = torch.randperm(len(free), generator=generator).tolist()
    parts = ["narrow", "broad", "all", "none", "others", "decoy", "few of others", "half"]
    roles = dict(zip((free[i] for i in order), parts, strict=False)) | {(layer, neuron): "wanted"}
    for at in range(2):
        _, cache = model.run_with_cache(tokens, keep=["mlp_in"])
        read = cache["mlp_in", at].flatten(0, 1).double()
        for n in range(D_MLP):
            role = roles.get((at, n), "by lot")
            fires = _pattern(role, here, generator)
            gate = _solve(read, fires, generator)
            mlp = model.blocks[at].mlp
            mlp.w_gate[n] = gate
            if role == "decoy":
                mlp.w_in[n] = _solve(read, fires == here, generator)
    return _stands(model, tokens, member, layer, neuron, roles)


def _pattern(role, here, generator):
    """Where a neuron of that role fires, [positions]."""
    inside = torch.rand(N_CLASS, generator=generator).argsort()
    outside = torch.rand(N_OTHERS, generator=generator).argsort()
    how_many = {  # of the 13 and of the 23
        "wanted": (12, 2),
        "narrow": (11, 0),
        "broad": (13, 3),
        "all": (13, 23),
        "none": (0, 0),
        "others": (1, 22),
        "few of others": (6, 1),
        "half": (7, 2),
    }
    n_inside, n_outside = how_many.get(role, (6, 12))
    fires = torch.zeros(len(here), dtype=torch.bool)
    fires[here] = inside < n_inside
    fires[~here] = outside < n_outside
    return fires


def _solve(read, fires, generator):
    """Weights under which the reading is above 0 where `fires`, by more or less."""
    size = 0.2 + 2 * torch.rand(len(fires), generator=generator, dtype=torch.float64)
    wanted = torch.where(fires, size, -size)
    return torch.linalg.lstsq(read, wanted[:, None]).solution[:, 0].float()


def _stands(model, tokens, member, layer, neuron, roles):
    """Whether every neuron came out as planned, and the one wanted is the only one."""
    for at in range(2):
        for n in range(D_MLP):
            seen = Measured(model, tokens, member, at, n)
            good = seen.inside >= MOST and seen.outside <= FEW
            if good != ((at, n) == (layer, neuron)) or float(seen.gate.abs().min()) < 1e-3:
                return False
            if roles.get((at, n)) == "decoy" and seen.shares(seen.post > 0) != (1.0, 0.0):
                return False
    return True


def changes_no_weight(answer: Callable, seed: int) -> None:
    """The model is only looked at: it must come back as it was."""
    model, tokens, member = planted(3 * seed, 0, D_MLP - 1)
    given = copy.deepcopy(model)
    answer(given, tokens.clone(), member.clone())
    for name, weight in model.state_dict().items():
        expect_close(given.state_dict()[name], weight, f"the model's weight {name} after the call")


GRADERS = [
    grader(
        "block.neuron",
        predicate=stands_for_the_class,
        properties={"the model is left as it was": changes_no_weight},
    ),
]
