"""What the experiments read: texts of the clone's data/ folder, and random tokens."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from jaxtyping import Int
from torch import Tensor

from minitransformer.tokenizer import Tokenizer

DATA = Path(__file__).parents[2] / "data"

ORDINARY = 1000  # ids below it are special tokens, bytes and very frequent pieces


def repeated_tokens(
    n: int, block: int, d_vocab: int, seed: int, repeat: bool = True
) -> Int[Tensor, "n pos"]:
    """`n` sequences of `block` random tokens followed by the same again (or by others)."""
    generator = torch.Generator().manual_seed(seed)
    first = torch.randint(ORDINARY, d_vocab, (n, block), generator=generator)
    other = torch.randint(ORDINARY, d_vocab, (n, block), generator=generator)
    return torch.cat([first, first if repeat else other], dim=1)


def speeches(
    tokenizer: Tokenizer, n: int, length: int, seed: int, held_out: bool
) -> Int[Tensor, "n pos"]:
    """The first `length` tokens of `n` speeches of As You Like It.

    Every other speech is held out: heads are looked for in some and judged on the others.
    """
    lines = data_file("as_you_like_it.txt").read_text(encoding="utf-8").splitlines()
    rows = [tokenizer.encode(line)[:length] for line in lines[int(held_out) :: 2]]
    rows = [row for row in rows if len(row) == length]
    if n > len(rows):
        raise ValueError(f"only {len(rows)} speeches have {length} tokens, and {n} were asked for")
    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))
    return torch.tensor([rows[i] for i in order[:n].tolist()])


def capitalised(tokenizer: Tokenizer) -> Int[Tensor, " n"]:
    """Every token that is a space and a capitalised word of three letters or more."""
    ids = range(ORDINARY, tokenizer.d_vocab)
    return torch.tensor([i for i in ids if re.fullmatch(" [A-Z][a-z]{2,}", tokenizer.decode([i]))])


def data_file(name: str) -> Path:
    """The path of a text in data/; raises FileNotFoundError where the package stands alone."""
    path = DATA / name
    if not path.exists():
        raise FileNotFoundError(
            f"{path} is not there: the experiments read the texts of a clone of the project; "
            "install the package from the clone with pip install -e ."
        )
    return path
