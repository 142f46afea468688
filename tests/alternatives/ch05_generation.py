"""Right answers in other styles than the solutions': loops, float64, other names, shortcuts.

Each must pass its grader: a learner is told how a result differs, never how it should have been
written. `right_<exercise>_<style>`; other tests read this file by that name.
"""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import torch

from minitransformer import sampling
from minitransformer.config import Config
from minitransformer.generation import generate
from minitransformer.kv import KVCache
from minitransformer.tokenizer import Tokenizer
from minitransformer.transformer import Transformer
from minitransformer.weights import named


def right_unembed_float64(x, w, W_U, eps=1e-5):
    x = x.double()
    return torch.einsum("bpm,m,mv->bpv", x, w.double(), W_U.double()) * torch.rsqrt(
        (x * x).mean(-1, keepdim=True) + eps
    )


def right_unembed_torch(stream, weight, out, epsilon=1e-5):
    return torch.nn.functional.rms_norm(stream, weight.shape, weight, epsilon).matmul(out)


def right_entropy_distribution(logits):
    return torch.distributions.Categorical(logits=logits.clamp(min=-1e6)).entropy()


def right_entropy_entr(x):
    return torch.special.entr(x.double().softmax(-1)).sum(-1)


def right_entropy_logsumexp(logits):
    """log of the sum less the mean logit, on what is not minus infinity."""
    p = logits.softmax(-1)
    return logits.logsumexp(-1) - (p * logits.masked_fill(p == 0, 0)).sum(-1)


def right_draw_searchsorted(logits, t, u):
    sums = torch.softmax(logits.double() / t, -1).cumsum(-1)
    sums = sums / sums[:, -1:]
    return torch.searchsorted(sums, u.double()[:, None], right=True).squeeze(1)


def right_draw_argmax(logits, temperature, u):
    sums = (logits / temperature).softmax(-1).cumsum(-1)
    return (sums / sums[:, -1].unsqueeze(1) > u.unsqueeze(1)).int().argmax(1)


def right_draw_loops(logits, temperature, u):
    found = torch.zeros(len(logits), dtype=torch.long)
    for b, row in enumerate((logits.double() / temperature).softmax(-1).tolist()):
        reached, total = 0.0, math.fsum(row)
        for token, share in enumerate(row):
            reached += share
            if reached > float(u[b]) * total:
                found[b] = token
                break
    return found


def right_top_p_package(logits, p):
    return sampling.top_p(logits, p)


def right_top_p_loops(logits, p):
    out = torch.full_like(logits, -math.inf)
    for b in range(len(logits)):
        shares, total = logits[b].double().softmax(-1), 0.0
        for token in shares.argsort(descending=True).tolist():
            out[b, token] = logits[b, token]
            total += float(shares[token])
            if total >= p:
                break
    return out


def right_top_p_threshold(logits, p):
    """By the least probable token of the nucleus. No two tokens in the middle are equal."""
    shares = logits.softmax(-1)
    ordered, order = shares.sort(dim=-1, descending=True, stable=True)
    n = (ordered.cumsum(-1) < p).sum(-1, keepdim=True)
    rank = order.argsort(-1)
    return torch.where(rank <= n, logits, -torch.inf)


def right_penalty_package(logits, seen, strength):
    return sampling.repetition_penalty(logits, seen, strength)


def right_penalty_powers(logits, seen, strength):
    """One factor for each number: strength to the power of plus or minus one, or 0."""
    power = -torch.sign(logits).double() * seen
    return logits * strength**power


def right_penalty_in_a_copy(logits, seen, strength):
    out = logits.clone()
    up, down = seen & (logits > 0), seen & (logits < 0)
    out[up] /= strength
    out[down] *= strength
    return out


def right_repetition_counter(ids, n):
    counts = Counter(zip(*(ids[i:] for i in range(n)), strict=False))
    total = sum(counts.values())
    return sum(count - 1 for count in counts.values()) / total if total else 0.0


def right_repetition_seen(tokens, n):
    seen, again = set(), []
    for end in range(n, len(tokens) + 1):
        gram = tuple(tokens[end - n : end])
        again.append(gram in seen)
        seen.add(gram)
    return float(np.mean(again)) if again else 0


def right_cached_padded(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """Fused attention, with the mask as a table of what is seen."""
    past, new = past_k.size(1), x.size(1)
    q, k, v = (torch.einsum("bpm,hmd->bphd", x, W) for W in (W_Q, W_K, W_V))
    if rotary:
        q, k = rotary(q, past), rotary(k, past=past)
    k, v = torch.cat((past_k, k), 1), torch.cat((past_v, v), 1)
    seen = torch.ones(new, past + new).tril(past).bool()
    each = [t.transpose(1, 2) for t in (q, k, v)]
    z = torch.nn.functional.scaled_dot_product_attention(*each, attn_mask=seen, enable_gqa=True)
    return torch.einsum("bhqd,hdm->bqm", z, W_O), k, v


def right_cached_one_by_one(x, past_k, past_v, W_Q, W_K, W_V, W_O, rotary=None):
    """One new position after the other, in float64; each sees all that is there."""
    x, k, v, W_Q, W_K, W_V, W_O = (t.double() for t in (x, past_k, past_v, W_Q, W_K, W_V, W_O))
    share, outs = len(W_Q) // len(W_K), []
    for i in range(x.shape[1]):
        place, one = k.shape[1], x[:, i : i + 1]
        q, new_k, new_v = (torch.einsum("bpm,hmd->bphd", one, W) for W in (W_Q, W_K, W_V))
        if rotary is not None:
            q, new_k = rotary(q, place), rotary(new_k, place)
        k, v = torch.cat([k, new_k], 1), torch.cat([v, new_v], 1)
        out = 0
        for h in range(len(W_Q)):
            fit = (k[:, :, h // share] * q[:, :, h]).sum(-1) / q.shape[-1] ** 0.5
            out = out + (fit.softmax(-1)[..., None] * v[:, :, h // share]).sum(1) @ W_O[h]
        outs.append(out)
    return torch.stack(outs, 1), k, v


def right_loop_from_the_last(model, n_new):
    """Prompts of two tokens, from the last id down; the period as a tensor."""
    for token in reversed(range(model.config.d_vocab)):
        new = generate(model, [[0, token]], n_new)[0][n_new // 2 :]
        repeats = [
            p for p in range(1, len(new)) if all(new[i] == new[i - p] for i in range(p, len(new)))
        ]
        if repeats and 3 * repeats[0] <= len(new):
            return torch.tensor([0, token]), torch.tensor(repeats[0])
    return None


def right_loop_by_its_circle(model, n_new):
    """Goes round the circle itself: its tokens are the prompt."""
    for token in range(model.config.d_vocab):
        new = generate(model, [[token]], n_new)[0][n_new // 2 :]
        for period in range(1, len(new) // 3 + 1):
            if new == (new[:period] * len(new))[: len(new)]:
                return new[:period], period
    return None


def transformer(weights, base, eps):
    """The package's model with these weights."""
    d_vocab, d_model = weights["W_E"].shape
    n_heads, _, d_head = weights["blocks.0.attn.W_Q"].shape
    config = Config(
        n_layers=sum(name.endswith("attn.W_Q") for name in weights), d_model=d_model,
        n_heads=n_heads, d_head=d_head, n_kv_heads=len(weights["blocks.0.attn.W_K"]),
        d_mlp=weights["blocks.0.mlp.W_in"].shape[1], d_vocab=d_vocab, n_ctx=128, act="silu",
        gated=True, norm="rms", norm_eps=eps, positions="rotary", rotary_base=base, bias=False,
    )  # fmt: skip
    model = Transformer(config).requires_grad_(False)
    for name, weight in named(model).items():
        weight.copy_(weights[name])
    return model


def right_model_package(tokens, weights, base, eps=1e-5):
    return transformer(weights, base, eps)(tokens)


def right_model_token_by_token(tokens, weights, base, eps=1e-5):
    model = transformer(weights, base, eps).double()
    kv = KVCache(model.config.n_layers)
    return torch.cat([model(tokens[:, i : i + 1], kv=kv) for i in range(tokens.shape[1])], 1)


def right_write_package(text, n_new, weights, base, ranks, pattern):
    tokenizer = Tokenizer(ranks, {}, pattern)
    ids = tokenizer.encode(text)
    new = generate(transformer(weights, base, 1e-5), [ids], n_new)[0] if n_new else []
    return tokenizer.decode(ids + new)


def right_write_bytes(text, n_new, weights, base, ranks, pattern):
    """Keeps the text as bytes, and the ids beside it."""
    ids = Tokenizer(ranks, {}, pattern).encode(text)
    spelt = {id: token for token, id in ranks.items()}
    written = bytearray(text, "utf-8")
    model = transformer(weights, base, 1e-5)
    while n_new > 0:
        ids.append(model(torch.tensor(ids)[None])[0][-1].max(0).indices.item())
        written += spelt[ids[-1]]
        n_new -= 1
    return bytes(written).decode("utf-8", "replace")
