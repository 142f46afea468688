"""Generation: read the prompts once, then add one token a row at a time through a KVCache.

How a token is chosen is sampling.py's. Leaves out beam search and speculative decoding, and a
row that has stopped is still computed as long as another one runs.
"""

from __future__ import annotations

import codecs
from collections.abc import Collection, Iterator, Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from minitransformer.config import Config
from minitransformer.kv import KVCache
from minitransformer.sampling import Choose, greedy
from minitransformer.tokenizer import Tokenizer
from minitransformer.transformer import Transformer


def generate(
    model: Transformer,
    prompts: Sequence[Sequence[int]],
    n_new: int,
    choose: Choose = greedy,
    stop: Collection[int] = (),
) -> list[list[int]]:
    """Up to `n_new` tokens after each prompt; a row ends before its first token in `stop`.

    >>> prompts = [[1, 2, 3], [4]]
    >>> rows = generate(model, prompts, n_new=20)                         # doctest: +SKIP
    >>> [tokenizer.decode(row) for row in rows]                           # doctest: +SKIP

    Takes what `stream` takes, and raises what it raises.
    """
    rows: list[list[int]] = [[] for _ in prompts]
    for step in stream(model, prompts, n_new, choose, stop):
        for row, token in zip(rows, step, strict=True):
            if token is not None:
                row.append(token)
    return rows


def stream(
    model: Transformer,
    prompts: Sequence[Sequence[int]],
    n_new: int,
    choose: Choose = greedy,
    stop: Collection[int] = (),
) -> Iterator[list[int | None]]:
    """The new tokens as they come, one of each row at a time; None for a row that has stopped.

    >>> generator = torch.Generator().manual_seed(0)
    >>> def choose(logits, seen):
    ...     return sample(top_k(temperature(logits, 0.7), 50), generator)
    >>> for [token] in stream(model, [[1, 2, 3]], 20, choose):            # doctest: +SKIP
    ...     print(token)

    Prompts may differ in length: each row is continued as if it stood alone. `choose` is given
    the logits of the last position, [batch, d_vocab], and which tokens each row already holds,
    the same shape. Raises ValueError for an empty prompt, for ids that the model does not know,
    and where a prompt and what is to follow do not fit the context.
    """
    check_prompts(prompts, n_new, model.config)
    return _stream(model, prompts, n_new, choose, stop)


@torch.inference_mode()
def _stream(
    model: Transformer,
    prompts: Sequence[Sequence[int]],
    n_new: int,
    choose: Choose,
    stop: Collection[int],
) -> Iterator[list[int | None]]:
    tokens, start = pad_left(prompts, model.W_E.device)
    seen = held(prompts, model.config.d_vocab, tokens.device)
    kv = KVCache(model.config.n_layers, start)
    running = [True] * len(prompts)
    for _ in range(n_new):
        chosen = choose(next_logits(model, tokens, kv), seen)  # first the prompts, then one token
        seen.scatter_(1, chosen[:, None], True)
        tokens = chosen[:, None]
        step = chosen.tolist()
        running = [on and token not in stop for on, token in zip(running, step, strict=True)]
        if not any(running):
            return
        yield [token if on else None for on, token in zip(running, step, strict=True)]


def stream_text(
    model: Transformer,
    tokenizer: Tokenizer,
    prompt: str,
    n_new: int,
    choose: Choose = greedy,
    stop: Collection[int] = (),
) -> Iterator[str]:
    """The new text as it comes, in whole characters: a character may be spread over tokens.

    >>> for text in stream_text(model, tokenizer, "Once upon a time", 50):   # doctest: +SKIP
    ...     print(text, end="", flush=True)

    Bytes that never become a character come out as U+FFFD. Raises what `stream` raises.
    """
    tokens = (row[0] for row in stream(model, [tokenizer.encode(prompt)], n_new, choose, stop))
    return whole_characters(tokenizer.decode_bytes([t]) for t in tokens if t is not None)


def whole_characters(pieces: Iterator[bytes]) -> Iterator[str]:
    """UTF-8 in pieces, cut anywhere, as text that is never cut within a character.

    >>> list(whole_characters(iter([b"a", b"\\xc3", b"\\xa9t"])))
    ['a', 'ét']
    """
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    for piece in pieces:
        if text := decoder.decode(piece):
            yield text
    if text := decoder.decode(b"", final=True):
        yield text


def next_logits(
    model: Transformer, tokens: Int[Tensor, "batch pos"], kv: KVCache
) -> Float[Tensor, "batch d_vocab"]:
    """The logits after the last position only; the cache grows by all of them."""
    stream = model.run_blocks(model.embed_tokens(tokens, kv=kv), kv=kv)
    return model.to_logits(stream[:, -1:])[:, 0]


def pad_left(
    prompts: Sequence[Sequence[int]], device: torch.device
) -> tuple[Int[Tensor, "batch pos"], Int[Tensor, " batch"] | None]:
    """The prompts as one tensor that ends with all of them, and where each row's begins.

    >>> pad_left([[1, 2, 3], [4]], torch.device("cpu"))
    (tensor([[1, 2, 3],
            [0, 0, 4]]), tensor([0, 2]))

    Where all are of one length there is nothing to hide, and no start.
    """
    longest = max(len(prompt) for prompt in prompts)
    start = [longest - len(prompt) for prompt in prompts]
    rows = [[0] * n + list(prompt) for n, prompt in zip(start, prompts, strict=True)]
    tokens = torch.tensor(rows, device=device)
    return tokens, torch.tensor(start, device=device) if any(start) else None


def held(
    prompts: Sequence[Sequence[int]], d_vocab: int, device: torch.device
) -> Bool[Tensor, "batch d_vocab"]:
    """Which tokens each prompt holds, padding left aside."""
    seen = torch.zeros(len(prompts), d_vocab, dtype=torch.bool, device=device)
    for row, prompt in zip(seen, prompts, strict=True):
        row[torch.tensor(prompt, device=device)] = True
    return seen


def check_prompts(prompts: Sequence[Sequence[int]], n_new: int, config: Config) -> None:
    """Raise ValueError, saying what was expected and found, for what cannot be continued."""
    if not prompts:
        raise ValueError("expected at least one prompt, got none")
    if n_new < 1:
        raise ValueError(f"n_new must be at least 1, got {n_new}")
    for row, prompt in enumerate(prompts):
        if isinstance(prompt, int):
            raise ValueError(
                f"prompt {row} is the number {prompt}: expected a list of ids, [{prompt}] for a "
                "single token, and so [[...]] for one prompt"
            )
        if not prompt:
            raise ValueError(f"prompt {row} is empty: expected at least one token")
        if min(prompt) < 0 or max(prompt) >= config.d_vocab:
            found = min(prompt) if min(prompt) < 0 else max(prompt)
            raise ValueError(
                f"prompt {row} holds an id out of range: expected 0 to {config.d_vocab - 1}, "
                f"got {found}; was it encoded with this model's tokenizer?"
            )
    longest = max(len(prompt) for prompt in prompts)
    if longest + n_new - 1 > config.n_ctx:  # the last new token is never read
        raise ValueError(
            f"the text would outgrow the model's context: expected at most n_ctx = "
            f"{config.n_ctx} tokens to read, got a prompt of {longest} and {n_new - 1} after it; "
            "shorten the prompt or ask for fewer"
        )
