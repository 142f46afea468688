"""Grader of chapter 01's open-ended exercise: a token that is not given for its own text.

Any token that meets the conditions passes. What is reported is asked again here, of vocabularies
made so that such a token exists, beside tokens that are half a character and tokens that do come
back. Where the evidence is of another sort, it is named.
"""

from __future__ import annotations

import copy
from numbers import Integral
from random import Random

from ch01_tokenizer_coding import WORDS, oracle_encode, vocabulary, with_a_stranger
from ch01_tokenizer_learning import words

from minitransformer.workbook.grading import Wrong, grader


def comes_never(answer, seed):
    for name, ranks in vocabularies(seed).items():
        asked = []

        def encode(text, ranks=ranks, asked=asked):
            if not isinstance(text, str):
                raise TypeError(
                    f"encode takes a text, a str, and was given {type(text).__name__}: "
                    'token.decode("utf-8") makes a text of a token, if it is one'
                )
            asked.append(text)
            return oracle_encode(text, ranks, WORDS)

        try:
            judge(answer(encode, copy.copy(ranks)), encode, ranks, asked)
        except Wrong as problem:
            raise Wrong(f"{problem}; in a vocabulary where {name}") from None


def vocabularies(seed):
    """In each one text does not come back: by the joining, by the cut, or not in English."""
    # No spaces: a learnt token with one inside would be cut, and be a second that does not.
    chunks = words(seed, 14, letters=b"aabbcd")
    random = Random(seed)
    joined = vocabulary(seed, chunks, 10)
    cut = vocabulary(seed + 1, chunks, 8, first=300)
    foreign = vocabulary(seed + 2, chunks | {"é日".encode(): 9}, 10)
    return {
        "no joining leads to one of the tokens": with_a_stranger(joined, b"xyz"),
        "the pattern cuts one of the tokens": _anywhere(cut, b"no, no", random),
        "the token that never comes is no English one": _last(foreign, "日本é".encode()),
    }


def _anywhere(ranks, token, random):
    entries = list(with_a_stranger(ranks, token).items())
    return dict(random.sample(entries, len(entries)))


def _last(ranks, token):
    grown = with_a_stranger(ranks, token)
    return {other: id for other, id in grown.items() if other != token} | {token: grown[token]}


def judge(found, encode, ranks, asked):
    if found is None:
        token, ids = lost(encode, ranks)
        raise Wrong(
            "nothing was returned: is a return missing, or did no token meet the condition? Such a "
            f"token is {ranks[token]}, {token.decode()!r}, for which encode gives {ids}"
        )
    id, ids = read(found, ranks)
    asked = list(asked)
    token = next(token for token, other in ranks.items() if other == id)
    try:
        text = token.decode("utf-8")
    except UnicodeDecodeError:
        raise Wrong(
            "this token is no text but a piece of a character: leave out the tokens whose "
            f'decode("utf-8") fails (token {id} is {token!r})'
        ) from None
    true = encode(text)
    if true == [id]:
        at = list(ranks)[id] if id < len(ranks) else token
        if at != token and ids == encode(at.decode("utf-8", errors="replace")):
            raise Wrong(
                "this is the place of the token in ranks, not its id: return the number that ranks "
                f"has for it (found {id} for {at!r}, whose id is {ranks[at]})"
            )
        never = f"; encode was never asked about {text!r} in your function" * (text not in asked)
        raise Wrong(
            "this token does come back: return one for whose text encode gives other ids "
            f"(encode({text!r}) is {true}, a list of its id alone{never})"
        )
    if ids == encode(str(token)):
        raise Wrong(
            "these are the ids of str(token), which writes the bytes out, with b and quotes: "
            f'token.decode("utf-8") gives the text (found {ids} for {str(token)!r})'
        )
    if ids == [id]:
        raise Wrong(
            "these ids are the token's own: return the ids that encode gives for its text "
            f"(encode({text!r}) is {true})"
        )
    if ids == list(token):
        raise Wrong(
            "these are the values of the token's bytes: return the ids that encode gives for its "
            f"text (encode({text!r}) is {true}, found {ids})"
        )
    if ids != true:
        raise Wrong(
            f"the ids are not those that encode gives for the text of token {id}: expected {true} "
            f"for {text!r}, found {ids}"
        )


def lost(encode, ranks):
    """A token that does not come back, and what it comes out as."""
    for token, id in ranks.items():
        if token.decode("utf-8", errors="ignore").encode("utf-8") == token:
            ids = encode(token.decode("utf-8"))
            if ids != [id]:
                return token, ids
    raise LookupError("a vocabulary without such a token")


def read(found, ranks):
    """The id and the list of ids; numpy's whole numbers and tuples will do."""
    if isinstance(found, list) and found and all(_is_pair(value) for value in found):
        raise Wrong(
            "this is a list of all such tokens: one is enough, so return the first, (id, ids) "
            f"(found a list of {len(found)})"
        )
    if not isinstance(found, (tuple, list)) or len(found) != 2:
        many = isinstance(found, (tuple, list))
        what = f"{len(found)} values" if many else f"a value of type {type(found).__name__}"
        raise Wrong(f"expected two values, (id, ids), found {what}")
    id, ids = found
    if isinstance(id, (bytes, str)):
        raise Wrong(
            "this gives the token itself: return its id, the number that ranks has for it "
            f"(found {id!r})"
        )
    if isinstance(id, (list, tuple)) and _whole(ids):
        raise Wrong(
            "id and ids have changed places: return (id, ids), the token's id first "
            f"(found {id} first)"
        )
    if not _whole(id):
        raise Wrong(f"expected the token's id, a whole number, found {type(id).__name__}")
    if _whole(ids):
        raise Wrong(
            f"this gives one number for what encode returns: return the whole list (found {ids})"
        )
    ids = list(ids)
    if any(isinstance(part, (bytes, str)) for part in ids):
        raise Wrong(
            "these are the pieces that the text is cut into: return their ids, the list as encode "
            f"gives it (found {ids})"
        )
    if not all(_whole(part) for part in ids):
        raise Wrong("expected the ids as a list of whole numbers, just as encode gives them")
    if id not in ranks.values():
        raise Wrong(f"no token has the id {id}: return a value of ranks, not a place in it")
    return int(id), [int(part) for part in ids]


def _is_pair(value):
    return isinstance(value, (tuple, list)) and len(value) == 2


def _whole(value):
    return isinstance(value, Integral) and not isinstance(value, bool)


GRADERS = [grader("tokenizer.unreachable", predicate=comes_never)]
