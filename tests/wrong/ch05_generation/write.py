"""Wrong answers for generation.write; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import regex
import torch

from minitransformer.config import Config
from minitransformer.tokenizer import Tokenizer
from minitransformer.transformer import Transformer
from minitransformer.weights import named


def transformer(weights, base):
    """The package's model with these weights."""
    d_vocab, d_model = weights["W_E"].shape
    n_layers = len([name for name in weights if name.endswith("attn.W_Q")])
    n_heads, _, d_head = weights["blocks.0.attn.W_Q"].shape
    config = Config(
        n_layers=n_layers, d_model=d_model, n_heads=n_heads, d_head=d_head, d_vocab=d_vocab,
        n_kv_heads=len(weights["blocks.0.attn.W_K"]), n_ctx=128, act="silu", gated=True,
        d_mlp=weights["blocks.0.mlp.W_in"].shape[1], norm="rms", positions="rotary",
        rotary_base=base, bias=False,
    )  # fmt: skip
    model = Transformer(config).requires_grad_(False)
    for name, weight in named(model).items():
        weight.copy_(weights[name])
    return model


def continued(ids, n_new, weights, base, seen=lambda ids: ids, at=-1, choose=torch.argmax):
    """The new ids, in which what the model sees and what is taken can be got wrong."""
    model, new = transformer(weights, base), []
    for _ in range(n_new):
        logits = model(torch.tensor([seen([*ids, *new])]))[0, at]
        new.append(int(choose(logits)))
    return new


def wrong_continuation_alone(text, n_new, weights, base, ranks, pattern):
    """this equals the continuation alone: decode the ids of the text together with the new ones."""
    tokenizer = Tokenizer(ranks, {}, pattern)
    return tokenizer.decode(continued(tokenizer.encode(text), n_new, weights, base))


def wrong_token_by_token(text, n_new, weights, base, ranks, pattern):
    """this equals decoding each token by itself: a character may be spread over two tokens, so
    decode all ids together."""
    tokenizer = Tokenizer(ranks, {}, pattern)
    ids = tokenizer.encode(text)
    return "".join(tokenizer.decode([id]) for id in ids + continued(ids, n_new, weights, base))


def wrong_new_ones_decoded_apart(text, n_new, weights, base, ranks, pattern):
    """this equals the text with the new tokens decoded one by one behind it: decode all ids
    together, since a character may be spread over two tokens."""
    tokenizer = Tokenizer(ranks, {}, pattern)
    new = continued(tokenizer.encode(text), n_new, weights, base)
    return text + "".join(tokenizer.decode([id]) for id in new)


def wrong_one_more(text, n_new, weights, base, ranks, pattern):
    """this equals one new token too many: the loop goes round n_new times."""
    tokenizer = Tokenizer(ranks, {}, pattern)
    ids = tokenizer.encode(text)
    return tokenizer.decode(ids + continued(ids, n_new + 1, weights, base))


def wrong_one_less(text, n_new, weights, base, ranks, pattern):
    """this equals one new token too few: the loop goes round n_new times."""
    tokenizer = Tokenizer(ranks, {}, pattern)
    ids = tokenizer.encode(text)
    return tokenizer.decode(ids + continued(ids, max(n_new - 1, 0), weights, base))


def wrong_first_position(text, n_new, weights, base, ranks, pattern):
    """this equals the logits of the first position: what comes next is said at the last one,
    [0, -1]."""
    tokenizer = Tokenizer(ranks, {}, pattern)
    ids = tokenizer.encode(text)
    return tokenizer.decode(ids + continued(ids, n_new, weights, base, at=0))


def wrong_last_token_read(text, n_new, weights, base, ranks, pattern):
    """this equals a model that reads the last token alone: without a cache it has to read the
    whole text so far, torch.tensor([ids])."""
    tokenizer = Tokenizer(ranks, {}, pattern)
    ids = tokenizer.encode(text)
    new = continued(ids, n_new, weights, base, seen=lambda ids: ids[-1:])
    return tokenizer.decode(ids + new)


def wrong_prompt_read(text, n_new, weights, base, ranks, pattern):
    """this equals a model that reads the first text again in every round: put each new token
    behind the others before you go on."""
    tokenizer = Tokenizer(ranks, {}, pattern)
    ids = tokenizer.encode(text)
    new = continued(ids, n_new, weights, base, seen=lambda seen: seen[: len(ids)])
    return tokenizer.decode(ids + new)


def wrong_all_at_once(text, n_new, weights, base, ranks, pattern):
    """this equals the n_new likeliest tokens after the text: take one, read it with the others,
    and only then take the next."""
    tokenizer = Tokenizer(ranks, {}, pattern)
    ids = tokenizer.encode(text)
    logits = transformer(weights, base)(torch.tensor([ids]))[0, -1]
    return tokenizer.decode(ids + logits.topk(min(n_new, len(logits))).indices.tolist())


def wrong_least_likely(text, n_new, weights, base, ranks, pattern):
    """this equals the least likely token each time: take the one with the largest logit,
    argmax."""
    tokenizer = Tokenizer(ranks, {}, pattern)
    ids = tokenizer.encode(text)
    return tokenizer.decode(ids + continued(ids, n_new, weights, base, choose=torch.argmin))


def wrong_bytes_for_tokens(text, n_new, weights, base, ranks, pattern):
    """this equals a text cut into single bytes: encode it with your tokenizer, which joins them to
    tokens."""
    tokenizer = Tokenizer(ranks, {}, pattern)
    ids = [ranks[bytes([byte])] for byte in text.encode()]
    return tokenizer.decode(ids + continued(ids, n_new, weights, base))


def wrong_pattern_ignored(text, n_new, weights, base, ranks, pattern):
    """this equals a text that is not cut into chunks first: hand the pattern on to encode."""
    tokenizer = Tokenizer(ranks, {}, r"(?s).+")
    ids = tokenizer.encode(text)
    return tokenizer.decode(ids + continued(ids, n_new, weights, base))


def wrong_cut_again(text, n_new, weights, base, ranks, pattern):
    """this equals decoding and encoding the text again in every round, which may cut it
    otherwise: encode once, and keep the ids."""
    tokenizer = Tokenizer(ranks, {}, pattern)
    model = transformer(weights, base)
    for _ in range(n_new):
        if not regex.fullmatch(r"[abcé! ]*", text):
            return text  # what is no character cannot be encoded
        ids = tokenizer.encode(text)
        text = tokenizer.decode([*ids, int(model(torch.tensor([ids]))[0, -1].argmax())])
    return text


def wrong_base(text, n_new, weights, base, ranks, pattern):
    """this equals a model with the rotary base 10000: hand the base on to your model."""
    tokenizer = Tokenizer(ranks, {}, pattern)
    ids = tokenizer.encode(text)
    return tokenizer.decode(ids + continued(ids, n_new, weights, 10_000.0))
