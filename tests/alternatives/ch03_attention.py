"""Right answers in other styles than the solutions': loops, float64, other names, shortcuts.

Each must pass its grader: a learner is told how a result differs, never how it should have been
written. `right_<exercise>_<style>`; other tests read this file by that name.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from minitransformer.interventions import ablate_head


def right_softmax_torch(x):
    return torch.softmax(x, dim=-1)


def right_softmax_float64_loops(numbers):
    out = torch.zeros_like(numbers, dtype=torch.float64)
    rows, results = numbers.reshape(-1, numbers.shape[-1]), out.view(-1, numbers.shape[-1])
    for i, row in enumerate(rows.tolist()):
        odds = [math.exp(number - max(row)) for number in row]
        for j, weight in enumerate(odds):
            results[i, j] = weight / sum(odds)
    return out


def right_softmax_logsumexp(x):
    return (x - torch.logsumexp(x, dim=-1, keepdim=True)).exp()


def right_scores_matmul(queries, keys):
    return queries.transpose(1, 2) @ keys.permute(0, 2, 3, 1) / math.sqrt(queries.size(-1))


def right_scores_loops(q, k):
    batch, n_query, n_heads, d_head = q.shape
    out = q.new_zeros(batch, n_heads, n_query, k.shape[1])
    for b in range(batch):
        for h in range(n_heads):
            out[b, h] = q[b, :, h] @ k[b, :, h].T / d_head**0.5
    return out


def right_scores_numpy(q, k):
    found = np.einsum("bqhd,bkhd->bhqk", q.double().numpy(), k.double().numpy())
    return torch.from_numpy(found / np.sqrt(q.shape[-1]))


def right_scores_scaled_first(q, k):
    return torch.einsum("bqhd,bkhd->bhqk", q * q.shape[-1] ** -0.5, k)


def right_mask_triu_added(scores):
    n_query, n_key = scores.shape[-2], scores.shape[-1]
    above = torch.full((n_query, n_key), float("-inf")).triu(n_key - n_query + 1)
    return scores + above


def right_mask_where(s):
    seen = torch.ones(s.shape[-2:], dtype=torch.bool).tril(s.shape[-1] - s.shape[-2])
    return torch.where(seen, s, -torch.inf)


def right_mask_loops(scores):
    out = scores.clone()
    for i in range(out.shape[2]):
        out[:, :, i, out.shape[3] - out.shape[2] + i + 1 :] = -math.inf
    return out


def right_head_prefixes(x, W_Q, W_K, W_V, W_O):
    """Each position attends over its own prefix: no mask is needed."""
    out = torch.zeros_like(x)
    for t in range(x.shape[1]):
        past = x[:, : t + 1]
        fit = (past @ W_K) @ (x[:, t] @ W_Q).unsqueeze(-1) / W_Q.shape[1] ** 0.5
        out[:, t] = (fit.softmax(dim=1) * (past @ W_V)).sum(dim=1) @ W_O
    return out


def right_head_fused_float64(x, W_Q, W_K, W_V, W_O):
    x, W_Q, W_K, W_V, W_O = (tensor.double() for tensor in (x, W_Q, W_K, W_V, W_O))
    z = torch.nn.functional.scaled_dot_product_attention(x @ W_Q, x @ W_K, x @ W_V, is_causal=True)
    return z @ W_O


def right_heads_loop(x, W_Q, W_K, W_V, W_O, rotary=None):
    total = 0
    for w_q, w_k, w_v, w_o in zip(W_Q, W_K, W_V, W_O, strict=True):
        q, k = (x @ w_q).unsqueeze(2), (x @ w_k).unsqueeze(2)
        if rotary:
            q, k = rotary(q), rotary(k)
        fit = q.squeeze(2) @ k.squeeze(2).mT / w_q.shape[-1] ** 0.5
        later = torch.ones_like(fit).triu(1) > 0
        total = total + fit.masked_fill(later, -math.inf).softmax(-1) @ (x @ w_v) @ w_o
    return total


def right_heads_fused(x, W_Q, W_K, W_V, W_O, turn=None):
    q, k, v = (torch.einsum("bpm,hmd->bphd", x, W) for W in (W_Q, W_K, W_V))
    q, k = (turn(q), turn(k)) if turn is not None else (q, k)
    q, k, v = (heads.transpose(1, 2) for heads in (q, k, v))
    z = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    return z.transpose(1, 2).flatten(2) @ W_O.flatten(0, 1)


def right_grouped_copied_weights(x, W_Q, W_K, W_V, W_O, rotary=None):
    share = W_Q.shape[0] // W_K.shape[0]
    K, V = W_K.repeat_interleave(share, 0), W_V.repeat_interleave(share, 0)
    return right_heads_fused(x, W_Q, K, V, W_O, rotary)


def right_grouped_loop(x, W_Q, W_K, W_V, W_O, rotary=None):
    n_heads, n_sets = len(W_Q), len(W_K)
    out = torch.zeros_like(x, dtype=torch.float64)
    for h in range(n_heads):
        g = h // (n_heads // n_sets)
        one = [W[i : i + 1].double() for W, i in ((W_Q, h), (W_K, g), (W_V, g), (W_O, h))]
        out += right_heads_loop(x.double(), *one, rotary)
    return out


def right_grouped_five_axes(x, W_Q, W_K, W_V, W_O, rotary=None):
    """The query heads as [set, head in the set]; keys and values are never copied."""
    sets = len(W_K)
    q, k, v = (torch.einsum("bpm,hmd->bphd", x, W) for W in (W_Q, W_K, W_V))
    if rotary is not None:
        q, k = rotary(q), rotary(k)
    q = q.unflatten(2, (sets, -1))
    fit = torch.einsum("bqgrd,bkgd->bgrqk", q, k) / q.shape[-1] ** 0.5
    later = torch.ones(x.shape[1], x.shape[1]).triu(1).bool()
    pattern = fit.masked_fill(later, -torch.inf).softmax(-1)
    z = torch.einsum("bgrqk,bkgd->bqgrd", pattern, v)
    return torch.einsum("bqgrd,grdm->bqm", z, W_O.unflatten(0, (sets, -1)))


def right_qk_loop(W_Q, W_K):
    share = len(W_Q) // len(W_K)
    return torch.stack([W_Q[h] @ W_K[h // share].T for h in range(len(W_Q))])


def right_qk_float64(queries, keys):
    keys = keys.double()[:, None].expand(-1, len(queries) // len(keys), -1, -1).flatten(0, 1)
    return queries.double() @ keys.mT


def right_ov_loop(x, W_V, W_O, W_U):
    share = W_O.shape[0] // W_V.shape[0]
    return torch.stack([x @ W_V[h // share] @ W_O[h] @ W_U for h in range(W_O.shape[0])])


def right_ov_folded_first(x, W_V, W_O, W_U):
    folded = W_V.repeat_interleave(len(W_O) // len(W_V), 0) @ W_O
    return torch.einsum("nm,hmk,kv->hnv", x.double(), folded.double(), W_U.double())


def right_lookback_diagonal(pattern, distance, first_query=0):
    entries = pattern.diagonal(-distance, dim1=-2, dim2=-1)
    return entries[..., max(first_query - distance, 0) :].mean(dim=(0, -1))


def right_lookback_loops(pattern, back, start=0):
    batch, n_heads, n_query, _ = pattern.shape
    queries = range(max(back, start), n_query)
    out = torch.zeros(n_heads, dtype=torch.float64)
    for h in range(n_heads):
        out[h] = sum(pattern[b, h, i, i - back] for b in range(batch) for i in queries)
    return out / (batch * len(queries))


def right_idle_first_that_will_do(model, tokens):
    """The first head that meets both conditions, as a list, with tensors for numbers."""
    before, cache = model.run_with_cache(tokens)
    n_layers, n_heads = model.config.n_layers, model.config.n_heads
    for layer, head in np.ndindex(n_layers, n_heads):
        attention = cache["pattern", layer][:, head, -1, :-1].max(dim=-1).values.mean()
        after, _ = model.run_with_cache(
            tokens, edit={f"blocks.{layer}.attn.z": ablate_head(int(head))}
        )
        effect = (torch.log_softmax(after, -1) - torch.log_softmax(before, -1))[:, -1]
        if attention >= 0.3 and effect.abs().mean() <= 0.05:
            return [layer, head, attention, effect.abs().mean()]
    return None


def right_idle_by_its_weights(model, tokens):
    """Takes the head's W_O away in a copy of the model, instead of editing its z."""
    import copy

    before, cache = model.run_with_cache(tokens, keep=["pattern"])
    best = (math.inf, 0, 0, 0.0)
    for layer in range(len(model.blocks)):
        for head in range(model.blocks[layer].attn.n_heads):
            attention = float(cache["pattern", layer][:, head, -1, :-1].amax(-1).mean())
            if attention >= 0.3:
                other = copy.deepcopy(model)
                with torch.no_grad():
                    other.blocks[layer].attn.W_O[head] = 0
                change = other(tokens).log_softmax(-1) - before.log_softmax(-1)
                best = min(best, (float(change[:, -1].abs().mean()), layer, head, attention))
    effect, layer, head, attention = best
    return layer, head, attention, effect
