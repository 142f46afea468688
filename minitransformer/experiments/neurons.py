"""What one can ask of a neuron: when it fires, what it writes, whether it matters.

A neuron is one coordinate of an MLP's inside, called by layer and number, both from 0. In a gated
MLP it fires where its gate is above 0.
"""

from __future__ import annotations

import re

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from minitransformer.cache import ActivationCache, record
from minitransformer.normalization import RMSNorm
from minitransformer.taps import Edit, Tap
from minitransformer.tokenizer import Tokenizer
from minitransformer.transformer import Block, Transformer

Neuron = tuple[int, int]  # (layer, number)


def members(tokenizer: Tokenizer, words: str) -> Bool[Tensor, " d_vocab"]:
    """Which tokens are one of these words, with or without a space before it and a capital.

    >>> members(tokenizer, "my your")[tokens]                             # doctest: +SKIP
    """
    texts = [tokenizer.decode([i]).strip().lower() for i in range(tokenizer.d_vocab)]
    return torch.tensor([text in words.split() for text in texts])


def begins(tokenizer: Tokenizer, letters: str = "a-z") -> Bool[Tensor, " d_vocab"]:
    """Which tokens are a space and lower-case letters, the first of them one of these.

    Words, that is, or their beginnings; `letters` as between the brackets of a pattern.
    """
    pattern = re.compile(f" [{letters}][a-z]*")
    texts = (tokenizer.decode([i]) for i in range(tokenizer.d_vocab))
    return torch.tensor([pattern.fullmatch(text) is not None for text in texts])


def rule(
    pre: Float[Tensor, "*layers batch pos d_mlp"],
    label: Bool[Tensor, "batch pos"],
) -> Float[Tensor, "*layers d_mlp"]:
    """How well each neuron follows a rule; 1 is a perfect rule, 0 none.

    The share of the labelled positions at which its gate is above 0, less the
    share of the others.
    """
    fires = (pre > 0).flatten(-3, -2).float()
    label = label.flatten()
    inside = fires[..., label, :].mean(dim=-2)
    return inside - fires[..., ~label, :].mean(dim=-2)


def ablate_neurons(layer: int, neurons: list[int]) -> dict[str, Edit]:
    """The edit that puts zero in place of these neurons' activations."""

    def edit(post: Float[Tensor, "batch pos d_mlp"]) -> Tensor:
        post = post.clone()
        post[..., neurons] = 0.0
        return post

    return {f"blocks.{layer}.mlp.mlp_post": edit}


def other_neurons(n: int, apart_from: int, d_mlp: int, seed: int) -> list[int]:
    """The numbers of random neurons of a layer, to compare with."""
    order = torch.randperm(d_mlp, generator=torch.Generator().manual_seed(seed)).tolist()
    return [neuron for neuron in order if neuron != apart_from][:n]


def logits_without(
    model: Transformer,
    cache: ActivationCache,
    layer: int,
    neurons: list[int],
    where: Bool[Tensor, "batch pos"],
) -> Float[Tensor, "n d_vocab"]:
    """The logits at some positions with neurons of a layer ablated.

    Starts at the layer, from the `resid_pre` that `cache` kept, and unembeds
    only `where`.
    """

    def rest(tap: Tap) -> Tensor:
        stream = model.run_blocks(cache["resid_pre", layer], tap, start=layer)
        return model.to_logits(stream[where][None], tap)[0]

    return record(rest, [], ablate_neurons(layer, neurons))[0]


def kl(before: Float[Tensor, "n d_vocab"], after: Float[Tensor, "n d_vocab"]) -> float:
    """How far the predictions moved: the mean KL divergence, in nats."""
    log_p, log_q = before.log_softmax(-1), after.log_softmax(-1)
    return float((log_p.exp() * (log_p - log_q)).sum(-1).mean())


def share(logits: Float[Tensor, "n d_vocab"], of: Bool[Tensor, " d_vocab"]) -> float:
    """The mean probability that the next token is one of these."""
    return float(logits.softmax(-1)[:, of].sum(-1).mean())


def row(model: Transformer, neuron: Neuron) -> Float[Tensor, " d_vocab"]:
    """A neuron's row of W_out, read by the final norm's w and the unembedding.

    What it adds to each logit directly for an activation of 1, but for the size
    that the norm divides by.
    """
    layer, number = neuron
    block = model.blocks[layer]
    assert isinstance(block, Block)
    assert block.mlp is not None
    assert isinstance(model.final_norm, RMSNorm)
    return (block.mlp.W_out[number] * model.final_norm.w) @ model.W_U
