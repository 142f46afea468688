"""Wrong answers for tokenizer.encode; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import re
from itertools import pairwise

import regex


def join(chunk, ranks):
    parts = [chunk[i : i + 1] for i in range(len(chunk))]
    while True:
        unions = [a + b for a, b in pairwise(parts)]
        known = [union for union in unions if union in ranks]
        if not known:
            return [ranks[part] for part in parts]
        best = min(known, key=ranks.get)
        i = unions.index(best)
        parts[i : i + 2] = [best]


def flat(chunks, ranks):
    return [id for chunk in chunks for id in join(chunk.encode("utf-8"), ranks)]


def wrong_uncut(text, ranks, pattern):
    """this equals joining the whole text as one chunk, over the cuts: cut it with
    regex.findall(pattern, text), and join each chunk by itself."""
    return flat([text], ranks)


def wrong_list_of_lists(text, ranks, pattern):
    """this equals a list for each chunk: return one flat list, with extend instead of append."""
    return [join(chunk.encode("utf-8"), ranks) for chunk in regex.findall(pattern, text)]


def wrong_split_at_spaces(text, ranks, pattern):
    """this equals cutting at white space and losing it: cut with regex.findall(pattern, text),
    which keeps every character."""
    return flat(text.split(), ranks)


def wrong_stripped(text, ranks, pattern):
    """this equals chunks without the white space at their ends: it belongs to them."""
    return flat([chunk.strip() for chunk in regex.findall(pattern, text)], ranks)


def wrong_between_the_chunks(text, ranks, pattern):
    """this equals regex.split, which gives what stands between the chunks: use regex.findall."""
    return flat(regex.split(pattern, text), ranks)


def wrong_each_chunk_once(text, ranks, pattern):
    """this equals encoding each chunk once: one that stands there again is encoded again."""
    return flat(dict.fromkeys(regex.findall(pattern, text)), ranks)


def wrong_each_character(text, ranks, pattern):
    """this equals joining the bytes of each character by itself: join within the whole chunk."""
    return flat(text, ranks)


def wrong_each_byte(text, ranks, pattern):
    """this equals the single bytes: join each chunk's bytes with mine("tokenizer.join")."""
    return [ranks[bytes([byte])] for byte in text.encode("utf-8")]


def wrong_one_byte_characters(text, ranks, pattern):
    """this equals an encoding with one byte a character (Latin-1 or ASCII), which has no bytes for
    most of them: encode as UTF-8."""
    chunks = [chunk.encode("latin-1", errors="replace") for chunk in regex.findall(pattern, text)]
    return [id for chunk in chunks for id in join(chunk, ranks)]


def wrong_ascii_only(text, ranks, pattern):
    """this equals dropping every character that is not ASCII: encode as UTF-8, which has bytes for
    all."""
    chunks = [chunk.encode("ascii", errors="ignore") for chunk in regex.findall(pattern, text)]
    return [id for chunk in chunks for id in join(chunk, ranks)]


def wrong_text_for_bytes(text, ranks, pattern):
    """this equals handing over each chunk as a str, of which no part is a token: make bytes of it
    first, chunk.encode("utf-8")."""
    return [id for chunk in regex.findall(pattern, text) for id in join(chunk, ranks)]


def wrong_last_chunk(text, ranks, pattern):
    """this equals the last chunk alone: add each chunk's ids to one list, instead of beginning a
    new one."""
    return flat(regex.findall(pattern, text)[-1:], ranks)


def wrong_first_chunk(text, ranks, pattern):
    """this equals the first chunk alone: return behind the loop, not inside it."""
    return flat(regex.findall(pattern, text)[:1], ranks)


def wrong_whole_chunk_first(text, ranks, pattern):
    """this equals taking a chunk that is a token for that token at once: give every chunk to
    mine("tokenizer.join")."""
    found = []
    for chunk in regex.findall(pattern, text):
        data = chunk.encode("utf-8")
        found += [ranks[data]] if data in ranks else join(data, ranks)
    return found


def wrong_small_letters(text, ranks, pattern):
    """this equals the text in small letters: capitals are other characters, with tokens of their
    own."""
    return flat(regex.findall(pattern, text.lower()), ranks)


def wrong_backwards(text, ranks, pattern):
    """this equals the chunks from the last to the first: keep the order of the text."""
    return flat(regex.findall(pattern, text)[::-1], ranks)


def wrong_re(text, ranks, pattern):
    """this equals Python's own re, which does not know \\p: use regex.findall."""
    return flat(re.findall(pattern, text), ranks)


def wrong_pattern_of_the_page(text, ranks, pattern):
    """this equals cutting by " ?[a-z]+", the pattern of the case by hand: cut by the pattern that
    is handed in."""
    return flat(regex.findall(" ?[a-z]+", text), ranks)


def wrong_changed_places(text, ranks, pattern):
    """this equals looking for the text in the pattern: regex.findall(pattern, text), the pattern
    first."""
    return flat(regex.findall(text, pattern), ranks)


def wrong_first_id_of_each(text, ranks, pattern):
    """this equals the first id of each chunk: a chunk may have several, so add all of them, with
    extend."""
    return [join(chunk.encode("utf-8"), ranks)[0] for chunk in regex.findall(pattern, text)]


def wrong_looked_up(text, ranks, pattern):
    """this equals looking each chunk up in ranks as a whole, where not every chunk is: join its
    bytes, with mine("tokenizer.join")."""
    return [ranks[chunk.encode("utf-8")] for chunk in regex.findall(pattern, text)]


def wrong_bytes_cut(text, ranks, pattern):
    """this equals cutting the bytes, in which the pattern finds no letter beyond ASCII: cut the
    text, then make bytes of each chunk."""
    chunks = regex.findall(pattern.encode("utf-8"), text.encode("utf-8"))
    return [id for chunk in chunks for id in join(chunk, ranks)]


def wrong_line_by_line(text, ranks, pattern):
    """this equals cutting the text at its line ends first, which are lost by it: give the whole
    text to regex.findall."""
    return flat([c for line in text.splitlines() for c in regex.findall(pattern, line)], ranks)


def wrong_longest_token(text, ranks, pattern):
    """this equals taking the longest token each time within a chunk: join its bytes, with
    mine("tokenizer.join")."""
    found = []
    for chunk in regex.findall(pattern, text):
        data = chunk.encode("utf-8")
        while data:
            end = next(end for end in range(len(data), 0, -1) if data[:end] in ranks)
            found.append(ranks[data[:end]])
            data = data[end:]
    return found


def wrong_space_before(text, ranks, pattern):
    """this equals the ids of the text with a space before it, as sentencepiece has it: encode the
    text as it is."""
    return flat(regex.findall(pattern, " " + text), ranks)


def wrong_different_ids(text, ranks, pattern):
    """this equals each id once, in the order of their size: keep every id, in the order of the
    text."""
    return sorted(set(flat(regex.findall(pattern, text), ranks)))
