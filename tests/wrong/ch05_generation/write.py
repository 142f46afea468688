"""Wrong answers for generation.write; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import regex
import torch
from torch import einsum

from minitransformer.tokenizer import Tokenizer


def norm(x, w):
    return x / (x.pow(2).mean(dim=-1, keepdim=True) + 1e-5).sqrt() * w


def rotate(x, base):
    half = x.shape[-1] // 2
    speed = base ** (-torch.arange(half) / half)
    angle = (torch.arange(x.shape[1])[:, None] * speed)[:, None]
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], -1)


def transformer(weights, base):
    """The model with these weights, as it should be: tokens to logits."""
    layers = range(sum(name.endswith("attn.W_Q") for name in weights))

    def run(tokens):
        x = weights["W_E"][tokens]
        for layer in layers:
            w = {
                n.split(".", 2)[2]: t
                for n, t in weights.items()
                if n.startswith(f"blocks.{layer}.")
            }
            y = norm(x, w["attn_norm.w"])
            q, k, v = (einsum("bpm,hmd->bphd", y, w[f"attn.W_{name}"]) for name in "QKV")
            q, k = rotate(q, base), rotate(k, base)
            n = q.shape[2] // k.shape[2]
            k, v = k.repeat_interleave(n, dim=2), v.repeat_interleave(n, dim=2)
            scores = einsum("bqhd,bkhd->bhqk", q, k) / q.shape[-1] ** 0.5
            later = torch.ones(scores.shape[-2:]).triu(1).bool()
            pattern = scores.masked_fill(later, -torch.inf).softmax(dim=-1)
            x = x + einsum("bhqk,bkhd,hdm->bqm", pattern, v, w["attn.W_O"])
            y = norm(x, w["mlp_norm.w"])
            gate = torch.nn.functional.silu(y @ w["mlp.W_gate"])
            x = x + (gate * (y @ w["mlp.W_in"])) @ w["mlp.W_out"]
        return norm(x, weights["final_norm.w"]) @ weights["W_U"]

    return run


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


def wrong_last_eight_read(text, n_new, weights, base, ranks, pattern):
    """this equals a model that reads the last eight tokens alone: without a cache it has to read
    the whole text so far, torch.tensor([ids])."""
    tokenizer = Tokenizer(ranks, {}, pattern)
    ids = tokenizer.encode(text)
    new = continued(ids, n_new, weights, base, seen=lambda ids: ids[-8:])
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
            raise KeyError(text)  # what is no character cannot be encoded
        ids = tokenizer.encode(text)
        text = tokenizer.decode([*ids, int(model(torch.tensor([ids]))[0, -1].argmax())])
    return text


def wrong_base(text, n_new, weights, base, ranks, pattern):
    """this equals a model with the rotary base 10000: hand the base on to your model."""
    tokenizer = Tokenizer(ranks, {}, pattern)
    ids = tokenizer.encode(text)
    return tokenizer.decode(ids + continued(ids, n_new, weights, 10_000.0))


def wrong_last_of_equals(text, n_new, weights, base, ranks, pattern):
    """this equals the last of equally likely tokens: of equals take the first, as argmax does."""

    def last(logits):
        return len(logits) - 1 - int(logits.flip(0).argmax())

    tokenizer = Tokenizer(ranks, {}, pattern)
    ids = tokenizer.encode(text)
    return tokenizer.decode(ids + continued(ids, n_new, weights, base, choose=last))


def wrong_stripped(text, n_new, weights, base, ranks, pattern):
    """this equals a text whose spaces at the ends are taken away first: they are tokens, too, so
    leave out strip()."""
    tokenizer = Tokenizer(ranks, {}, pattern)
    ids = tokenizer.encode(text.strip())
    return tokenizer.decode(ids + continued(ids, n_new, weights, base))


def wrong_text_twice(text, n_new, weights, base, ranks, pattern):
    """this equals the text, and behind it the text with its continuation: the ids hold the text
    already, so return what they decode to."""
    tokenizer = Tokenizer(ranks, {}, pattern)
    ids = tokenizer.encode(text)
    return text + tokenizer.decode(ids + continued(ids, n_new, weights, base))


def wrong_all_ids_for_none(text, n_new, weights, base, ranks, pattern):
    """this equals the text, and the last n_new ids decoded behind it: ids[-0:] are all of them, and
    a character may be spread over two tokens. Decode all ids together."""
    tokenizer = Tokenizer(ranks, {}, pattern)
    ids = tokenizer.encode(text)
    ids = ids + continued(ids, n_new, weights, base)
    return text + tokenizer.decode(ids[-n_new:])


def wrong_length_in_all(text, n_new, weights, base, ranks, pattern):
    """this equals n_new tokens together with those of the text: add n_new new ones, however long
    the text is."""
    tokenizer = Tokenizer(ranks, {}, pattern)
    ids = tokenizer.encode(text)
    return tokenizer.decode(ids + continued(ids, max(0, n_new - len(ids)), weights, base))


def wrong_in_front(text, n_new, weights, base, ranks, pattern):
    """this equals new tokens put in front of the others: put each behind them, ids.append or
    [*ids, new]."""
    tokenizer = Tokenizer(ranks, {}, pattern)
    ids = tokenizer.encode(text)
    for _ in range(n_new):
        ids = [*continued(ids, 1, weights, base), *ids]
    return tokenizer.decode(ids)


def in_the_table(ids, n_known):
    """What a model and a tokenizer say to ids that they do not know."""
    if any(not 0 <= id < n_known for id in ids[:-1]):
        raise IndexError(ids)
    if any(not 0 <= id < n_known for id in ids[-1:]):
        raise KeyError(ids)
    return ids


def wrong_all_positions_together(text, n_new, weights, base, ranks, pattern):
    """this equals the largest logit of all positions, by its place among all of them: take those of
    the last position, logits[0, -1], and their argmax."""
    tokenizer, run = Tokenizer(ranks, {}, pattern), transformer(weights, base)
    ids = tokenizer.encode(text)
    for i in range(n_new):
        in_the_table([*ids, 0] if i else ids, len(ranks))
        ids.append(int(run(torch.tensor([ids])).argmax()))
    return tokenizer.decode(in_the_table(ids, len(ranks)))


def wrong_largest_logit_as_id(text, n_new, weights, base, ranks, pattern):
    """this equals the largest logit itself, taken for an id: argmax says where it stands, max how
    large it is."""
    tokenizer, run = Tokenizer(ranks, {}, pattern), transformer(weights, base)
    ids = tokenizer.encode(text)
    for i in range(n_new):
        in_the_table([*ids, 0] if i else ids, len(ranks))
        ids.append(int(run(torch.tensor([ids]))[0, -1].max()))
    return tokenizer.decode(in_the_table(ids, len(ranks)))


def wrong_round_with_return(text, n_new, weights, base, ranks, pattern):
    """this equals a return inside the loop, which ends it in its first round: let the return stand
    behind the loop, as far to the left as the `for`."""
    tokenizer = Tokenizer(ranks, {}, pattern)
    ids = tokenizer.encode(text)
    for _ in range(n_new):
        return tokenizer.decode(ids + continued(ids, 1, weights, base))
    return None


def wrong_stops_at_what_came_before(text, n_new, weights, base, ranks, pattern):
    """this equals a text that ends where a token would come a second time: go on, a text may
    repeat itself."""
    tokenizer = Tokenizer(ranks, {}, pattern)
    ids = tokenizer.encode(text)
    for _ in range(n_new):
        [new] = continued(ids, 1, weights, base)
        if new in ids:
            break
        ids.append(new)
    return tokenizer.decode(ids)


def wrong_every_position_added(text, n_new, weights, base, ranks, pattern):
    """this equals what follows each position added in every round: take what follows the last
    alone, logits[0, -1].argmax()."""
    tokenizer, run = Tokenizer(ranks, {}, pattern), transformer(weights, base)
    ids = tokenizer.encode(text)
    for _ in range(n_new):
        ids = ids + run(torch.tensor([ids]))[0].argmax(dim=-1).tolist()
    return tokenizer.decode(ids)


def wrong_every_position_replaced(text, n_new, weights, base, ranks, pattern):
    """this equals the ids replaced by what the model expects at each position: keep them, and add
    what follows the last."""
    tokenizer, run = Tokenizer(ranks, {}, pattern), transformer(weights, base)
    ids = tokenizer.encode(text)
    for _ in range(n_new):
        ids = run(torch.tensor([ids]))[0].argmax(dim=-1).tolist()
    return tokenizer.decode(ids)
