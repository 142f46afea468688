"""Wrong answers for attention.idle. The exercise is open-ended: its grader measures again what is
reported, and prints the sentence (the docstring here), followed by the numbers."""

from __future__ import annotations

import torch


def search(
    model,
    tokens,
    attention=lambda pattern: pattern[:, -1, :-1].amax(dim=-1).mean(),
    effect=lambda edited, logits: (
        (edited.log_softmax(-1) - logits.log_softmax(-1))[:, -1].abs().mean()
    ),
    least=0.3,
    best=min,
    site="blocks.{}.attn.z",
    removed=lambda layer, head: head,
    kept=False,
    ndigits=17,
):
    """The search of the exercise, in which each part can be got wrong."""
    logits, cache = model.run_with_cache(tokens, keep=["pattern"])
    found, edit = [], {}
    for layer in range(model.config.n_layers):
        for head in range(model.config.n_heads):
            seen = float(attention(cache["pattern", layer][:, head]))
            if seen >= least:
                heads = torch.arange(model.config.n_heads)[:, None]
                keep = heads != removed(layer, head)
                edit = edit if kept else {}
                edit[site.format(layer)] = lambda z, keep=keep: z * keep
                edited, _ = model.run_with_cache(tokens, keep=[], edit=edit)
                found.append((float(effect(edited, logits)), layer, head, seen))
    effect, layer, head, seen = best(found)
    return layer, head, round(seen, ndigits), effect


def wrong_counts_itself(model, tokens):
    """this counts the last position's attention to itself: leave its own key out, with
    [..., -1, :-1]"""
    return search(model, tokens, attention=lambda pattern: pattern[:, -1].amax(dim=-1).mean())


def wrong_mean_before_maximum(model, tokens):
    """this averages the attention over the texts first and then takes the largest: take the largest
    in each text, then the mean"""
    return search(
        model, tokens, attention=lambda pattern: pattern[:, -1, :-1].mean(dim=0).max(), least=0.2
    )


def wrong_looks_nowhere(model, tokens):
    """this head hardly looks at any earlier position: keep only the heads whose attention is at
    least 0.3"""
    return search(model, tokens, least=0.0)


def wrong_head_that_matters(model, tokens):
    """removing this head changes the prediction: among the heads that look hard, take the one with
    the smallest effect"""
    return search(model, tokens, best=max)


def wrong_logits(model, tokens):
    """this is the change of the logits, not of the log-probabilities: take log_softmax(-1) of both
    runs first"""
    return search(
        model, tokens, effect=lambda edited, logits: (edited - logits)[:, -1].abs().mean()
    )


def wrong_probabilities(model, tokens):
    """this is the change of the probabilities, not of their logarithms: take log_softmax(-1), not
    softmax(-1)"""
    return search(
        model,
        tokens,
        effect=lambda edited, logits: (edited.softmax(-1) - logits.softmax(-1))[:, -1].abs().mean(),
    )


def wrong_every_position(model, tokens):
    """this averages the change over every position: take the last one alone, [:, -1]"""
    return search(
        model,
        tokens,
        effect=lambda edited, logits: (
            (edited.log_softmax(-1) - logits.log_softmax(-1)).abs().mean()
        ),
    )


def wrong_rises_and_falls_cancel(model, tokens):
    """this lets rises and falls cancel: take the absolute value before the mean"""
    return search(
        model,
        tokens,
        effect=lambda edited, logits: (
            (edited.log_softmax(-1) - logits.log_softmax(-1))[:, -1].mean().abs()
        ),
    )


def wrong_counts_from_one(model, tokens):
    """this counts layers and heads from 1: count both from 0, as range does"""
    layer, head, attention, effect = search(model, tokens)
    return layer + 1, head + 1, attention, effect


def wrong_order(model, tokens):
    """attention and effect have changed places: return (layer, head, attention, effect)"""
    layer, head, attention, effect = search(model, tokens)
    return layer, head, effect, attention


def wrong_layer_0_always(model, tokens):
    """this removes the head of layer 0, whichever layer is meant: put the layer into the name of
    the edit, f"blocks.{layer}.attn.z\""""
    return search(model, tokens, site="blocks.0.attn.z")


def wrong_all_layers(model, tokens):
    """this removes the heads of that number in all layers, which the name z alone stands for: edit
    f"blocks.{layer}.attn.z\""""
    return search(model, tokens, site="z")


def wrong_kl(model, tokens):
    """this is the KL divergence: take the mean of the absolute change of the log-probabilities"""

    def kl(edited, logits):
        before, after = logits[:, -1].log_softmax(-1), edited[:, -1].log_softmax(-1)
        return (before.exp() * (before - after)).sum(-1).mean()

    return search(model, tokens, effect=kl)


def wrong_sum_over_vocabulary(model, tokens):
    """this is the sum over the vocabulary: take the mean over it, as over the texts"""
    return search(
        model,
        tokens,
        effect=lambda edited, logits: (
            (edited.log_softmax(-1) - logits.log_softmax(-1))[:, -1].abs().sum(-1).mean()
        ),
    )


def wrong_axis(model, tokens):
    """this takes the log_softmax over another axis than the vocabulary, the last:
    log_softmax(-1)"""
    return search(
        model,
        tokens,
        effect=lambda edited, logits: (
            (edited.log_softmax(1) - logits.log_softmax(1))[:, -1].abs().mean()
        ),
    )


def wrong_number_of_the_layer(model, tokens):
    """this is the effect of another head: ablate_head takes the number of the head, the edit's name
    that of the layer"""
    return search(model, tokens, removed=lambda layer, head: layer)


def wrong_no_edit(model, tokens):
    """nothing was changed in the second run: hand it the edit, run_with_cache(tokens, keep=[],
    edit=edit)"""
    return search(model, tokens, removed=lambda layer, head: -1)


def wrong_edits_kept(model, tokens):
    """this removes a head of each earlier layer too: begin with a new edit, {}, for every head"""
    return search(model, tokens, kept=True, best=lambda found: found[-1])


def wrong_first_text_only(model, tokens):
    """this is the change in the first text alone: take the mean over the texts too"""
    return search(
        model,
        tokens,
        effect=lambda edited, logits: (
            (edited.log_softmax(-1) - logits.log_softmax(-1))[0, -1].abs().mean()
        ),
    )


def wrong_attention_of_the_first_text(model, tokens):
    """this is the attention in the first text alone: take the mean over the texts"""
    return search(model, tokens, attention=lambda pattern: pattern[0, -1, :-1].max())


def wrong_attention_of_every_query(model, tokens):
    """this is the attention from every position, not from the last: take the last query,
    [..., -1, :-1]"""
    return search(model, tokens, attention=lambda pattern: pattern[:, :, :-1].amax(dim=-1).mean())


def wrong_rounded(model, tokens):
    """the attention is rounded: return it with all its digits"""
    return search(model, tokens, ndigits=1)


def wrong_nothing_found(model, tokens):
    """nothing was returned, though layer"""


def wrong_all_heads(model, tokens):
    """this removes all heads of the layer: one at a time, by ablate_head(head)"""
    return search(model, tokens, removed=lambda layer, head: torch.arange(4)[:, None])


def wrong_place_of_the_largest(model, tokens):
    """this is the place of the largest attention, not its size: take amax(-1), not argmax(-1)"""
    return search(
        model, tokens, attention=lambda p: p[:, -1, :-1].argmax(dim=-1).float().mean(), least=0.0
    )


def wrong_weights_erased(model, tokens):
    """the model's weight blocks.0.attn.w_o is another after the call, so that what is run next is
    another model: edit the run, run_with_cache(..., edit=edit)"""
    for block in model.blocks:
        block.attn.W_O.zero_()
    return search(model, tokens)
