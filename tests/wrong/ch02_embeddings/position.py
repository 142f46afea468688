"""Wrong answers for embeddings.position; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import torch


def rows(W_pos, *numbers):
    """The rows of torch.arange(*numbers), wrapped round at the end of the table."""
    return W_pos[torch.arange(*numbers) % len(W_pos)]


def wrong_past_ignored(x, W_pos, past=0):
    """this equals starting at row 0 whatever past says: the first position of x gets row `past`."""
    return x + rows(W_pos, x.shape[1])


def wrong_one_late(x, W_pos, past=0):
    """this equals starting one row late: the first position gets row `past`, which is row 0 if
    nothing came before."""
    return x + rows(W_pos, past + 1, past + 1 + x.shape[1])


def wrong_one_early(x, W_pos, past=0):
    """this equals starting one row early: the first position gets row `past`, not past - 1."""
    return x + rows(W_pos, past - 1, past - 1 + x.shape[1])


def wrong_last_rows(x, W_pos, past=0):
    """this equals adding the last rows of the table: the first position of x gets row `past`."""
    return x + W_pos[len(W_pos) - x.shape[1] :]


def wrong_same_row(x, W_pos, past=0):
    """this equals adding row `past` to every position: each further position gets the next row."""
    return x + W_pos[past]


def wrong_counted_down(x, W_pos, past=0):
    """this equals the rows in the opposite order: the first position gets row `past`, the last one
    the highest."""
    return x + rows(W_pos, past, past + x.shape[1]).flip(0)


def wrong_only_positions(x, W_pos, past=0):
    """this equals the rows of W_pos without x: add them to x."""
    return rows(W_pos, past, past + x.shape[1]).expand_as(x).clone()


def wrong_multiplied(x, W_pos, past=0):
    """this equals x times the rows of W_pos: add them."""
    return x * rows(W_pos, past, past + x.shape[1])


def wrong_subtracted(x, W_pos, past=0):
    """this equals x minus the rows of W_pos: add them."""
    return x - rows(W_pos, past, past + x.shape[1])


def wrong_mean(x, W_pos, past=0):
    """this equals the mean of x and the rows of W_pos: add them, and leave it at the sum."""
    return (x + rows(W_pos, past, past + x.shape[1])) / 2


def wrong_first_text_only(x, W_pos, past=0):
    """this equals adding positions to the first text alone: every text gets the same rows."""
    out = x.clone()
    out[0] += rows(W_pos, past, past + x.shape[1])
    return out


def wrong_on_through_the_texts(x, W_pos, past=0):
    """this equals counting on from one text to the next: every text begins at row `past`."""
    batch, n_pos, _ = x.shape
    return x + rows(W_pos, past, past + batch * n_pos).reshape(x.shape)


def wrong_texts_for_positions(x, W_pos, past=0):
    """this equals a row for each text, the same at all its positions: rows are counted along pos,
    the second axis of x."""
    return x + rows(W_pos, past, past + x.shape[0])[:, None]


def wrong_past_added(x, W_pos, past=0):
    """this equals adding the number `past` itself to x, and the rows from 0 on: past says at which
    row to begin."""
    return x + rows(W_pos, x.shape[1]) + past


def wrong_joined(x, W_pos, past=0):
    """this equals x with the rows of W_pos set beside it, twice as long: add them, number by
    number."""
    return torch.cat([x, rows(W_pos, past, past + x.shape[1]).expand_as(x)], dim=-1)


def wrong_last_row_refused(x, W_pos, past=0):
    """this equals refusing the last row as well: n_ctx rows have the numbers 0 to n_ctx - 1, so
    past + pos may be as large as n_ctx."""
    if past + x.shape[1] >= len(W_pos):
        raise IndexError("too far")
    return x + rows(W_pos, past, past + x.shape[1])


def wrong_one_late_not_wrapped(x, W_pos, past=0):
    """this equals starting one row late, and so reaching beyond the last one: the first position
    gets row `past`."""
    return x + W_pos[torch.arange(past + 1, past + 1 + x.shape[1])]


def wrong_counts_up_to_pos(x, W_pos, past=0):
    """this equals rows from past to the number of positions in x: they go on to past + pos."""
    return x + W_pos[torch.arange(past, x.shape[1])]


def wrong_rows_of_all_positions(x, W_pos, past=0):
    """this equals adding the rows of all positions to each: each position gets one row, its own."""
    return x + rows(W_pos, past, past + x.shape[1]).sum(dim=0)


def wrong_whole_table(x, W_pos, past=0):
    """this equals adding the whole table, which fits where x is as long: take as many rows as x has
    positions, W_pos[past : past + pos]."""
    return x + W_pos


def wrong_all_rows_from_past(x, W_pos, past=0):
    """this equals adding all rows from `past` on, which fits where they are as many as positions
    in x: stop at past + pos, W_pos[past : past + pos]."""
    return x + W_pos[past:]


def wrong_texts_counted(x, W_pos, past=0):
    """this equals as many rows as there are texts: positions are the second axis of x, [batch, pos,
    d_model], so take x.shape[1] of them."""
    return x + W_pos[past : past + x.shape[0]]
