"""Wrong answers for generation.cached; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import torch
from torch import einsum


def layer(
    x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None,
    q_at=lambda past: past, k_at=lambda past: past, turn_v=False, old_again=False, in_front=False,
    share=torch.Tensor.repeat_interleave, seen="past", scaled=True,
):  # fmt: skip
    """Attention on a cache, in which each part can be got wrong: (out, k, v)."""
    past, new = past_k.shape[1], x.shape[1]
    q, k, v = (einsum("bpm,hmd->bphd", x, W) for W in (W_Q, W_K, W_V))
    if rotary is not None:
        q, k = rotary(q, q_at(past)), rotary(k, k_at(past))
        v = rotary(v, past) if turn_v else v
        past_k = rotary(past_k, 0) if old_again and past else past_k
    both = [(k, past_k), (v, past_v)] if in_front else [(past_k, k), (past_v, v)]
    k, v = (torch.cat(pair, dim=1) for pair in both)
    n = len(W_Q) // len(W_K)
    if share is torch.Tensor.repeat_interleave:
        shared_k, shared_v = k.repeat_interleave(n, dim=2), v.repeat_interleave(n, dim=2)
    else:
        shared_k, shared_v = k.repeat(1, 1, n, 1), v.repeat(1, 1, n, 1)
    scores = einsum("bqhd,bkhd->bhqk", q, shared_k)
    scores = scores / q.shape[-1] ** 0.5 if scaled else scores
    ahead = {"past": past, "first": 0, "all": past + new, "before": past - 1, "next": past + 1}
    query = torch.arange(new)[:, None] + ahead[seen]
    scores = scores.masked_fill(torch.arange(past + new) > query, -torch.inf)
    z = einsum("bhqk,bkhd->bqhd", scores.softmax(dim=-1), shared_v)
    return einsum("bqhd,hdm->bqm", z, W_O), k, v


def wrong_old_ones_ignored(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals attention among the new positions alone: put the old keys and values in front of
    the new ones before the scores."""
    _, k, v = layer(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary)
    past, none = past_k.shape[1], past_k[:, :0]
    turn = None if rotary is None else lambda y, _: rotary(y, past)
    return layer(x, none, none, W_Q, W_K, W_V, W_O, turn)[0], k, v


def wrong_rotary_from_zero(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals rotary that counts the new positions from 0: they stand behind the old ones, so
    call rotary(q, past) and rotary(k, past)."""
    start = {"q_at": lambda past: 0, "k_at": lambda past: 0}
    return layer(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary, **start)


def wrong_keys_from_zero(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals rotary that counts the new keys from 0, and only the queries from past: call
    rotary(k, past) as well."""
    return layer(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary, k_at=lambda past: 0)


def wrong_one_place_on(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals rotary one place too far on: the first new position is number past, since the
    first of all is number 0."""
    start = {"q_at": lambda past: past + 1, "k_at": lambda past: past + 1}
    return layer(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary, **start)


def wrong_rotary_ignored(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals a cache without rotary: where it is given, turn the new queries and keys by
    it."""
    return layer(x, past_k, past_v, W_Q, W_K, W_V, W_O)


def wrong_values_turned(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals values turned by rotary as well: turn queries and keys only."""
    return layer(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary, turn_v=True)


def wrong_old_keys_turned_again(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals old keys that are turned once more: they were turned when they were new, so turn
    the new ones before you join them."""
    return layer(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary, old_again=True)


def wrong_new_in_front(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals the new keys and values in front of the old: torch.cat([past_k, k], dim=1) puts
    them behind."""
    return layer(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary, in_front=True)


def wrong_no_mask(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals new positions that look ahead at each other: mask the scores, as in grouped."""
    return layer(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary, seen="all")


def wrong_first_query_at_first_key(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals a mask in which the first query belongs to the first key: the last query belongs
    to the last key, as in your attention.mask."""
    return layer(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary, seen="first")


def wrong_sets_in_turn(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals heads that take the sets in turn, 0 1 2 0 1 2: neighbours share, 0 0 1 1 2 2, so
    use repeat_interleave."""
    return layer(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary, share=torch.Tensor.repeat)


def wrong_not_scaled(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals scores that are not divided by the square root of d_head: use your
    attention.scores."""
    return layer(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary, scaled=False)


def wrong_new_ones_returned(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals returning the new keys and values alone: return the old ones with them, for the
    next time."""
    out, k, v = layer(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary)
    return out, k[:, past_k.shape[1] :], v[:, past_k.shape[1] :]


def wrong_copies_returned(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals returning the copies made for the heads: return one set for each of n_kv_heads,
    as it came in."""
    out, k, v = layer(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary)
    n = len(W_Q) // len(W_K)
    return out, k.repeat_interleave(n, dim=2), v.repeat_interleave(n, dim=2)


def wrong_unturned_keys_returned(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals returning the new keys as they were before rotary: return those that the scores
    are made of."""
    out, k, v = layer(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary)
    return out, torch.cat([past_k, einsum("bpm,hmd->bphd", x, W_K)], dim=1), v


def wrong_values_before_keys(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals returning values before keys: return out, k, v."""
    out, k, v = layer(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary)
    return out, v, k


def wrong_output_alone(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals the output alone: return the keys and values too, out, k, v."""
    return layer(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary)[0]


def wrong_place_by_new(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals rotary that counts from as many as are new: as many as are old stand before the
    first, past = past_k.shape[1]."""
    start = {"q_at": lambda past: x.shape[1], "k_at": lambda past: x.shape[1]}
    return layer(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary, **start)


def wrong_not_turned_at_first(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals rotary left out where nothing is old: a past of 0 is a place like others, so ask
    only whether rotary is None."""
    return layer(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary if past_k.shape[1] else None)


def wrong_mask_at_first_alone(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals a mask only where nothing is old: several new positions do not look ahead at each
    other then, either."""
    seen = "all" if past_k.shape[1] else "past"
    return layer(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary, seen=seen)


def wrong_itself_hidden(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals new positions that look at what is behind them, and not at themselves: the mask
    hides one key too many."""
    return layer(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary, seen="before")


def wrong_one_ahead(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals new positions that see one position ahead: the mask hides one key too few."""
    return layer(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary, seen="next")


def wrong_scaled_by_d_model(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals scores divided by the square root of d_model: it is that of d_head, so use your
    attention.scores."""
    share = (W_Q.shape[2] / W_Q.shape[1]) ** 0.5
    out, _, _ = layer(x, past_k, past_v, W_Q * share, W_K, W_V, W_O, rotary)
    return out, *layer(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary)[1:]


def wrong_stream_added(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals the stream with what the layer adds to it: return what it adds alone."""
    out, k, v = layer(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary)
    return x + out, k, v


def wrong_output_last(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals the output returned behind keys and values: return out, k, v."""
    out, k, v = layer(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary)
    return k, v, out


def wrong_heads_not_summed(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals what each head writes, side by side: what a layer adds is their sum."""
    group = len(W_Q) // len(W_K)
    each = [
        layer(
            x, past_k[:, :, [h // group]], past_v[:, :, [h // group]], W_Q[[h]],
            W_K[[h // group]], W_V[[h // group]], W_O[[h]], rotary,
        )[0]
        for h in range(len(W_Q))
    ]  # fmt: skip
    _, k, v = layer(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary)
    return torch.stack(each, dim=2), k, v


def wrong_all_keys_turned_from_past(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals rotary on all keys, old ones too, counted from past: turn the new ones, and then
    join them."""

    def turn(y, past):
        return rotary(y, past)

    if rotary is None:
        return layer(x, past_k, past_v, W_Q, W_K, W_V, W_O)
    past = past_k.shape[1]
    new = einsum("bpm,hmd->bphd", x, W_K)
    together = rotary(torch.cat([past_k, new], dim=1), past)
    joined = [together[:, :past], together[:, past:]]

    def given(y, start):
        return joined[1] if y.shape == new.shape and torch.equal(y, new) else turn(y, start)

    return layer(x, joined[0], past_v, W_Q, W_K, W_V, W_O, given)


def wrong_queries_not_turned(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals rotary on the keys alone: turn the queries too, rotary(q, past)."""
    new = einsum("bpm,hmd->bphd", x, W_Q)

    def keys_alone(y, past):
        return y if y.shape == new.shape and torch.equal(y, new) else rotary(y, past)

    return layer(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary and keys_alone)


def wrong_values_by_the_keys_weights(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals values made by W_K: they are made by W_V."""
    return layer(x, past_k, past_v, W_Q, W_K, W_K, W_O, rotary)


def wrong_old_ones_exchanged(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals old values put before the new keys, and old keys before the new values: past_k
    belongs to k, past_v to v."""
    return layer(x, past_v, past_k, W_Q, W_K, W_V, W_O, rotary)
