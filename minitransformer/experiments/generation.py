"""Chapter 05: how SmolLM2 chooses what comes next, and what makes it repeat itself.

Settings and bounds were chosen on the speeches and sentences that are not held out, with seeds 0,
7 and 1000; the recorded runs have 1 to 5 and the page has 6, all on the held-out half.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from minitransformer.experiments.attention import INDUCTION
from minitransformer.experiments.claims import Claim, Measured, Row, rows
from minitransformer.experiments.data import speeches
from minitransformer.experiments.heads import ablate_heads, loss_per_token, other_heads
from minitransformer.experiments.repeats import continuations, repeated, sentences
from minitransformer.kv import KVCache
from minitransformer.tokenizer import Tokenizer
from minitransformer.transformer import Transformer

TEXTS, LENGTH = 20, 24  # speeches whose prediction is judged, and tokens of each
WARM = 8  # the first positions have too little before them, and are left out
EARLY = 27  # the stream is read after this block, two before the last
SENTENCE, COPIES = 8, 4  # tokens of a sentence, and how often it stands in a row

# Values of papers are of other models.
CLAIMS: dict[str, Claim] = {
    "generation.stream-reads": (
        "Read after block 27, two before the last, the stream already gives the token that the "
        "model ends with the largest logit (control: the same numbers in another order)",
        "nostalgebraist2020", None, 0.25, 0.9, "of the positions",
    ),
    "generation.overconfident": (
        "On a play the loss lies above the entropy of the predictions, as far as that "
        "(control: the same words shuffled)",
        "guo2017", None, 0.3, 2.0, "nats a token",
    ),
    "generation.greedy-loops": (
        "4-grams of a greedy continuation that came before in it (control: the author's own "
        "continuation)",
        "holtzman2020", None, 0.1, 1.0, "of the 4-grams",
    ),
    "generation.nucleus": (
        "The same, drawn with top-p 0.9 (control: greedy)",
        "holtzman2020", None, 0.0, 0.06, "of the 4-grams",
    ),
    "generation.penalty": (
        "The same, greedy with a repetition penalty of 1.2 (control: greedy)",
        "keskar2019", None, 0.0, 0.05, "of the 4-grams",
    ),
    "generation.unlikely": (
        "How the author goes on surprises the model (control: how greedy goes on)",
        "holtzman2020", None, 3.0, 7.0, "nats a token",
    ),
    "generation.copies": (
        "From its first to its fourth copy in a row a sentence becomes less surprising "
        "(control: from the first to the fourth of four sentences)",
        "xu2022", None, 3.0, 8.0, "nats a token",
    ),
    "generation.copies-need-heads": (
        "Without four induction heads the copies after the first are predicted worse (control: "
        "without four others of their layers)",
        "olsson2022", None, 0.3, 3.0, "nats a token",
    ),
    "generation.cache": (
        "A token read with the KV cache has the logits of a pass that reads all again: largest "
        "difference (control: read without what came before)",
        "pope2023", None, 0.0, 3e-4, "logits",
    ),
}  # fmt: skip


@torch.no_grad()
def measure(seed: int, model: Transformer, tokenizer: Tokenizer) -> list[Row]:
    """The chapter's claims, on data drawn with `seed`: about 40 seconds on one thread."""
    values = {
        **measure_text(seed, model, tokenizer),
        **measure_continuations(seed, model, tokenizer),
        **measure_copies(seed, model, tokenizer),
    }
    return rows(CLAIMS, values)


def measure_text(
    seed: int, model: Transformer, tokenizer: Tokenizer, held_out: bool = True
) -> Measured:
    """What the stream says early, entropy against loss, and the cache, on 20 speeches."""
    text = speeches(tokenizer, TEXTS, LENGTH, seed, held_out)
    logits, cache = model.run_with_cache(text, keep=[f"blocks.{EARLY}.resid_post"])
    stream, said = cache["resid_post", EARLY][:, WARM:], logits[:, WARM:].argmax(dim=-1)
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(model.config.d_model, generator=generator)

    def agreement(stream: Float[Tensor, "batch pos d_model"]) -> float:
        return float((model.to_logits(stream).argmax(dim=-1) == said).float().mean())

    mixed = shuffled(text, seed)
    return {
        "generation.stream-reads": (agreement(stream), agreement(stream[..., order])),
        "generation.overconfident": (
            overconfidence(logits, text),
            overconfidence(model(mixed), mixed),
        ),
        "generation.cache": cache_differences(model, text, logits[:, -1]),
    }


def shuffled(text: Int[Tensor, "batch pos"], seed: int) -> Int[Tensor, "batch pos"]:
    """Each row's tokens in an order of its own."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.rand(text.shape, generator=generator).argsort(dim=-1)
    return text.gather(1, order)


def entropy(logits: Float[Tensor, "*batch d_vocab"]) -> Float[Tensor, "*batch"]:
    """The entropy of each prediction, in nats: the loss that it expects."""
    log_p = logits.log_softmax(dim=-1)
    return -(log_p.exp() * log_p).sum(dim=-1)


def overconfidence(
    logits: Float[Tensor, "batch pos d_vocab"], text: Int[Tensor, "batch pos"]
) -> float:
    """How far the loss lies above the entropy, in nats a token; 0 for a calibrated model."""
    loss = loss_per_token(logits, text)[:, WARM:].mean()
    return float(loss - entropy(logits[:, WARM:-1]).mean())


def cache_differences(
    model: Transformer, text: Int[Tensor, "batch pos"], whole: Float[Tensor, "batch d_vocab"]
) -> tuple[float, float]:
    """The last token's logits against those of a whole pass: with the cache, and without."""
    kv = KVCache(model.config.n_layers)
    model.run_blocks(model.embed_tokens(text[:, :-1], kv=kv), kv=kv)
    cached, alone = model(text[:, -1:], kv=kv)[:, -1], model(text[:, -1:])[:, -1]
    return float((cached - whole).abs().max()), float((alone - whole).abs().max())


def measure_continuations(
    seed: int, model: Transformer, tokenizer: Tokenizer, held_out: bool = True
) -> Measured:
    """How much 20 continuations repeat, and how likely the model finds them."""
    texts = continuations(seed, model, tokenizer, held_out)
    again = {way: sum(map(repeated, text.rows)) / len(text.rows) for way, text in texts.items()}
    author, greedy = (float(texts[way].surprisal.mean()) for way in ("the author", "greedy"))
    return {
        "generation.greedy-loops": (again["greedy"], again["the author"]),
        "generation.nucleus": (again["top-p 0.9"], again["greedy"]),
        "generation.penalty": (again["penalty 1.2"], again["greedy"]),
        "generation.unlikely": (author, greedy),
    }


def measure_copies(
    seed: int, model: Transformer, tokenizer: Tokenizer, held_out: bool = True
) -> Measured:
    """The loss on each of four copies of 20 sentences: with other sentences, without heads."""
    some = sentences(tokenizer, TEXTS, SENTENCE, seed, held_out)
    same = some.repeat(1, COPIES)
    others = torch.cat([some.roll(copy, 0) for copy in range(COPIES)], dim=1)
    in_their_place = other_heads(model, len(INDUCTION), INDUCTION, seed)

    def losses(text: Tensor, heads_out: list[tuple[int, int]]) -> Float[Tensor, " copy"]:
        """The mean loss on each copy, without its first token."""
        logits, _ = model.run_with_cache(text, keep=[], edit=ablate_heads(heads_out))
        loss = loss_per_token(logits, text)
        return torch.stack([each.mean() for each in by_copy(loss)])

    plain, different = losses(same, []), losses(others, [])
    added = [
        float((losses(same, heads) - plain)[1:].mean()) for heads in (INDUCTION, in_their_place)
    ]
    return {
        "generation.copies": (
            float(plain[0] - plain[-1]),
            float(different[0] - different[-1]),
        ),
        "generation.copies-need-heads": (added[0], added[1]),
    }


def by_copy(loss: Float[Tensor, "batch pred"]) -> list[Float[Tensor, "batch rest"]]:
    """The loss on each sentence in a row of them, but for the first token of each."""
    starts = range(0, loss.shape[1] + 1, SENTENCE)
    return [loss[:, start : start + SENTENCE - 1] for start in starts]
