"""Wrong answers for embeddings.contributions; each docstring is what its writer is told."""

from __future__ import annotations

import torch


def wrong_unit_direction(parts, direction):
    """this equals the contributions along a direction made to have length 1: take the direction as
    it is."""
    return parts @ (direction / direction.norm())


def wrong_divided_by_square(parts, direction):
    """this equals the contributions over the squared length of the direction: take the plain dot
    product."""
    return parts @ direction / direction.pow(2).sum()


def wrong_cosine(parts, direction):
    """this equals the cosine of each part with the direction: take the plain dot product, which
    does not divide by their lengths."""
    return torch.cosine_similarity(parts, direction, dim=-1)


def wrong_added_up(parts, direction):
    """this equals what the direction reads in the whole stream, the parts added up: keep a number
    for each part."""
    return parts.sum(dim=0) @ direction


def wrong_running_sum(parts, direction):
    """this equals what the direction reads in the stream after each part, all earlier ones
    included: read every part by itself."""
    return (parts @ direction).cumsum(dim=0)


def wrong_products_kept(parts, direction):
    """this equals the products entry by entry, [n_parts, batch, pos, d_model]: add them up over
    d_model, the last axis."""
    return parts * direction


def wrong_mean_over_d_model(parts, direction):
    """this equals the mean of the products over d_model: a dot product is their sum."""
    return (parts * direction).mean(dim=-1)


def wrong_texts_averaged(parts, direction):
    """this equals the mean over the texts: keep a number for each text."""
    return (parts @ direction).mean(dim=1)


def wrong_positions_averaged(parts, direction):
    """this equals the mean over the positions: keep a number for each position."""
    return (parts @ direction).mean(dim=2)


def wrong_last_position(parts, direction):
    """this equals the contributions at the last position alone: give them at every position."""
    return (parts @ direction)[:, :, -1]


def wrong_parts_last(parts, direction):
    """this equals the contributions with the parts last, [batch, pos, n_parts]: keep the order of
    the axes."""
    return (parts @ direction).permute(1, 2, 0)


def wrong_positions_before_texts(parts, direction):
    """this equals the contributions with pos before batch, [n_parts, pos, batch]: keep the order of
    the axes."""
    return (parts @ direction).transpose(1, 2)


def wrong_sizes(parts, direction):
    """this equals the contributions without their signs: a part may well lower the reading, so
    leave the sign."""
    return (parts @ direction).abs()


def wrong_shares(parts, direction):
    """this equals each part's share of the whole reading: give the contributions themselves, which
    add up to it."""
    read = parts @ direction
    return read / read.sum(dim=0)


def wrong_stream_for_every_part(parts, direction):
    """this equals what the direction reads in the whole stream, said again for each part: read
    every part by itself."""
    return (parts.sum(dim=0) @ direction).expand(parts.shape[:-1]).clone()


def wrong_negative_ones_cut(parts, direction):
    """this equals the contributions with 0 for the negative ones: a part may well lower the
    reading, so leave them."""
    return (parts @ direction).relu()


def wrong_differences(parts, direction):
    """this equals what each part's contribution has more than the one before: the parts are what
    was added already, so no difference is to be taken."""
    read = parts @ direction
    return torch.cat([read[:1], read[1:] - read[:-1]])


def wrong_lengths(parts, direction):
    """this equals the products of the lengths, as if every part pointed along the direction: take
    the dot product."""
    return parts.norm(dim=-1) * direction.norm()


def wrong_sum_times_sum(parts, direction):
    """this equals each part's sum times the sum of the direction (an einsum with two letters for
    d_model): multiply number by number, then add up."""
    return parts.sum(dim=-1) * direction.sum()


def wrong_without_each_part(parts, direction):
    """this equals what the direction reads in the stream without each part: give what the part
    itself adds to it."""
    read = parts @ direction
    return read.sum(dim=0) - read
