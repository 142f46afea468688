"""Wrong answers for embeddings.rotate; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import math

import torch


def angles(x, base, past=0, exponent=-2.0, first=0):
    """[pos, 1, half]: each position's angle for each pair."""
    n_pos, d_head = x.shape[1], x.shape[3]
    frequency = base ** (exponent * torch.arange(d_head // 2) / d_head)
    position = torch.arange(past + first, past + first + n_pos)
    return (position[:, None] * frequency)[:, None]


def turn(x, angle):
    a, b = x.chunk(2, dim=-1)
    cos, sin = angle.cos(), angle.sin()
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


def wrong_neighbours_paired(x, base, past=0):
    """this equals turning neighbours, numbers 0 and 1, 2 and 3: pair number i of the first half
    with number i of the second."""
    angle = angles(x, base, past)
    a, b = x[..., ::2], x[..., 1::2]
    cos, sin = angle.cos(), angle.sin()
    return torch.stack([a * cos - b * sin, b * cos + a * sin], dim=-1).flatten(-2)


def wrong_halves_woven(x, base, past=0):
    """this equals the turned halves woven into each other: put the first half first and the second
    behind it, with torch.cat."""
    return torch.stack(turn(x, angles(x, base, past)).chunk(2, dim=-1), dim=-1).flatten(-2)


def wrong_neighbours_to_halves(x, base, past=0):
    """this equals pairing neighbours, numbers 0 and 1, 2 and 3, and giving the turned ones as
    halves: take the first half and the second, x[..., :half] and x[..., half:]."""
    return turn(torch.cat([x[..., ::2], x[..., 1::2]], dim=-1), angles(x, base, past))


def wrong_base_fixed(x, base, past=0):
    """this equals turning with the base 10000 whatever is given: use `base`."""
    return turn(x, angles(x, 10_000.0, past))


def wrong_halves_exchanged(x, base, past=0):
    """this equals the right numbers with the second half first: the numbers made from a, a cos - b
    sin, come first."""
    return torch.cat(turn(x, angles(x, base, past)).chunk(2, dim=-1)[::-1], dim=-1)


def wrong_backwards(x, base, past=0):
    """this equals turning the other way: a' is a cos minus b sin, b' is b cos plus a sin."""
    return turn(x, -angles(x, base, past))


def wrong_both_plus(x, base, past=0):
    """this equals a plus sign in both rows, which is no turning: a' is a cos minus b sin."""
    angle = angles(x, base, past)
    a, b = x.chunk(2, dim=-1)
    cos, sin = angle.cos(), angle.sin()
    return torch.cat([a * cos + b * sin, b * cos + a * sin], dim=-1)


def wrong_turned_twice(x, base, past=0):
    """this equals making b' from the new a: both rows of the formula need the old one."""
    angle = angles(x, base, past)
    a, b = x.chunk(2, dim=-1)
    cos, sin = angle.cos(), angle.sin()
    a = a * cos - b * sin
    return torch.cat([a, b * cos + a * sin], dim=-1)


def wrong_past_ignored(x, base, past=0):
    """this equals counting the positions from 0 whatever past says: the first is number `past`."""
    return turn(x, angles(x, base))


def wrong_one_late(x, base, past=0):
    """this equals counting the positions from past + 1: the first is number `past`, so that
    position 0 is not turned at all."""
    return turn(x, angles(x, base, past, first=1))


def wrong_only_past(x, base, past=0):
    """this equals turning every position of x by the same angles, those of position `past`: each
    further position is one more."""
    return turn(x, angles(x[:, :1], base, past))


def wrong_exponent_halved(x, base, past=0):
    """this equals the exponent -i / d_head: it is -2i / d_head."""
    return turn(x, angles(x, base, past, exponent=-1.0))


def wrong_exponent_doubled(x, base, past=0):
    """this equals the exponent -4i / d_head: it is -2i / d_head with i = 0, 1, 2, ... If you count
    0, 2, 4, ..., the 2 is in it already; and d_head counts all numbers of a vector, not those of a
    half."""
    return turn(x, angles(x, base, past, exponent=-4.0))


def wrong_ever_faster(x, base, past=0):
    """this equals the exponent without its minus sign, so that later pairs turn ever faster: it is
    -2i / d_head."""
    return turn(x, angles(x, base, past, exponent=2.0))


def wrong_one_speed(x, base, past=0):
    """this equals turning every pair as fast as pair 0: pair i turns by base^(-2i / d_head) a
    step."""
    return turn(x, angles(x, base, past, exponent=0.0))


def wrong_pairs_counted_down(x, base, past=0):
    """this equals the speeds in the opposite order, the last pair turning fastest: pair 0 turns by
    1 a step."""
    return turn(x, angles(x, base, past).flip(-1))


def wrong_counts_pairs_from_one(x, base, past=0):
    """this equals counting the pairs from 1: the first is pair 0, and turns by 1 a step."""
    return turn(x, angles(x, base, past) * base ** (-2 / x.shape[3]))


def wrong_degrees(x, base, past=0):
    """this equals angles taken for degrees: they are radians, as torch.cos and torch.sin take them,
    so do not convert them."""
    return turn(x, angles(x, base, past) * math.pi / 180)


def wrong_heads_counted(x, base, past=0):
    """this equals turning by the number of the head, not of the position: positions are the second
    axis of x, [batch, pos, n_heads, d_head]."""
    return turn(x.transpose(1, 2), angles(x.transpose(1, 2), base, past)).transpose(1, 2)


def wrong_no_axis_for_heads(x, base, past=0):
    """this equals a table of angles without an axis for the heads, [pos, d_head / 2], so that
    positions meet heads: make it [pos, 1, d_head / 2], by angle[:, None]."""
    return turn(x, angles(x, base, past)[:, 0])


def wrong_only_first_half(x, base, past=0):
    """this equals turning the first half and leaving the second as it was: both numbers of a pair
    change."""
    turned = turn(x, angles(x, base, past)).chunk(2, dim=-1)[0]
    return torch.cat([turned, x.chunk(2, dim=-1)[1]], dim=-1)


def wrong_both_minus(x, base, past=0):
    """this equals a minus sign in both rows, which is no turning: b' is b cos plus a sin."""
    angle = angles(x, base, past)
    a, b = x.chunk(2, dim=-1)
    cos, sin = angle.cos(), angle.sin()
    return torch.cat([a * cos - b * sin, b * cos - a * sin], dim=-1)


def wrong_sin_for_cos(x, base, past=0):
    """this equals sin and cos exchanged: at position 0, where the angle is 0, nothing may change,
    so each number keeps cos of itself, a' = a cos - b sin."""
    angle = angles(x, base, past)
    a, b = x.chunk(2, dim=-1)
    cos, sin = angle.cos(), angle.sin()
    return torch.cat([a * sin - b * cos, b * sin + a * cos], dim=-1)


def wrong_past_added_to_the_angle(x, base, past=0):
    """this equals adding `past` to every angle: add it to the position, before it is multiplied by
    the pair's speed."""
    return turn(x, angles(x, base) + past)


def wrong_past_taken_off(x, base, past=0):
    """this equals positions less `past`: they stand after the past ones, so add it."""
    return turn(x, angles(x, base, -past))


def wrong_past_multiplied(x, base, past=0):
    """this equals positions times `past`: the first of x is number past, the next past + 1."""
    return turn(x, angles(x, base) * past)


def wrong_every_position_one(x, base, past=0):
    """this equals turning every position by the speeds themselves, as if all stood at number 1:
    multiply the speeds by each position's number."""
    return turn(x, angles(x[:, :1], base, 1))


def wrong_heads_for_d_head(x, base, past=0):
    """this equals the number of heads in the place of d_head in the exponent: d_head is the last
    axis of x, [batch, pos, n_heads, d_head]."""
    return turn(x, angles(x, base, past, exponent=-2.0 * x.shape[3] / x.shape[2]))


def wrong_whole_turns(x, base, past=0):
    """this equals angles multiplied by 2 pi: they are in radians as they stand."""
    return turn(x, angles(x, base, past) * 2 * math.pi)


def wrong_angles_cut_to_whole_numbers(x, base, past=0):
    """this equals angles without what stands behind their point: keep them as floating-point
    numbers."""
    return turn(x, angles(x, base, past).long())


def wrong_exponent_whole(x, base, past=0):
    """this equals the exponent -2i // d_head, which rounds it down to a whole number: divide
    by /."""
    whole = torch.div(-2 * torch.arange(x.shape[3] // 2), x.shape[3], rounding_mode="floor")
    position = torch.arange(past, past + x.shape[1])
    return turn(x, (position[:, None] * base ** whole.float())[:, None])


def wrong_past_twice(x, base, past=0):
    """this equals counting `past` twice: the first position of x is number past."""
    return turn(x, angles(x, base, 2 * past))


def wrong_angles_for_neighbours(x, base, past=0):
    """this equals angles repeated for neighbours (repeat_interleave), and numbers paired by halves:
    pair i has one angle, which its two numbers share, half a vector apart."""
    a, b = x.chunk(2, dim=-1)
    angle = angles(x, base, past).repeat_interleave(2, dim=-1)
    return x * angle.cos() + torch.cat([-b, a], dim=-1) * angle.sin()
