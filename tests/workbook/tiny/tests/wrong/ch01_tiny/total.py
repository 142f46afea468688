"""Plausible wrong answers to tiny.total."""


def wrong_axis(x):
    """This sums down the columns: the last axis is `dim=-1`."""
    return x.sum(dim=0)


def wrong_mean(x):
    """This is the mean of each row: leave out the division."""
    return x.mean(dim=-1)


def wrong_kept(x):
    """This keeps the summed axis: leave out `keepdim=True`."""
    return x.sum(dim=-1, keepdim=True)
