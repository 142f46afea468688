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
# # Attention: the exercises
#
# In ten exercises you build causal attention, the part of a transformer in which one position
# reads another, and then use what you built to ask what a head does. You need matrix products
# and a little PyTorch.
#
# A text is cut into tokens, and the model keeps a vector of `d_model` numbers for each. A
# **head** lets every position gather something from the positions before it: its *query* says
# what it looks for, the others' *keys* say what they are, and the *values* of those that fit
# are carried over. A layer has several heads side by side.
#
# Shapes are written with names, and mean the same in every exercise:
#
# | name | what it counts |
# |---|---|
# | `batch` | texts handled at once |
# | `pos` | positions (tokens) of a text; `query` the ones that look, `key` the ones looked at |
# | `n_heads`, `n_kv_heads` | heads; sets of keys and values, which several heads may share |
# | `d_model`, `d_head` | numbers per position in the stream; numbers per query, key or value |
# | `d_vocab` | tokens that the model knows |
#
# Weights stand on the right of what they act on: `x @ W_Q`. Write below `# YOUR TURN`, in any
# style you like, then run the `check(...)` cell. It says how far you came and what to do next.
# `mine("attention.softmax")` gives you the function you wrote for an earlier exercise, or ours
# as long as yours is not there; a check also puts ours in the place of one of yours that fails,
# so that no mistake counts twice.
#
# Two things you will meet: `Float[Tensor, "batch pos"]` in a function's first lines says "a tensor
# of floating-point numbers whose axes are batch and pos", for you to read. And
# `einsum("ij,jk->ik", a, b)` names every axis by a letter, multiplies the entries whose letters
# agree, and sums over each letter that is missing behind the arrow: here it is `a @ b`.

# %%
import torch
from jaxtyping import Float, Int
from torch import Tensor, einsum

from minitransformer.interventions import ablate_head
from minitransformer.transformer import Transformer
from minitransformer.workbook import mine

# %% [markdown]
# ## 1 · Softmax
# A head will need to turn numbers of any size, its scores, into weights: positive, and summing
# to one. The softmax does it: raise $e$ to each number, and divide by the sum of the row.
#
# $$\text{softmax}(x)_i = \frac{e^{x_i}}{\sum_j e^{x_j}}$$
#
# The input is `x [..., n]`: any number of axes, and the softmax runs along the last one, so
# that each row of `n` numbers is turned by itself. The output has the same shape.
#
# **By hand.** $e$ raised to $[0, \log 2, \log 5]$ is $[1, 2, 5]$, the sum is 8, and the softmax
# $[0.125, 0.25, 0.625]$. And $[0, \log 3, -\infty]$ gives $[0.25, 0.75, 0]$: minus infinity
# means "not at all", which the mask of exercise 3 relies on.
#
# One trap: $e^{1000}$ is too large for the computer, and infinity divided by infinity is `nan`.
# Adding one number to a whole row does not change its softmax, which is the way out:
# $[1000, 1001, 1002]$ has that of $[0, 1, 2]$, about $[0.090, 0.245, 0.665]$.

# %% [markdown] tags=["hints"]
# 1. Which number could you subtract from a row, so that no entry of it is above 0?
# 2. `x.amax(dim=-1, keepdim=True)` is the largest entry of each row, with the last axis kept at
#    length 1, so that `x - x.amax(...)` subtracts it from its own row.
# 3. Subtract the row's maximum, take `.exp()`, and divide by `.sum(dim=-1, keepdim=True)`.


# %%
# exercise: attention.softmax
# points 1 · minutes 10 · difficulty 1
def softmax(x: Float[Tensor, "... n"]) -> Float[Tensor, "... n"]:
    """Weights along the last axis: positive, summing to one, larger where x is larger.

    Numbers of any size are welcome; an entry of minus infinity gets exactly 0.
    (torch.softmax is what you are building: leave it aside.)
    """
    # YOUR TURN: subtract something that avoids overflow, exponentiate, divide by the sum.
    x = x - x.amax(dim=-1, keepdim=True)
    weights = x.exp()
    return weights / weights.sum(dim=-1, keepdim=True)


# %% tags=["active-ipynb"]
# softmax(torch.tensor([[0.0, 1.0, 2.0], [1000.0, 1001.0, 1002.0]]))  # two equal rows

# %% [markdown]
# ## 2 · Scores
# How well does a query fit a key? Take their dot product. In each text and each head, every
# query meets every key:
#
# $$\text{scores}_{ij} = \frac{q_i \cdot k_j}{\sqrt{d_\text{head}}}$$
#
# The division keeps the scores' size from growing with the number of coordinates that are
# summed; otherwise the softmax of a large head would put everything on one token.
#
# In: `q [batch, query, n_heads, d_head]` and `k [batch, key, n_heads, d_head]`. There may be
# more keys than queries. Out: `[batch, n_heads, query, key]`. Mind the order of the axes: a
# head only meets its own queries and keys, so `n_heads` moves forward, beside `batch`.
#
# **By hand.** One query $[1, 2, 0, 1]$ and three keys $[2, 0, 1, 0]$, $[1, 1, 1, 1]$,
# $[0, 3, 5, 0]$: the dot products are 2, 4 and 6; $d_\text{head} = 4$, so divide by 2. The
# scores are $[1, 2, 3]$.

# %% [markdown] tags=["hints"]
# 1. For one text and one head this is a matrix product, `q @ k.T / d_head**0.5`. Which axes
#    have to be next to each other, so that one product does all texts and heads?
# 2. `einsum` says it without moving axes by hand: name each axis by a letter (say `b` batch,
#    `q` query, `k` key, `h` head, `d` d_head); a letter missing from the output is summed over.
# 3. `einsum("bqhd,bkhd->bhqk", q, k)`, divided by the square root of `q.shape[-1]`.


# %%
# exercise: attention.scores
# points 1 · minutes 10 · difficulty 1
def scores(
    q: Float[Tensor, "batch query n_heads d_head"],
    k: Float[Tensor, "batch key n_heads d_head"],
) -> Float[Tensor, "batch n_heads query key"]:
    """How well each query fits each key of its head: their dot product over sqrt(d_head)."""
    # YOUR TURN: the dot products of every query with every key, scaled.
    d_head = q.shape[-1]
    return einsum("bqhd,bkhd->bhqk", q, k) / d_head**0.5


# %% [markdown]
# ## 3 · The causal mask
# A language model predicts the next token, so no position may look at a later one: the answer
# stands there. The mask sets the score of every *future* key to minus infinity, *before* the
# softmax, which turns it into a weight of exactly 0. A position may look at itself.
#
# In and out: `[batch, n_heads, query, key]`. The future is where the key's position is greater
# than the query's. With as many keys as queries this is everything above the diagonal.
#
# When a model writes a text token by token, it keeps the keys of all tokens so far and makes a
# query for the new ones only. Then there are **more keys than queries, and the last query
# belongs to the last key**.
#
# **By hand.** Three queries and three keys; then the last two queries and the same keys:
#
# $$\begin{bmatrix}1&2&3\\4&5&6\\7&8&9\end{bmatrix} \to
# \begin{bmatrix}1&-\infty&-\infty\\4&5&-\infty\\7&8&9\end{bmatrix}
# \qquad
# \begin{bmatrix}4&5&6\\7&8&9\end{bmatrix} \to
# \begin{bmatrix}4&5&-\infty\\7&8&9\end{bmatrix}$$

# %% [markdown] tags=["hints"]
# 1. Number the keys 0, 1, 2, ... With 3 keys and 2 queries, at which positions do the queries
#    stand? The last one stands at the last key.
# 2. Query `i` stands at position `i + n_key - n_query`. Make a column of the queries' positions
#    and a row of the keys' with `torch.arange`: comparing them gives a table of true and false
#    `[query, key]`.
# 3. `scores.masked_fill(key > query, -torch.inf)`, where
#    `query = torch.arange(n_query)[:, None] + n_key - n_query` and `key = torch.arange(n_key)`.


# %%
# exercise: attention.mask
# points 2 · minutes 10 · difficulty 1
def mask(
    scores: Float[Tensor, "batch n_heads query key"],
) -> Float[Tensor, "batch n_heads query key"]:
    """The scores with every future key at minus infinity, the others as they were.

    The last query stands at the last key, also where there are more keys than queries.
    Returns a new tensor: the input is not changed.
    """
    # YOUR TURN: find where each query and each key stands, and hide the future.
    n_query, n_key = scores.shape[-2:]
    query = torch.arange(n_query, device=scores.device)[:, None] + n_key - n_query
    key = torch.arange(n_key, device=scores.device)
    return scores.masked_fill(key > query, -torch.inf)


# %% tags=["active-ipynb"]
# # Equal scores: each position spreads its attention evenly over itself and what came before.
# softmax(mask(torch.zeros(1, 1, 4, 4)))

# %% [markdown]
# ## 4 · One head
# Now a head, whole. Every position of the stream `x [batch, pos, d_model]` makes a query, a key
# and a value, `d_head` numbers each; the scores are masked and turned into the **pattern**, a
# row of weights for each query; each query gets the mean of the values under its weights; and
# `W_O` writes the result back in the stream's size:
#
# $$\text{head}(x) =
# \text{softmax}\big(\text{mask}(\text{scores}(xW_Q,\, xW_K))\big)\; x W_V\, W_O$$
#
# In: `x [batch, pos, d_model]`, `W_Q`, `W_K`, `W_V [d_model, d_head]`, `W_O [d_head, d_model]`.
# Out: `[batch, pos, d_model]`. Your `scores` and `mask` want an axis of heads, which a single head
# lacks: `q[:, :, None]` is `q` with an axis of length 1 there, and `[:, 0]` takes one off again.
#
# **By hand.** Two positions, $x_0 = [0, 8]$ and $x_1 = [1, 4]$, and $d_\text{head} = 4$, of which
# all but the first number are 0. Let the query's first number be the first coordinate times
# $2 \log 3$, the key's the first coordinate, the value's the second, and let the first row of
# `W_O` be $[0, 2]$. Position 0 sees only itself: value 8, written as $[0, 16]$. Position 1 has
# the dot products $[0, 2 \log 3]$, so the scores $[0, \log 3]$ (divided by $\sqrt 4$, once) and
# the weights $[0.25, 0.75]$, gathers $0.25 \cdot 8 + 0.75 \cdot 4 = 5$, and writes $[0, 10]$.

# %% [markdown] tags=["hints"]
# 1. You have every part: `mine("attention.scores")`, `mine("attention.mask")`,
#    `mine("attention.softmax")`. The first wants an axis of heads, which one head lacks.
# 2. `q[:, :, None]` is `q` with an axis of one head: `[batch, pos, 1, d_head]`. The pattern then
#    is `[batch, 1, query, key]`, and `pattern[:, 0] @ v` averages the values for each query.
# 3. `pattern = softmax(mask(scores(q[:, :, None], k[:, :, None])))[:, 0]`, with
#    `q = x @ W_Q` and so on; return `pattern @ v @ W_O`.


# %%
# exercise: attention.head
# points 3 · minutes 20 · difficulty 2 · needs attention.softmax, attention.scores, attention.mask
def head(
    x: Float[Tensor, "batch pos d_model"],
    W_Q: Float[Tensor, "d_model d_head"],
    W_K: Float[Tensor, "d_model d_head"],
    W_V: Float[Tensor, "d_model d_head"],
    W_O: Float[Tensor, "d_head d_model"],
) -> Float[Tensor, "batch pos d_model"]:
    """What one causal attention head adds to the stream."""
    # YOUR TURN: queries, keys and values; the pattern; the values it gathers; W_O.
    q, k, v = x @ W_Q, x @ W_K, x @ W_V
    fit = mine("attention.scores")(q[:, :, None], k[:, :, None])
    pattern = mine("attention.softmax")(mine("attention.mask")(fit))[:, 0]
    return pattern @ v @ W_O


# %% [markdown]
# ## 5 · Many heads, and where they stand
# A layer has `n_heads` heads side by side. Each has weights of its own, looks where it wants,
# and their outputs are **added up**.
#
# So far the order of the earlier tokens makes no difference: a head cannot tell the token just
# before from the one before that. *Rotary* positions mend it. A function turns each query and
# each key by an angle that grows with its position, so that their dot product comes to depend
# on how far apart they stand. Here that function is handed to you: `rotary` takes
# `[batch, pos, n_heads, d_head]` and returns the same shape. It turns **queries and keys, never
# values**, and comes before the scores. With `rotary=None` there is nothing to turn.
#
# In: `x [batch, pos, d_model]`, `W_Q`, `W_K`, `W_V [n_heads, d_model, d_head]`,
# `W_O [n_heads, d_head, d_model]`. Out: `[batch, pos, d_model]`.
#
# **By hand.** Take the head of exercise 4, and beside it one whose query is always 0: all its
# scores are equal, so it averages over what it sees. Let its value be the first coordinate, and
# the first row of its `W_O` be $[6, 0]$. At position 1 it gathers $(0 + 1) / 2$ and adds $[3, 0]$;
# at position 0 it gathers 0. Together: $[0, 16]$ and $[3, 10]$.

# %% [markdown] tags=["hints"]
# 1. A loop over the heads that adds up `mine("attention.head")(x, W_Q[h], ...)` is nearly right;
#    what it lacks is `rotary`, which has to get between the queries and the scores.
# 2. Make all queries at once, `[batch, pos, n_heads, d_head]`, as `scores` and `rotary` want
#    them: `einsum("bpm,hmd->bphd", x, W_Q)`, with `m` for d_model.
# 3. After `pattern [batch, n_heads, query, key]`: `z = einsum("bhqk,bkhd->bqhd", pattern, v)`
#    averages the values, and `einsum("bqhd,hdm->bqm", z, W_O)` writes them and adds up the heads.


# %%
# exercise: attention.heads
# points 3 · minutes 20 · difficulty 2 · needs attention.head
def heads(
    x: Float[Tensor, "batch pos d_model"],
    W_Q: Float[Tensor, "n_heads d_model d_head"],
    W_K: Float[Tensor, "n_heads d_model d_head"],
    W_V: Float[Tensor, "n_heads d_model d_head"],
    W_O: Float[Tensor, "n_heads d_head d_model"],
    rotary=None,
) -> Float[Tensor, "batch pos d_model"]:
    """What a layer of causal heads adds to the stream: the sum of what each head adds.

    rotary, if given, is a function on [batch, pos, n_heads, d_head]: it turns the queries
    and the keys according to their positions.
    """
    # YOUR TURN: as one head, for all heads at once; rotary goes before the scores.
    q = einsum("bpm,hmd->bphd", x, W_Q)
    k = einsum("bpm,hmd->bphd", x, W_K)
    v = einsum("bpm,hmd->bphd", x, W_V)
    if rotary is not None:
        q, k = rotary(q), rotary(k)
    fit = mine("attention.mask")(mine("attention.scores")(q, k))
    pattern = mine("attention.softmax")(fit)
    z = einsum("bhqk,bkhd->bqhd", pattern, v)
    return einsum("bqhd,hdm->bqm", z, W_O)


# %% [markdown]
# ## 6 · Grouped heads
# A model that writes keeps the keys and values of every token so far, and they fill its memory.
# Many models therefore let several heads share one set: a head keeps its own query and its own
# `W_O`, while `n_kv_heads` sets of keys and values serve all `n_heads`. SmolLM2 has 9 heads and
# 3 sets.
#
# **Neighbours share**: with 6 heads and 2 sets, heads 0, 1, 2 use set 0 and heads 3, 4, 5 use set
# 1; with 6 heads and 3 sets, heads 0, 1 use set 0, heads 2, 3 set 1, and heads 4, 5 set 2.
#
# In: as before, but `W_K`, `W_V [n_kv_heads, d_model, d_head]`. Nobody tells you the numbers of
# heads: read them off the weights (`n_heads` is a multiple of `n_kv_heads`). Out:
# `[batch, pos, d_model]`. Chapter 05 builds a whole model on this function.
#
# **By hand.** One position, $x = [1, 2]$, so every head looks at it alone. Six heads, two sets:
# the value of set 0 is the first coordinate, that of set 1 the second. Let `W_O` of head $h$ be
# $[[10^h, 0]]$, so that each head's value can be read as a digit. Heads 0, 1 and 2 carry 1, heads
# 3, 4 and 5 carry 2: the output is $1 + 10 + 100 + 2000 + 20000 + 200000$, that is $[222111, 0]$.

# %% [markdown] tags=["hints"]
# 1. It is `heads` with fewer keys and values. Where does each head's set have to be found or
#    copied, and which set is it for head `h`?
# 2. Head `h` uses set `h // (n_heads // n_kv_heads)`. Once the sets are copied so that there is
#    one for each head, everything goes on as before.
# 3. `k.repeat_interleave(n_heads // n_kv_heads, dim=2)` copies each set for its neighbours: 0 0
#    0 1 1 1 2 2 2. (`repeat` would give 0 1 2 0 1 2 0 1 2.) The same for `v`.


# %%
# exercise: attention.grouped
# points 3 · minutes 20 · difficulty 2 · needs attention.heads
def grouped(
    x: Float[Tensor, "batch pos d_model"],
    W_Q: Float[Tensor, "n_heads d_model d_head"],
    W_K: Float[Tensor, "n_kv_heads d_model d_head"],
    W_V: Float[Tensor, "n_kv_heads d_model d_head"],
    W_O: Float[Tensor, "n_heads d_head d_model"],
    rotary=None,
) -> Float[Tensor, "batch pos d_model"]:
    """What a layer of heads adds to the stream when neighbouring heads share keys and values.

    rotary, if given, is a function on [batch, pos, any number of heads, d_head]: it turns the
    queries and the keys according to their positions.
    """
    # YOUR TURN: as `heads`, with each set of keys and values serving its neighbours.
    q = einsum("bpm,hmd->bphd", x, W_Q)
    k = einsum("bpm,gmd->bpgd", x, W_K)
    v = einsum("bpm,gmd->bpgd", x, W_V)
    if rotary is not None:
        q, k = rotary(q), rotary(k)
    n_sharing = W_Q.shape[0] // W_K.shape[0]
    k = k.repeat_interleave(n_sharing, dim=2)
    v = v.repeat_interleave(n_sharing, dim=2)
    fit = mine("attention.mask")(mine("attention.scores")(q, k))
    pattern = mine("attention.softmax")(fit)
    z = einsum("bhqk,bkhd->bqhd", pattern, v)
    return einsum("bqhd,hdm->bqm", z, W_O)


# %% [markdown]
# ## 7 · Which token looks for which: the QK matrix
# Now turn from building to asking. Leave rotary aside. The undivided score of a query at $x$
# with a key at $y$ is $(x W_Q) \cdot (y W_K)$, and so depends on the two weights only through
# one matrix:
#
# $$(x W_Q)\cdot(y W_K) = x\, \underbrace{W_Q W_K^\top}_{\text{QK}}\, y^\top$$
#
# This `[d_model, d_model]` matrix says, before any text is seen, what the head looks for: rows
# belong to the position that looks, columns to the one looked at.
#
# In: `W_Q [n_heads, d_model, d_head]`, `W_K [n_kv_heads, d_model, d_head]`, shared by
# neighbours as in exercise 6. Out: `[n_heads, d_model, d_model]`, one matrix for each head, so
# that `x @ qk[h] @ y` is the score before the division by $\sqrt{d_\text{head}}$.
#
# **By hand.** Two heads share one set; $d_\text{head} = 1$. With $W_Q = [1, 2]^\top$ for head 0
# and $[0, 1]^\top$ for head 1, and $W_K = [3, 4]^\top$:
#
# $$\text{QK}_0 = \begin{bmatrix}3&4\\6&8\end{bmatrix} \qquad
# \text{QK}_1 = \begin{bmatrix}0&0\\3&4\end{bmatrix}$$

# %% [markdown] tags=["hints"]
# 1. For one head it is `W_Q[h] @ W_K[g].T`. Which set `g` belongs to head `h`?
# 2. Copy the sets along the first axis with `repeat_interleave`, so that there is one `W_K` for
#    each head.
# 3. `einsum("hmd,hnd->hmn", W_Q, W_K)` with the copied `W_K`; `m` is the query's side.


# %%
# exercise: attention.qk
# points 2 · minutes 10 · difficulty 2 · needs attention.grouped
def qk(
    W_Q: Float[Tensor, "n_heads d_model d_head"],
    W_K: Float[Tensor, "n_kv_heads d_model d_head"],
) -> Float[Tensor, "n_heads d_model d_model"]:
    """Each head's QK matrix: x_query @ qk[h] @ x_key is the score before any scaling."""
    # YOUR TURN: the product of the two weights, for each head with the keys it uses.
    W_K = W_K.repeat_interleave(W_Q.shape[0] // W_K.shape[0], dim=0)
    return einsum("hmd,hnd->hmn", W_Q, W_K)


# %% [markdown]
# ## 8 · What a head says: the OV circuit
# The pattern decides *where* a head looks; what it then *does* with what it finds runs through
# the other two weights. Suppose that a head looks at one token alone, with weight 1. Then it
# adds $x W_V W_O$ to the stream. In the end the model turns the stream into one number for each
# token of its vocabulary, the **logits**, whose softmax predicts the next token; the matrix that
# does it is the **unembedding** `W_U [d_model, d_vocab]`. If nothing else happened to what the
# head adds, the unembedding would read it as
#
# $$x\, W_V W_O\, W_U$$
#
# which is what the head adds to the logit of every token of the vocabulary. A head whose largest
# entry is the token it looks at is a **copying head**.
#
# In: `x [n, d_model]`, the vectors of `n` tokens that are looked at, each by itself: they are no
# text and have nothing to do with each other; `W_V [n_kv_heads, d_model,
# d_head]`, shared by neighbours as before; `W_O [n_heads, d_head, d_model]`; `W_U`.
# Out: `[n_heads, n, d_vocab]`.
#
# **By hand.** $x = [1, 2]$ and $W_V = [1, 1]^\top$ give the value 3. `W_O = [[2, 0]]` writes
# $[6, 0]$. A vocabulary of three, $W_U = \begin{bmatrix}1&0&-1\\0&1&1\end{bmatrix}$, reads the
# logits $[6, 0, -6]$. A second head sharing this value, with `W_O = [[0, 1]]`, writes $[0, 3]$
# and gives $[0, 3, 3]$.

# %% [markdown] tags=["hints"]
# 1. There is no pattern and no softmax here: three matrix products, for each head.
# 2. Values first, for each set: `[n_kv_heads, n, d_head]`. Copy them for the neighbours along
#    the first axis; then `W_O` of each head; then `W_U`.
# 3. `v = einsum("nm,gmd->gnd", x, W_V)`, copied by `repeat_interleave`; `v @ W_O @ W_U` does the
#    rest, because `@` treats the first axis as a batch of matrices.


# %%
# exercise: attention.ov
# points 2 · minutes 15 · difficulty 2 · needs attention.grouped
def ov(
    x: Float[Tensor, "n d_model"],
    W_V: Float[Tensor, "n_kv_heads d_model d_head"],
    W_O: Float[Tensor, "n_heads d_head d_model"],
    W_U: Float[Tensor, "d_model d_vocab"],
) -> Float[Tensor, "n_heads n d_vocab"]:
    """What each head adds to the logits if it looks at x alone (and nothing follows it)."""
    # YOUR TURN: values, W_O, W_U, for each head with the values it uses.
    v = einsum("nm,gmd->gnd", x, W_V)
    v = v.repeat_interleave(W_O.shape[0] // W_V.shape[0], dim=0)
    return v @ W_O @ W_U


# %% [markdown]
# ## 9 · Finding heads by where they look
# Some heads always look a fixed number of tokens back, and this is how they are found. For each
# head, take the attention from each query to the token `distance` places before it, and average
# over the texts and over the queries that have such a token.
#
# - `distance=1`: a high score is a **previous-token head**.
# - On a block of $L$ random tokens that is written twice, the token *after the last occurrence*
#   of the present one stands $L - 1$ places back, and only the second block has one. So
#   `distance=L-1, first_query=L` finds **induction heads**, which copy what came next last time.
#
# In: `pattern [batch, n_heads, query, key]` with as many keys as queries; `distance`, 0 or more;
# `first_query`: queries before it are left out. A query before `distance` has no token that far
# back and is left out too. Out: `[n_heads]`.
#
# **By hand.** One text, one head:
#
# $$\begin{bmatrix}1&0&0\\0.6&0.4&0\\0.1&0.7&0.2\end{bmatrix}$$
#
# For `distance=1` the entries are 0.6 (query 1 to key 0) and 0.7 (query 2 to key 1): the mean is
# 0.65. With `first_query=2` only 0.7 is left. For `distance=2` there is only 0.1.

# %% [markdown] tags=["hints"]
# 1. Which entries of the matrix are `distance` to the left of the diagonal? Write down the pairs
#    (query, key) for `distance=1`.
# 2. The queries that count run from `max(distance, first_query)` to the end, and each one's key
#    is `query - distance`.
# 3. With `query = torch.arange(max(distance, first_query), pattern.shape[-2])`,
#    `pattern[:, :, query, query - distance]` picks those entries, `[batch, n_heads, ...]`:
#    take the mean over the first and last axis.


# %%
# exercise: attention.lookback
# points 2 · minutes 15 · difficulty 2
def lookback(
    pattern: Float[Tensor, "batch n_heads query key"], distance: int, first_query: int = 0
) -> Float[Tensor, "n_heads"]:
    """Each head's mean attention to the token `distance` back.

    The mean is over the batch and over the queries that come neither before `distance`
    (they have no token that far back) nor before `first_query`.
    """
    # YOUR TURN: pick the entries that are `distance` back, and average them for each head.
    query = torch.arange(max(distance, first_query), pattern.shape[-2], device=pattern.device)
    return pattern[:, :, query, query - distance].mean(dim=(0, 2))


# %% tags=["active-ipynb"]
# # Your function on a real language model: which of SmolLM2's 270 heads look one token back?
# from minitransformer import pretrained
#
# model = pretrained.load("smollm2-135m-instruct")
# tokenizer = pretrained.load_tokenizer("smollm2-135m-instruct")
# text = "The cat sat on the mat because the dog slept by the fire."
# tokens = torch.tensor([tokenizer.encode(text)])
# _, cache = model.run_with_cache(tokens, keep=["pattern"])
# back = torch.stack([lookback(cache["pattern", layer], 1) for layer in range(30)])
# for i in back.flatten().argsort(descending=True)[:5].tolist():
#     print(f"layer {i // 9} head {i % 9}: {back.flatten()[i]:.2f} of its attention, on average")

# %% [markdown]
# ## 10 · Attention is not explanation
# A head that looks hard at a token seems to use it. Does it? Find a counter-example: a head that
# looks hard, and yet the prediction hardly changes when the head is removed.
#
# `model` is a `Transformer`, `tokens [batch, pos]` a batch of texts. Measure two things for a
# head, both at the **last position**, where the next token is predicted:
#
# - **attention**: in each text, the largest weight that the last position gives to any *earlier*
#   position (itself left out); then the mean over the texts. It must be at least 0.3.
# - **effect**: run the model with the head's `z` set to zero (`z` is the values averaged by the
#   pattern, before `W_O`), and compare the log-probabilities of the next token at the last
#   position with those of the untouched model: the mean, over texts and vocabulary, of the
#   absolute change. It must be at most 0.05.
#
# Return `(layer, head, attention, effect)`, counted from 0 and not rounded. Any head that meets
# both will do; the check measures again what you report, on tiny models of a few layers and heads.
#
# Zero and the mean absolute change are used here because they are simplest to write. The page
# replaces `z` by its mean, which leaves the model nearer to what it is used to, and measures the
# change by KL, which gives weight to the tokens that the model thinks likely.
#
# The tools:
# ```
# logits, cache = model.run_with_cache(tokens, keep=["pattern"])
# cache["pattern", layer]                 # [batch, n_heads, query, key]
# edit = {f"blocks.{layer}.attn.z": ablate_head(head)}
# edited, _ = model.run_with_cache(tokens, keep=[], edit=edit)
# model.config.n_layers, model.config.n_heads
# ```
#
# **By hand.** Two texts; a head's last rows are $[0.7, 0.1, 0.2]$ and $[0.1, 0.3, 0.6]$. The last
# entry of each is the position itself. Largest earlier weights: 0.7 and 0.3, so the attention is
# 0.5. Take a vocabulary of two: if removing the head moves the probabilities from $[0.5, 0.5]$ to
# $[0.6, 0.4]$ in the first text, their logarithms change by $0.182$ and $-0.223$; if nothing
# changes in the second, the effect is $(0.182 + 0.223 + 0 + 0) / 4 = 0.101$: too much.

# %% [markdown] tags=["hints"]
# 1. Two loops, over layers and heads; one run of the untouched model gives every pattern, and each
#    head needs one more run, with its `z` set to zero. Keep the head with the smallest effect
#    among those that look hard.
# 2. `cache["pattern", layer][:, head, -1, :-1]` is where the last position looks, itself left out:
#    `[batch, key]`. Take `.amax(dim=-1)`, then `.mean()`.
# 3. `(edited[:, -1].log_softmax(-1) - logits[:, -1].log_softmax(-1)).abs().mean()` is the effect.
#    Collect `(effect, layer, head, attention)` of every head with attention of at least 0.3, take
#    `min(...)`, and return its parts in the order that is asked for, as plain numbers (`.item()`).


# %%
# exercise: attention.idle
# points 4 · minutes 30 · difficulty 3 · needs attention.head
def idle(model: Transformer, tokens: Int[Tensor, "batch pos"]) -> tuple[int, int, float, float]:
    """(layer, head, attention, effect) of a head that looks hard and changes nothing.

    attention: from the last position to its most attended earlier position, mean over texts;
    at least 0.3. effect: mean absolute change of the last position's log-probabilities when
    the head's z is set to zero; at most 0.05.
    """
    # YOUR TURN: measure every head's attention and effect, and return one that meets both.
    logits, cache = model.run_with_cache(tokens, keep=["pattern"])
    log_probs = logits[:, -1].log_softmax(dim=-1)
    found = []
    for layer in range(model.config.n_layers):
        for head in range(model.config.n_heads):
            earlier = cache["pattern", layer][:, head, -1, :-1]
            attention = earlier.amax(dim=-1).mean().item()
            if attention < 0.3:
                continue
            edit = {f"blocks.{layer}.attn.z": ablate_head(head)}
            edited, _ = model.run_with_cache(tokens, keep=[], edit=edit)
            effect = (edited[:, -1].log_softmax(dim=-1) - log_probs).abs().mean().item()
            found.append((effect, layer, head, attention))
    effect, layer, head, attention = min(found)
    return layer, head, attention, effect


# %% tags=["active-ipynb"]
# # Your function on a real language model, SmolLM2 (about half a minute on one core).
# from minitransformer import pretrained
#
# model = pretrained.load("smollm2-135m-instruct")
# tokenizer = pretrained.load_tokenizer("smollm2-135m-instruct")
# tokens = torch.tensor([tokenizer.encode("The cat sat on the mat because")])
# layer, h, attention, effect = idle(model, tokens)
# _, cache = model.run_with_cache(tokens, keep=["pattern"])
# where = int(cache["pattern", layer][0, h, -1, :-1].argmax())
# print(f"layer {layer} head {h} gives token {where} (from 0) {attention:.2f} of its attention")
# print(f"without it, the log-probabilities change by {effect:.3f} on average")
