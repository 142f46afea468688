"""Plausible wrong answers to tiny.double."""


def wrong_half(x):
    """This is half of x: multiply by 2, where you divide."""
    return x / 2


def wrong_square(x):
    """This is x squared: `x ** 2` is x times itself, `2 * x` is x plus itself."""
    return x**2


def wrong_in_place(x):
    """This doubles the caller's own tensor: make a new one, with `2 * x`."""
    return x.mul_(2)
