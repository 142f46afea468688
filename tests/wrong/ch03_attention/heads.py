"""Wrong answers for attention.heads; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import torch
from torch import einsum


def layer(
    x, W_Q, W_K, W_V, W_O, turn_q=None, turn_k=None, turn_v=None, causal=True, scale=None, axis=-1
):
    """Attention in which each part can be got wrong."""
    q, k, v = (einsum("bpm,hmd->bphd", x, W) for W in (W_Q, W_K, W_V))
    q = turn_q(q) if turn_q else q
    k = turn_k(k) if turn_k else k
    v = turn_v(v) if turn_v else v
    scores = einsum("bqhd,bkhd->bhqk", q, k) / (scale or q.shape[-1]) ** 0.5
    if causal:
        future = torch.ones(x.shape[1], x.shape[1]).triu(1).bool()
        scores = scores.masked_fill(future, -torch.inf)
    z = einsum("bhqk,bkhd->bqhd", scores.softmax(dim=axis), v)
    return einsum("bqhd,hdm->bqm", z, W_O)


def wrong_rotary_ignored(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals attention without rotary: where it is given, turn queries and keys by it before
    the scores, as [batch, pos, n_heads, d_head] (it takes axis 1 for the positions)."""
    return layer(x, W_Q, W_K, W_V, W_O)


def wrong_rotary_on_values_too(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals attention with the values turned by rotary as well: turn queries and keys
    only."""
    return layer(x, W_Q, W_K, W_V, W_O, rotary, rotary, rotary)


def wrong_rotary_on_queries_only(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals attention with only the queries turned by rotary: turn the keys as well."""
    return layer(x, W_Q, W_K, W_V, W_O, rotary)


def wrong_rotary_on_keys_only(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals attention with only the keys turned by rotary: turn the queries as well."""
    return layer(x, W_Q, W_K, W_V, W_O, None, rotary)


def wrong_rotary_twice(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals attention with rotary applied twice: turn queries and keys once."""
    twice = rotary and (lambda q: rotary(rotary(q)))
    return layer(x, W_Q, W_K, W_V, W_O, twice, twice)


def wrong_reshaped(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals weights reshaped from [n_heads, d_model, d_head] to [d_model, n_heads * d_head],
    which mixes the heads' numbers: use einsum, or move the axis of heads by permute(1, 0, 2)
    first."""
    W_Q, W_K, W_V = (
        W.reshape(W.shape[1], -1).unflatten(1, (len(W), -1)).permute(1, 0, 2)
        for W in (W_Q, W_K, W_V)
    )
    return layer(x, W_Q, W_K, W_V, W_O, rotary, rotary)


def wrong_mean_over_heads(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals the mean of what the heads add: sum over the heads, without dividing."""
    return layer(x, W_Q, W_K, W_V, W_O, rotary, rotary) / len(W_Q)


def wrong_first_head_only(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals the first head alone: add up what all the heads of W_Q add."""
    return layer(x, W_Q[:1], W_K[:1], W_V[:1], W_O[:1], rotary, rotary)


def wrong_last_head_only(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals the last head alone: in the loop, add to the output instead of replacing it."""
    return layer(x, W_Q[-1:], W_K[-1:], W_V[-1:], W_O[-1:], rotary, rotary)


def wrong_no_mask(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals attention without the causal mask: set the scores of the future to minus infinity
    before the softmax."""
    return layer(x, W_Q, W_K, W_V, W_O, rotary, rotary, causal=False)


def wrong_root_of_all_heads(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals attention with scores divided by the square root of n_heads * d_head: divide by
    that of d_head alone."""
    scale = len(W_Q) * W_Q.shape[-1]
    return layer(x, W_Q, W_K, W_V, W_O, rotary, rotary, scale=scale)


def wrong_not_scaled(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals attention with scores that are not scaled: divide them by the square root of
    d_head."""
    return layer(x, W_Q, W_K, W_V, W_O, rotary, rotary, scale=1)


def wrong_softmax_over_heads(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals attention with the softmax taken over the heads: take it over the keys, the last
    axis of [batch, n_heads, query, key]."""
    return layer(x, W_Q, W_K, W_V, W_O, rotary, rotary, axis=1)


def wrong_output_weights_of_the_first(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals writing every head's values by the first head's W_O: head h writes by W_O[h]."""
    return layer(x, W_Q, W_K, W_V, W_O[:1].expand_as(W_O), rotary, rotary)


def wrong_heads_crossed(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals the sum of all heads' values written by the sum of all heads' W_O: head h's
    values meet W_O[h] only, so keep one letter for both."""
    return layer(x, W_Q, W_K, W_V, W_O.sum(dim=0).expand_as(W_O), rotary, rotary)


def wrong_added_to_stream(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals the stream with the heads' outputs added to it: return what they add, without
    x."""
    return x + layer(x, W_Q, W_K, W_V, W_O, rotary, rotary)


def wrong_one_after_another(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals each head reading what the head before it wrote: all heads read the same x, and
    what they add is summed."""
    for h in range(len(W_Q)):
        x = layer(x, *(W[h : h + 1] for W in (W_Q, W_K, W_V, W_O)), rotary, rotary)
    return x


def wrong_heads_put_together_unturned(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals averaged values [batch, n_heads, pos, d_head] reshaped to [batch, pos, n_heads *
    d_head], which mixes positions and heads: exchange the two axes by transpose(1, 2) first."""
    (n_heads, d_head, d_model), n_pos = W_O.shape, x.shape[1]
    apart = torch.eye(n_heads * d_head).reshape(n_heads, d_head, -1).to(x.dtype)
    z = layer(x, W_Q, W_K, W_V, apart, rotary, rotary).unflatten(2, (n_heads, d_head))
    z = z.transpose(1, 2).reshape(len(x), n_pos, n_heads * d_head)
    return z @ W_O.reshape(-1, d_model)


def wrong_one_after_another_in_the_stream(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals each head reading the stream to which the head before it has added: all heads
    read the same x, and x itself is not returned."""
    for h in range(len(W_Q)):
        x = x + layer(x, *(W[h : h + 1] for W in (W_Q, W_K, W_V, W_O)), rotary, rotary)
    return x


def wrong_last_head_in_a_loop(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals the last head alone, and without rotary: add to the output in the loop instead of
    replacing it, and turn each head's queries and keys (head of exercise 4 cannot)."""
    return layer(x, W_Q[-1:], W_K[-1:], W_V[-1:], W_O[-1:])


def wrong_first_head_in_a_loop(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals the first head alone, and without rotary: return behind the loop, not in it, and
    turn each head's queries and keys (head of exercise 4 cannot)."""
    return layer(x, W_Q[:1], W_K[:1], W_V[:1], W_O[:1])


def wrong_stacked_in_a_loop(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals what each head adds, stacked as [n_heads, batch, pos, d_model], and without
    rotary: add the heads up, sum(dim=0), and turn queries and keys (head of exercise 4 cannot)."""
    return torch.stack([layer(x, *(W[[h]] for W in (W_Q, W_K, W_V, W_O))) for h in range(len(W_Q))])


def wrong_mean_in_a_loop(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals the mean of what the heads add, and without rotary: sum over the heads, and turn
    each head's queries and keys (head of exercise 4 cannot)."""
    return layer(x, W_Q, W_K, W_V, W_O) / len(W_Q)


def wrong_stream_in_a_loop(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals each head reading the stream to which the head before it has added, and without
    rotary: begin with zeros, let all heads read the same x, and turn queries and keys."""
    for h in range(len(W_Q)):
        x = x + layer(x, *(W[[h]] for W in (W_Q, W_K, W_V, W_O)))
    return x


def wrong_stacked(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals what each head adds, with an axis of heads, [batch, pos, n_heads, d_model]: sum
    over the heads."""
    apart = [
        layer(x, *(W[[h]] for W in (W_Q, W_K, W_V, W_O)), rotary, rotary) for h in range(len(W_Q))
    ]
    return torch.stack(apart, dim=2)


def wrong_stacked_before_batch(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals what each head adds, with an axis of heads, [n_heads, batch, pos, d_model]: sum
    over the heads."""
    return wrong_stacked(x, W_Q, W_K, W_V, W_O, rotary).permute(2, 0, 1, 3)


def wrong_mean_pattern(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals all heads looking by the mean of their patterns: head h's values are averaged by
    head h's pattern, so keep the axis of heads."""
    q, k, v = (einsum("bpm,hmd->bphd", x, W) for W in (W_Q, W_K, W_V))
    q, k = (rotary(q), rotary(k)) if rotary else (q, k)
    future = torch.ones(x.shape[1], x.shape[1]).triu(1).bool()
    scores = einsum("bqhd,bkhd->bhqk", q, k) / q.shape[-1] ** 0.5
    pattern = scores.masked_fill(future, -torch.inf).softmax(dim=-1).mean(dim=1)
    return einsum("bqk,bkhd,hdm->bqm", pattern, v, W_O)


def wrong_minus_infinity_after_softmax(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals attention with the mask after the softmax, which puts minus infinity among the
    weights: mask the scores first, softmax(mask(scores))."""
    q, k, v = (einsum("bpm,hmd->bphd", x, W) for W in (W_Q, W_K, W_V))
    q, k = (rotary(q), rotary(k)) if rotary else (q, k)
    future = torch.ones(x.shape[1], x.shape[1]).triu(1).bool()
    pattern = (einsum("bqhd,bkhd->bhqk", q, k) / q.shape[-1] ** 0.5).softmax(dim=-1)
    return einsum("bhqk,bkhd,hdm->bqm", pattern.masked_fill(future, -torch.inf), v, W_O)


def wrong_side_by_side_in_a_loop(x, W_Q, W_K, W_V, W_O, rotary=None):
    """this equals what each head adds, side by side, and without rotary: add the heads up instead
    of torch.cat, and turn queries and keys (head of exercise 4 cannot)."""
    apart = [layer(x, *(W[[h]] for W in (W_Q, W_K, W_V, W_O))) for h in range(len(W_Q))]
    return torch.cat(apart, dim=-1)
