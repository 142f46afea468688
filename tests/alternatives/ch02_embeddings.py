"""Right answers in other styles than the solutions': loops, float64, other names, shortcuts.

Each must pass its grader: a learner is told how a result differs, never how it should have been
written. `right_<exercise>_<style>`; other tests read this file by that name.
"""

from __future__ import annotations

import math

import numpy as np
import torch


def right_embed_one_hot(tokens, W_E):
    """The textbook's version: a row of zeros with a single 1, times the table."""
    if int(tokens.min()) < 0:
        raise IndexError("a negative token")
    one_hot = torch.zeros(*tokens.shape, len(W_E)).scatter(-1, tokens[..., None], 1.0)
    return one_hot @ W_E


def right_embed_functional(ids, table):
    """torch's own; it raises an IndexError for negative numbers by itself."""
    return torch.nn.functional.embedding(ids, table)


def right_embed_loops(tokens, W_E):
    out = torch.empty(*tokens.shape, W_E.shape[1], dtype=torch.float64)
    for b, text in enumerate(tokens.tolist()):
        for p, token in enumerate(text):
            if token < 0:
                raise IndexError(token)
            out[b, p] = W_E[token]
    return out


def right_position_slice(x, W_pos, past=0):
    end = past + x.size(1)
    if end > W_pos.size(0):
        raise IndexError(f"{end} positions, and only {W_pos.size(0)} rows")
    return x + W_pos[past:end].unsqueeze(0)


def right_position_loops(x, W_pos, past=0):
    out = x.clone()
    for p in range(x.shape[1]):
        out[:, p] += W_pos[past + p]
    return out


def right_position_functional(x, W_pos, offset=0):
    places = torch.tensor([offset + p for p in range(x.shape[1])])
    return torch.nn.functional.embedding(places, W_pos) + x


def right_rotate_complex(x, base, past=0):
    """A pair of numbers is a complex number, and turning it a multiplication."""
    half = x.shape[-1] // 2
    numbers = torch.complex(x[..., :half].double(), x[..., half:].double())
    speed = base ** (-torch.arange(half, dtype=torch.float64) / half)
    places = torch.arange(past, past + x.shape[1], dtype=torch.float64)
    turned = numbers * torch.exp(1j * places[:, None, None] * speed)
    return torch.cat([turned.real, turned.imag], dim=-1)


def right_rotate_half(x, base, past=0):
    """As the libraries write it: x cos + (the halves exchanged, one with a minus) sin."""
    d_head = x.shape[-1]
    inverse = 1.0 / base ** (torch.arange(0, d_head, 2).float() / d_head)
    angle = torch.outer(torch.arange(x.shape[1]).float() + past, inverse)
    angle = torch.cat([angle, angle], dim=-1)[None, :, None, :]
    first, second = x.chunk(2, dim=-1)
    return x * angle.cos() + torch.cat([-second, first], dim=-1) * angle.sin()


def right_rotate_loops(x, base, past=0):
    out, half = torch.zeros_like(x), x.shape[3] // 2
    for p in range(x.shape[1]):
        for i in range(half):
            turn = (past + p) * base ** (-2 * i / x.shape[3])
            a, b = x[:, p, :, i], x[:, p, :, i + half]
            out[:, p, :, i] = a * math.cos(turn) - b * math.sin(turn)
            out[:, p, :, i + half] = b * math.cos(turn) + a * math.sin(turn)
    return out


def right_neighbours_normalised(W_E, token, k):
    unit = torch.nn.functional.normalize(W_E, dim=-1)
    nearness = (unit @ unit[token]).tolist()
    others = [i for i in range(len(W_E)) if i != token]
    return sorted(others, key=lambda i: -nearness[i])[:k]


def right_neighbours_cosine_similarity(W_E, token, k):
    nearness = torch.cosine_similarity(W_E, W_E[token], dim=-1)
    nearness[token] = -torch.inf
    order = torch.sort(nearness, descending=True, stable=True).indices
    return order.tolist()[: min(k, len(W_E) - 1)]


def right_neighbours_numpy(table, token, k):
    rows = table.double().numpy()
    sizes = np.linalg.norm(rows, axis=1) * np.linalg.norm(rows[token])
    nearness = np.divide(rows @ rows[token], sizes, out=np.zeros(len(rows)), where=sizes > 0)
    order = np.argsort(-nearness, kind="stable")
    return [int(i) for i in order if i != token][:k]


def right_pca_eigh(x, k):
    """By the covariance, whose eigenvalues are the variances, smallest first."""
    rows = x - x.mean(0, keepdim=True)
    variances, vectors = torch.linalg.eigh(rows.double().T @ rows.double())
    vectors, variances = vectors.flip(1)[:, :k], variances.flip(0)
    for j in range(k):
        if vectors[vectors[:, j].abs().argmax(), j] < 0:
            vectors[:, j] = -vectors[:, j]
    return rows.double() @ vectors, variances[:k] / variances.sum()


def right_pca_numpy(x, k):
    rows = x.numpy().astype(float)
    rows = rows - rows.mean(axis=0)
    left, size, right = np.linalg.svd(rows, full_matrices=False)
    place = np.abs(right).argmax(axis=1)
    sign = np.sign(right[np.arange(len(right)), place])
    share = size**2 / (rows**2).sum()
    return torch.from_numpy((left * size * sign)[:, :k]), torch.from_numpy(share[:k])


def right_pca_lowrank(x, k):
    """torch's own, made as exact as it can be, with the signs put right."""
    rows = x.double() - x.double().mean(dim=0)
    _, size, vectors = torch.pca_lowrank(x.double(), q=min(x.shape), niter=10)
    vectors, size = vectors[:, :k], size[:k]
    signs = vectors.gather(0, vectors.abs().argmax(dim=0, keepdim=True)).sign()
    return rows @ (vectors * signs), size**2 / rows.pow(2).sum()


def right_separate_by_the_two_readings(a, b):
    arrow = torch.nn.functional.normalize(a.mean(0) - b.mean(0), dim=0)
    return arrow, ((a @ arrow).mean().item() + (b @ arrow).mean().item()) / 2


def right_separate_numpy(a, b):
    high, low = a.double().numpy().mean(axis=0), b.double().numpy().mean(axis=0)
    arrow = (high - low) / np.sqrt(((high - low) ** 2).sum())
    return torch.from_numpy(arrow), float(np.dot(arrow, high + low) * 0.5)


def right_contributions_matmul(parts, direction):
    return parts @ direction


def right_contributions_loop(parts, direction):
    return torch.stack([(part.double() * direction.double()).sum(-1) for part in parts])


def right_overlap_einsum(W_write, W_read):
    heard = torch.einsum("am,mb->ab", W_write.double(), W_read.double()).pow(2).sum()
    size = W_write.double().pow(2).sum() * W_read.double().pow(2).sum()
    return math.sqrt(heard / size) if size > 0 else 0.0


def right_overlap_linalg(writes, reads):
    a, b = torch.linalg.matrix_norm(writes), torch.linalg.matrix_norm(reads)
    if a == 0 or b == 0:
        return 0.0
    return float(torch.linalg.matrix_norm((writes / a) @ (reads / b)))


def right_rare_first_that_will_do(W_E, unused, k):
    """The first k tokens that meet the conditions, in tuples."""
    middle = sum(W_E[i] for i in unused) / len(unused)
    near = W_E @ middle / (W_E.norm(dim=-1) * middle.norm())
    others = [i for i in range(W_E.shape[0]) if i not in unused]
    tokens = [i for i in others if near[i] >= 0.9][:k]
    return tuple(tokens), tuple(near[i].item() for i in tokens), near[others].mean().item()


def right_rare_numpy(W_E, unused, k):
    rows = W_E.double().numpy()
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    middle = W_E[unused].double().mean(0).numpy()
    near = rows @ middle / np.linalg.norm(middle)
    others = np.setdiff1d(np.arange(len(rows)), unused)
    tokens = others[np.argsort(near[others])[::-1][:k]]
    return tokens, near[tokens], near[others].mean()
