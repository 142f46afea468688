"""Chapter 03: where SmolLM2's heads look, what they move, and whether it matters.

The heads named here were found on other data than they are judged on: other speeches, other
random tokens, other draws of names and words (the page shows the finding). Heads and ranges were
chosen while looking at seeds 0, 7 and 1000, so those seeds do not judge; the recorded runs have 1
to 5, the page has 6.
"""

from __future__ import annotations

import torch

from minitransformer.experiments.claims import Claim, Measured, Row, rows
from minitransformer.experiments.data import capitalised, repeated_tokens, speeches
from minitransformer.experiments.heads import (
    Head,
    ablate_heads,
    attention_to,
    copying,
    effects,
    lookback,
    loss_per_token,
    other_heads,
)
from minitransformer.experiments.ioi import ioi_prompts
from minitransformer.interventions import forbid_key
from minitransformer.tokenizer import Tokenizer
from minitransformer.transformer import Transformer

DISCOVERY = 1000  # the seed of the data on which the heads were found
DISCOVERY_TEMPLATE = 3  # and the template of the names
PREVIOUS: Head = (16, 0)  # looks one token back
INDUCTION: list[Head] = [(18, 6), (17, 4), (17, 3), (17, 5)]  # look after the last time
COPYING: Head = (29, 1)  # writes the token it attends to
IDLE: Head = (22, 7)  # looks hard at the right name, to no effect
BUSY: Head = (24, 4)  # looks as hard at the same name, and matters
ELSEWHERE: Head = (23, 3)  # looks away from that name, and matters most

SINK = 0.3  # a head whose mean attention to a token is above this has a sink there (Gu et al.)
BLOCK = 20  # random tokens in a block that is repeated

# Values of papers are of other models.
CLAIMS: dict[str, Claim] = {
    "attention.previous-token": (
        "Head 16.0 looks at the previous token (control: the average head)",
        "elhage2021", None, 0.5, 1.0, "attention",
    ),
    "attention.induction": (
        "On repeated random tokens head 18.6 looks at the token after the last occurrence "
        "(control: the same head and distance, nothing repeated)",
        "olsson2022", None, 0.5, 1.0, "attention",
    ),
    "attention.induction-matters": (
        "Without four induction heads the repeat is predicted worse (control: without four "
        "others of their layers)",
        "olsson2022", None, 2.0, 12.0, "nats a token",
    ),
    "attention.sink": (
        "Heads that give the first token more than 0.3 of their attention (control: the second)",
        "gu2025", None, 0.5, 1.0, "of the heads",
    ),
    "attention.sink-moves": (
        "With the first token hidden from all, the second becomes the sink (control: before)",
        "gu2025", None, 0.5, 1.0, "of the heads",
    ),
    "attention.sink-matters": (
        "With the first token hidden from the third on, so that no sink forms, the loss rises "
        "(control: the second token hidden)",
        "xiao2024", None, 1.0, 12.0, "nats a token",
    ),
    "attention.copying": (
        "Head 29.1's OV circuit ranks an attended capitalised word in its top five (control: "
        "the mean of twelve random heads)",
        "wang2022", 0.95, 0.6, 1.0, "of the words",
    ),
    "attention.idle": (
        "Removing head 22.7, which looks hard at the right name, leaves the prediction as it "
        "was (control: removing head 24.4, which looks as hard)",
        "jain2019", None, 0.0, 0.005, "nats (KL)",
    ),
}  # fmt: skip


@torch.no_grad()
def measure(seed: int, model: Transformer, tokenizer: Tokenizer) -> list[Row]:
    """The chapter's claims, on data drawn with `seed`: about 25 seconds on one thread."""
    values = {
        **measure_repeats(seed, model),
        **measure_text(seed, model, tokenizer),
        **measure_copying(seed, model, tokenizer),
        **measure_idle(seed, model, tokenizer),
    }
    return rows(CLAIMS, values)


def measure_repeats(seed: int, model: Transformer) -> Measured:
    """Induction heads on 20 sequences of 20 random tokens and the same 20 again."""
    tokens = repeated_tokens(20, BLOCK, model.config.d_vocab, seed)
    fresh = repeated_tokens(20, BLOCK, model.config.d_vocab, seed, repeat=False)
    layer, head = INDUCTION[0]
    logits, cache = model.run_with_cache(tokens, keep=["pattern"])
    score = lookback(cache["pattern", layer], BLOCK - 1, BLOCK)[head]
    _, cache = model.run_with_cache(fresh, keep=["pattern"])
    by_chance = lookback(cache["pattern", layer], BLOCK - 1, BLOCK)[head]

    loss = loss_per_token(logits, tokens)[:, BLOCK:].mean()

    def loss_added_without(heads: list[Head]) -> float:
        ablated, _ = model.run_with_cache(tokens, keep=[], edit=ablate_heads(heads))
        return float(loss_per_token(ablated, tokens)[:, BLOCK:].mean() - loss)

    others = other_heads(model, len(INDUCTION), INDUCTION, seed)
    return {
        "attention.induction": (float(score), float(by_chance)),
        "attention.induction-matters": (
            loss_added_without(INDUCTION),
            loss_added_without(others),
        ),
    }


def measure_text(seed: int, model: Transformer, tokenizer: Tokenizer) -> Measured:
    """The previous-token head and the sinks, on 24 speeches of 32 tokens."""
    text = speeches(tokenizer, 24, 32, seed, held_out=True)
    logits, cache = model.run_with_cache(text, keep=["pattern"])
    previous = lookback(cache.stack("pattern"), 1)
    loss = loss_per_token(logits, text)[:, 1:].mean()

    def sinks(cache, position: int) -> float:
        """The fraction of heads that have a sink there."""
        return float((attention_to(cache.stack("pattern"), position) > SINK).float().mean())

    # Hidden from everyone; from everyone but the second token; the second token, likewise.
    _, moved = model.run_with_cache(
        text, keep=["pattern"], edit={"attn_scores": forbid_key(0, first_query=1)}
    )
    added = []
    for position in (0, 1):
        edit = {"attn_scores": forbid_key(position, first_query=2)}
        hidden, _ = model.run_with_cache(text, keep=[], edit=edit)
        added.append(float(loss_per_token(hidden, text)[:, 1:].mean() - loss))
    return {
        "attention.previous-token": (float(previous[PREVIOUS]), float(previous.mean())),
        "attention.sink": (sinks(cache, 0), sinks(cache, 1)),
        "attention.sink-moves": (sinks(moved, 1), sinks(cache, 1)),
        "attention.sink-matters": (added[0], added[1]),
    }


def measure_copying(seed: int, model: Transformer, tokenizer: Tokenizer) -> Measured:
    """The copying head's OV circuit on 100 capitalised words, against twelve random heads."""
    generator = torch.Generator().manual_seed(seed)
    words = capitalised(tokenizer)
    words = words[torch.randperm(len(words), generator=generator)[:100]]
    n_heads = model.config.n_heads
    others = torch.randint(model.config.n_layers * n_heads, (12,), generator=generator).tolist()
    average = sum(copying(model, divmod(i, n_heads), words) for i in others) / len(others)
    return {"attention.copying": (copying(model, COPYING, words), average)}


def measure_idle(seed: int, model: Transformer, tokenizer: Tokenizer) -> Measured:
    """Two heads that look at the indirect object, ablated in 48 prompts of two templates."""
    kl = torch.tensor([0.0, 0.0])
    for template in (0, 1):
        found = effects(model, ioi_prompts(tokenizer, 24, seed, template), [IDLE, BUSY])
        kl += torch.tensor([found[IDLE].kl, found[BUSY].kl]) / 2
    return {"attention.idle": (float(kl[0]), float(kl[1]))}
