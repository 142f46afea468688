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
# # Generation: the exercises
#
# A model turns a text into numbers for what may come next. In these ten exercises you turn those
# numbers into text: you read the logits off the stream, measure how sure the model is, draw a
# token, narrow the choice, and keep what need not be computed twice. In the last two you put
# together all that you wrote in five notebooks, load SmolLM2's weights into it, and let it go on
# with a sentence.
#
# Shapes are written with names, as before:
#
# | name | what it counts |
# |---|---|
# | `batch`, `pos` | texts handled at once; positions (tokens) of a text |
# | `past`, `new` | positions that were read before; positions that are read now |
# | `n_heads`, `n_kv_heads` | heads; sets of keys and values, which neighbouring heads share |
# | `d_model`, `d_head` | numbers per position in the stream; per query, key or value |
# | `d_vocab` | tokens that the model knows |
#
# Write below `# YOUR TURN`, then run the `check(...)` cell. `mine("attention.softmax")` gives you
# the function you wrote for an earlier exercise, also where it stands in the notebook of another
# chapter: that notebook is read from your `work/` folder as you last **saved** it. As long as
# yours is not there, ours is used, and you are told. A check always puts ours in the place of
# what you wrote in other notebooks, so that no mistake counts twice.

# %%
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, einsum

from minitransformer.generation import generate
from minitransformer.transformer import Transformer
from minitransformer.workbook import mine

# %% [markdown]
# ## 1 · Unembedding
# After the last block each position of the stream holds `d_model` numbers. Two steps turn them
# into **logits**, one number for every token of the vocabulary: a last RMSNorm, with weights of
# its own, and a product with the unembedding `W_U`.
#
# $$\text{logits} = \text{RMSNorm}(x)\, W_U$$
#
# In: `x [batch, pos, d_model]`, the norm's weights `w [d_model]`, `W_U [d_model, d_vocab]`, and
# `eps`, which the norm adds to the mean square. Out: `[batch, pos, d_vocab]`. The norm is yours
# already: `mine("block.rms_norm")(x, w, eps)`.
#
# **By hand.** $x = [1, 7]$ has the mean square $(1 + 49) / 2 = 25$, so it is divided by 5:
# $[0.2, 1.4]$. With $w = [5, 10]$ that is $[1, 14]$, and
# $W_U = \begin{bmatrix}1&0&2\\0&1&-1\end{bmatrix}$ reads the logits $[1, 14, -12]$.

# %% [markdown] tags=["hints"]
# 1. Two steps, in the order in which the formula has them from the inside out.
# 2. `mine("block.rms_norm")(x, w, eps)` has the shape of `x`. What is on its right?
# 3. `mine("block.rms_norm")(x, w, eps) @ W_U`: the `@` treats all axes but the last two as a
#    batch.


# %%
# exercise: generation.unembed
# points 1 · minutes 10 · difficulty 1 · needs block.rms_norm
def unembed(
    x: Float[Tensor, "batch pos d_model"],
    w: Float[Tensor, "d_model"],
    W_U: Float[Tensor, "d_model d_vocab"],
    eps: float = 1e-5,
) -> Float[Tensor, "batch pos d_vocab"]:
    """The logits that the stream x holds: the last norm, then the unembedding."""
    # YOUR TURN: normalise the stream with the weights w, then read it with W_U.
    return mine("block.rms_norm")(x, w, eps) @ W_U


# %% [markdown]
# ## 2 · Entropy: how undecided the model is
# The softmax of the logits gives each token a probability $p_i$. The **entropy** says in one
# number over how many tokens the choice is spread:
#
# $$H = -\sum_i p_i \log p_i$$
#
# With the natural logarithm its unit is the *nat*. It is 0 where one token has all the
# probability, and $\log n$ where $n$ tokens have $1/n$ each: so $e^H$ is the number of equally
# likely tokens that would leave one just as undecided.
#
# In: `logits [..., d_vocab]`: any number of axes, and the vocabulary along the last. Out: `[...]`,
# that axis gone. A logit may be **minus infinity**: that token has probability 0, and adds 0.
# (The formula has $0 \cdot \log 0$ there, which the computer calls `nan`.) Logits of a thousand
# must work as well. `softmax` and `log_softmax` of PyTorch are yours to use from here on.
#
# **By hand.** The probabilities $[0.5, 0.25, 0.25]$ have the entropy
# $0.5 \log 2 + 0.25 \log 4 + 0.25 \log 4 = 1.5 \log 2 = 1.0397$. The logits $[3, -\infty]$ have 0.

# %% [markdown] tags=["hints"]
# 1. `log_p = logits.log_softmax(dim=-1)` are the logarithms of the probabilities, exact also where
#    a probability is too small to be told from 0. What are the probabilities, then?
# 2. `p = log_p.exp()`. Where `p` is 0 and `log_p` minus infinity, their product is `nan`: put a 0
#    there before you sum.
# 3. `torch.where(p > 0, p * log_p, 0.0)` is the product with a 0 in those places; sum it over the
#    last axis, and mind the minus sign.


# %%
# exercise: generation.entropy
# points 1 · minutes 10 · difficulty 1
def entropy(logits: Float[Tensor, "... d_vocab"]) -> Float[Tensor, "..."]:
    """The entropy, in nats, of the softmax along the last axis.

    A logit of minus infinity adds exactly 0.
    """
    # YOUR TURN: probabilities and their logarithms; their product summed, 0 where p is 0.
    log_p = logits.log_softmax(dim=-1)
    p = log_p.exp()
    return -torch.where(p > 0, p * log_p, 0.0).sum(dim=-1)


# %% tags=["active-ipynb"]
# entropy(torch.tensor([[0.0, 0.0, 0.0, 0.0], [9.0, 0.0, 0.0, 0.0]])).exp()  # 4, and hardly over 1

# %% [markdown]
# ## 3 · Drawing a token
# To draw a token with the probabilities $p$, lay them end to end from 0 to 1, in the order of
# their ids, and let a random number $u$ fall onto the line: the token it falls on is drawn. In
# other words, take the **first token at which the sum so far exceeds** $u$.
#
# The **temperature** comes before the softmax: the logits are divided by it. Below 1 the likely
# tokens become likelier still, above 1 all become more alike.
#
# In: `logits [batch, d_vocab]`, `temperature`, a number above 0, and `u [batch]`, each at least 0
# and below 1. (The random numbers are handed to you, so that a draw can be repeated.) Out: the
# ids `[batch]`, whole numbers (`torch.int64`).
#
# - A token of probability 0 must never be drawn, not even by $u = 0$: a sum of 0 does not exceed 0.
# - Rounding can leave the last sum slightly below 1, and $u$ above it. Divide the sums by the last
#   of them: then a token is always found, and one whose probability is above 0.
#
# **By hand.** The logits $[0, \log 3]$ at temperature 1 have the probabilities $[0.25, 0.75]$:
# $u = 0.2$ draws token 0, and $u = 0.3$ token 1. At temperature 0.5 the logits are
# $[0, 2 \log 3]$, the probabilities $[0.1, 0.9]$, and $u = 0.2$ draws token 1. Four equal logits
# have the sums $[0.25, 0.5, 0.75, 1]$, and $u = 0.25$ draws token 1: the first sum equals $u$, and
# does not exceed it.

# %% [markdown] tags=["hints"]
# 1. `cumsum(dim=-1)` gives the sums so far. How many of them are *not* above `u`?
# 2. The sums never fall. So the number of sums that are at most `u` is the place of the first one
#    that exceeds it. `u[:, None]` stands beside a row of sums.
# 3. `reached = (logits / temperature).softmax(dim=-1).cumsum(dim=-1)`, divided by
#    `reached[:, -1:]`; then `(reached <= u[:, None]).sum(dim=-1)`.


# %%
# exercise: generation.draw
# points 2 · minutes 15 · difficulty 2
def draw(
    logits: Float[Tensor, "batch d_vocab"], temperature: float, u: Float[Tensor, "batch"]
) -> Int[Tensor, "batch"]:
    """The token of each row on which u falls, after dividing the logits by the temperature.

    That is the first at which the sum of the probabilities exceeds u. One of probability 0 is
    never drawn, and there always is one.
    """
    # YOUR TURN: probabilities, their sums so far (the last of which is to be 1), and where u falls.
    probability = (logits / temperature).softmax(dim=-1)
    reached = probability.cumsum(dim=-1)
    reached = reached / reached[:, -1:]
    return (reached <= u[:, None]).sum(dim=-1)


# %% tags=["active-ipynb"]
# # 1000 draws from three tokens: how often each comes, at three temperatures.
# logits = torch.tensor([[0.1, 0.6, 0.3]]).log().expand(1000, -1)
# u = torch.rand(1000, generator=torch.Generator().manual_seed(0))
# for temperature in (0.5, 1.0, 2.0):
#     print(temperature, draw(logits, temperature, u).bincount(minlength=3).tolist())

# %% [markdown]
# ## 4 · The nucleus: top-p
# A vocabulary has a long tail: tens of thousands of tokens of which each is very unlikely, and
# which together still come up now and then, and spoil the text. *Top-p* leaves only the
# **nucleus**: the fewest tokens whose probabilities together reach `p`, the likeliest first.
# Where the model is sure that is one token, where it is undecided it is many.
#
# In: `logits [batch, d_vocab]`, and `p`, above 0 and below 1. Out: a new tensor of the same shape,
# the logits of the nucleus as they were and all others minus infinity. The likeliest token always
# stays. Where tokens are exactly equal and only some of them fit, any of them may stay.
#
# **By hand.** Take the probabilities $[0.1, 0.6, 0.3]$ (the logits are their logarithms). For
# $p = 0.5$ the likeliest, 0.6, is enough: only token 1 stays. For $p = 0.7$ it is not; with the
# next the sum is 0.9: tokens 1 and 2 stay.

# %% [markdown] tags=["hints"]
# 1. Sort each row, the likeliest first. Which question about the tokens *before* it says whether
#    a token still belongs to the nucleus?
# 2. A token is outside if those before it already reach `p`: `before >= p`, where `before` is the
#    running sum without the token itself. Then the verdicts have to go back to the tokens' own
#    places.
# 3. `sorted, order = logits.sort(dim=-1, descending=True)`, probabilities, `cumsum`; then
#    `torch.zeros_like(outside).scatter(-1, order, outside)` puts each verdict where its token
#    was, and `masked_fill` does the rest.


# %%
# exercise: generation.top_p
# points 2 · minutes 20 · difficulty 2
def top_p(logits: Float[Tensor, "batch d_vocab"], p: float) -> Float[Tensor, "batch d_vocab"]:
    """The logits with all but the nucleus at minus infinity.

    The nucleus: the fewest tokens, the likeliest first, whose probabilities together reach p.
    """
    # YOUR TURN: sort, sum the probabilities before each token, and hide those outside.
    likeliest, order = logits.sort(dim=-1, descending=True)
    probability = likeliest.softmax(dim=-1)
    before = probability.cumsum(dim=-1) - probability
    outside = before >= p
    return logits.masked_fill(torch.zeros_like(outside).scatter(-1, order, outside), -torch.inf)


# %% [markdown]
# ## 5 · Measuring repetition
# How much does a text repeat itself? Cut it into all its **n-grams**: the runs of `n` neighbouring
# tokens, one starting at each token that has `n - 1` more behind it. Count those that came before
# in the same text, and divide by how many there are. A text that never repeats has 0; one that is
# caught in a loop comes near 1.
#
# In: `ids`, a list of token ids, and `n`, 1 or more. Out: a number from 0 to 1. A text shorter
# than `n` has no n-grams: return `0.0`.
#
# **By hand.** $[5, 6, 5, 6, 5]$ has four 2-grams: 5 6, 6 5, 5 6, 6 5. The third and the fourth came
# before: $2 / 4 = 0.5$. Of its five single tokens three came before: for $n = 1$ it is 0.6.

# %% [markdown] tags=["hints"]
# 1. The first occurrence of each n-gram does not count, every later one does. What does that say
#    about the number of *different* n-grams?
# 2. `tuple(ids[i : i + n])` is the n-gram that starts at `i`; a `set` of tuples keeps each once.
# 3. With `grams` the list of all of them (`i` from 0 to `len(ids) - n`), the share is
#    `1 - len(set(grams)) / len(grams)`; mind the empty list.


# %%
# exercise: generation.repetition
# points 1 · minutes 10 · difficulty 1
def repetition(ids: list[int], n: int) -> float:
    """The share of the n-grams of ids that occurred before; 0.0 where there are none."""
    # YOUR TURN: collect the n-grams, and count those that came before.
    grams = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
    if not grams:
        return 0.0
    return 1 - len(set(grams)) / len(grams)


# %% [markdown]
# ## 6 · A penalty on repeating
# A model that repeats itself can be held back: make the logits of all tokens that the text already
# holds smaller, before the softmax. A logit above 0 is **divided** by the strength; a logit below
# 0 is **multiplied** by it (dividing would bring it nearer to 0, and so make the token *more*
# likely).
#
# In: `logits [batch, d_vocab]`, `seen [batch, d_vocab]`, true for the tokens that this row's text
# holds, and `strength`, above 0. Out: a new tensor of the shape of `logits`; a token that was not
# seen keeps its logit. Strength 1 changes nothing.
#
# **By hand.** The logits $[2, -2, 2]$, of which the first two tokens were seen, at strength 2:
# $[1, -4, 2]$.

# %% [markdown] tags=["hints"]
# 1. There are two choices to make for each number: above 0 or not, and seen or not.
# 2. `torch.where(condition, a, b)` takes from `a` where the condition is true, else from `b`.
# 3. `penalised = torch.where(logits > 0, logits / strength, logits * strength)`, and a second
#    `torch.where` that takes it only where `seen` is true.


# %%
# exercise: generation.penalty
# points 1 · minutes 10 · difficulty 1
def penalty(
    logits: Float[Tensor, "batch d_vocab"], seen: Bool[Tensor, "batch d_vocab"], strength: float
) -> Float[Tensor, "batch d_vocab"]:
    """The logits with those of the tokens that were seen made smaller.

    Above 0 they are divided by the strength, below 0 multiplied by it.
    """
    # YOUR TURN: the smaller logits; then take them only for the tokens that were seen.
    penalised = torch.where(logits > 0, logits / strength, logits * strength)
    return torch.where(seen, penalised, logits)


# %% [markdown]
# ## 7 · Attention on a KV cache
# A model that writes adds one token at a time. What it computed for the earlier tokens has not
# changed, since no position looks ahead; and all that the new token needs of them are their keys
# and values. So these are kept, in a **KV cache**, and only the new positions are computed.
#
# This is `attention.grouped` for positions of which only the last, `new`, are in `x`:
#
# - queries, keys and values of `x` alone; the new keys and values go **behind** the old ones;
# - rotary, if it is given, turns the new queries and keys, and has to know where they stand:
#   `rotary(q, past)`, where `past` is how many positions came before. The old keys were turned
#   when they were new;
# - every new position looks at all that is behind it and at itself, not at what comes later. Your
#   `attention.mask` knows already that the last query belongs to the last key.
#
# In: `x [batch, new, d_model]`, `past_k`, `past_v [batch, past, n_kv_heads, d_head]` (`past` may be
# 0), the weights as in `attention.grouped`: `W_Q [n_heads, d_model, d_head]`,
# `W_K`, `W_V [n_kv_heads, d_model, d_head]`, `W_O [n_heads, d_head, d_model]`; neighbouring heads
# share a set. Out, three things: what the layer adds to the stream, `[batch, new, d_model]`, and
# all keys and all values for the next time, `[batch, past + new, n_kv_heads, d_head]` each.
# The old ones are not changed.
#
# **By hand.** Take the head of `attention.head`, which at position 0 saw $x_0 = [0, 8]$: its key
# there is 0 and its value 8 (first numbers of four; the others are 0). These are in the cache, and
# the new position is $x_1 = [1, 4]$. Its query is $2 \log 3$, its key 1, its value 4: the scores
# are $[0, \log 3]$, the weights $[0.25, 0.75]$, it gathers 5 and writes $[0, 10]$. The
# keys are now 0 and 1, the values 8 and 4.

# %% [markdown] tags=["hints"]
# 1. Begin with your `attention.grouped`. Where do the old keys and values come in: before or after
#    rotary, before or after the sets are copied for the heads?
# 2. `past = past_k.shape[1]`. First rotary on the new `q` and `k`, then
#    `k = torch.cat([past_k, k], dim=1)`, the same for `v` without rotary. These are what you
#    return; copies for the heads are made of them.
# 3. From there it is `attention.grouped`: `repeat_interleave(n_sharing, dim=2)` of `k` and `v`,
#    scores, mask, softmax, `einsum("bhqk,bkhd->bqhd", pattern, v)`, `W_O`. Return `out, k, v`.


# %%
# exercise: generation.cached
# points 3 · minutes 25 · difficulty 2 · needs attention.grouped
def cached(
    x: Float[Tensor, "batch new d_model"],
    past_k: Float[Tensor, "batch past n_kv_heads d_head"],
    past_v: Float[Tensor, "batch past n_kv_heads d_head"],
    W_Q: Float[Tensor, "n_heads d_model d_head"],
    W_K: Float[Tensor, "n_kv_heads d_model d_head"],
    W_V: Float[Tensor, "n_kv_heads d_model d_head"],
    W_O: Float[Tensor, "n_heads d_head d_model"],
    rotary=None,
) -> tuple[
    Float[Tensor, "batch new d_model"],
    Float[Tensor, "batch all n_kv_heads d_head"],
    Float[Tensor, "batch all n_kv_heads d_head"],
]:
    """What a layer adds to the stream at new positions, and all keys and values so far.

    rotary, if given, is called as rotary(q, past): `past` positions stand before the first.
    """
    # YOUR TURN: q, k, v of the new positions, placed by rotary; join the old; attend as before.
    past = past_k.shape[1]
    q = einsum("bpm,hmd->bphd", x, W_Q)
    k = einsum("bpm,gmd->bpgd", x, W_K)
    v = einsum("bpm,gmd->bpgd", x, W_V)
    if rotary is not None:
        q, k = rotary(q, past), rotary(k, past)
    k, v = torch.cat([past_k, k], dim=1), torch.cat([past_v, v], dim=1)
    n_sharing = W_Q.shape[0] // W_K.shape[0]
    shared_k = k.repeat_interleave(n_sharing, dim=2)
    shared_v = v.repeat_interleave(n_sharing, dim=2)
    fit = mine("attention.mask")(mine("attention.scores")(q, shared_k))
    pattern = mine("attention.softmax")(fit)
    z = einsum("bhqk,bkhd->bqhd", pattern, shared_v)
    return einsum("bqhd,hdm->bqm", z, W_O), k, v


# %% [markdown]
# ## 8 · A text that goes in circles
# A model that always takes the likeliest token, which is called *greedy* decoding, often ends up
# writing the same few tokens again and again. Find a prompt after which that happens, and the
# length of the circle.
#
# `model` is a `Transformer`; `generate(model, [prompt], n_new)` continues a prompt, a list of ids,
# by `n_new` tokens, each time with the likeliest one, and returns one list of new ids for each
# prompt. Look at the **second half** of the new tokens (from `n_new // 2` on; `n_new` is even). It
# is a **loop** of period `period` if
#
# - every token in it, but the first `period` of them, equals the token `period` places before it;
# - `period` is the smallest number (1 or more) for which this holds;
# - the loop comes round at least three times: the second half has `3 * period` tokens or more.
#
# Return `(prompt, period)`: the prompt as a list of one or more ids, and the period. Any prompt
# that falls into a loop will do. The check continues your prompt itself, on tiny models in which
# some single tokens lead into a loop, and others do not.
#
# The tools:
# ```
# [new] = generate(model, [prompt], n_new)     # a list of n_new ids
# model.config.d_vocab                         # ids run from 0 to d_vocab - 1
# ```
#
# **By hand.** Twelve new tokens, $3, 7, 1, 4, 5, 2$ and then $5, 2, 5, 2, 5, 2$: the second half
# has period 2 (4 would do as well, but is not the smallest), and comes round three times: a loop.
# The second half $5, 2, 2, 5, 2, 2$ has period 3, and comes round only twice: no loop.

# %% [markdown] tags=["hints"]
# 1. Try the prompts of a single token, `[0]`, `[1]`, ... For each, continue it, take the second
#    half, and try the periods from 1 upwards: the first that fits is the smallest.
# 2. `tail[period:] == tail[:-period]` compares each token with the one `period` places before it,
#    as lists.
# 3. `for period in range(1, len(tail) // 3 + 1)` are the periods that come round three times;
#    return at the first prompt and period for which the comparison of hint 2 holds.


# %%
# exercise: generation.loop
# points 3 · minutes 20 · difficulty 2
def loop(model: Transformer, n_new: int) -> tuple[list[int], int]:
    """(prompt, period) of a prompt whose greedy continuation of n_new tokens ends in a loop.

    Its second half equals itself `period` places before, no smaller period does, and it holds
    at least three periods.
    """
    # YOUR TURN: continue prompts until the second half of one repeats, and find its period.
    for token in range(model.config.d_vocab):
        [new] = generate(model, [[token]], n_new)
        tail = new[n_new // 2 :]
        for period in range(1, len(tail) // 3 + 1):
            if tail[period:] == tail[:-period]:
                return [token], period


# %% tags=["active-ipynb"]
# # Your function on a real language model. Single tokens of SmolLM2 go in circles very often.
# from minitransformer import pretrained
#
# smollm2 = pretrained.load("smollm2-135m-instruct")
# tokenizer = pretrained.load_tokenizer("smollm2-135m-instruct")
# prompt, period = loop(smollm2, 120)
# [new] = generate(smollm2, [prompt], 120)
# print(f"{tokenizer.decode(prompt)!r} leads into a loop of {period} tokens:")
# print(repr(tokenizer.decode(new[-period:])))

# %% [markdown]
# ## 9 · The whole model
# Now put together what you wrote: the embedding of chapter 02, the blocks of chapter 04 with the
# attention of chapter 03 and the rotary positions of chapter 02, and the unembedding above.
#
# $$\text{tokens} \to \text{embed} \to \text{block}_0 \to \dots \to \text{unembed} \to
# \text{logits}$$
#
# The weights come in one dictionary, under the names that the book has used all along: `W_E`;
# for each block `blocks.0.attn_norm.w`, `blocks.0.attn.W_Q`, `W_K`, `W_V`, `W_O`,
# `blocks.0.mlp_norm.w`, `blocks.0.mlp.W_gate`, `W_in`, `W_out`; then `final_norm.w` and `W_U`.
# The layer's number stands in the name, and the names may come in any order. Nobody tells you how
# many layers there are.
#
# Your parts: `mine("embeddings.embed")(tokens, W_E)`; `mine("block.block")(x, own, rotary, eps)`,
# where `own` holds the weights of one block under their names without `blocks.0.` before them;
# `mine("embeddings.rotate")(x, base)`, from which you make the `rotary` that a block takes, a
# function of one argument; `mine("generation.unembed")(x, w, W_U, eps)`.
#
# In: `tokens [batch, pos]`, `weights`, the `base` of the rotary positions, `eps` for every norm.
# Out: the logits `[batch, pos, d_vocab]`.
#
# **By hand.** If `W_O` and `W_out` are 0 in every block, the blocks add nothing, and the logits
# are those of the embeddings. Let the final norm and `W_U` be those of exercise 1, and the first
# two rows of `W_E` be $[1, 7]$ and $[-7, 1]$. Then token 0 gives $[1, 14, -12]$. Token 1 has the
# stream $[-7, 1]$, which becomes $[-1.4, 0.2]$, then $[-7, 2]$, and gives $[-7, 2, -16]$.

# %% [markdown] tags=["hints"]
# 1. Four lines and a loop over the layers. How do you learn from the names how many layers there
#    are, and how do you collect the weights of one of them?
# 2. `name.split(".")[1]` is the layer's number in a name that begins with `blocks.`. With
#    `prefix = f"blocks.{layer}."` (the dot at the end tells layer 1 from layer 10),
#    `name.removeprefix(prefix)` is the short name.
# 3. `x = mine("block.block")(x, own, lambda q: mine("embeddings.rotate")(q, base), eps)` for each
#    layer in turn; then unembed with `weights["final_norm.w"]` and `weights["W_U"]`.


# %%
# exercise: generation.model
# points 4 · minutes 25 · difficulty 2 · needs embeddings.embed, embeddings.rotate, block.block, generation.unembed
def model(
    tokens: Int[Tensor, "batch pos"],
    weights: dict[str, Tensor],
    base: float,
    eps: float = 1e-5,
) -> Float[Tensor, "batch pos d_vocab"]:
    """The logits of a model of SmolLM2's shape, from its weights by name.

    base is that of the rotary positions; eps is what every norm adds to the mean square.
    """

    # YOUR TURN: embed the tokens, run them through every block in order, and unembed.
    def rotary(q):
        return mine("embeddings.rotate")(q, base)

    layers = {int(name.split(".")[1]) for name in weights if name.startswith("blocks.")}
    x = mine("embeddings.embed")(tokens, weights["W_E"])
    for layer in sorted(layers):
        prefix = f"blocks.{layer}."
        own = {n.removeprefix(prefix): w for n, w in weights.items() if n.startswith(prefix)}
        x = mine("block.block")(x, own, rotary, eps)
    return mine("generation.unembed")(x, weights["final_norm.w"], weights["W_U"], eps)


# %% [markdown]
# ## 10 · Your transformer writes
# The last step. Cut the text into tokens with your tokenizer of chapter 01; let your model say
# what comes next; take the likeliest token (the first of equals) and put it behind the others; do
# it `n_new` times; turn all tokens back into text.
#
# In: `text`, `n_new` (0 or more), the model's `weights` and `base`, and its vocabulary: `ranks`,
# from each token's bytes to its id, and `pattern`, the regular expression that cuts a text into
# chunks. Out: the text with its continuation.
#
# Your parts: `mine("tokenizer.encode")(text, ranks, pattern)` gives a list of ids,
# `mine("generation.model")(tokens, weights, base)` wants them as `[1, pos]`, and
# `mine("tokenizer.decode")(ids, ranks)` gives the text. Encode once, and keep the ids. Decode
# all of them together, at the end: a character may be spread over two tokens, and half of one is
# no text that could be encoded again.
#
# **By hand.** A vocabulary of the bytes a, b and c, and a model whose blocks add nothing and which
# after a token always gives the next one in the circle a, b, c the largest logit: from "ab" with
# `n_new=3` it writes "abcab".

# %% [markdown] tags=["hints"]
# 1. Encode once, before the loop; decode once, behind it. What does the model get in the third
#    round?
# 2. It always reads the whole text so far. The logits of the **last** position say what comes
#    next; `torch.tensor([ids])` has the shape `[1, pos]`.
# 3. `logits = mine("generation.model")(torch.tensor([ids]), weights, base)`, then
#    `ids.append(int(logits[0, -1].argmax()))`, `n_new` times.


# %%
# exercise: generation.write
# points 4 · minutes 20 · difficulty 2 · needs tokenizer.encode, tokenizer.decode, generation.model
def write(
    text: str,
    n_new: int,
    weights: dict[str, Tensor],
    base: float,
    ranks: dict[bytes, int],
    pattern: str,
) -> str:
    """The text with its greedy continuation of n_new tokens."""
    # YOUR TURN: encode; n_new times, let the model read all so far and add its likeliest; decode.
    ids = mine("tokenizer.encode")(text, ranks, pattern)
    for _ in range(n_new):
        logits = mine("generation.model")(torch.tensor([ids]), weights, base)
        ids = [*ids, int(logits[0, -1].argmax())]
    return mine("tokenizer.decode")(ids, ranks)


# %% [markdown]
# ### It writes
# Save your five notebooks, and run the cell below. It hands your functions SmolLM2's weights and
# vocabulary. Everything from the first byte to the last is yours, as far as you wrote it: where a
# part of yours is missing, or did not pass its last check, you are told which part of which
# notebook it is. With every part right, SmolLM2 goes on with " Mary, and Mary gave a drink to
# John." If yours writes something else, run `python -m minitransformer check` in the terminal: a
# part that you changed after its check may have gone wrong since.

# %% tags=["active-ipynb"]
# from minitransformer import pretrained, weights
# from minitransformer.chunks import PATTERNS
#
# smollm2 = pretrained.load("smollm2-135m-instruct")
# with torch.inference_mode():
#     text = mine("generation.write")(
#         "When Mary and John went to the store, John gave a drink to",
#         10,
#         weights.named(smollm2),
#         smollm2.config.rotary_base,
#         pretrained.load_tokenizer("smollm2-135m-instruct").ranks,
#         PATTERNS["smollm"],
#     )
# print(text)
