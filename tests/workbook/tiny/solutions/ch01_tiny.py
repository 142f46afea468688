# %% [markdown]
# # Tiny: a chapter for the workbook's own tests
# Four exercises that take no time.

# %%
import torch  # noqa: F401 (a learner's demonstration uses it)
from torch import Tensor

from minitransformer.workbook import mine

# %% [markdown]
# Twice a number is the number added to itself.

# %% [markdown] tags=["hints"]
# 1. Add.
# 2. Multiply.
#
#    Either will do.
# 3. `2 * x`


# %%
# exercise: tiny.double
# points 1 · minutes 1 · difficulty 1
def double(x: Tensor) -> Tensor:
    """Twice `x`."""
    # YOUR TURN: give back twice x,
    #   of the same shape.
    return 2 * x


# %% tags=["active-ipynb"]
# double(torch.ones(3))

# %% [markdown] tags=["hints"]
# 1. Which axis is last?
# 2. `dim=-1`
# 3. `x.sum(dim=-1)`


# %%
# exercise: tiny.total
# points 2 · minutes 2 · difficulty 1
def total(x: Tensor) -> Tensor:
    """The sum of `x [row, column]` over the columns."""
    # YOUR TURN: one sum for each row.
    return x.sum(dim=-1)


# %% [markdown] tags=["hints"]
# 1. Use what you have.
# 2. Double first.
# 3. `mine("tiny.total")(mine("tiny.double")(x))`


# %%
# exercise: tiny.both
# points 3 · minutes 3 · difficulty 2 · needs tiny.double, tiny.total
def both(x: Tensor) -> Tensor:
    """Twice the sum of each row."""
    # YOUR TURN: from the two before.
    return mine("tiny.total")(mine("tiny.double")(x))


# %% [markdown] tags=["hints"]
# 1. Try them all.
# 2. The largest stays the largest when doubled.
# 3. `x.argmax()`


# %%
# exercise: tiny.largest
# points 4 · minutes 4 · difficulty 3
def largest(x: Tensor) -> tuple[int, float]:
    """Where the largest entry of `x [row]` is, and what it is."""
    # YOUR TURN: the place and the value, as evidence.
    place = int(x.argmax())
    return place, x[place].item()
