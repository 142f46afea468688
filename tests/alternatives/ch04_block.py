"""Right answers in other styles than the solutions': loops, float64, other names, shortcuts.

Each must pass its grader: a learner is told how a result differs, never how it should have been
written. `right_<exercise>_<style>`; other tests read this file by that name.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F


def right_rms_norm_torch(x, w, eps=1e-5):
    return F.rms_norm(x, (x.shape[-1],), w, eps)


def right_rms_norm_norm(vectors, weights, epsilon=1e-5):
    size = vectors.norm(dim=-1, keepdim=True) ** 2 / vectors.size(-1)
    return weights * vectors * torch.rsqrt(size + epsilon)


def right_rms_norm_numpy_float64(x, w, eps=1e-5):
    a = x.double().numpy()
    root = np.sqrt((a**2).mean(axis=-1, keepdims=True) + eps)
    return torch.from_numpy(np.asarray(a / root * w.double().numpy()))


def right_layer_norm_torch(x, w, b, eps=1e-5):
    return F.layer_norm(x, (x.shape[-1],), w, b, eps)


def right_layer_norm_var(x, w, b, eps=1e-5):
    mean, var = x.mean(-1, keepdim=True), x.var(-1, keepdim=True, correction=0)
    return (x - mean) * torch.rsqrt(var + eps) * w + b


def right_layer_norm_loop(x, w, b, eps=1e-5):
    rows = []
    for row in x.double().reshape(-1, x.shape[-1]):
        left = row - row.mean()
        rows.append(left / ((left @ left) / len(left) + eps).sqrt() * w + b)
    return torch.stack(rows).reshape(x.shape)


def right_gelu_torch(x):
    return F.gelu(x, approximate="tanh")


def right_gelu_sigmoid_of_twice(x):
    """(1 + tanh(a)) / 2 is the sigmoid of 2 a."""
    return x * torch.sigmoid(2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x))


def right_gelu_loop(x):
    root = math.sqrt(2 / math.pi)
    out = [0.5 * n * (1 + math.tanh(root * (n + 0.044715 * n**3))) for n in x.flatten().tolist()]
    return torch.tensor(out, dtype=torch.float64).reshape(x.shape)


def right_mlp_linear(x, W_in, b_in, W_out, b_out):
    return F.linear(F.gelu(F.linear(x, W_in.T, b_in), approximate="tanh"), W_out.T, b_out)


def right_mlp_neurons(x, W_in, b_in, W_out, b_out):
    out = b_out.double().expand(x.shape).clone()
    for i in range(len(b_in)):
        pre = (x.double() * W_in[:, i]).sum(dim=-1) + b_in[i]
        out += right_gelu_torch(pre)[..., None] * W_out[i]
    return out


def right_gated_torch(x, gate, up, down):
    return (F.silu(x @ gate) * (x @ up)) @ down


def right_gated_formula_float64(x, W_gate, W_in, W_out):
    x, W_gate, W_in, W_out = (t.double() for t in (x, W_gate, W_in, W_out))
    z = x @ W_gate
    return torch.einsum("...n,nm->...m", z / (1 + (-z).exp()) * (x @ W_in), W_out)


def right_memories_sorted(x, W_gate, W_in, W_out, k):
    post = F.silu(x @ W_gate) * (x @ W_in)
    order = sorted(range(len(post)), key=lambda i: -float(abs(post[i]) * W_out[i].norm()))[:k]
    return torch.tensor(order), torch.stack([post[i] * W_out[i] for i in order])


def right_memories_lengths_apart(x, W_gate, W_in, W_out, k):
    z = x @ W_gate
    post = z * torch.sigmoid(z) * (x @ W_in)
    which = (post.abs() * W_out.norm(dim=1)).argsort(descending=True)[:k]
    return which, torch.diag(post[which]) @ W_out[which]


def attention(x, w, rotary):
    q, k, v = (torch.einsum("bpm,hmd->bphd", x, w[f"attn.{n}"]) for n in ("W_Q", "W_K", "W_V"))
    if rotary is not None:
        q, k = rotary(q), rotary(k)
    q, k, v = (t.transpose(1, 2) for t in (q, k, v))
    z = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    return z.transpose(1, 2).flatten(2) @ w["attn.W_O"].flatten(0, 1)


def right_block_fused(x, weights, rotary=None, eps=1e-5):
    d_model = x.shape[-1:]
    x = x + attention(F.rms_norm(x, d_model, weights["attn_norm.w"], eps), weights, rotary)
    read = F.rms_norm(x, d_model, weights["mlp_norm.w"], eps)
    return x + right_gated_torch(read, *(weights[f"mlp.{n}"] for n in ("W_gate", "W_in", "W_out")))


def right_block_text_by_text(stream, parts, turn=None, eps=1e-5):
    parts = {name: part.double() for name, part in parts.items()}
    return torch.cat([right_block_fused(text[None].double(), parts, turn, eps) for text in stream])


def right_parameters_shapes(config):
    """From the shape of each weight."""
    c = config
    heads = [(c.n_heads, c.d_model, c.d_head)] * 2 + [(c.n_kv_heads, c.d_model, c.d_head)] * 2
    if c.bias:
        heads += [(c.n_heads, c.d_head), (c.n_kv_heads, c.d_head), (c.n_kv_heads, c.d_head)]
        heads += [(c.d_model,)]
    neurons, norms = [], [(c.d_model,)] * {"layer": 2, "rms": 1, None: 0}[c.norm]
    layer_norms = list(norms)
    if c.d_mlp is not None:
        neurons = [(c.d_model, c.d_mlp)] * (3 if c.gated else 2)
        neurons += [(c.d_mlp,), (c.d_model,)] if c.bias and not c.gated else []
        layer_norms += norms
    found = {
        "unembedding": [] if c.tied else [(c.d_model, c.d_vocab)],
        "norms": layer_norms * c.n_layers + norms,
        "mlp": neurons * c.n_layers,
        "attention": heads * c.n_layers,
        "positions": [(c.n_ctx, c.d_model)] if c.positions == "learned" else [],
        "embedding": [(c.d_vocab, c.d_model)],
    }
    counts = {part: sum(math.prod(shape) for shape in shapes) for part, shapes in found.items()}
    counts["total"] = sum(counts.values())
    return counts


def right_parameters_built(config):
    """From the model itself."""
    from minitransformer.transformer import Transformer

    model = Transformer(config)

    def count(*parts):
        return sum(w.numel() for part in parts if part is not None for w in part.parameters())

    counts = {
        "embedding": count(model.embed),
        "positions": count(model.pos_embed),
        "attention": count(*(block.attn for block in model.blocks)),
        "mlp": count(*(block.mlp for block in model.blocks)),
        "norms": count(
            model.final_norm,
            *(block.attn_norm for block in model.blocks),
            *(getattr(block, "mlp_norm", None) for block in model.blocks),
        ),
        "unembedding": 0 if config.tied else count(model.unembed),
    }
    return {**counts, "total": count(model)}


def right_experts_softmax_of_the_chosen(x, W_router, experts, k):
    """A softmax over the chosen logits alone is the renormalised softmax."""
    logits, which = torch.topk(x @ W_router, k)
    weights = logits.softmax(dim=-1)
    out = torch.zeros_like(x)
    for i in which.unique().tolist():
        sent = which == i
        token = sent.any(dim=-1)
        out[token] += (weights * sent).sum(dim=-1)[token, None] * experts[i](x[token])
    return out, torch.bincount(which.flatten(), minlength=len(experts)) / which.numel()


def right_experts_float64_lists(x, W_router, functions, k):
    odds = (x.double() @ W_router.double()).softmax(dim=-1).tolist()
    chosen = [sorted(range(len(row)), key=row.__getitem__, reverse=True)[:k] for row in odds]
    out = torch.zeros_like(x, dtype=torch.float64)
    load = torch.zeros(len(functions), dtype=torch.float64)
    for i, function in enumerate(functions):
        tokens = [t for t in range(len(x)) if i in chosen[t]]
        if not tokens:
            continue
        load[i] = len(tokens) / (k * len(x))
        for t, made in zip(tokens, function(x[tokens]), strict=True):
            out[t] += odds[t][i] / sum(odds[t][j] for j in chosen[t]) * made.double()
    return out, load


def right_neuron_first_found(model, tokens, member):
    _, cache = model.run_with_cache(tokens, keep=["mlp_pre"])
    here = member[tokens].flatten()
    for layer in range(model.config.n_layers):
        gates = cache["mlp_pre", layer].flatten(0, 1)
        for i in range(gates.shape[1]):
            inside = sum(gate > 0 for gate in gates[here, i].tolist()) / int(here.sum())
            outside = sum(gate > 0 for gate in gates[~here, i].tolist()) / int((~here).sum())
            if inside >= 0.9 and outside <= 0.1:
                return layer, i, inside, outside
    return None


def right_neuron_products(model, tokens, member):
    """Tensors of one number, in a list."""
    _, cache = model.run_with_cache(tokens)
    here = member[tokens].double()
    best = None
    for layer in range(model.config.n_layers):
        fires = (cache["mlp_pre", layer] > 0).double()
        inside = torch.einsum("bp,bpn->n", here, fires) / here.sum()
        outside = torch.einsum("bp,bpn->n", 1 - here, fires) / (1 - here).sum()
        value = inside - outside - 10 * ((inside < 0.9) | (outside > 0.1))
        i = value.argmax()
        if best is None or value[i] > best[0]:
            best = value[i], [torch.tensor(layer), i, inside[i], outside[i]]
    return best[1]
