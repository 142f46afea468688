"""The tokenizer of a pretrained model: text to ids and back, by byte-pair merges.

The merging itself is tiktoken's for now; training a vocabulary is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import tiktoken

# How text is cut into words before anything is merged, by the name a GGUF gives it.
# smollm: GPT-2's cutting, with each digit on its own. The lookahead before the
# digits keeps the white space in front of a number in one piece, as it is when the digits
# are cut out first.
PATTERNS = {
    "smollm": (
        r"'(?:s|t|re|ve|m|ll|d)| ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+"
        r"|\s+(?=\p{N})|\s+(?!\S)|\s+"
    ),
}


class Tokenizer:
    """Byte-level BPE with a given vocabulary.

    >>> tokenizer = pretrained.load_tokenizer("smollm2-135m-instruct")    # doctest: +SKIP
    >>> tokenizer.encode("Mary and John")                                 # doctest: +SKIP
    [25653, 284, 2322]

    `ranks` maps each token's bytes to its id, and a smaller id merges first; `special` maps
    the names of tokens that stand for no text.
    """

    def __init__(self, ranks: Mapping[bytes, int], special: Mapping[str, int], pattern: str):
        self._encoding = tiktoken.Encoding(
            "minitransformer",
            pat_str=pattern,
            mergeable_ranks=dict(ranks),
            special_tokens=dict(special),
        )
        self._known = set(ranks.values()) | set(special.values())
        self._missing = frozenset(b for b in range(256) if bytes([b]) not in ranks)
        self.special = dict(special)
        self.d_vocab = max(self._known) + 1

    def encode(self, text: str, special: bool = False) -> list[int]:
        """The ids of a text; with `special`, names such as "<|im_start|>" become their ids.

        Raises ValueError for a character that the vocabulary cannot hold.
        """
        try:
            data = text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise ValueError(
                f"character {error.start} of the text is a lone surrogate "
                f"(U+{ord(text[error.start]):04X}), which stands for no character: remove it"
            ) from None
        if not self._missing.isdisjoint(data):
            byte = next(b for b in data if b in self._missing)
            raise ValueError(
                f"this vocabulary has no token for the byte {byte} (0x{byte:02x}), which the "
                "text contains: remove the character it belongs to"
            )
        if special:
            return self._encoding.encode(text, allowed_special="all")
        return self._encoding.encode_ordinary(text)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids; bytes that are no whole character become U+FFFD."""
        for token in ids:
            if token not in self._known:
                raise ValueError(f"no token has the id {token}: expected ids below {self.d_vocab}")
        return self._encoding.decode(list(ids))

    def pieces(self, text: str, special: bool = False) -> list[str]:
        """The text of each token on its own, for labels: "Mary and" gives ["Mary", " and"]."""
        return [self.decode([token]) for token in self.encode(text, special)]


def bytes_of_gpt2_token(token: str) -> bytes:
    """The bytes that a token's printable spelling stands for (GPT-2's alphabet).

    GPT-2's vocabulary files spell every byte as one visible character: those that are visible
    in Latin-1 stand for themselves, the others are counted up from U+0100.

    >>> bytes_of_gpt2_token("Ġthe")
    b' the'
    """
    return bytes(BYTE_OF_CHARACTER[character] for character in token)


def _gpt2_alphabet() -> dict[str, int]:
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in visible]
    spelt = {chr(byte): byte for byte in visible}
    return spelt | {chr(0x100 + i): byte for i, byte in enumerate(hidden)}


BYTE_OF_CHARACTER = _gpt2_alphabet()
