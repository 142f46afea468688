"""Wrong answers for block.experts; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import torch


def mixture(
    x,
    W_router,
    experts,
    k,
    weigh=lambda weights: weights / weights.sum(dim=-1, keepdim=True),
    softmax=lambda logits: logits.softmax(dim=-1),
    largest=True,
    share=lambda chosen, weights, probabilities: chosen.mean(dim=0) / chosen.sum(dim=-1).mean(),
    expert_of=lambda i: i,
    inside=False,
):
    """The mixture of the exercise, in which each part can be got wrong."""
    probabilities = softmax(x @ W_router)
    top, which = probabilities.topk(k, dim=-1, largest=largest)
    weights = torch.zeros_like(probabilities).scatter(1, which, weigh(top))
    chosen = torch.zeros_like(probabilities).scatter(1, which, 1.0)
    out = torch.zeros_like(x)
    for i in range(len(experts)):
        each = weights[:, i, None]
        token = chosen[:, i] > 0
        expert = experts[expert_of(i)]
        if inside:
            out[token] += expert(x[token] * each[token])
        else:
            out[token] += expert(x[token]) * each[token]
    return out, share(chosen, weights, probabilities)


def wrong_not_renormalised(x, W_router, experts, k):
    """this equals the chosen experts weighted by the softmax over all of them: divide each token's
    k weights by their sum."""
    return mixture(x, W_router, experts, k, weigh=lambda weights: weights)


def wrong_equal_weights(x, W_router, experts, k):
    """this equals the plain mean of the chosen experts: weigh each by its share of the k router
    weights."""
    return mixture(x, W_router, experts, k, weigh=lambda weights: torch.ones_like(weights) / k)


def wrong_sum(x, W_router, experts, k):
    """this equals the sum of the chosen experts, not weighted: multiply each by its weight."""
    return mixture(x, W_router, experts, k, weigh=torch.ones_like)


def wrong_softmax_twice(x, W_router, experts, k):
    """this equals a second softmax over the chosen weights: divide them by their sum."""
    return mixture(x, W_router, experts, k, weigh=lambda weights: weights.softmax(dim=-1))


def wrong_divided_by_the_largest(x, W_router, experts, k):
    """this equals weights over the largest of them: divide by their sum, so that they sum to
    one."""
    return mixture(
        x, W_router, experts, k, weigh=lambda weights: weights / weights.amax(dim=-1, keepdim=True)
    )


def wrong_weights_the_other_way(x, W_router, experts, k):
    """this equals the chosen experts with each other's weights, the largest for the last: keep each
    weight with its expert."""
    return mixture(
        x,
        W_router,
        experts,
        k,
        weigh=lambda weights: (weights / weights.sum(dim=-1, keepdim=True)).flip(-1),
    )


def wrong_no_softmax(x, W_router, experts, k):
    """this equals the router's numbers used as weights: take their softmax over the experts
    first."""
    return mixture(x, W_router, experts, k, softmax=lambda logits: logits)


def wrong_overflow(x, W_router, experts, k):
    """this equals a softmax by e^z over its sum, which gives nan where the router's numbers are
    large: take logits.softmax(dim=-1), or subtract the largest first."""
    return mixture(
        x,
        W_router,
        experts,
        k,
        softmax=lambda logits: logits.exp() / logits.exp().sum(dim=-1, keepdim=True),
    )


def wrong_softmax_over_tokens(x, W_router, experts, k):
    """this equals a softmax over the tokens: take it over the experts, the last axis."""
    return mixture(x, W_router, experts, k, softmax=lambda logits: logits.softmax(dim=0))


def wrong_smallest(x, W_router, experts, k):
    """this equals the k experts of the smallest weights: take the largest."""
    return mixture(x, W_router, experts, k, largest=False)


def wrong_all_experts(x, W_router, experts, k):
    """this equals every expert weighted by the softmax: only the k of the largest weights are
    asked."""
    return mixture(x, W_router, experts, len(experts))


def wrong_one_expert(x, W_router, experts, k):
    """this equals the first choice alone: add up the k chosen experts, each times its weight."""
    return mixture(x, W_router, experts, 1)


def wrong_next_expert(x, W_router, experts, k):
    """this equals tokens sent to the expert before the one that was chosen: column i of W_router
    belongs to experts[i]."""
    return mixture(x, W_router, experts, k, expert_of=lambda i: i - 1)


def wrong_weighted_inside(x, W_router, experts, k):
    """this equals experts that are handed x times its weight: hand them x, and weigh what they
    return."""
    return mixture(x, W_router, experts, k, inside=True)


def wrong_added_to_stream(x, W_router, experts, k):
    """this equals the stream with the experts' output added to it: return what they make of x,
    without x."""
    out, load = mixture(x, W_router, experts, k)
    return x + out, load


def wrong_load_in_tokens(x, W_router, experts, k):
    """this equals the number of tokens that each expert received: divide by n * k."""
    return mixture(x, W_router, experts, k, share=lambda chosen, w, p: chosen.sum(dim=0))


def wrong_load_of_tokens(x, W_router, experts, k):
    """this equals the share of the tokens that each expert received, which sums to k: divide by
    n * k."""
    return mixture(x, W_router, experts, k, share=lambda chosen, w, p: chosen.mean(dim=0))


def wrong_load_of_first_choices(x, W_router, experts, k):
    """this equals the load of the first choices alone: count all k choices of each token."""
    return mixture(
        x,
        W_router,
        experts,
        k,
        share=lambda chosen, w, p: (p == p.amax(dim=-1, keepdim=True)).to(p.dtype).mean(dim=0),
    )


def wrong_load_by_weight(x, W_router, experts, k):
    """this equals the sum of the weights that each expert received: the load counts places, each as
    one, whatever its weight."""
    return mixture(x, W_router, experts, k, share=lambda chosen, weights, p: weights.mean(dim=0))


def wrong_load_of_the_router(x, W_router, experts, k):
    """this equals the mean of the router's softmax: the load counts the places that each expert
    received."""
    return mixture(x, W_router, experts, k, share=lambda chosen, w, p: p.mean(dim=0))


def wrong_router_read_in_rows(x, W_router, experts, k):
    """this equals experts taken in the order of a token's choices, the first choice to the first
    expert: use the numbers that topk returns, its second value."""
    top = (x @ W_router).softmax(dim=-1).topk(k, dim=-1).values
    weights = top / top.sum(dim=-1, keepdim=True)
    out = sum(weights[:, i, None] * experts[i](x) for i in range(k))
    load = torch.zeros(len(experts), dtype=x.dtype)
    load[:k] = 1 / k
    return out, load


def wrong_last_expert_stays(x, W_router, experts, k):
    """this equals the last of a token's k experts alone, times its weight: add to what the others
    gave (+=), do not overwrite it."""
    top, which = (x @ W_router).softmax(dim=-1).topk(k, dim=-1)
    weights = top / top.sum(dim=-1, keepdim=True)
    out, load = torch.zeros_like(x), x.new_zeros(len(experts))
    for i, expert in enumerate(experts):
        token, choice = torch.where(which == i)
        if len(token):
            out[token] = expert(x[token]) * weights[token, choice, None]
        load[i] = len(token) / which.numel()
    return out, load
