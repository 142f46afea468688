"""Wrong answers for tokenizer.unreachable; each docstring begins what its writer is told."""

from __future__ import annotations


def lost(encode, ranks):
    """(token, ids) of each token that does not come back, those that are no text left out."""
    for token, id in ranks.items():
        try:
            ids = encode(token.decode("utf-8"))
        except UnicodeDecodeError:
            continue
        if ids != [id]:
            yield token, ids


def wrong_half_a_character(encode, ranks):
    """this token is no text but a piece of a character: leave out the tokens whose
    decode("utf-8") fails"""
    for token, id in ranks.items():
        ids = encode(token.decode("utf-8", errors="replace"))
        if ids != [id]:
            return id, ids


def wrong_longest(encode, ranks):
    """this token does come back: return one for whose text encode gives other ids"""
    known = [token for token, id in ranks.items() if id < max(ranks.values())]
    token = max(known, key=len)
    return ranks[token], encode(token.decode("utf-8"))


def wrong_own_id(encode, ranks):
    """these ids are the token's own: return the ids that encode gives for its text"""
    token, _ = next(lost(encode, ranks))
    return ranks[token], [ranks[token]]


def wrong_byte_values(encode, ranks):
    """these are the values of the token's bytes: return the ids that encode gives for its text"""
    token, _ = next(lost(encode, ranks))
    return ranks[token], list(token)


def wrong_bytes_one_by_one(encode, ranks):
    """the ids are not those that encode gives for the text of token"""
    token, ids = next(lost(encode, ranks))
    return ranks[token], [*ids, ids[0]]


def wrong_all_of_them(encode, ranks):
    """this is a list of all such tokens: one is enough, so return the first, (id, ids)"""
    return [(ranks[token], ids) for token, ids in lost(encode, ranks)]


def wrong_token_for_id(encode, ranks):
    """this gives the token itself: return its id, the number that ranks has for it"""
    return next(lost(encode, ranks))


def wrong_changed_places(encode, ranks):
    """id and ids have changed places: return (id, ids), the token's id first"""
    token, ids = next(lost(encode, ranks))
    return ids, ranks[token]


def wrong_number_of_parts(encode, ranks):
    """this gives one number for what encode returns: return the whole list"""
    token, ids = next(lost(encode, ranks))
    return ranks[token], len(ids)


def wrong_pieces(encode, ranks):
    """these are the pieces that the text is cut into: return their ids, the list as encode gives
    it"""
    token, ids = next(lost(encode, ranks))
    token_of = {id: token for token, id in ranks.items()}
    return ranks[token], [token_of[id] for id in ids]


def wrong_place_for_id(encode, ranks):
    """no token has the id"""
    token, ids = next(lost(encode, ranks))
    return list(ranks).index(token) + max(ranks.values()) + 1, ids


def wrong_place_among_the_ids(encode, ranks):
    """this is the place of the token in ranks, not its id: return the number that ranks has for
    it"""
    for place, token in enumerate(ranks):
        try:
            ids = encode(token.decode("utf-8"))
        except UnicodeDecodeError:
            continue
        if ids != [place]:
            return place, ids


def wrong_written_out(encode, ranks):
    """these are the ids of str(token), which writes the bytes out, with b and quotes:
    token.decode("utf-8") gives the text"""
    token, _ = next(lost(encode, ranks))
    return ranks[token], encode(str(token))


def wrong_none_found(encode, ranks):
    """nothing was returned: is a return missing, or did no token meet the condition?"""
    token_of = {id: token for token, id in ranks.items()}
    for token, ids in lost(encode, ranks):
        if b"".join(token_of[id] for id in ids) != token:  # never: the bytes are the same
            return ranks[token], ids
