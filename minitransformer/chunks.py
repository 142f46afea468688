"""How a text is cut into chunks before anything is merged, and the ids of each chunk, kept.

No token reaches over a cut. Leaves out how a chunk is merged (bpe.py) and special tokens
(tokenizer.py).
"""

from __future__ import annotations

from collections.abc import Mapping

import regex

from minitransformer import bpe

PATTERNS = {
    # Radford et al. 2019: words and numbers, each with the space before it.
    "gpt2": (
        r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+"
        r"|\s+(?!\S)|\s+"
    ),
    # GPT-4: any one sign may lead a word, digits go by threes, line ends stay together.
    "cl100k": (
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
    # SmolLM2, by the name that a GGUF gives it: GPT-2's, with each digit on its own. The
    # lookahead before the digits keeps the white space in front of a number in one piece, as
    # it is when the digits are cut out first.
    "smollm": (
        r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+"
        r"|\s+(?=\p{N})|\s+(?!\S)|\s+"
    ),
}


class Cutter:
    """Cuts a text into chunks that, joined, are the text.

    >>> Cutter(PATTERNS["gpt2"])("It's 10 o'clock,  sir")
    ['It', "'s", ' 10', ' o', "'", 'clock', ',', ' ', ' sir']

    `pattern` is a regular expression of the `regex` package (for \\p{L}, a letter of any
    script). Raises ValueError for a pattern that captures groups, for one that leaves out a
    character of the text, and for a lone surrogate.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self._regex = regex.compile(pattern)
        if self._regex.groups:
            raise ValueError(
                f"expected a pattern without groups that capture, got {self._regex.groups} in "
                f"{pattern!r}: write (?:...) for (...)"
            )

    def __call__(self, text: str) -> list[str]:
        refuse_surrogates(text)
        chunks = self._regex.findall(text)
        if sum(map(len, chunks)) < len(text):
            place = 0
            for found in self._regex.finditer(text):
                if found.start() > place:
                    break
                place = found.end()
            raise ValueError(
                f"expected a pattern that cuts up the whole text, got {self.pattern!r}, which "
                f"leaves out character {place} ({text[place]!r}): end it with |[\\s\\S]"
            )
        return chunks


def refuse_surrogates(text: str) -> None:
    """Raise ValueError naming the first lone surrogate of a text: UTF-8 has no bytes for it."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(
            f"character {error.start} of the text is a lone surrogate "
            f"(U+{ord(text[error.start]):04X}), which stands for no character: remove it"
        ) from None


class ChunkIds(dict[str, tuple[int, ...]]):
    """The ids of each chunk, worked out at its first use and kept.

    >>> ids = ChunkIds({b"l": 0, b"o": 1, b"w": 2, b"lo": 3})
    >>> ids["low"], list(ids)
    ((3, 2), ['low'])

    A text's chunks repeat, and finding one again is many times cheaper than merging it. Long
    chunks are not kept, and when `MOST` are there all are forgotten, which bounds the memory.
    """

    MOST, LONGEST = 65_536, 64

    def __init__(self, ranks: Mapping[bytes, int]) -> None:
        super().__init__()
        self._ranks = ranks

    def __missing__(self, chunk: str) -> tuple[int, ...]:
        ids = tuple(self.merged(chunk.encode("utf-8")))
        if len(chunk) <= self.LONGEST:
            if len(self) >= self.MOST:
                self.clear()
            self[chunk] = ids
        return ids

    def merged(self, chunk: bytes) -> list[int]:
        """The ids of a chunk's bytes: its own id where it is a token, else those of its parts.

        Raises ValueError naming a byte that the vocabulary lacks.
        """
        if chunk in self._ranks:
            return [self._ranks[chunk]]
        try:
            return bpe.merge(chunk, self._ranks)
        except KeyError as error:
            byte = error.args[0][0]
            raise ValueError(
                f"this vocabulary has no token for the byte {byte} (0x{byte:02x}), which the "
                "text contains: remove the character it belongs to"
            ) from None
