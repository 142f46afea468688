"""Wrong answers for block.neuron. The exercise is open-ended: its grader measures again what is
reported, and prints the sentence (the docstring here), followed by the numbers."""

from __future__ import annotations


def shares(fires, here):
    """The share of the class's positions where it fires, and of the others."""
    return fires[here].float().mean(dim=0), fires[~here].float().mean(dim=0)


def search(
    model,
    tokens,
    member,
    measure=shares,
    good=lambda inside, outside: inside >= 0.9 and outside <= 0.1,
    site="mlp_pre",
    best=max,
):
    """The search of the exercise, in which each part can be got wrong."""
    _, cache = model.run_with_cache(tokens, keep=[site])
    found = []
    for layer in range(model.config.n_layers):
        inside, outside = measure(cache[site, layer] > 0, member[tokens])
        for i in range(model.config.d_mlp):
            pair = float(inside[i]), float(outside[i])
            if good(*pair):
                found.append((pair[0] - pair[1], layer, i, *pair))
    return best(found)[1:]


def anything(inside, outside):
    return True


def wrong_activation(model, tokens, member):
    """this counts where the neuron's activation (mlp_post) is above 0: it fires where its gate is,
    mlp_pre"""
    return search(model, tokens, member, site="mlp_post")


def wrong_order(model, tokens, member):
    """inside and outside have changed places: return (layer, neuron, inside, outside)"""
    layer, i, inside, outside = search(model, tokens, member)
    return layer, i, outside, inside


def wrong_counts_from_one(model, tokens, member):
    """this counts layers and neurons from 1: count both from 0, as range does"""
    layer, i, inside, outside = search(model, tokens, member)
    return layer + 1, i + 1, inside, outside


def wrong_neuron_first(model, tokens, member):
    """layer and neuron have changed places: return (layer, neuron, inside, outside)"""
    layer, i, inside, outside = search(model, tokens, member)
    return i, layer, inside, outside


def wrong_precision(model, tokens, member):
    """this is the share of the positions where the neuron fires that are of the class: take the
    share of the class's positions where it fires"""

    def precision(fires, here):
        fired = fires.flatten(0, 1).sum(dim=0).clamp(min=1)
        return fires[here].sum(dim=0) / fired, fires[~here].sum(dim=0) / fired

    return search(model, tokens, member, measure=precision)


def wrong_of_all_positions(model, tokens, member):
    """this is a share of all positions: divide by the number of the class's positions for inside,
    and by that of the others for outside"""

    def of_all(fires, here):
        return fires[here].sum(dim=0) / here.numel(), fires[~here].sum(dim=0) / here.numel()

    return search(model, tokens, member, measure=of_all, good=anything)


def wrong_text_by_text(model, tokens, member):
    """this is the mean of each text's share: count the positions of all texts together"""

    def by_text(fires, here):
        inside = (fires & here[..., None]).sum(dim=1) / here.sum(dim=1, keepdim=True)
        outside = (fires & ~here[..., None]).sum(dim=1) / (~here).sum(dim=1, keepdim=True)
        return inside.mean(dim=0), outside.mean(dim=0)

    def uneven(inside, outside):  # not one that fires everywhere or nowhere
        return 0.5 < inside < 1 and 0 < outside < 0.5

    return search(model, tokens, member, measure=by_text, good=uneven)


def wrong_silent_too_often(model, tokens, member):
    """this neuron is silent for much of the class: keep only the neurons whose inside is at least
    0.9"""
    return search(model, tokens, member, good=lambda inside, outside: outside <= 0.05)


def wrong_fires_for_others_too(model, tokens, member):
    """this neuron fires for many tokens that are not of the class: keep only the neurons whose
    outside is at most 0.1"""
    return search(model, tokens, member, good=lambda inside, outside: inside >= 0.95)


def wrong_silent_where_it_should_fire(model, tokens, member):
    """this is the share where the neuron does not fire: count where its gate is above 0"""

    def silent(fires, here):
        return shares(~fires, here)

    return search(model, tokens, member, measure=silent)


def wrong_all_tokens(model, tokens, member):
    """this counts the positions of all tokens: take the class's for inside and only the others' for
    outside"""

    def everywhere(fires, here):
        share = fires.flatten(0, 1).float().mean(dim=0)
        return share, share

    def uneven(inside, outside):
        return 0.25 < inside < 0.45

    return search(model, tokens, member, measure=everywhere, good=uneven)


def wrong_outside_of_all(model, tokens, member):
    """outside is counted over all positions, the class's too: take the others alone, where
    member[tokens] is False"""

    def of_all(fires, here):
        return fires[here].float().mean(dim=0), fires.flatten(0, 1).float().mean(dim=0)

    def uneven(inside, outside):  # the neuron that is wanted
        return 0.9 <= inside < 1 and outside < 0.45

    return search(model, tokens, member, measure=of_all, good=uneven)


def wrong_rounded(model, tokens, member):
    """these shares are rounded: return them with all their digits"""
    layer, i, inside, outside = search(model, tokens, member)
    return layer, i, round(inside, 2), round(outside, 2)


def wrong_numbers(model, tokens, member):
    """this is a number of positions: divide by that of all positions of the kind"""

    def number(fires, here):
        return fires[here].sum(dim=0), fires[~here].sum(dim=0)

    return search(model, tokens, member, measure=number, good=anything)


def wrong_mean_gate(model, tokens, member):
    """this is the mean of the gate: take the share of positions where it is above 0"""
    _, cache = model.run_with_cache(tokens, keep=["mlp_pre"])
    found = []
    for layer in range(model.config.n_layers):
        gate = cache["mlp_pre", layer]
        inside, outside = gate[member[tokens]].mean(dim=0), gate[~member[tokens]].mean(dim=0)
        i = int((inside - outside).argmax())
        found.append((float(inside[i] - outside[i]), layer, i, float(inside[i]), float(outside[i])))
    return max(found)[1:]
