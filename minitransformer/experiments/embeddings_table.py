"""What one can ask of a table of embeddings: its main direction, its words, its rare tokens.

Leaves out everything that runs the model (embeddings_stream.py).
"""

from __future__ import annotations

import re
import sysconfig
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor

from minitransformer.experiments.data import data_file
from minitransformer.tokenizer import Tokenizer

MARKERS = list(range(7, 17))  # <gh_stars> to <empty_output>: they stand for no text
SPECIAL = 17  # ids below it are special tokens
EARLY = 10_000  # ids below it were learnt first: from the commonest pairs of the tokenizer's texts

# Words that programs are made of, in several languages: keywords, types, calls, names.
PROGRAMMING = """
 def elif lambda async await yield assert finally raise isinstance printf malloc sizeof struct
enum typedef const static void bool int uint char str dict tuple len stdout stdin stderr args
kwargs argv argc param params func fn impl mut vec namespace template inline extern virtual
override var typeof instanceof undefined null nullptr None True False nil self super init class
import module export require package interface implements extends public private protected
throws catch try except return switch default foreach elif endif ifdef ifndef define include
regex parser parse json xml html css http url uri api sql SELECT WHERE JOIN INSERT varchar foo
bar tmp idx ptr buf callback iterator array arrays queue stack numpy torch pandas matplotlib
config setattr getattr hasattr repr property decorator unittest mock pytest socket thread mutex
decode encode unicode utf byte bytes append extend insert delete pop push slice split join strip
format sorted range enumerate zip map filter print exec eval compile debug logger logging
"""


def programming_words(tokenizer: Tokenizer) -> Int[Tensor, " n"]:
    """The words of PROGRAMMING that are one token each, with the space before them."""
    encoded = [tokenizer.encode(f" {word}") for word in dict.fromkeys(PROGRAMMING.split())]
    return torch.tensor([ids[0] for ids in encoded if len(ids) == 1])


def prose_words(tokenizer: Tokenizer, seed: int, n: int) -> Int[Tensor, " n"]:
    """`n` words of As You Like It that are one token each and are no programming words."""
    ids = set(tokenizer.encode(data_file("as_you_like_it.txt").read_text(encoding="utf-8")))
    ids -= set(programming_words(tokenizer).tolist())
    words = [i for i in sorted(ids) if re.fullmatch(" [a-z]{2,}", tokenizer.decode([i]))]
    return torch.tensor(words)[_order(len(words), seed)[:n]]


def halves(x: Int[Tensor, " n"], seed: int) -> tuple[Int[Tensor, " a"], Int[Tensor, " b"]]:
    """Two halves drawn at random: one to find something on, the other to judge it."""
    x = x[_order(len(x), seed)]
    return x[: len(x) // 2], x[len(x) // 2 :]


def separate(
    a: Float[Tensor, "n d"], b: Float[Tensor, "m d"]
) -> tuple[Float[Tensor, " d"], Float[Tensor, ""]]:
    """The difference of two groups' means, and what the point half-way between has along it."""
    difference = a.mean(dim=0) - b.mean(dim=0)
    return difference, difference @ (a.mean(dim=0) + b.mean(dim=0)) / 2


def right(
    a: Float[Tensor, "n d"], b: Float[Tensor, "m d"], direction: Tensor, threshold: Tensor | float
) -> float:
    """The share judged rightly, each group counting half."""
    of_a, of_b = (a @ direction > threshold).float(), (b @ direction < threshold).float()
    return float((of_a.mean() + of_b.mean()) / 2)


def first_component(x: Float[Tensor, "n d"]) -> tuple[Float[Tensor, " d"], float]:
    """The direction of most variance, as a unit vector, and its share of the variance."""
    x = x - x.mean(dim=0)
    values, vectors = torch.linalg.eigh(x.T @ x)  # ascending
    return vectors[:, -1], float(values[-1] / values.sum())


def without_component(x: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
    """Every row without what it has along the first component."""
    direction, _ = first_component(x)
    return x - (x @ direction)[:, None] * direction


def shuffled_columns(x: Float[Tensor, "n d"], seed: int) -> Float[Tensor, "n d"]:
    """The same numbers in every column, in an order of its own: no direction but the columns."""
    generator = torch.Generator().manual_seed(seed)
    return x.gather(0, torch.rand(x.shape, generator=generator).argsort(dim=0))


def same_ranks(a: Float[Tensor, " n"], b: Float[Tensor, " n"]) -> float:
    """Spearman's correlation: that of the ranks. 1 where both rise together, in any curve."""
    ranks = torch.stack([a.argsort().argsort(), b.argsort().argsort()]).float()
    return float(torch.corrcoef(ranks)[0, 1])


def spellings(tokenizer: Tokenizer, seed: int, n: int) -> dict[int, set[int]]:
    """`n` words (a space and small letters) and the tokens that spell the same otherwise.

    Without the space, with a capital, or both; only words that have such a token.
    """
    found = {}
    for word, id in tokenizer.ranks.items():
        if re.fullmatch(rb" [a-z]{3,}", word):
            bare = word[1:]
            others = (bare, bare.capitalize(), b" " + bare.capitalize())
            ids = {tokenizer.ranks[other] for other in others if other in tokenizer.ranks}
            if ids:
                found[id] = ids
    words = sorted(found)
    return {words[i]: found[words[i]] for i in _order(len(words), seed)[:n].tolist()}


def nearest(
    table: Float[Tensor, "d_vocab d"], ids: Int[Tensor, " n"], k: int
) -> tuple[Float[Tensor, "n k"], Int[Tensor, "n k"]]:
    """The cosines and ids of the k tokens nearest to each of these, itself left out."""
    unit = table / table.norm(dim=1, keepdim=True)
    cosine = unit[ids] @ unit.T
    cosine[torch.arange(len(ids)), ids] = -2
    values, found = cosine.topk(k)
    return values, found


def random_table(table: Float[Tensor, "d_vocab d"], seed: int) -> Float[Tensor, "d_vocab d"]:
    """Normal random rows with the table's mean and its spread in every direction."""
    mean = table.mean(dim=0)
    spread = torch.linalg.cholesky((table - mean).T @ (table - mean) / len(table))
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(table.shape, generator=generator) @ spread.T + mean


def counts(tokenizer: Tokenizer, seed: int | None = None) -> Int[Tensor, " d_vocab"]:
    """How often each token occurs in the play and in the standard library's own sources.

    With a seed, in half of those sources, drawn at random. The count depends on the Python that
    runs it.
    """
    sources = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    if seed is not None:
        drawn = _order(len(sources), seed)[: len(sources) // 2].tolist()
        sources = [sources[i] for i in drawn]
    found = torch.zeros(tokenizer.d_vocab, dtype=torch.long)
    for path in [data_file("as_you_like_it.txt"), *sources]:
        try:
            ids = torch.tensor(tokenizer.encode(path.read_text(encoding="utf-8")))
        except ValueError:  # a byte that the vocabulary lacks, or no UTF-8
            continue
        found += torch.bincount(ids, minlength=len(found))
    return found


def nearness(table: Float[Tensor, "d_vocab d"], unused: list[int]) -> Float[Tensor, " d_vocab"]:
    """The cosine of every row with the mean row of tokens that are known to be unused."""
    return torch.cosine_similarity(table, table[unused].mean(dim=0), dim=-1)


def _order(n: int, seed: int) -> Int[Tensor, " n"]:
    return torch.randperm(n, generator=torch.Generator().manual_seed(seed))
