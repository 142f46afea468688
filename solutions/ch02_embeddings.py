# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Embeddings and the residual stream: the exercises
#
# A tokenizer turns a text into whole numbers. In nine exercises you turn those numbers into
# vectors, ask what lies near what in the table of vectors, tell the model where in the text each
# one stands, and take apart the sum that the layers of a transformer write into. You need dot
# products, matrix products and a little PyTorch.
#
# The model keeps a table `W_E` with one row of `d_model` numbers for each token that it knows:
# the token's **embedding**. A text enters the model as the rows of its tokens. From then on each
# position carries a vector of `d_model` numbers, the **residual stream**: every layer reads it
# and adds something to it.
#
# Shapes are written with names, and mean the same in every exercise:
#
# | name | what it counts |
# |---|---|
# | `batch` | texts handled at once |
# | `pos` | positions (tokens) of a text |
# | `d_vocab` | tokens that the model knows |
# | `d_model` | numbers in an embedding, and at each position of the stream |
# | `n_ctx` | positions that a model has room for |
# | `n_heads`, `d_head` | short vectors at each position, and numbers in each (exercise 7) |
# | `n_parts` | vectors that add up to the stream (exercise 8) |
# | `n`, `m`, `d` | rows of a table and numbers in a row, where it may be any table |
#
# Weights stand on the right of what they act on: `x @ W`. Positions, tokens and layers are
# counted from 0. Write below `# YOUR TURN`, in any style you like, then run the `check(...)`
# cell. It says how far you came and what to do next. No function may change the tensors that it
# is handed.
#
# Two things you will meet: `Float[Tensor, "batch pos"]` in a function's first lines says "a tensor
# of floating-point numbers whose axes are batch and pos", for you to read. And
# `einsum("ij,jk->ik", a, b)` names every axis by a letter, multiplies the entries whose letters
# agree, and sums over each letter that is missing behind the arrow: here it is `a @ b`.

# %%
import torch
from jaxtyping import Float, Int
from torch import Tensor, einsum

# %% [markdown]
# ## 1 · From tokens to vectors
# The first thing a language model does with a text is to look its tokens up: token number $t$
# becomes row $t$ of the table $W_E$. The same token gets the same vector wherever it stands.
#
# In: `tokens [batch, pos]`, whole numbers from 0 to `d_vocab` - 1, and `W_E [d_vocab, d_model]`.
# Out: `[batch, pos, d_model]`.
#
# One trap: Python counts negative numbers from the end, so that `W_E[-1]` is the *last* token's
# row, without a word. Code that fills short texts up with -1 is then read as text. No token has a
# negative number: raise an `IndexError` if there is one.
#
# **By hand.** With $W_E = \begin{bmatrix}1&2\\3&4\\5&6\end{bmatrix}$ the text `[2, 0, 2]` becomes
# $[5, 6]$, $[1, 2]$, $[5, 6]$.

# %% [markdown] tags=["hints"]
# 1. `W_E[2]` is row 2. What does `W_E[[2, 0, 2]]` give, and what does it give for a whole table
#    of token numbers?
# 2. A tensor of whole numbers between the brackets picks a row for each of them and keeps their
#    arrangement. Before that, look whether any number is below 0: `(tokens < 0).any()`.
# 3. `if (tokens < 0).any(): raise IndexError("...")`, then `return W_E[tokens]`.


# %%
# exercise: embeddings.embed
# points 1 · minutes 5 · difficulty 1
def embed(
    tokens: Int[Tensor, "batch pos"], W_E: Float[Tensor, "d_vocab d_model"]
) -> Float[Tensor, "batch pos d_model"]:
    """Each token's row of W_E. Raises IndexError if a token is negative."""
    # YOUR TURN: refuse negative numbers, and look up the others' rows.
    negative = tokens < 0
    if negative.any():
        raise IndexError("tokens are counted from 0: no token has a negative number")
    return W_E[tokens]


# %% [markdown]
# ## 2 · Nearest neighbours
# Training has put each token's row somewhere. Which tokens were put near each other? Rows differ
# in length, and it is their direction that we compare, by the **cosine** of the angle between
# two rows:
#
# $$\cos(u, v) = \frac{u \cdot v}{\|u\|\,\|v\|}$$
#
# where $\|u\|$ is the length of $u$, the root of the sum of its squares. It is 1 for one
# direction, 0 for a right angle, and -1 for opposite directions.
#
# In: `W_E [d_vocab, d_model]`, `token`, the number of a row, and `k`. Out: a list of `k` token
# numbers, plain whole numbers (`.tolist()` makes them), by cosine with that token's row, the
# nearest first, **the token itself left out**.
#
# - Of tokens with the same cosine, the smaller number comes first.
# - Another token may well have the very same row: it is a neighbour like any other.
# - A row of zeros has no direction: its cosine with any row counts as 0.
# - If there are fewer than `k` other tokens, give them all.
#
# **By hand.** Six rows: $[4, 3]$, $[1, 0]$, $[0, 2]$, $[3, 4]$, $[-4, -3]$, $[8, 6]$. The cosines
# with row 0, whose length is 5: row 1 $4/5 = 0.8$; row 2 $6/10 = 0.6$; row 3 $24/25 = 0.96$; row
# 4 $-25/25 = -1$; row 5 $50/50 = 1$. So the three neighbours of token 0 are `[5, 3, 1]`.

# %% [markdown] tags=["hints"]
# 1. `W_E @ W_E[token]` is the dot product of every row with the token's. What does each have to be
#    divided by? And where may that be 0?
# 2. `W_E.norm(dim=-1)` are the rows' lengths. `size.masked_fill(size == 0, 1)` puts a 1 where it
#    would divide by 0: zero over one is the 0 that is wanted. `argsort(descending=True)` gives the
#    numbers of the rows, largest cosine first; with `stable=True` equal ones keep their order.
# 3. `order = cosine.argsort(descending=True, stable=True)`; then take the token itself out,
#    wherever it stands, and only then cut: `order[order != token][:k].tolist()`.


# %%
# exercise: embeddings.neighbours
# points 2 · minutes 15 · difficulty 1
def neighbours(W_E: Float[Tensor, "d_vocab d_model"], token: int, k: int) -> list[int]:
    """The k tokens whose rows have the largest cosine with the token's, nearest first.

    The token itself is left out; equal ones come in the order of their numbers; the cosine
    with a row of zeros counts as 0. All others, where there are fewer than k.
    """
    # YOUR TURN: the cosine of every row with the token's; sort; leave the token out.
    length = W_E.norm(dim=-1)
    size = length * length[token]
    cosine = W_E @ W_E[token] / size.masked_fill(size == 0, 1)
    order = cosine.argsort(descending=True, stable=True)
    return order[order != token][:k].tolist()


# %% tags=["active-ipynb"]
# # Your function on a real language model: what lies near " Mary"?
# from minitransformer import pretrained
#
# model = pretrained.load("smollm2-135m-instruct")
# tokenizer = pretrained.load_tokenizer("smollm2-135m-instruct")
# (mary,) = tokenizer.encode(" Mary")
# print([tokenizer.decode([t]) for t in neighbours(model.W_E.detach(), mary, 8)])

# %% [markdown]
# ## 3 · A flat picture of many dimensions
# Nobody can look at 576 dimensions. **Principal component analysis** (PCA) finds the few directions
# along which the rows of a table differ most, and draws only those.
#
# Take from every row the mean of all rows, so that the cloud lies around 0. The first direction
# is the unit vector along which the rows then have the largest sum of squared coordinates; the
# second the best among those at right angles to the first; and so on. A row's **coordinate** along
# a direction (its component) is its dot product with it. A direction's **share** of the variance is
# the sum of the squared coordinates along it, over that along all directions (which is the sum of
# the squares of all entries, after the mean is taken off).
#
# A direction and its opposite are equally good. So that there is one answer: **each direction's
# entry of largest size (regardless of sign) is positive.**
#
# In: `x [n, d]`; `k`, less than `n` and at most `d`. Out: `(coordinates [n, k], share [k])`, the
# first direction first. (The singular value decomposition gives all you need: see the hints.)
#
# **By hand.** The rows $[5, 1]$, $[-1, 1]$, $[2, 2]$, $[2, 0]$ have the mean $[2, 1]$; without it
# they are $[3, 0]$, $[-3, 0]$, $[0, 1]$, $[0, -1]$. The first direction is $[1, 0]$, with squares
# summing to 18, the second $[0, 1]$, with 2. So for `k=1` the coordinates are 3, -3, 0, 0, and the
# share is $18 / 20 = 0.9$.

# %% [markdown] tags=["hints"]
# 1. Three steps: take off the mean of each column; find the directions; make the entry of largest
#    size of each direction positive. Then one matrix product gives the coordinates.
# 2. `U, size, directions = torch.linalg.svd(centred, full_matrices=False)` gives the directions
#    as rows, the first first; `size ** 2` are the sums of squared coordinates along them. Divide
#    by the sum over *all* of them, and cut to `k` afterwards.
# 3. `largest = directions.abs().argmax(dim=1, keepdim=True)` is where each direction's largest
#    entry stands, `directions.gather(1, largest).sign()` is its sign, `[.., 1]`: multiply the
#    directions by it. The coordinates are `centred @ directions[:k].T`.


# %%
# exercise: embeddings.pca
# points 3 · minutes 20 · difficulty 2
def pca(x: Float[Tensor, "n d"], k: int) -> tuple[Float[Tensor, "n k"], Float[Tensor, "k"]]:
    """The rows' coordinates along the k directions of most variance, and each one's share of it.

    The mean is taken off first. Each direction's entry of largest size is positive.
    """
    # YOUR TURN: take off the mean, find the directions, fix their signs, project.
    centred = x - x.mean(dim=0)
    _, size, directions = torch.linalg.svd(centred, full_matrices=False)
    largest = directions.abs().argmax(dim=1, keepdim=True)
    directions = directions * directions.gather(1, largest).sign()
    share = size**2 / (size**2).sum()
    return centred @ directions[:k].T, share[:k]


# %% [markdown]
# ## 4 · Telling two groups apart
# Is "this is a word of a programming language" written somewhere in a token's row? The plainest
# way to ask: take examples of two groups, and draw an arrow from the mean of the one to the mean
# of the other. A row is judged by how far along the arrow it lies, and the border is **half-way
# between the two means**.
#
# In: `a [n, d]` and `b [m, d]`, rows of the two groups, not always as many. Out:
# `(direction [d], threshold)`. The direction points **from the mean of `b` to the mean of `a`** and
# has **length 1**. The threshold, a plain number (`.item()`), is the dot product of the direction
# with the point half-way between the two means, each group counting the same however many rows it
# has. A new row `x` is then judged to belong with `a` if `x @ direction > threshold`. (The two
# means are never the same here.)
#
# **By hand.** `a` has the rows $[4, 1]$ and $[6, 1]$, with mean $[5, 1]$; `b` has $[1, -3]$,
# $[3, -3]$ and $[2, -3]$, with mean $[2, -3]$. The difference is $[3, 4]$, its length 5, so the
# direction is $[0.6, 0.8]$. Half-way lies $[3.5, -1]$, and the threshold is $2.1 - 0.8 = 1.3$.

# %% [markdown] tags=["hints"]
# 1. One mean for each group, over its rows: a vector of `d` numbers. The direction is made of
#    their difference, the threshold of their sum.
# 2. `a.mean(dim=0)` is the mean of the rows. Divide the difference by its own length, `.norm()`.
# 3. `threshold = direction @ (mean_a + mean_b) / 2`, with the direction already of length 1, and
#    `.item()` makes a plain number of it.


# %%
# exercise: embeddings.separate
# points 2 · minutes 10 · difficulty 1
def separate(a: Float[Tensor, "n d"], b: Float[Tensor, "m d"]) -> tuple[Float[Tensor, "d"], float]:
    """The unit direction from b's mean to a's, and the threshold half-way between them on it."""
    # YOUR TURN: the two means, the direction between them, and its value half-way.
    mean_a, mean_b = a.mean(dim=0), b.mean(dim=0)
    direction = mean_a - mean_b
    direction = direction / direction.norm()
    threshold = direction @ (mean_a + mean_b) / 2
    return direction, threshold.item()


# %% [markdown]
# ## 5 · Tokens that training hardly touched
# A vocabulary is chosen before the model is trained, on other texts. Some of its tokens may hardly
# ever come up in training: then nothing pulled at their rows when they were read, and the model
# never learned what they stand for. Can you find such tokens from the table alone?
#
# A clue: some tokens are *known* never to occur in text (SmolLM2 has markers for things that are
# no text, such as `<jupyter_code>`). Their rows show what can become of a row that no text
# touches. Find other tokens whose rows look the same.
#
# In: `W_E [d_vocab, d_model]`; `unused`, a list of token numbers known never to occur; and `k`.
# Measure for every token its **nearness**: the cosine of its row with the mean of the unused
# tokens' rows. Return three things, `(tokens, nearness, typical)`:
#
# - **tokens**: a list of `k` different token numbers, none of them in `unused`, all with a nearness
#   of at least 0.9;
# - **nearness**: the list of their nearnesses, in the same order;
# - **typical**: the mean nearness of all tokens that are not in `unused`, for comparison: 0.9
#   says little if every token has it.
#
# All are plain numbers (`.tolist()`, `.item()`), not rounded. Any `k` tokens that meet the
# conditions will do, in any order; the check measures again what you report, on tables in which
# there are at least `k`. Go by nothing else: a short row, for one, may well belong to a common
# word.
#
# **By hand.** Tokens 0 and 1 are unused, with the rows $[2, 0]$ and $[4, 0]$: the mean is
# $[3, 0]$. The others are $[4, 3]$, $[12, 5]$, $[0, 1]$ and $[24, 7]$, with the nearnesses 0.8,
# 0.923, 0 and 0.96. For `k=2`: `([5, 3], [0.96, 0.923], 0.671)`.

# %% [markdown] tags=["hints"]
# 1. `W_E[unused].mean(dim=0)` is the mean of the unused rows. Compute the nearness of all tokens at
#    once, and only then decide which ones to report.
# 2. `torch.cosine_similarity(W_E, middle, dim=-1)` is the nearness of every token. Keep the tokens'
#    numbers as they are in the table: rows cut out of it would be counted anew.
# 3. `others = torch.ones(len(W_E), dtype=torch.bool)` with `others[unused] = False` marks the rest;
#    `nearness.masked_fill(~others, -1).argsort(descending=True)[:k]` are the `k` nearest of them,
#    and `nearness[others].mean().item()` is what is typical.


# %%
# exercise: embeddings.rare
# points 4 · minutes 25 · difficulty 3
def rare(
    W_E: Float[Tensor, "d_vocab d_model"], unused: list[int], k: int
) -> tuple[list[int], list[float], float]:
    """(tokens, nearness, typical): k tokens whose rows look like those of the unused ones.

    nearness: cosine with the mean of the unused rows, at least 0.9 for each of the k, none of
    which is in `unused`. typical: the mean nearness of all tokens that are not in `unused`.
    """
    # YOUR TURN: measure every token's nearness, and report k tokens with the evidence.
    middle = W_E[unused].mean(dim=0)
    nearness = torch.cosine_similarity(W_E, middle, dim=-1)
    others = torch.ones(len(W_E), dtype=torch.bool)
    others[unused] = False
    tokens = nearness.masked_fill(~others, -1).argsort(descending=True)[:k]
    typical = nearness[others].mean()
    return tokens.tolist(), nearness[tokens].tolist(), typical.item()


# %% tags=["active-ipynb"]
# # Your function on a real language model, whose tokens 7 to 16 are markers that are no text.
# from minitransformer import pretrained
#
# model = pretrained.load("smollm2-135m-instruct")
# tokenizer = pretrained.load_tokenizer("smollm2-135m-instruct")
# tokens, nearness, typical = rare(model.W_E.detach(), list(range(7, 17)), 12)
# for token, near in zip(tokens, nearness):
#     print(f"{near:.4f}  {tokenizer.decode([token])!r}")
# print(f"typical: {typical:.3f}")

# %% [markdown]
# ## 6 · Positions that are learned
# So far "Mary helped John" and "John helped Mary" enter as the same vectors in another order,
# and most of what follows treats each position by itself. The oldest remedy: a second table,
# `W_pos`, with a row for each *place*, learned in training like the first. The vector at a place
# is the sum of the two: what stands there, and where.
#
# In: `x [batch, pos, d_model]`, the embedded tokens; `W_pos [n_ctx, d_model]`; `past`, how many
# positions came before the first one of `x` (a model that writes is handed only the new tokens,
# and they do not begin at 0). So the first position of `x` gets row `past` of `W_pos`, the second
# row `past + 1`, and so on, the same in every text. Out: `[batch, pos, d_model]`.
#
# `W_pos` has rows for `n_ctx` positions and no more. If `x` reaches beyond them, raise an
# `IndexError`. Mind that a slice does not do so by itself: it just comes out shorter, and a
# single row left over is added to every position without a word.
#
# **By hand.** $W_\text{pos} = \begin{bmatrix}10&0\\0&10\\5&5\end{bmatrix}$ and one text with the
# vectors $[1, 2]$ and $[3, 4]$. With `past=0`: $[11, 2]$ and $[3, 14]$. With `past=1`: $[1, 12]$
# and $[8, 9]$. With `past=2` there is no row left for the second: `IndexError`.

# %% [markdown] tags=["hints"]
# 1. Which rows of `W_pos` does `x` need? Write their numbers down for `past=0` and for `past=1`.
# 2. `torch.arange(past, past + x.shape[1])` makes those numbers. Rows `[pos, d_model]` can be
#    added to `[batch, pos, d_model]` as they are: each text gets the same.
# 3. `x + W_pos[torch.arange(past, past + x.shape[1])]`: looking up a list of numbers, unlike a
#    slice, raises an IndexError for a row that is not there.


# %%
# exercise: embeddings.position
# points 1 · minutes 10 · difficulty 1
def position(
    x: Float[Tensor, "batch pos d_model"], W_pos: Float[Tensor, "n_ctx d_model"], past: int = 0
) -> Float[Tensor, "batch pos d_model"]:
    """x with each position's row of W_pos added; the first stands at position number `past`.

    Raises IndexError if x reaches beyond the last row of W_pos.
    """
    # YOUR TURN: number the positions of x, look up their rows, and add them.
    here = torch.arange(past, past + x.shape[1], device=x.device)
    return x + W_pos[here]


# %% [markdown]
# ## 7 · Positions that turn
# Most models of today have no table of positions, and add nothing to the stream. Further inside,
# positions are compared by dot products of short vectors of `d_head` numbers, `n_heads` of them at
# each position; chapter 03 says what for. Before they meet, each is *turned* through angles that
# grow with its position. Turn two vectors by the same angle, and their dot product stays as it was;
# so what it depends on is how far apart they stand. These are **rotary positions**. Here you write
# the turning.
#
# Numbers are turned in pairs. Number $i$ of the first half of the vector is paired with number
# $i$ of the second half, $i = 0, 1, \dots, d_\text{head}/2 - 1$. At position $p$, pair $i$ is
# turned through the angle (in radians)
#
# $$\theta = p \cdot \text{base}^{-2i / d_\text{head}} \qquad
# \begin{aligned} a' &= a \cos\theta - b \sin\theta \\ b' &= b \cos\theta + a \sin\theta
# \end{aligned}$$
#
# with $a$ from the first half and $b$ from the second. Pair 0 turns fastest, a radian a step;
# the others ever more slowly.
#
# In: `x [batch, pos, n_heads, d_head]`, with `d_head` even; `base`; `past`, how many positions
# came before, so that the first of `x` is number `past`. Out: the same shape. All heads and all
# texts are turned alike. (Some programs pair neighbours, numbers 0 and 1, 2 and 3, instead: that
# is another model.)
#
# **By hand.** `d_head` = 4 and `base` = 100, so pair 0 turns by 1 a step and pair 1 by
# $100^{-2/4} = 0.1$. The vector $[1, 2, 0, 0]$ has the pairs $(1, 0)$ and $(2, 0)$. At position 0
# it stays as it is. At position 1 it becomes $[\cos 1, 2\cos 0.1, \sin 1, 2\sin 0.1]$, that is
# $[0.540, 1.990, 0.841, 0.200]$. At position 10, $[\cos 10, 2\cos 1, \sin 10, 2\sin 1]$ =
# $[-0.839, 1.081, -0.544, 1.683]$.

# %% [markdown] tags=["hints"]
# 1. First make a table of angles, `[pos, d_head / 2]`: a row for each position, a column for each
#    pair. Then take its cosine and sine.
# 2. `torch.arange(half)` counts the pairs and `torch.arange(past, past + n_pos)` the positions;
#    `position[:, None] * frequency` is the table. To meet `[batch, pos, n_heads, half]` it needs
#    an axis for the heads: `angle[:, None]` is `[pos, 1, half]`.
# 3. `a, b = x[..., :half], x[..., half:]`, and the result is `torch.cat([a * cos - b * sin,
#    b * cos + a * sin], dim=-1)`.


# %%
# exercise: embeddings.rotate
# points 3 · minutes 20 · difficulty 2
def rotate(
    x: Float[Tensor, "batch pos n_heads d_head"], base: float, past: int = 0
) -> Float[Tensor, "batch pos n_heads d_head"]:
    """x with pair i (numbers i and i + d_head / 2) turned by position * base^(-2i / d_head).

    Angles are in radians; the first position of x is number `past`.
    """
    # YOUR TURN: an angle for each position and pair; turn both halves by it; put them together.
    n_pos, d_head = x.shape[1], x.shape[3]
    half = d_head // 2
    frequency = base ** (-2 * torch.arange(half, device=x.device) / d_head)
    position = torch.arange(past, past + n_pos, device=x.device)
    angle = (position[:, None] * frequency)[:, None]  # [pos, 1, half]
    cos, sin = angle.cos(), angle.sin()
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


# %% tags=["active-ipynb"]
# # The same two vectors, 3 places apart, wherever they stand: one dot product.
# one, other = torch.randn(2, 1, 1, 1, 8)
# for p in (0, 5, 50):
#     print((rotate(one, 10_000.0, past=p + 3) * rotate(other, 10_000.0, past=p)).sum())

# %% [markdown]
# ## 8 · Who wrote what
# From the embedding on, each layer of the model *adds* to the stream; nothing is ever overwritten.
# So the stream at a position is a plain sum: the embedding, and what every layer has added so far.
# We call these its **parts**.
#
# Whatever reads the stream by a dot product with some direction therefore reads a sum too, and you
# can say how much of it each part gave. Such a direction may be the arrow of exercise 4, or what
# the model looks for when it predicts a certain word.
#
# In: `parts [n_parts, batch, pos, d_model]`, which add up to the stream, and
# `direction [d_model]`, of any length: take it as it is. Out: `[n_parts, batch, pos]`, the dot
# product of each part with the direction, at every position of every text.
#
# **By hand.** One text of one position and three parts, $[1, 2]$, $[0, 4]$ and $[-3, 1]$; the
# direction is $[2, -1]$. The contributions are $0$, $-4$ and $-7$. Together they are $-11$, which
# is also what the direction reads in the stream, $[-2, 7]$.

# %% [markdown] tags=["hints"]
# 1. Each part is treated by itself. Which one of the four axes is summed over, and which stay?
# 2. In `einsum`, give each axis a letter: `n` for parts, `b` for texts, `p` for positions, `m` for
#    d_model. The letter that is missing behind the arrow is summed over.
# 3. `einsum("nbpm,m->nbp", parts, direction)`.


# %%
# exercise: embeddings.contributions
# points 1 · minutes 10 · difficulty 1
def contributions(
    parts: Float[Tensor, "n_parts batch pos d_model"], direction: Float[Tensor, "d_model"]
) -> Float[Tensor, "n_parts batch pos"]:
    """How much each part of the stream adds to what `direction` reads at each position."""
    # YOUR TURN: the dot product of every part with the direction.
    return einsum("nbpm,m->nbp", parts, direction)


# %% [markdown]
# ## 9 · Does one part hear another?
# A part of the model that comes early writes into the stream by a matrix
# `W_write [a, d_model]`: what it adds is always a mixture of that matrix' rows. A later part reads
# by a matrix `W_read [d_model, b]`: the stream is multiplied by it. What the first says reaches the
# second through the product $W_\text{write} W_\text{read}$. If what is written lies at right
# angles to all that is read, the product is 0, and the two use the same stream without ever
# meeting. How much they overlap is measured by
#
# $$\frac{\|W_\text{write} W_\text{read}\|}{\|W_\text{write}\|\;\|W_\text{read}\|}$$
#
# where $\|W\|$ is the root of the sum of the squares of all entries of a matrix (the Frobenius
# norm). It lies between 0 and 1.
#
# In: the two matrices. Out: a plain number (`.item()`). Where one of the two is zero throughout,
# nothing is written, or nothing read: the answer is 0.0. Only there: multiplied
# by a number, however small, a matrix overlaps as much as before.
#
# **By hand.** `W_write` = $[[3, 4]]$ has the norm 5. With $W_\text{read} = [1, 0]^\top$ the product
# is 3 and the overlap $3 / (5 \cdot 1) = 0.6$; with $[4, -3]^\top$ it is 0; with $[6, 8]^\top$ it
# is $50 / (5 \cdot 10) = 1$. If both are $\begin{bmatrix}1&0\\0&1\end{bmatrix}$, it is
# $\sqrt2 / (\sqrt2 \cdot \sqrt2) = 0.707$.

# %% [markdown] tags=["hints"]
# 1. Three norms: of the product, and of each of the two matrices. When may you not divide?
# 2. `W.norm()`, with no axis named, is the root of the sum of the squares of all entries. (The
#    norm of the product is not the product of the norms: multiply the matrices first.)
# 3. `size = W_write.norm() * W_read.norm()`; if it is 0, return 0.0; else
#    `((W_write @ W_read).norm() / size).item()`.


# %%
# exercise: embeddings.overlap
# points 2 · minutes 10 · difficulty 1
def overlap(W_write: Float[Tensor, "a d_model"], W_read: Float[Tensor, "d_model b"]) -> float:
    """The norm of W_write @ W_read over the product of their norms; 0.0 if either is all zeros."""
    # YOUR TURN: the norm of the product, over the norms of the two.
    size = W_write.norm() * W_read.norm()
    if size == 0:
        return 0.0
    return ((W_write @ W_read).norm() / size).item()
