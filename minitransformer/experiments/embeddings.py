"""Chapter 02: what lies where in SmolLM2's table of embeddings, and who writes into the stream.

Methods and bounds were chosen while looking at seeds 0, 7 and 1000 and at the speeches that are
not held out, and the last control (one shuffle at first, too few) on seeds 1 to 5. So those do
not judge: the recorded runs have 11 to 15, the page has 6.
"""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from minitransformer.experiments import embeddings_stream as stream
from minitransformer.experiments.claims import Claim, Measured, Row, rows
from minitransformer.experiments.data import speeches
from minitransformer.experiments.embeddings_table import (
    EARLY,
    MARKERS,
    SPECIAL,
    counts,
    first_component,
    halves,
    nearest,
    nearness,
    programming_words,
    prose_words,
    random_table,
    right,
    same_ranks,
    separate,
    shuffled_columns,
    spellings,
    without_component,
)
from minitransformer.experiments.heads import loss_per_token
from minitransformer.tokenizer import Tokenizer
from minitransformer.transformer import Transformer

DISCOVERY = 1000  # the seed of the data that methods and bounds were chosen on
TEXTS, LENGTH = 20, 16  # speeches, and tokens of each
SWAPPED = 5  # the position at which one token is exchanged for another
PUSH = 2.0  # how many times the difference of the means is added to every embedding
COLLAPSED = 0.98  # a token this near to the unused ones counts as one of them
WRITER = 2  # the layer whose writing the later ones hardly read

CLAIMS: dict[str, Claim] = {
    "embeddings.component": (
        "One direction has much of the table's variance (control: the same numbers, shuffled "
        "within each column)",
        "mu2018", None, 0.05, 0.3, "of the variance",
    ),
    "embeddings.frequency": (
        "A held-out token's place on it goes with its place in the vocabulary, where frequent "
        "tokens come first (control: the mean of five random directions)",
        "gao2019", None, 0.4, 0.8, "rank correlation",
    ),
    "embeddings.neighbours": (
        "Words that have another spelling of themselves among their five nearest tokens "
        "(control: in a random table of the same mean and spread)",
        "mikolov2013", None, 0.7, 1.0, "of the words",
    ),
    "embeddings.keywords": (
        "Held-out programming and prose words told apart by the difference of the means, the "
        "first component taken out (control: the mean of ten shuffles of the labels)",
        "mikolov2013", None, 0.7, 1.0, "judged rightly",
    ),
    "embeddings.keywords-matter": (
        "Added to every embedding of a play, the difference raises held-out programming words "
        "above prose words (control: the mean of two random directions of that size)",
        "elhage2021", None, 0.8, 6.0, "nats",
    ),
    "embeddings.rare": (
        "Of the first 10,000 tokens, the fifty nearest to the never-used ones do not occur in "
        "our texts (control: fifty others drawn at random)",
        "land2024", None, 0.85, 1.0, "of the tokens",
    ),
    "embeddings.rare-alike": (
        "Exchanging one of these collapsed tokens for another hardly changes what is predicted "
        "after it (control: exchanging two ordinary tokens)",
        "land2024", None, 0.0, 0.1, "nats (KL)",
    ),
    "embeddings.distance": (
        "Turned as if all tokens stood 100 positions on, the text is predicted as well (control: "
        "as if all stood at one position)",
        "su2021", None, 0.0, 0.01, "nats a token",
    ),
    "embeddings.first-writer": (
        "The MLP of layer 0 writes many times the size of what it finds in the stream (control: "
        "the mean of the other layers' MLPs)",
        "elhage2021", None, 6.0, 50.0, "times",
    ),
    "embeddings.direction-matters": (
        "With what that MLP writes along its mean direction taken out, the loss rises (control: "
        "as much taken out along random directions, mean of two)",
        "elhage2021", None, 1.5, 6.0, "nats a token",
    ),
    "embeddings.overlap": (
        "What layer 2's MLP writes into a text hardly overlaps with what later MLPs read "
        "(control: the numbers of the stream shuffled, mean of six)",
        "elhage2021", None, 0.0, 0.03, "overlap",
    ),
}  # fmt: skip


@torch.no_grad()
def measure(seed: int, model: Transformer, tokenizer: Tokenizer) -> list[Row]:
    """The chapter's claims, on data drawn with `seed`: about 35 seconds on one thread."""
    text = speeches(tokenizer, TEXTS, LENGTH, seed, held_out=True)
    values = {
        **measure_table(seed, model.W_E, tokenizer),
        **measure_words(seed, model, tokenizer, text),
        **measure_rare(seed, model, tokenizer, text),
        **measure_stream(seed, model, tokenizer, text),
    }
    return rows(CLAIMS, values)


def measure_table(seed: int, table: Tensor, tokenizer: Tokenizer) -> Measured:
    """The first component, found on half of the tokens; the neighbours of 200 words."""
    found, judged = halves(torch.arange(SPECIAL, len(table)), seed)
    direction, share = first_component(table[found])
    _, by_chance = first_component(shuffled_columns(table[found[:8000]], seed))

    def goes_with_place(direction: Tensor) -> float:
        """On the tokens that are held out; which end is the frequent one is seen on the others."""
        sign = same_ranks(table[found] @ direction, -found.float())
        there = same_ranks(table[judged] @ direction, -judged.float())
        return there if sign > 0 else -there

    others = [goes_with_place(d) for d in stream.unit_vectors(5, table.shape[1], seed)]

    words = spellings(tokenizer, seed, 200)
    ids = torch.tensor(list(words))

    def finds_itself(table: Tensor) -> float:
        _, near = nearest(table, ids, 5)
        hits = [not words[i].isdisjoint(row) for i, row in zip(words, near.tolist(), strict=True)]
        return sum(hits) / len(hits)

    return {
        "embeddings.component": (share, by_chance),
        "embeddings.frequency": (goes_with_place(direction), sum(others) / len(others)),
        "embeddings.neighbours": (finds_itself(table), finds_itself(random_table(table, seed))),
    }


def measure_words(
    seed: int, model: Transformer, tokenizer: Tokenizer, text: Int[Tensor, "batch pos"]
) -> Measured:
    """Programming against prose words: found on half of them, judged on the other half."""
    programming = programming_words(tokenizer)
    prose = prose_words(tokenizer, seed, len(programming))
    (a, a_held), (b, b_held) = halves(programming, seed), halves(prose, seed + 1)
    W = without_component(model.W_E)

    difference, threshold = separate(W[a], W[b])
    shuffled = []
    for i in range(10):
        some, rest = halves(torch.cat([a, b]), seed + i)
        shuffled.append(right(W[a_held], W[b_held], *separate(W[some], W[rest])))

    def ahead(step: Tensor | float) -> float:
        """How far held-out programming words are ahead of held-out prose words."""
        logits, _ = model.run_with_cache(text, keep=[], edit={"embed": lambda x: x + step})
        return stream.log_mass(logits, a_held) - stream.log_mass(logits, b_held)

    before = ahead(0.0)
    others = stream.unit_vectors(2, len(difference), seed) * difference.norm()
    by_chance = sum(ahead(PUSH * step) - before for step in others) / len(others)
    return {
        "embeddings.keywords": (
            right(W[a_held], W[b_held], difference, threshold),
            sum(shuffled) / len(shuffled),
        ),
        "embeddings.keywords-matter": (ahead(PUSH * difference) - before, by_chance),
    }


def measure_rare(
    seed: int, model: Transformer, tokenizer: Tokenizer, text: Int[Tensor, "batch pos"]
) -> Measured:
    """Tokens that lie where the markers lie: in no text, and all the same to the model."""
    generator = torch.Generator().manual_seed(seed)
    markers, _ = halves(torch.tensor(MARKERS), seed)
    near = nearness(model.W_E, markers.tolist())
    never = counts(tokenizer, seed) == 0

    order = near[SPECIAL:EARLY].argsort(descending=True) + SPECIAL
    drawn = torch.randperm(len(order) - 50, generator=generator)[:50] + 50
    unseen = float(never[order[:50]].float().mean()), float(never[order[drawn]].float().mean())

    collapsed = (near > COLLAPSED).nonzero()[:, 0]
    collapsed = collapsed[collapsed >= SPECIAL]
    ordinary = order[near[order] < near.median()]

    def exchanged(tokens: Int[Tensor, " n"]) -> float:
        """What it changes after that position to put one of these there and not another."""
        pair = [tokens[torch.randperm(len(tokens), generator=generator)[:2]] for _ in text]
        texts = [stream.inserted(text, new, SWAPPED) for new in torch.stack(pair, dim=1)]
        return stream.kl(*(model(tokens)[:, SWAPPED + 1 :] for tokens in texts))

    return {
        "embeddings.rare": unseen,
        "embeddings.rare-alike": (exchanged(collapsed), exchanged(ordinary)),
    }


def measure_stream(
    seed: int, model: Transformer, tokenizer: Tokenizer, text: Int[Tensor, "batch pos"]
) -> Measured:
    """Positions moved, writers weighed, a direction taken out of what the first layer writes."""
    logits, cache = model.run_with_cache(text, keep=["resid_mid", "mlp_out"])
    loss = loss_per_token(logits, text)[:, 1:].mean()

    def added(edit: dict) -> float:
        changed, _ = model.run_with_cache(text, keep=[], edit=edit)
        return float(loss_per_token(changed, text)[:, 1:].mean() - loss)

    positions = torch.arange(float(LENGTH))
    moved = abs(added(stream.stand_at(model, positions + 100)))
    nowhere = added(stream.stand_at(model, 0 * positions))

    written = cache.stack("mlp_out")[:, :, 1:]
    times = (written.norm(dim=-1) / cache.stack("resid_mid")[:, :, 1:].norm(dim=-1)).mean((1, 2))

    known = speeches(tokenizer, TEXTS, LENGTH, DISCOVERY, held_out=False)
    direction = stream.first_write(model, known)
    others = stream.unit_vectors(2, len(direction), seed)
    site = "blocks.0.mlp_out"
    by_chance = [added({site: stream.without(direction, instead=other)}) for other in others]

    rows = written[WRITER].flatten(0, 1)
    heard = stream.heard(model, rows, WRITER + 1)
    by_shuffle = stream.heard_by_chance(model, rows, WRITER + 1, seed)
    return {
        "embeddings.distance": (moved, nowhere),
        "embeddings.first-writer": (float(times[0]), float(times[1:].mean())),
        "embeddings.direction-matters": (
            added({site: stream.without(direction)}),
            sum(by_chance) / len(by_chance),
        ),
        "embeddings.overlap": (heard, by_shuffle),
    }
