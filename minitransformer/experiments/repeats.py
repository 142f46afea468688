"""What repeats itself: texts written in several ways, and one sentence read again and again.

Leaves out the claims about them (generation.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Float, Int
from torch import Tensor

from minitransformer.experiments.data import data_file, speeches
from minitransformer.generation import generate
from minitransformer.sampling import (
    Choose,
    greedy,
    repetition_penalty,
    sample,
    temperature,
    top_p,
)
from minitransformer.tokenizer import Tokenizer
from minitransformer.transformer import Transformer

PROMPTS, READ, NEW = 20, 16, 32  # prompts, tokens of each that are read, tokens that follow


@dataclass(frozen=True)
class Text:
    """What followed each prompt, and how surprising the model found each token of it."""

    rows: list[list[int]]
    surprisal: Float[Tensor, "prompt new"]  # nats, by the model as it is (temperature 1)


def ways(generator: torch.Generator) -> dict[str, Choose]:
    """The ways of choosing the next token that the chapter compares."""
    return {
        "greedy": greedy,
        "temperature 0.7": lambda logits, seen: sample(temperature(logits, 0.7), generator),
        "temperature 1": lambda logits, seen: sample(logits, generator),
        "top-p 0.9": lambda logits, seen: sample(top_p(logits, 0.9), generator),
        "penalty 1.2": lambda logits, seen: greedy(repetition_penalty(logits, seen, 1.2)),
    }


@lru_cache(maxsize=2)
def continuations(
    seed: int, model: Transformer, tokenizer: Tokenizer, held_out: bool = True
) -> dict[str, Text]:
    """Speeches of a play continued in every way, and by their author: "the author".

    The page shows them and the claims judge them: what is asked for twice is written once.
    """
    text = speeches(tokenizer, PROMPTS, READ + NEW, seed, held_out)
    logits = model(text)[:, READ - 1 : -1]
    author = Text(text[:, READ:].tolist(), surprisal(logits, text[:, READ:]))
    chosen = ways(torch.Generator().manual_seed(seed))
    return {"the author": author, **write(model, text[:, :READ].tolist(), NEW, chosen)}


def write(
    model: Transformer, prompts: Sequence[list[int]], n_new: int, each_way: Mapping[str, Choose]
) -> dict[str, Text]:
    """Each prompt continued in each way, all of them in one batch."""
    surprisals = []

    def choose(logits: Tensor, seen: Tensor) -> Tensor:
        some, held = logits.split(len(prompts)), seen.split(len(prompts))
        parts = zip(each_way.values(), some, held, strict=True)
        token = torch.cat([way(logits, seen) for way, logits, seen in parts])
        surprisals.append(surprisal(logits, token))
        return token

    rows = generate(model, [*prompts] * len(each_way), n_new, choose)
    nats = torch.stack(surprisals, dim=1).split(len(prompts))
    starts = range(0, len(rows), len(prompts))
    return {
        way: Text(rows[start : start + len(prompts)], of_this)
        for way, start, of_this in zip(each_way, starts, nats, strict=True)
    }


def surprisal(
    logits: Float[Tensor, "*batch d_vocab"], tokens: Int[Tensor, "*batch"]
) -> Float[Tensor, "*batch"]:
    """Minus the log-probability of each token, in nats."""
    return logits.logsumexp(dim=-1) - logits.gather(-1, tokens[..., None])[..., 0]


def repeated(ids: Sequence[int], n: int = 4) -> float:
    """The share of a text's n-grams that occurred before in it.

    >>> repeated([1, 2, 3, 1, 2, 4], 2)
    0.2
    """
    grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
    return 1 - len(set(grams)) / len(grams)


def sentences(
    tokenizer: Tokenizer, n: int, length: int, seed: int, held_out: bool
) -> Int[Tensor, "n length"]:
    """The first `length` tokens of `n` sentences of As You Like It.

    Raises ValueError where the play has not so many.
    """
    lines = data_file("as_you_like_it.txt").read_text(encoding="utf-8").splitlines()
    found = [s for line in lines[int(held_out) :: 2] for s in re.split(r"(?<=[.!?;:])\s+", line)]
    rows = {tuple(tokenizer.encode(f" {sentence}")[:length]) for sentence in found}
    rows = sorted(row for row in rows if len(row) == length)
    if n > len(rows):
        raise ValueError(f"only {len(rows)} sentences have {length} tokens, {n} were asked for")
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))
    return torch.tensor([rows[i] for i in order[:n].tolist()])
