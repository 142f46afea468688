"""Wrong answers for embeddings.embed; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import torch


def wrong_columns(tokens, W_E):
    """this equals looking up columns of W_E, [d_vocab, ...]: a token's vector is a row, W_E[tokens]
    without a colon before it."""
    return W_E[:, tokens]


def wrong_columns_turned(tokens, W_E):
    """this equals the columns of W_E, turned into rows: tokens number the rows, so W_E.T is not
    needed."""
    return W_E.T[tokens]


def wrong_counts_from_one(tokens, W_E):
    """this equals the row before each token's: tokens are counted from 0, as rows are."""
    return W_E[tokens - 1]


def wrong_scaled(tokens, W_E):
    """this equals the rows times the square root of d_model, which some models do and this one does
    not: return the rows as they are."""
    return W_E[tokens] * W_E.shape[1] ** 0.5


def wrong_unit_length(tokens, W_E):
    """this equals the rows made to have length 1: return them as they are."""
    rows = W_E[tokens]
    return rows / rows.norm(dim=-1, keepdim=True)


def wrong_first_text(tokens, W_E):
    """this equals the first text's rows for every text: look up all of tokens, not tokens[0]."""
    return W_E[tokens[0]].expand(tokens.shape[0], -1, -1)


def wrong_places(tokens, W_E):
    """this equals the rows of the places 0, 1, 2, ...: look up the tokens that stand there, not
    where they stand."""
    return W_E[torch.arange(tokens.shape[1]) % len(W_E)].expand(tokens.shape[0], -1, -1)


def wrong_flat(tokens, W_E):
    """this equals the rows in one long list, [batch * pos, d_model]: keep the axes of tokens,
    [batch, pos, d_model]."""
    return W_E[tokens.flatten()]


def wrong_numbers_before_positions(tokens, W_E):
    """this equals the rows with d_model before pos, [batch, d_model, pos]: d_model is the last
    axis."""
    return W_E[tokens].transpose(1, 2)


def wrong_position_before_batch(tokens, W_E):
    """this equals the rows with pos before batch, [pos, batch, d_model]: keep the order of the axes
    of tokens."""
    return W_E[tokens.T]


def wrong_added_up(tokens, W_E):
    """this equals one vector for each text, the sum of its rows: keep a row for each position."""
    return W_E[tokens].sum(dim=1)


def wrong_mean(tokens, W_E):
    """this equals one vector for each text, the mean of its rows: keep a row for each position."""
    return W_E[tokens].mean(dim=1)


def wrong_one_hot(tokens, W_E):
    """this equals the tokens as rows of zeros with a single 1: multiply them by W_E, or look the
    rows up, which is the same."""
    return torch.nn.functional.one_hot(tokens, len(W_E)).to(W_E.dtype)


def wrong_zero_refused(tokens, W_E):
    """this equals refusing token 0 as well, which is a token like any other: only what is below 0
    is no token."""
    if (tokens <= 0).any():
        raise IndexError("negative token")
    return W_E[tokens]


def wrong_one_hot_of_its_own_width(tokens, W_E):
    """this equals a one_hot that is only as wide as the largest token in the texts needs, which
    fits W_E only where the last token of all is among them: tell it how many tokens there are, or
    look the rows up."""
    return torch.nn.functional.one_hot(tokens).to(W_E.dtype) @ W_E
