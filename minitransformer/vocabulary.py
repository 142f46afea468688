"""A tokenizer from the files in which GPT-2's vocabulary is kept: vocab.json and merges.txt.

Leaves out vocabularies whose tokens are not numbered in the order in which they are merged.
"""

from __future__ import annotations

from pathlib import Path

from minitransformer.folder import read_json
from minitransformer.tokenizer import BYTE_OF_CHARACTER, PATTERNS, Tokenizer, bytes_of_gpt2_token

VOCAB, MERGES = "vocab.json", "merges.txt"


def read_vocabulary(vocab: Path, merges: Path) -> Tokenizer:
    """The tokenizer that vocab.json (token -> id) and merges.txt (a pair a line) describe.

    >>> read_vocabulary(folder / "vocab.json", folder / "merges.txt")     # doctest: +SKIP

    A token that is neither a byte nor made by a merge is a special one, such as
    "<|endoftext|>". Raises FileNotFoundError for a missing file and ValueError for a pair
    whose token has no id, or one that is out of order.
    """
    ids = read_json(vocab, "it gives every token its id")
    if not merges.is_file():
        raise FileNotFoundError(f"{merges} is not there: it says which tokens are made of which")
    ranks = {token: ids[token] for token in BYTE_OF_CHARACTER if token in ids}
    highest = max(ranks.values(), default=-1)
    for number, line in enumerate(merges.read_text(encoding="utf-8").split("\n"), start=1):
        if not line.strip() or line.startswith("#version"):
            continue
        token = line.strip().replace(" ", "", 1)
        rank = ids.get(token)
        if rank is None or rank <= highest:
            expected = f"a token of {vocab.name} with an id above {highest}"
            raise ValueError(f'{merges}, line {number}: expected {expected}, got "{line}" ({rank})')
        ranks[token] = highest = rank
    return Tokenizer(
        ranks={bytes_of_gpt2_token(token): rank for token, rank in ranks.items()},
        special={token: rank for token, rank in ids.items() if token not in ranks},
        pattern=PATTERNS["gpt2"],
    )
