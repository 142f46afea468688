"""Wrong answers for block.gelu; each docstring is the sentence that its writer is told."""

from __future__ import annotations

import math

import torch

ROOT = math.sqrt(2 / math.pi)


def wrong_exact(x):
    """this equals x times the normal probability (erf), which the formula comes close to: compute
    the formula, with tanh."""
    return torch.nn.functional.gelu(x)


def wrong_sigmoid(x):
    """this equals x * sigmoid(1.702 x), another formula for nearly the same: compute the one with
    tanh."""
    return x * torch.sigmoid(1.702 * x)


def wrong_silu(x):
    """this equals the silu, x * sigmoid(x): that comes in exercise 5, and here the formula with
    tanh is asked for."""
    return x * torch.sigmoid(x)


def wrong_relu(x):
    """this equals the relu, 0 below 0 and x above: gelu bends smoothly, by the formula."""
    return x.clamp(min=0)


def wrong_not_halved(x):
    """this equals twice the gelu: halve x at the front."""
    return x * (1 + torch.tanh(ROOT * (x + 0.044715 * x**3)))


def wrong_minus(x):
    """this equals the formula with 1 - tanh, which lets negative numbers pass: it is 1 + tanh."""
    return x / 2 * (1 - torch.tanh(ROOT * (x + 0.044715 * x**3)))


def wrong_no_one(x):
    """this equals x / 2 times tanh alone: add 1 to the tanh."""
    return x / 2 * torch.tanh(ROOT * (x + 0.044715 * x**3))


def wrong_probability(x):
    """this equals the factor of x alone, between 0 and 1: multiply it by x."""
    return 0.5 * (1 + torch.tanh(ROOT * (x + 0.044715 * x**3)))


def wrong_square(x):
    """this equals the formula with x squared: it is x to the third power."""
    return x / 2 * (1 + torch.tanh(ROOT * (x + 0.044715 * x**2)))


def wrong_no_cube(x):
    """this equals the formula without 0.044715 x**3: add it to x inside the tanh."""
    return x / 2 * (1 + torch.tanh(ROOT * x))


def wrong_no_constant(x):
    """this equals the formula with x**3 in full: multiply it by 0.044715."""
    return x / 2 * (1 + torch.tanh(ROOT * (x + x**3)))


def wrong_no_root(x):
    """this equals the formula with 2 / pi instead of its square root: take the root."""
    return x / 2 * (1 + torch.tanh(2 / math.pi * (x + 0.044715 * x**3)))


def wrong_root_of_two_over_pi(x):
    """this equals the formula with the root of 2 divided by pi: the root is of 2 / pi."""
    return x / 2 * (1 + torch.tanh(math.sqrt(2) / math.pi * (x + 0.044715 * x**3)))


def wrong_root_turned(x):
    """this equals the formula with the square root of pi / 2: it is that of 2 / pi."""
    return x / 2 * (1 + torch.tanh((x + 0.044715 * x**3) / ROOT))


def wrong_cube_outside(x):
    """this equals the formula with the root multiplied into x alone: it multiplies the bracket,
    x + 0.044715 x**3."""
    return x / 2 * (1 + torch.tanh(ROOT * x + 0.044715 * x**3))


def wrong_tanh_of_x_alone(x):
    """this equals the formula with nothing but x under the tanh: it acts on the root of 2 / pi
    times (x + 0.044715 x**3)."""
    return x / 2 * (1 + torch.tanh(x))


def wrong_tanh_by_exponentials(x):
    """this equals tanh by e^z and e^-z, which gives nan for large numbers: use torch.tanh."""
    z = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    return x / 2 * (1 + (z.exp() - (-z).exp()) / (z.exp() + (-z).exp()))
