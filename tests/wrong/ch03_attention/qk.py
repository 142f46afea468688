"""Wrong answers for attention.qk; each docstring is the sentence that its writer is told."""

from __future__ import annotations

from torch import einsum


def neighbours(W, n_heads):
    """0 0 0 1 1 1: as it should be."""
    return W.repeat_interleave(n_heads // len(W), dim=0)


def wrong_turned(W_Q, W_K):
    """this equals the QK matrices transposed: rows belong to the query's position, so W_Q stands on
    the left, W_Q[h] @ W_K[g].T."""
    return einsum("hmd,hnd->hnm", W_Q, neighbours(W_K, len(W_Q)))


def wrong_in_turn(W_Q, W_K):
    """this equals heads that take the keys in turn, 0 1 2 0 1 2: neighbours share, 0 0 1 1 2 2, so
    use repeat_interleave."""
    return einsum("hmd,hnd->hmn", W_Q, W_K.repeat(len(W_Q) // len(W_K), 1, 1))


def wrong_scaled(W_Q, W_K):
    """this equals the QK matrices divided by the square root of d_head: the raw score is asked for,
    without dividing."""
    return einsum("hmd,hnd->hmn", W_Q, neighbours(W_K, len(W_Q))) / W_Q.shape[-1] ** 0.5


def wrong_first_set_for_all(W_Q, W_K):
    """this equals the first set of keys serving every head: head h uses set
    h // (n_heads // n_kv_heads)."""
    return einsum("hmd,nd->hmn", W_Q, W_K[0])


def wrong_sets_added_up(W_Q, W_K):
    """this equals each head's queries with the keys of all sets added up: use one set for each
    head."""
    return einsum("hmd,gnd->hmn", W_Q, W_K)


def wrong_one_head_a_set(W_Q, W_K):
    """this equals as many heads as there are sets of keys: give one matrix for each head of W_Q."""
    return einsum("hmd,hnd->hmn", W_Q[: len(W_K)], W_K)


def wrong_queries_with_queries(W_Q, W_K):
    """this equals W_Q with itself: the right-hand side is W_K, transposed."""
    return einsum("hmd,hnd->hmn", W_Q, W_Q)


def wrong_inside_out(W_Q, W_K):
    """this equals W_Q.T @ W_K, of shape [d_head, d_head]: sum over d_head, so that d_model is left
    on both sides."""
    return einsum("hmd,hme->hde", W_Q, neighbours(W_K, len(W_Q)))


def wrong_divisor(W_Q, W_K):
    """this equals head h using set h // n_kv_heads: divide h by the number of heads that share a
    set, n_heads // n_kv_heads."""
    which = [h // len(W_K) for h in range(len(W_Q))]  # with 2 sets or 1 there is no such set
    return einsum("hmd,hnd->hmn", W_Q, W_K[which])


def wrong_reshaped(W_Q, W_K):
    """this equals W_K reshaped to [d_head, d_model], which puts its numbers in other places: a
    transpose exchanges rows and columns, W_K.mT."""
    W_K = neighbours(W_K, len(W_Q))
    return W_Q @ W_K.reshape(len(W_Q), W_K.shape[2], W_K.shape[1])


def wrong_not_shared(W_Q, W_K):
    """this equals the product of W_Q and W_K without sharing, which fits as many sets as heads
    only, or a single set: give each head its set first, W_K.repeat_interleave(n_heads //
    n_kv_heads, dim=0)."""
    return einsum("hmd,hnd->hmn", W_Q, W_K)


def wrong_not_shared_in_a_loop(W_Q, W_K):
    """this equals head h using set h, which is there only with as many sets as heads: neighbours
    share, so head h uses set h // (n_heads // n_kv_heads)."""
    return einsum("hmd,hnd->hmn", W_Q, W_K[list(range(len(W_Q)))])


def wrong_summed_apart(W_Q, W_K):
    """this equals summing each weight over d_head by itself and then multiplying: d_head needs one
    letter in both, as in einsum("hmd,hnd->hmn", ...)."""
    return einsum("hmd,hne->hmn", W_Q, neighbours(W_K, len(W_Q)))


def wrong_heads_added_up(W_Q, W_K):
    """this equals the matrices of all heads added up: keep the axis of heads, h, in the output."""
    return einsum("hmd,hnd->mn", W_Q, neighbours(W_K, len(W_Q)))


def wrong_one_below_another(W_Q, W_K):
    """this equals the heads' matrices one below another, [n_heads * d_model, d_model]: torch.stack
    makes an axis of heads, torch.cat does not."""
    return einsum("hmd,hnd->hmn", W_Q, neighbours(W_K, len(W_Q))).flatten(0, 1)
