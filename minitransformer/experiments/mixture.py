"""A mixture of experts, small enough to train while a page is built, and its load.

Eight experts, eight kinds of inputs, each kind with a linear map of its own to be learned. Leaves
out everything that makes mixtures fast: here all experts live in one process.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

N_EXPERTS, D_MODEL, D_HIDDEN = 8, 16, 16


def load_of(chosen: Tensor) -> Float[Tensor, " n_experts"]:
    """The share of the inputs that went to each expert."""
    return torch.bincount(chosen, minlength=N_EXPERTS) / len(chosen)


@torch.enable_grad()
def train(
    seed: int, balance: float, steps: int = 300, batch: int = 256
) -> tuple[Float[Tensor, "steps n_experts"], Float[Tensor, " steps"]]:
    """Train it; the load and the error of every step.

    Each input goes to its one best expert. `balance` weighs the loss that asks
    for an even load (Fedus et al. 2022).
    """
    g = torch.Generator().manual_seed(seed)

    def draw(*shape: int, size: float) -> Tensor:
        return torch.randn(*shape, generator=g) * size

    common = draw(D_MODEL, size=2.0)  # all inputs share it, as in a stream
    centre = draw(N_EXPERTS, D_MODEL, size=2.0)
    target = draw(N_EXPERTS, D_MODEL, D_MODEL, size=D_MODEL**-0.5)
    W_router = draw(D_MODEL, N_EXPERTS, size=0.1)
    W_in = draw(N_EXPERTS, D_MODEL, D_HIDDEN, size=D_MODEL**-0.5)
    W_out = draw(N_EXPERTS, D_HIDDEN, D_MODEL, size=D_HIDDEN**-0.5)
    weights = [w.requires_grad_() for w in (W_router, W_in, W_out)]
    optimizer = torch.optim.Adam(weights, lr=0.01)

    loads, errors = [], []
    for _ in range(steps):
        kind = torch.randint(N_EXPERTS, (batch,), generator=g)
        x = common + centre[kind] + draw(batch, D_MODEL, size=1.0)
        wanted = torch.einsum("bd,bde->be", x, target[kind])

        probability = (x @ W_router).softmax(dim=-1)
        weight, chosen = probability.max(dim=-1)
        hidden = torch.einsum("bd,bdh->bh", x, W_in[chosen]).relu()
        written = torch.einsum("bh,bhd->bd", hidden, W_out[chosen])
        out = weight[:, None] * written

        load = load_of(chosen)
        error = (out - wanted).pow(2).mean()
        uneven = N_EXPERTS * (load * probability.mean(dim=0)).sum()
        optimizer.zero_grad()
        (error + balance * uneven).backward()
        optimizer.step()
        loads.append(load)
        errors.append(error.detach())
    return torch.stack(loads), torch.stack(errors)
