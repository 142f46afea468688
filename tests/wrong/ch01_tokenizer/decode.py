"""Wrong answers for tokenizer.decode; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import re


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


def text(ids, ranks):
    return b"".join(tokens(ids, ranks)).decode("utf-8", errors="replace")


def wrong_str_of_bytes(ids, ranks):
    """this equals str(...) of bytes, which writes them out as b'...': .decode("utf-8",
    errors="replace") reads them."""
    return str(b"".join(tokens(ids, ranks)))


def wrong_asked_by_id(ids, ranks):
    """this equals ranks[id], but ranks goes from bytes to id: turn it round first, {id: token for
    token, id in ranks.items()}."""
    return b"".join([ranks[id] for id in ids]).decode("utf-8", errors="replace")


def wrong_bytes_joined_as_text(ids, ranks):
    """this equals adding bytes to a text, or numbers to bytes, which Python refuses: look up the
    tokens of all ids, put them together with b"".join, and read them as text once."""
    return "".join(tokens(ids, ranks))


def wrong_zero_is_no_id(ids, ranks):
    """this equals leaving out the id 0, as `if id` does: 0 is an id like any other."""
    return text([id for id in ids if id], ranks)


def wrong_all_or_nothing(ids, ranks):
    """this equals giving up the whole text where some of its bytes are no character: those alone
    become U+FFFD, with errors="replace"."""
    found = text(ids, ranks)
    return "\ufffd" if found.encode("utf-8") != b"".join(tokens(ids, ranks)) else found


def wrong_a_sign_for_each_byte(ids, ranks):
    """this equals a sign U+FFFD for every byte that is no character: errors="replace" puts one for
    the beginning of a character, however many bytes it has."""
    data, found = b"".join(tokens(ids, ranks)), ""
    while data:
        for n in range(1, 5):
            try:
                found += data[:n].decode("utf-8")
            except UnicodeDecodeError:
                continue
            data = data[n:]
            break
        else:
            found, data = found + "\ufffd", data[1:]
    return found


def wrong_a_sign_for_a_run(ids, ranks):
    """this equals one sign U+FFFD for all that is no character in a row: keep as many as
    errors="replace" gives."""
    return re.sub("\ufffd+", "\ufffd", text(ids, ranks))


def wrong_order_of_the_dict(ids, ranks):
    """this equals the tokens in the order of the dict, each once: go through the ids, and look up
    the token of each."""
    found = b"".join(token for token, id in ranks.items() if id in ids)
    return found.decode("utf-8", errors="replace")


def wrong_mark_swallowed(ids, ranks):
    """this equals "utf-8-sig", which swallows the mark U+FEFF at the beginning: read the bytes as
    "utf-8"."""
    return b"".join(tokens(ids, ranks)).decode("utf-8-sig", errors="replace")


def wrong_rest_lost(ids, ranks):
    """this equals keeping bytes back until they make a text, and losing those that never do: put
    all bytes together, and decode with errors="replace"."""
    found, kept = "", b""
    for token in tokens(ids, ranks):
        kept += token
        try:
            found, kept = found + kept.decode("utf-8"), b""
        except UnicodeDecodeError:
            continue
    return found


def wrong_one_sign_for_the_rest(ids, ranks):
    """this equals keeping bytes back until they make a text, and one sign U+FFFD for all the rest:
    put all bytes together, and decode with errors="replace"."""
    found = wrong_rest_lost(ids, ranks)
    rest = b"".join(tokens(ids, ranks)) != found.encode("utf-8")
    return found + "\ufffd" * rest


def wrong_surrogates(ids, ranks):
    """this equals errors="surrogateescape", which hides each byte in a sign of its own: the sign is
    U+FFFD, which errors="replace" gives."""
    return b"".join(tokens(ids, ranks)).decode("utf-8", errors="surrogateescape")


def wrong_backwards(ids, ranks):
    """this equals the tokens from the last to the first: add each behind what there is."""
    return text(ids[::-1], ranks)


def wrong_each_written_out(ids, ranks):
    """this equals str(...) of each token, which writes the bytes out as b'...': put the bytes
    together and read them, with .decode("utf-8", errors="replace")."""
    return "".join(map(str, tokens(ids, ranks)))


def wrong_windows(ids, ranks):
    """this equals reading each byte as a character by a code page (cp1252): read the bytes as
    UTF-8."""
    return b"".join(tokens(ids, ranks)).decode("cp1252", errors="replace")
