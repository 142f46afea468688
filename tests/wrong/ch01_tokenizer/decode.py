"""Wrong answers for tokenizer.decode; each docstring is the sentence that its writer is told."""

from __future__ import annotations


def tokens(ids, ranks):
    token_of = {id: token for token, id in ranks.items()}
    return [token_of[id] for id in ids]


def wrong_each_token(ids, ranks):
    """this equals reading each token as text by itself, which breaks a character that comes in two
    tokens: put all bytes together first."""
    return "".join(token.decode("utf-8", errors="replace") for token in tokens(ids, ranks))


def wrong_each_token_ignoring(ids, ranks):
    """this equals reading each token as text by itself, and dropping what is none: put all bytes
    together first, and decode with errors="replace"."""
    return "".join(token.decode("utf-8", errors="ignore") for token in tokens(ids, ranks))


def wrong_dropped(ids, ranks):
    """this equals dropping the bytes that are no character: they become the sign U+FFFD, with
    errors="replace"."""
    return b"".join(tokens(ids, ranks)).decode("utf-8", errors="ignore")


def wrong_error(ids, ranks):
    """this equals failing on bytes that are no character: decode with errors="replace"."""
    return b"".join(tokens(ids, ranks)).decode("utf-8")


def wrong_question_mark(ids, ranks):
    """this equals putting a question mark where bytes are no character: the sign is U+FFFD, which
    errors="replace" gives."""
    data = b"".join(tokens(ids, ranks))
    return data.decode("utf-8", errors="replace").replace("\ufffd", "?")


def wrong_backslashes(ids, ranks):
    """this equals writing bytes that are no character as backslash codes: the sign is U+FFFD,
    which errors="replace" gives."""
    return b"".join(tokens(ids, ranks)).decode("utf-8", errors="backslashreplace")


def wrong_one_byte_characters(ids, ranks):
    """this equals reading each byte as a character (Latin-1): read the bytes as UTF-8."""
    return b"".join(tokens(ids, ranks)).decode("latin-1")


def wrong_ascii(ids, ranks):
    """this equals reading the bytes as ASCII, which knows no é: read them as UTF-8."""
    return b"".join(tokens(ids, ranks)).decode("ascii", errors="replace")


def wrong_spaces_between(ids, ranks):
    """this equals a space between the tokens: they hold their spaces themselves, so join them with
    b""."""
    return b" ".join(tokens(ids, ranks)).decode("utf-8", errors="replace")


def wrong_stripped(ids, ranks):
    """this equals the text without the white space at its ends: it belongs to the text."""
    return b"".join(tokens(ids, ranks)).decode("utf-8", errors="replace").strip()


def wrong_bytes(ids, ranks):
    """this equals the bytes: read them as text, with .decode("utf-8", errors="replace")."""
    return b"".join(tokens(ids, ranks))


def wrong_places_for_ids(ids, ranks):
    """this equals taking an id for a place in the dict: ids may have gaps, and the dict may be in
    any order, so look for the token whose value is the id."""
    return b"".join([list(ranks)[id] for id in ids]).decode("utf-8", errors="replace")


def wrong_smallest_for_ids(ids, ranks):
    """this equals taking an id for a place among the sorted ids: ids may have gaps, so look for
    the token whose value is the id."""
    order = sorted(ranks, key=ranks.get)
    return b"".join([order[id] for id in ids]).decode("utf-8", errors="replace")


def wrong_byte_values(ids, ranks):
    """this equals taking an id for the value of a byte: look up the token whose id it is."""
    return bytes(ids).decode("utf-8", errors="replace")


def wrong_pieces(ids, ranks):
    """this equals a list of the tokens' texts: return one text, of all bytes together."""
    return [token.decode("utf-8", errors="replace") for token in tokens(ids, ranks)]
