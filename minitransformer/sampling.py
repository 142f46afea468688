"""From logits to the next token: each way of narrowing the choice is a function on logits.

Greedy decoding, temperature, top-k, top-p, min-p, the repetition penalty and the draw itself.
They compose in the open:

>>> def choose(logits, seen):
...     logits = repetition_penalty(logits, seen, 1.1)
...     logits = top_p(temperature(logits, 0.7), 0.9)
...     return sample(logits, generator)

Leaves out beam search, and penalties that count how often a token came.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

# From the logits of each row, and which tokens the row already holds, to each row's next token.
Choose = Callable[[Tensor, Tensor], Tensor]


def greedy(
    logits: Float[Tensor, "batch d_vocab"], seen: Bool[Tensor, "batch d_vocab"] | None = None
) -> Int[Tensor, " batch"]:
    """The most likely token of each row; the first of equals.

    >>> greedy(torch.tensor([[0.0, 3.0, 1.0]]))
    tensor([1])
    """
    return logits.argmax(dim=-1)


def sample(
    logits: Float[Tensor, "batch d_vocab"], generator: torch.Generator | None = None
) -> Int[Tensor, " batch"]:
    """A token of each row, drawn by the softmax of its logits, with `generator`'s randomness.

    >>> sample(torch.tensor([[-torch.inf, 0.0, -torch.inf]]))
    tensor([1])
    """
    return torch.multinomial(logits.softmax(dim=-1), 1, generator=generator)[:, 0]


def temperature(logits: Float[Tensor, "batch d_vocab"], t: float) -> Float[Tensor, "batch d_vocab"]:
    """Divide by t: below 1 the likely become likelier, above 1 all become more alike.

    >>> temperature(torch.tensor([[0.0, 1.0]]), 0.5)
    tensor([[0., 2.]])

    Raises ValueError unless t is above 0.
    """
    if not t > 0:
        raise ValueError(f"temperature must be above 0, got {t}; for the likeliest token: greedy")
    return logits / t


def top_k(logits: Float[Tensor, "batch d_vocab"], k: int) -> Float[Tensor, "batch d_vocab"]:
    """Leave only the k most likely tokens, and any that equal the last of them (Fan et al. 2018).

    >>> top_k(torch.tensor([[1.0, 3.0, 2.0]]), 2)
    tensor([[-inf, 3., 2.]])

    Raises ValueError for k below 1; a k above the vocabulary's size leaves all.
    """
    if k < 1:
        raise ValueError(f"top_k must leave at least 1 token, got {k}")
    last = logits.topk(min(k, logits.shape[-1])).values[:, -1:]
    return logits.masked_fill(logits < last, -torch.inf)


def top_p(logits: Float[Tensor, "batch d_vocab"], p: float) -> Float[Tensor, "batch d_vocab"]:
    """Leave the fewest tokens whose probabilities reach p together (Holtzman et al. 2020).

    >>> top_p(torch.tensor([[0.1, 0.6, 0.3]]).log(), 0.7).exp()
    tensor([[0.0000, 0.6000, 0.3000]])

    Raises ValueError unless p is above 0 and at most 1.
    """
    if not 0 < p <= 1:
        raise ValueError(f"top_p must be above 0 and at most 1, got {p}")
    ascending, order = logits.sort(dim=-1)
    # The unlikeliest go as long as they hold no more than 1 - p together; the likeliest stays.
    gone = ascending.softmax(dim=-1).cumsum(dim=-1) <= 1 - p
    gone[:, -1] = False
    return logits.masked_fill(torch.empty_like(gone).scatter(-1, order, gone), -torch.inf)


def min_p(logits: Float[Tensor, "batch d_vocab"], p: float) -> Float[Tensor, "batch d_vocab"]:
    """Leave the tokens at least p times as probable as the most probable (Nguyen et al. 2024).

    >>> min_p(torch.tensor([[0.1, 0.6, 0.3]]).log(), 0.4).exp()
    tensor([[0.0000, 0.6000, 0.3000]])

    Raises ValueError unless p lies from 0 to 1.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"min_p must lie from 0 to 1, got {p}")
    probability = logits.softmax(dim=-1)
    least = p * probability.amax(dim=-1, keepdim=True)
    return logits.masked_fill(probability < least, -torch.inf)


def repetition_penalty(
    logits: Float[Tensor, "batch d_vocab"], seen: Bool[Tensor, "batch d_vocab"], penalty: float
) -> Float[Tensor, "batch d_vocab"]:
    """Make what a row already holds less likely: its logit divided by the penalty (Keskar 2019).

    >>> seen = torch.tensor([[True, True, False]])
    >>> repetition_penalty(torch.tensor([[2.0, -2.0, 2.0]]), seen, 2.0)
    tensor([[ 1., -4.,  2.]])

    A logit below 0 is multiplied. 1 changes nothing; below 1, repeating becomes likelier.
    Raises ValueError unless the penalty is above 0.
    """
    if not penalty > 0:
        raise ValueError(f"repetition_penalty must be above 0, got {penalty}; 1 changes nothing")
    penalised = torch.where(logits > 0, logits / penalty, logits * penalty)
    return torch.where(seen, penalised, logits)
