"""Wrong answers for attention.ov; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import torch
from torch import einsum


def neighbours(W, n_heads):
    """0 0 0 1 1 1: as it should be."""
    return W.repeat_interleave(n_heads // len(W), dim=0)


def wrong_in_turn(x, W_V, W_O, W_U):
    """this equals heads that take the values in turn, 0 1 2 0 1 2: neighbours share, 0 0 1 1 2 2,
    so use repeat_interleave."""
    v = x @ W_V.repeat(len(W_O) // len(W_V), 1, 1)
    return v @ W_O @ W_U


def wrong_first_set_for_all(x, W_V, W_O, W_U):
    """this equals the first set of values serving every head: head h uses set
    h // (n_heads // n_kv_heads)."""
    return x @ W_V[0] @ W_O @ W_U


def wrong_sets_added_up(x, W_V, W_O, W_U):
    """this equals every head writing the values of all sets added up: use one set for each head."""
    return (x @ W_V).sum(dim=0) @ W_O @ W_U


def wrong_not_unembedded(x, W_V, W_O, W_U):
    """this equals what each head writes into the stream: multiply it by W_U to read it as
    logits."""
    return x @ neighbours(W_V, len(W_O)) @ W_O


def wrong_heads_added_up(x, W_V, W_O, W_U):
    """this equals the heads added up: keep one row of logits for each head."""
    v = x @ neighbours(W_V, len(W_O))
    return einsum("hnd,hdm,mv->nv", v, W_O, W_U)


def wrong_stream_added(x, W_V, W_O, W_U):
    """this equals the head's logits with those of x itself added: return what the head adds."""
    return (x + x @ neighbours(W_V, len(W_O)) @ W_O) @ W_U


def wrong_softmax_too(x, W_V, W_O, W_U):
    """this equals the probabilities of the tokens: return the logits, without the softmax."""
    return (x @ neighbours(W_V, len(W_O)) @ W_O @ W_U).softmax(dim=-1)


def wrong_tokens_before_heads(x, W_V, W_O, W_U):
    """this equals the logits as [n, n_heads, d_vocab]: put the heads first,
    [n_heads, n, d_vocab]."""
    return (x @ neighbours(W_V, len(W_O)) @ W_O @ W_U).transpose(0, 1)


def wrong_one_head_a_set(x, W_V, W_O, W_U):
    """this equals as many heads as there are sets of values: give logits for each head of W_O."""
    return x @ W_V @ W_O[: len(W_V)] @ W_U


def wrong_divisor(x, W_V, W_O, W_U):
    """this equals head h using set h // n_kv_heads: divide h by the number of heads that share a
    set, n_heads // n_kv_heads."""
    which = [h // len(W_V) for h in range(len(W_O))]  # with 2 sets or 1 there is no such set
    return x @ W_V[which] @ W_O @ W_U


def wrong_mean_of_tokens(x, W_V, W_O, W_U):
    """this equals values averaged over the n tokens: each is looked at alone, as if by a head of
    its own, and keeps its own row."""
    v = (x @ neighbours(W_V, len(W_O))).mean(dim=1, keepdim=True)
    return (v @ W_O @ W_U).expand(-1, len(x), -1)


def wrong_mean_of_tokens_so_far(x, W_V, W_O, W_U):
    """this equals values averaged over the tokens so far, as by a causal head that looks at all of
    them alike: the n tokens are no text, each is looked at alone."""
    v = (x @ neighbours(W_V, len(W_O))).cumsum(dim=1)
    return v / torch.arange(1, len(x) + 1)[:, None] @ W_O @ W_U


def wrong_not_shared(x, W_V, W_O, W_U):
    """this equals heads without sharing, which fits as many sets as heads only, or a single set:
    give each head its set first, W_V.repeat_interleave(n_heads // n_kv_heads, dim=0)."""
    return x @ W_V @ W_O @ W_U


def wrong_not_shared_in_a_loop(x, W_V, W_O, W_U):
    """this equals head h using set h, which is there only with as many sets as heads: neighbours
    share, so head h uses set h // (n_heads // n_kv_heads)."""
    return x @ W_V[list(range(len(W_O)))] @ W_O @ W_U


def wrong_without_x(x, W_V, W_O, W_U):
    """this equals W_V W_O W_U alone, what a head would do with any vector: multiply by x from the
    left, x @ W_V @ W_O @ W_U."""
    return neighbours(W_V, len(W_O)) @ W_O @ W_U


def wrong_favourite(x, W_V, W_O, W_U):
    """this equals the token that each head favours: return the logits of all tokens, without the
    argmax."""
    return (x @ neighbours(W_V, len(W_O)) @ W_O @ W_U).argmax(dim=-1)


def wrong_one_below_another(x, W_V, W_O, W_U):
    """this equals the heads' logits one below another, [n_heads * n, d_vocab]: torch.stack makes an
    axis of heads, torch.cat does not."""
    return (x @ neighbours(W_V, len(W_O)) @ W_O @ W_U).flatten(0, 1)
