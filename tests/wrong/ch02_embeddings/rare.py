"""Wrong answers for embeddings.rare. The exercise is open-ended: its grader measures again what is
reported, and prints the sentence (the docstring here), followed by the numbers."""

from __future__ import annotations

import torch


def cosines(W_E, vector):
    return torch.cosine_similarity(W_E, vector, dim=-1)


def search(W_E, unused, k, nearness=None, score=None, typical=None):
    """The search of the exercise, in which each part can be got wrong."""
    true = cosines(W_E, W_E[unused].mean(dim=0))
    nearness = true if nearness is None else nearness
    score = (true if score is None else score).clone()
    score[unused] = -torch.inf
    others = torch.ones(len(W_E), dtype=torch.bool)
    others[unused] = False
    tokens = score.argsort(descending=True)[:k]
    average = true[others].mean() if typical is None else typical(true, others, tokens)
    return tokens.tolist(), nearness[tokens].tolist(), float(average)


def wrong_unused_too(W_E, unused, k):
    """an unused token is among those reported: they are known already, so leave them out"""
    nearness = cosines(W_E, W_E[unused].mean(dim=0))
    tokens = nearness.argsort(descending=True)[:k]
    return tokens.tolist(), nearness[tokens].tolist(), float(nearness.mean())


def wrong_shortest_rows(W_E, unused, k):
    """this token's row is short, but it points elsewhere than the unused ones: choose by the
    cosine, not by the length"""
    return search(W_E, unused, k, score=-W_E.norm(dim=-1))


def wrong_largest_dot_products(W_E, unused, k):
    """this token's row is long, and so its dot product with the mean is large; it points elsewhere:
    choose by the cosine"""
    return search(W_E, unused, k, score=W_E @ W_E[unused].mean(dim=0))


def wrong_closest_rows(W_E, unused, k):
    """this token's row lies close to the mean of the unused ones, but points elsewhere: choose by
    the cosine, not by the distance"""
    return search(W_E, unused, k, score=-(W_E - W_E[unused].mean(dim=0)).norm(dim=-1))


def wrong_near_enough_too_soon(W_E, unused, k):
    """this token's row does not look like the unused ones: report tokens with a nearness of at
    least 0.9, those with the largest cosine"""
    nearness = cosines(W_E, W_E[unused].mean(dim=0))
    return search(W_E, unused, k, score=(nearness > 0.5).float() - torch.arange(len(W_E)) / 1e4)


def wrong_dot_product(W_E, unused, k):
    """this is the dot product with the mean of the unused rows: divide by the lengths of both,
    which makes it the cosine"""
    return search(W_E, unused, k, nearness=W_E @ W_E[unused].mean(dim=0))


def wrong_row_length_only(W_E, unused, k):
    """this divides by the length of each row but not by that of the mean: divide by both"""
    unit = W_E / W_E.norm(dim=-1, keepdim=True)
    return search(W_E, unused, k, nearness=unit @ W_E[unused].mean(dim=0))


def wrong_mean_length_only(W_E, unused, k):
    """this divides by the length of the mean but not by that of each row: divide by both"""
    middle = W_E[unused].mean(dim=0)
    return search(W_E, unused, k, nearness=W_E @ middle / middle.norm())


def wrong_distance(W_E, unused, k):
    """this is the distance from the mean of the unused rows: take the cosine"""
    middle = W_E[unused].mean(dim=0)
    return search(W_E, unused, k, nearness=(W_E - middle).norm(dim=-1))


def wrong_one_minus(W_E, unused, k):
    """this is one minus the cosine: take the cosine itself, which is large for what is near"""
    return search(W_E, unused, k, nearness=1 - cosines(W_E, W_E[unused].mean(dim=0)))


def wrong_lengths(W_E, unused, k):
    """this is the length of the rows: take their cosine with the mean of the unused rows"""
    return search(W_E, unused, k, nearness=W_E.norm(dim=-1))


def wrong_mean_of_all(W_E, unused, k):
    """this is the cosine with the mean of all rows: take the mean of the unused ones alone,
    W_E[unused]"""
    return search(W_E, unused, k, nearness=cosines(W_E, W_E.mean(dim=0)))


def wrong_first_unused(W_E, unused, k):
    """this is the cosine with the first unused row: take the mean of all the unused rows"""
    return search(W_E, unused, k, nearness=cosines(W_E, W_E[unused[0]]))


def wrong_mean_of_cosines(W_E, unused, k):
    """this is the mean of the cosines with each unused row: take the cosine with their mean"""
    each = torch.stack([cosines(W_E, W_E[i]) for i in unused])
    return search(W_E, unused, k, nearness=each.mean(dim=0))


def wrong_unused_made_unit(W_E, unused, k):
    """this makes all unused rows equally long before their mean is taken: take the mean of the rows
    as they are"""
    unit = torch.nn.functional.normalize(W_E[unused], dim=-1)
    return search(W_E, unused, k, nearness=cosines(W_E, unit.mean(dim=0)))


def wrong_mean_taken_off(W_E, unused, k):
    """this takes the mean of all rows off first: take the cosine of the rows as they are"""
    centred = W_E - W_E.mean(dim=0)
    return search(W_E, unused, k, nearness=cosines(centred, centred[unused].mean(dim=0)))


def wrong_counted_anew(W_E, unused, k):
    """these tokens are counted in a table from which the unused rows were cut out: give their
    numbers in W_E"""
    others = [i for i in range(len(W_E)) if i not in unused]
    nearness = cosines(W_E[others], W_E[unused].mean(dim=0))
    near, tokens = nearness.topk(k)
    return tokens.tolist(), near.tolist(), nearness.mean().item()


def wrong_order(W_E, unused, k):
    """tokens and nearness have changed places: return (tokens, nearness, typical)"""
    tokens, nearness, typical = search(W_E, unused, k)
    return nearness, tokens, typical


def wrong_typical_of_all(W_E, unused, k):
    """this is the mean over all tokens, the unused ones included: leave those out"""
    return search(W_E, unused, k, typical=lambda near, others, tokens: near.mean())


def wrong_typical_of_the_rest(W_E, unused, k):
    """this leaves out the tokens that are reported too: take the mean over all tokens that are not
    in unused"""

    def rest(near, others, tokens):
        others[tokens] = False
        return near[others].mean()

    return search(W_E, unused, k, typical=rest)


def wrong_typical_of_those_reported(W_E, unused, k):
    """this is the mean of the tokens that are reported: take it over all tokens that are not in
    unused"""
    return search(W_E, unused, k, typical=lambda near, others, tokens: near[tokens].mean())


def wrong_typical_of_the_unused(W_E, unused, k):
    """this is the mean of the unused tokens: take it over all the others"""
    return search(W_E, unused, k, typical=lambda near, others, tokens: near[~others].mean())


def wrong_median(W_E, unused, k):
    """this is the median: take the mean"""
    return search(W_E, unused, k, typical=lambda near, others, tokens: near[others].median())


def wrong_rounded(W_E, unused, k):
    """this nearness is rounded: return it as it is"""
    nearness = cosines(W_E, W_E[unused].mean(dim=0))
    return search(W_E, unused, k, nearness=nearness.round(decimals=3))


def wrong_typical_rounded(W_E, unused, k):
    """typical is not the mean nearness of the tokens that are not in unused"""
    tokens, nearness, typical = search(W_E, unused, k)
    return tokens, nearness, round(typical, 3)


def wrong_tensors(W_E, unused, k):
    """expected tokens as plain numbers, found tensors: .tolist() makes a list of plain numbers"""
    tokens, nearness, typical = search(W_E, unused, k)
    return torch.tensor(tokens), torch.tensor(nearness), typical


def wrong_typical_in_a_tensor(W_E, unused, k):
    """expected typical as a plain number, found a tensor: .item() makes a number of it"""
    tokens, nearness, typical = search(W_E, unused, k)
    return tokens, nearness, torch.tensor(typical)


def wrong_sign_left_off(W_E, unused, k):
    """this is the cosine without its sign: a row that points the opposite way is as far as can be,
    so leave the sign"""
    nearness = cosines(W_E, W_E[unused].mean(dim=0)).abs()
    return search(W_E, unused, k, nearness=nearness, score=nearness)


def wrong_squared_lengths(W_E, unused, k):
    """this divides by the squares of the two lengths: a length is the root of the sum of the
    squares"""
    middle = W_E[unused].mean(dim=0)
    squares = W_E.pow(2).sum(dim=-1) * middle.pow(2).sum()
    return search(W_E, unused, k, nearness=W_E @ middle / squares)


def wrong_typical_without_signs(W_E, unused, k):
    """this is the mean of the cosines without their signs: a row that points the opposite way
    lowers it, so leave the signs"""

    def typical(true, others, tokens):
        return true[others].abs().mean()

    return search(W_E, unused, k, typical=typical)


def wrong_typical_with_marks(W_E, unused, k):
    """this counts -1 for each unused token, by which they were kept from being chosen: leave them
    out of the mean"""

    def typical(true, others, tokens):
        return torch.where(others, true, -1.0).mean()

    return search(W_E, unused, k, typical=typical)


def wrong_typical_of_none(W_E, unused, k):
    """typical is nan, as a mean of no tokens at all is, or 0 divided by 0: print what you take the
    mean of"""
    return search(W_E, unused, k, typical=lambda true, others, tokens: true[[]].mean())
