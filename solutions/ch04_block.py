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
# # The block: the exercises
#
# In ten exercises you build the rest of a transformer's block: the norms through which its parts
# read the stream, the MLP beside the attention, and the block that holds them together. Then you
# count a whole model's parameters, share the work among experts, and look for a neuron that stands
# for something. You need matrix products and a little PyTorch; the block itself uses the attention
# of chapter 03.
#
# Shapes are written with names, and mean the same in every exercise:
#
# | name | what it counts |
# |---|---|
# | `batch`, `pos` | texts handled at once; positions (tokens) of a text |
# | `n` | tokens that have nothing to do with each other: rows of a table |
# | `d_model` | numbers per position in the stream |
# | `d_mlp` | neurons of an MLP |
# | `n_experts` | MLPs that share the work of one |
# | `n_heads`, `n_kv_heads`, `d_head` | heads; sets of keys and values; numbers per query |
# | `d_vocab` | tokens that the model knows |
#
# `[..., d_model]` means: any number of axes before the last. Weights stand on the right of what
# they act on: `x @ W_in`. Write below `# YOUR TURN`, then run the `check(...)` cell.
# `mine("block.gelu")` gives you the function you wrote for an earlier exercise, also where it
# stands in another chapter's notebook (as you last **saved** it), or ours as long as yours is not
# there. A check puts ours in the place of one of yours that fails, so that no mistake counts twice.

# %%
from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from minitransformer.config import Config
from minitransformer.transformer import Transformer
from minitransformer.workbook import mine

# %% [markdown]
# ## 1 · RMSNorm
# Every part of a block adds to the stream, so the stream grows from block to block. What reads it
# wants numbers of one size. **RMSNorm** divides each position's vector by its root mean square,
# and then stretches each coordinate by a learned weight:
#
# $$\text{RMSNorm}(x)_i = \frac{x_i}{\sqrt{\frac{1}{d}\sum_j x_j^2 + \varepsilon}}\; w_i$$
#
# with $d$ for $d_\text{model}$. The small number $\varepsilon$ (`eps`), added to the mean square
# *under the root*, keeps a vector of zeros from being divided by zero.
#
# In: `x [..., d_model]`, `w [d_model]`, `eps`. Out: the shape of `x`. Each vector is normed by
# itself.
#
# **By hand.** $x = [1, 7]$ has the mean square $(1 + 49) / 2 = 25$. With $\varepsilon = 0$ it is
# divided by 5, which gives $[0.2, 1.4]$, and $w = [5, 10]$ makes it $[1, 14]$. With
# $\varepsilon = 11$ the root is $\sqrt{36} = 6$, and $w = [6, 12]$ gives $[1, 14]$ again.

# %% [markdown] tags=["hints"]
# 1. Three steps along the last axis: square, take the mean, take the root. Where does `eps` go?
# 2. `x.pow(2).mean(dim=-1, keepdim=True)` is the mean square of each vector, with the last axis
#    kept at length 1, so that dividing `x` by its root divides each vector by its own.
# 3. `x / (x.pow(2).mean(dim=-1, keepdim=True) + eps).sqrt() * w`.


# %%
# exercise: block.rms_norm
# points 1 · minutes 10 · difficulty 1
def rms_norm(
    x: Float[Tensor, "... d_model"], w: Float[Tensor, "d_model"], eps: float = 1e-5
) -> Float[Tensor, "... d_model"]:
    """Each vector over its root mean square, each coordinate stretched by its weight.

    eps is added to the mean square, under the root.
    """
    # YOUR TURN: divide by the root of (mean square + eps) along the last axis; multiply by w.
    scale = (x.pow(2).mean(dim=-1, keepdim=True) + eps).sqrt()
    return x / scale * w


# %% tags=["active-ipynb"]
# # The size of a vector does not matter, its direction does: two equal rows (nearly: eps).
# rms_norm(torch.tensor([[1.0, 7.0], [1000.0, 7000.0]]), torch.ones(2))

# %% [markdown]
# ## 2 · LayerNorm
# GPT-2 and the models before it use **LayerNorm**. It first subtracts from each vector the mean
# of its coordinates; divides by the standard deviation, which is the root mean square of what is
# left; stretches by `w`; and shifts by a second weight, `b`:
#
# $$\text{LayerNorm}(x)_i =
# \frac{x_i - m}{\sqrt{\frac{1}{d}\sum_j (x_j - m)^2 + \varepsilon}}\; w_i + b_i
# \qquad m = \frac{1}{d}\sum_j x_j$$
#
# In: `x [..., d_model]`, `w [d_model]`, `b [d_model]`, `eps`. Out: the shape of `x`. The sum of
# squares is divided by $d$, not by $d - 1$ as some libraries do when they are asked for a standard
# deviation. Numbers far from 0 must work too: subtract the mean before you square.
#
# **By hand.** $x = [1, 3, 5, 7]$ has the mean 4; what is left is $[-3, -1, 1, 3]$, with the mean
# square $(9 + 1 + 1 + 9) / 4 = 5$. With $\varepsilon = 4$ the root is 3, and $w = [1, 3, 3, 1]$,
# $b = [0, 1, 0, 1]$ give $[-1, 0, 1, 2]$.

# %% [markdown] tags=["hints"]
# 1. It is an RMSNorm of something, plus a shift. Of what?
# 2. `x - x.mean(dim=-1, keepdim=True)` has the mean 0 in each vector. `mine("block.rms_norm")` does
#    the rest but for the shift.
# 3. `mine("block.rms_norm")(x - x.mean(dim=-1, keepdim=True), w, eps) + b`.


# %%
# exercise: block.layer_norm
# points 1 · minutes 10 · difficulty 1 · needs block.rms_norm
def layer_norm(
    x: Float[Tensor, "... d_model"],
    w: Float[Tensor, "d_model"],
    b: Float[Tensor, "d_model"],
    eps: float = 1e-5,
) -> Float[Tensor, "... d_model"]:
    """Each vector less its mean, over its standard deviation, stretched by w, shifted by b.

    eps is added to the variance, under the root.
    """
    # YOUR TURN: subtract the mean along the last axis; norm what is left; stretch and shift.
    left = x - x.mean(dim=-1, keepdim=True)
    return mine("block.rms_norm")(left, w, eps) + b


# %% [markdown]
# ## 3 · GELU
# Two matrix products in a row are one matrix product. What makes an MLP more than that is a bent
# function of one number between them. **GELU** lets large numbers pass, turns very negative ones
# to nearly 0, and bends smoothly in between. GPT-2 computes it by this formula:
#
# $$\text{gelu}(x) =
# \frac{x}{2}\left(1 + \tanh\!\left(\sqrt{\tfrac{2}{\pi}}\,(x + 0.044715\,x^3)\right)\right)$$
#
# In: `x` of any shape. Out: the same shape, each number by itself. $\pm 100$ must work.
#
# (The formula stands for $x$ times the probability that a normal random number is below $x$, and
# is within 0.0005 of it. The check tells the two apart: the formula is what is asked for.)
#
# **By hand.** $\text{gelu}(0) = 0$. For 1: $\sqrt{2/\pi} = 0.79788$, times 1.044715 is 0.83356; its
# tanh is 0.68238; half of 1.68238 is 0.8412. For $-1$ the tanh changes its sign:
# $-\frac12(1 - 0.68238) = -0.1588$.

# %% [markdown] tags=["hints"]
# 1. The formula, from the inside out: what does tanh act on?
# 2. `x.pow(3)`, `torch.tanh(...)`, and `(2 / torch.pi) ** 0.5` are all you need.
# 3. `0.5 * x * (1 + torch.tanh((2 / torch.pi) ** 0.5 * (x + 0.044715 * x.pow(3))))`.


# %%
# exercise: block.gelu
# points 1 · minutes 5 · difficulty 1
def gelu(x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Each number by itself: nearly x where x is large, nearly 0 where it is very negative.

    (torch.nn.functional.gelu is what you are building: leave it aside.)
    """
    # YOUR TURN: the formula.
    inner = (2 / torch.pi) ** 0.5 * (x + 0.044715 * x.pow(3))
    return 0.5 * x * (1 + torch.tanh(inner))


# %% [markdown]
# ## 4 · The MLP
# The second half of a block works on **each position by itself**: it reads the position's vector
# by `d_mlp` *neurons*, bends what each of them says, and writes the sum of what they add.
#
# $$\text{mlp}(x) = \text{gelu}(x W_\text{in} + b_\text{in})\, W_\text{out} + b_\text{out}$$
#
# Column $i$ of $W_\text{in}$ is what neuron $i$ looks for, row $i$ of $W_\text{out}$ what it
# writes.
#
# In: `x [..., d_model]`, `W_in [d_model, d_mlp]`, `b_in [d_mlp]`, `W_out [d_mlp, d_model]`,
# `b_out [d_model]`. Out: the shape of `x`: what the MLP adds to the stream, without `x` itself.
#
# **By hand.** $x = [1, 2]$, three neurons:
# $W_\text{in} = \begin{bmatrix}1&0&2\\0&-1&-1\end{bmatrix}$ and $b_\text{in} = [0, 1, 0]$ give
# $[1, -1, 0]$, whose gelu is $[0.8412, -0.1588, 0]$. With
# $W_\text{out} = \begin{bmatrix}10&0\\0&10\\5&5\end{bmatrix}$ and $b_\text{out} = [0.5, 1]$ the MLP
# adds $[8.412 + 0.5,\; -1.588 + 1] = [8.912, -0.588]$.

# %% [markdown] tags=["hints"]
# 1. Read, bend, write: two matrix products with `mine("block.gelu")` between them.
# 2. `x @ W_in` works whatever the axes before the last, and a bias of length `d_mlp` is added to
#    every vector.
# 3. `mine("block.gelu")(x @ W_in + b_in) @ W_out + b_out`.


# %%
# exercise: block.mlp
# points 1 · minutes 10 · difficulty 1 · needs block.gelu
def mlp(
    x: Float[Tensor, "... d_model"],
    W_in: Float[Tensor, "d_model d_mlp"],
    b_in: Float[Tensor, "d_mlp"],
    W_out: Float[Tensor, "d_mlp d_model"],
    b_out: Float[Tensor, "d_model"],
) -> Float[Tensor, "... d_model"]:
    """What a plain MLP adds to the stream, at each position by itself."""
    # YOUR TURN: read by W_in, bend by gelu, write by W_out; a bias at each end.
    pre = x @ W_in + b_in
    return mine("block.gelu")(pre) @ W_out + b_out


# %% [markdown]
# ## 5 · The gated MLP
# SmolLM2 and its kin give each neuron a second column. One, in `W_gate`, decides how far the neuron
# opens; the other, in `W_in`, what passes through. The two are multiplied, and the biases are gone:
#
# $$\text{gated}(x) = \big(\text{silu}(x W_\text{gate}) \odot (x W_\text{in})\big)\, W_\text{out}
# \qquad \text{silu}(z) = \frac{z}{1 + e^{-z}}$$
#
# $\odot$ multiplies entry by entry. SiLU bends much as GELU does.
#
# In: `x [..., d_model]`, `W_gate` and `W_in [d_model, d_mlp]`, `W_out [d_mlp, d_model]`. Out: the
# shape of `x`. Gates of $\pm 1000$ must work. (`torch.sigmoid(z)` is $1 / (1 + e^{-z})$.)
#
# **By hand.** $x = [1, 2]$ and one neuron, $W_\text{gate} = [\log 3, 0]^\top$,
# $W_\text{in} = [0, 2]^\top$. The gate is $\log 3 = 1.0986$, and $e^{-\log 3} = \frac13$, so its
# silu is $\frac34 \cdot 1.0986 = 0.8240$. Through it passes 4: $3.2958$. With
# $W_\text{out} = [1, -2]$ the output is $[3.2958, -6.5917]$.

# %% [markdown] tags=["hints"]
# 1. Three matrix products, one of them bent. Which two are multiplied entry by entry?
# 2. `gate = x @ W_gate`, and its silu is `gate * torch.sigmoid(gate)`.
# 3. `(gate * torch.sigmoid(gate) * (x @ W_in)) @ W_out`.


# %%
# exercise: block.gated
# points 2 · minutes 10 · difficulty 1
def gated(
    x: Float[Tensor, "... d_model"],
    W_gate: Float[Tensor, "d_model d_mlp"],
    W_in: Float[Tensor, "d_model d_mlp"],
    W_out: Float[Tensor, "d_mlp d_model"],
) -> Float[Tensor, "... d_model"]:
    """What a gated MLP adds to the stream: each neuron's silu(gate) times its input, written."""
    # YOUR TURN: the gate and its silu, times x @ W_in, written by W_out.
    gate = x @ W_gate
    post = gate * torch.sigmoid(gate) * (x @ W_in)
    return post @ W_out


# %% [markdown]
# ## 6 · Neurons as memories
# The last product of an MLP is a sum over neurons: what it adds to the stream is
# $\sum_i a_i\, w_i$, with $a_i = \text{silu}(x W_\text{gate})_i\,(x W_\text{in})_i$ the neuron's
# **activation** and $w_i$ its row of $W_\text{out}$. So each neuron acts like an entry of a memory:
# its columns are a key that is compared with the stream, its row is the value that is fetched. At
# a given position a few of them write much and most write little. Which ones write most?
#
# In: `x [d_model]`, **one position's** vector as the MLP reads it, the three weights of a gated MLP
# as in exercise 5, and `k`, from 1 to `d_mlp`. Out, two things:
#
# - the numbers `[k]` (whole numbers, `torch.int64`) of the `k` neurons that write the **longest
#   vectors** $a_i w_i$ (Euclidean length), the longest first;
# - the vectors that they write, `[k, d_model]`, in the same order.
#
# An activation may be negative: what counts is how long the vector is that comes of it. No two
# lengths are equal in the check.
#
# **By hand.** $x = [1, 0]$ and three neurons, all with the gate $\log 3$, through which 1, $-4$ and
# 2 pass: $a = [0.824, -3.296, 1.648]$. Their rows of $W_\text{out}$ are $[3, 4]$, $[0, 1]$ and
# $[1, 0]$, whose lengths are 5, 1 and 1. The written lengths are 4.120, 3.296 and 1.648. For
# $k = 2$: neurons $[0, 1]$, which write $[2.472, 3.296]$ and $[0, -3.296]$.

# %% [markdown] tags=["hints"]
# 1. Compute the activations `[d_mlp]` first, as in exercise 5 before the last product. Which
#    vector does each of them multiply?
# 2. `writes = post[:, None] * W_out` is what each neuron writes, `[d_mlp, d_model]`; summed over
#    its first axis it is the MLP's output. `writes.norm(dim=-1)` are the lengths.
# 3. `which = writes.norm(dim=-1).topk(k).indices`; return `which` and `writes[which]`.


# %%
# exercise: block.memories
# points 2 · minutes 15 · difficulty 2 · needs block.gated
def memories(
    x: Float[Tensor, "d_model"],
    W_gate: Float[Tensor, "d_model d_mlp"],
    W_in: Float[Tensor, "d_model d_mlp"],
    W_out: Float[Tensor, "d_mlp d_model"],
    k: int,
) -> tuple[Int[Tensor, "k"], Float[Tensor, "k d_model"]]:
    """The k neurons that write the longest vectors, longest first, and those vectors."""
    # YOUR TURN: what every neuron writes; the longest k of these vectors.
    gate = x @ W_gate
    post = gate * torch.sigmoid(gate) * (x @ W_in)
    writes = post[:, None] * W_out
    which = writes.norm(dim=-1).topk(k).indices
    return which, writes[which]


# %% [markdown]
# ## 7 · The block
# Now put it together. A block reads the stream through a norm, lets attention add to it, reads it
# again through another norm, and lets the MLP add to it:
#
# $$x' = x + \text{attention}(\text{RMSNorm}(x))$$
#
# $$\text{block}(x) = x' + \text{gated}(\text{RMSNorm}(x'))$$
#
# The stream itself is never normed, only what the two parts read. The MLP reads what attention has
# already written.
#
# In: `x [batch, pos, d_model]`; `weights`, a dict of tensors with these keys (others may be there
# too: leave them alone); `rotary`, as in chapter 03 a function that turns queries and keys, or
# None; `eps` of both norms.
#
# | key | shape |
# |---|---|
# | `"attn_norm.w"`, `"mlp_norm.w"` | `[d_model]` |
# | `"attn.W_Q"` | `[n_heads, d_model, d_head]` |
# | `"attn.W_K"`, `"attn.W_V"` | `[n_kv_heads, d_model, d_head]` |
# | `"attn.W_O"` | `[n_heads, d_head, d_model]` |
# | `"mlp.W_gate"`, `"mlp.W_in"` | `[d_model, d_mlp]` |
# | `"mlp.W_out"` | `[d_mlp, d_model]` |
#
# Out: `[batch, pos, d_model]`, the stream after the block. `mine("attention.grouped")` takes
# `(x, W_Q, W_K, W_V, W_O, rotary)`. Chapter 05 stacks thirty of these blocks to a whole model.
#
# **By hand.** One position, $x = [1, 7]$, $\varepsilon = 0$, all in two steps.
# *Attention*: the norm divides by 5, and `attn_norm.w` $= [5, 5]$ brings back $[1, 7]$. One head,
# whose value is the first coordinate, 1, and whose $W_O$ writes $[6, 0]$: the stream is $[7, 7]$.
# *MLP*: the norm divides by 7, and `mlp_norm.w` $= [1, 2]$ gives $[1, 2]$. The gated MLP of
# exercise 5 adds $[3.2958, -6.5917]$. After the block: $[10.2958, 0.4083]$.

# %% [markdown] tags=["hints"]
# 1. Two lines of the form `x = x + part(norm(x))`.
# 2. `read = mine("block.rms_norm")(x, weights["attn_norm.w"], eps)` is what attention reads. The
#    second norm reads the new `x`, with `weights["mlp_norm.w"]`.
# 3. `x = x + mine("attention.grouped")(read, weights["attn.W_Q"], weights["attn.W_K"],
#    weights["attn.W_V"], weights["attn.W_O"], rotary)`, and the same with `mine("block.gated")`,
#    `weights["mlp.W_gate"]`, `weights["mlp.W_in"]` and `weights["mlp.W_out"]`.


# %%
# exercise: block.block
# points 3 · minutes 20 · difficulty 2 · needs attention.grouped, block.rms_norm, block.gated
def block(
    x: Float[Tensor, "batch pos d_model"],
    weights: dict[str, Tensor],
    rotary=None,
    eps: float = 1e-5,
) -> Float[Tensor, "batch pos d_model"]:
    """The stream after a block of SmolLM2's shape: attention adds to it, then the MLP.

    rotary, if given, is a function on [batch, pos, any number of heads, d_head]; eps is that of
    both norms. Neither x nor weights is changed.
    """
    # YOUR TURN: norm, attention, add; norm, gated MLP, add.
    read = mine("block.rms_norm")(x, weights["attn_norm.w"], eps)
    x = x + mine("attention.grouped")(
        read,
        weights["attn.W_Q"],
        weights["attn.W_K"],
        weights["attn.W_V"],
        weights["attn.W_O"],
        rotary,
    )
    read = mine("block.rms_norm")(x, weights["mlp_norm.w"], eps)
    return x + mine("block.gated")(
        read, weights["mlp.W_gate"], weights["mlp.W_in"], weights["mlp.W_out"]
    )


# %% tags=["active-ipynb"]
# # Your block in the place of SmolLM2's first: how far from the package's does it come out?
# from minitransformer import pretrained
# from minitransformer.weights import named
#
# model = pretrained.load("smollm2-135m-instruct").requires_grad_(False)
# tokenizer = pretrained.load_tokenizer("smollm2-135m-instruct")
# text = "When Mary and John went to the store, John gave a drink to"
# tokens = torch.tensor([tokenizer.encode(text)])
# _, cache = model.run_with_cache(tokens, keep=["resid_pre", "resid_post"])
# start = "blocks.0."
# first = {key.removeprefix(start): w for key, w in named(model).items() if key.startswith(start)}
# after = block(cache["resid_pre", 0], first, model.blocks[0].attn.rotary, model.config.norm_eps)
# print(f"largest difference: {(after - cache['resid_post', 0]).abs().max():.1e}")

# %% [markdown]
# ## 8 · Counting parameters
# Where do a model's numbers sit? Its `Config` is enough to say. `config` has these fields (others
# do not matter here):
#
# | field | |
# |---|---|
# | `n_layers`, `d_model`, `d_vocab`, `n_ctx` | blocks; sizes; the longest text, in tokens |
# | `n_heads`, `n_kv_heads`, `d_head` | heads; sets of keys and values; numbers per query |
# | `d_mlp`, `gated` | neurons, or `None` for a model without MLPs; whether they have gates |
# | `norm` | `"layer"`, `"rms"`, or `None` for a model without norms |
# | `positions` | `"learned"` (a vector for each), `"rotary"` or `None` (no parameters) |
# | `bias` | whether attention and plain MLPs have biases |
# | `tied` | whether the unembedding is the embedding, turned round |
#
# Return a dict of whole numbers with the keys `embedding`, `positions`, `attention`, `mlp`,
# `norms`, `unembedding` and `total`, each for the **whole model**, all layers together:
#
# - `embedding`: `W_E [d_vocab, d_model]`. `positions`: `W_pos [n_ctx, d_model]` if they are
#   learned, else 0.
# - `attention`: `W_Q`, `W_K`, `W_V`, `W_O` as in exercise 7, and with `bias` one number for each
#   number of every query, every key, every value, and of the output (`d_model`).
# - `mlp`: `W_in` and `W_out`, and with `bias` `d_mlp + d_model` more; a gated MLP has `W_gate` too,
#   and **never** biases. Without MLPs: 0.
# - `norms`: one before attention and one before the MLP in each block (only the first where there
#   are no MLPs), and one at the end of the model. An RMSNorm has `d_model` weights, a LayerNorm
#   twice as many (`w` and `b`, whatever `bias` says).
# - `unembedding`: `W_U [d_model, d_vocab]`, or 0 if it is tied, since it is then counted already.
#
# **By hand.** One layer, $d_\text{model} = 3$, two heads on one set, $d_\text{head} = 4$,
# $d_\text{mlp} = 5$, $d_\text{vocab} = 10$, $n_\text{ctx} = 6$. In SmolLM2's style (RMSNorm,
# rotary, gated, no biases, tied): embedding 30, positions 0, attention $24 + 12 + 12 + 24 = 72$,
# MLP $3 \cdot 15 = 45$, norms $3 \cdot 3 = 9$, unembedding 0, total 156. In GPT-2's style
# (LayerNorm, learned, plain, biases), with two sets for the two heads and untied: 30, 18,
# $4 \cdot 24 + 3 \cdot 8 + 3 = 123$, $2 \cdot 15 + 5 + 3 = 38$, $3 \cdot 6 = 18$, 30, total 257.

# %% [markdown] tags=["hints"]
# 1. Work out what one layer has, part by part, multiply by `n_layers`, and add what the model has
#    only once. Which part of `norms` is there only once?
# 2. Queries and outputs belong to heads (`n_heads * d_head` numbers wide), keys and values to sets
#    (`n_kv_heads * d_head`). A bias has as many numbers as what it is added to.
# 3. `q, kv = config.n_heads * config.d_head, config.n_kv_heads * config.d_head`: attention has
#    `d_model * (2 * q + 2 * kv)`, and biases `q + 2 * kv + d_model`. The number of norms is
#    `2 * n_layers + 1` with MLPs and `n_layers + 1` without.


# %%
# exercise: block.parameters
# points 3 · minutes 20 · difficulty 2
def parameters(config: Config) -> dict[str, int]:
    """How many parameters a model has, by part: embedding, positions, attention, mlp, norms,
    unembedding, total."""
    # YOUR TURN: count each part of one layer, times the layers, and what stands outside them.
    d_model, n_layers = config.d_model, config.n_layers
    q, kv = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    attention = d_model * 2 * (q + kv)
    if config.bias:
        attention += q + 2 * kv + d_model
    mlp, n_norms = 0, n_layers + 1
    if config.d_mlp is not None:
        n_norms += n_layers
        mlp = d_model * config.d_mlp * (3 if config.gated else 2)
        if config.bias and not config.gated:
            mlp += config.d_mlp + d_model
    counts = {"embedding": config.d_vocab * d_model}
    counts["positions"] = config.n_ctx * d_model if config.positions == "learned" else 0
    counts["attention"] = n_layers * attention
    counts["mlp"] = n_layers * mlp
    counts["norms"] = n_norms * d_model * {"layer": 2, "rms": 1, None: 0}[config.norm]
    counts["unembedding"] = 0 if config.tied else d_model * config.d_vocab
    return counts | {"total": sum(counts.values())}


# %% tags=["active-ipynb"]
# # Where the parameters of GPT-2 small and of SmolLM2 sit, in per cent.
# from minitransformer.config import PRESETS
#
# for name, config in PRESETS.items():
#     counts = parameters(config)
#     shares = {part: f"{count / counts['total']:.1%}" for part, count in counts.items()}
#     print(f"{name}: {counts['total']:,} parameters", shares)

# %% [markdown]
# ## 9 · A mixture of experts
# An MLP costs the same for every token. A **mixture of experts** has several MLPs in its place and
# sends each token only to a few of them: a model with more parameters for the same work a token.
# A **router**, one more matrix, does the sending:
#
# 1. The router gives each token a number for each expert: `x @ W_router`. The softmax over the
#    experts turns these into weights. (They may be large: $e^{100}$ is too much for float32.)
# 2. The token goes to the `k` experts of the largest weights. Their weights are divided by their
#    sum, so that the `k` of them sum to one.
# 3. Its output is the sum of what these `k` experts make of it, each times its weight.
#
# **Each expert is called at most once, with the tokens that were sent to it and no others**, and
# not at all if there are none: this is what saves the work.
#
# In: `x [n, d_model]`; `W_router [d_model, n_experts]`; `experts`, a list of functions, each from
# `[any number of tokens, d_model]` to the same shape; `k`, from 1 to `n_experts`. Out, two things:
#
# - the output `[n, d_model]`;
# - the **load** `[n_experts]`: of all $n \cdot k$ places (a token, and one of its `k` choices), the
#   share that each expert received. The loads sum to one. If every expert gets as much as the
#   others, each load is `1 / n_experts`.
#
# No token has two equal weights in the check.
#
# **By hand.** Two tokens, $[1, 0]$ and $[0, 1]$, three experts, which multiply by 10, 20 and 40;
# $k = 2$, and
# $W_\text{router} = \begin{bmatrix}0&\log 2&\log 6\\\log 12&0&\log 4\end{bmatrix}$. The first
# token's weights are $[1, 2, 6]/9$: it goes to experts 1 and 2, whose weights become
# $\frac28$ and $\frac68$, and comes out as $0.25 \cdot 20 + 0.75 \cdot 40 = 35$ times itself. The
# second's are $[12, 1, 4]/17$: experts 0 and 2, with $\frac{12}{16}$ and $\frac{4}{16}$:
# $0.75 \cdot 10 + 0.25 \cdot 40 = 17.5$ times itself. Of four places expert 0 got one, expert 1
# one, expert 2 two: the load is $[0.25, 0.25, 0.5]$.

# %% [markdown] tags=["hints"]
# 1. `weights, which = (x @ W_router).softmax(dim=-1).topk(k, dim=-1)` are both `[n, k]`: for each
#    token its largest weights and the numbers of their experts. Then loop over the experts.
# 2. For expert `i`, `token, slot = (which == i).nonzero(as_tuple=True)` are the tokens that were
#    sent to it, and which of their choices it is. `experts[i](x[token])` runs it on these alone.
# 3. Divide `weights` by `weights.sum(dim=-1, keepdim=True)`. In the loop, if `len(token)`:
#    `out[token] += weights[token, slot, None] * experts[i](x[token])`, and
#    `load[i] = len(token) / (n * k)`.


# %%
# exercise: block.experts
# points 3 · minutes 25 · difficulty 3
def experts(
    x: Float[Tensor, "n d_model"],
    W_router: Float[Tensor, "d_model n_experts"],
    experts: list[Callable],
    k: int,
) -> tuple[Float[Tensor, "n d_model"], Float[Tensor, "n_experts"]]:
    """(output, load): each token through the k experts the router likes best for it.

    load: the share of all n * k places that each expert received. An expert sees only the tokens
    sent to it, all at once; one that nobody chose is not called.
    """
    # YOUR TURN: route each token; run each expert on its tokens; weigh, add up, and count.
    weights, which = (x @ W_router).softmax(dim=-1).topk(k, dim=-1)
    weights = weights / weights.sum(dim=-1, keepdim=True)
    out, load = torch.zeros_like(x), x.new_zeros(len(experts))
    for i, expert in enumerate(experts):
        token, slot = (which == i).nonzero(as_tuple=True)
        if len(token):
            out[token] += weights[token, slot, None] * expert(x[token])
            load[i] = len(token) / which.numel()
    return out, load


# %% [markdown]
# ## 10 · A neuron that stands for something
# Is there a neuron that fires for numbers, or for names, and for nothing else? Find one.
#
# `model` is a `Transformer` whose MLPs are gated, `tokens [batch, pos]` a batch of texts, and
# `member [d_vocab]` says of each token of the vocabulary whether it belongs to the class, by True
# or False. So `member[tokens]`, `[batch, pos]`, says it of each position; the texts have positions
# of both kinds.
#
# A neuron **fires** at a position where its gate is above 0. The gate before its silu is the site
# `mlp_pre`, `[batch, pos, d_mlp]`. Measure two shares for a neuron, over the positions of all
# texts:
#
# - **inside**: of the positions whose token is of the class, the share where the neuron fires. It
#   must be at least 0.9.
# - **outside**: of the other positions, the share where it fires. It must be at most 0.1.
#
# Return `(layer, neuron, inside, outside)`, counted from 0 and not rounded. Any neuron that meets
# both will do; the check measures again what you report, on tiny models of a few layers,
# each of which has one, and in which no share stands at a bound.
#
# The tools:
# ```
# _, cache = model.run_with_cache(tokens, keep=["mlp_pre"])
# cache["mlp_pre", layer]                 # [batch, pos, d_mlp]
# model.config.n_layers, model.config.d_mlp
# ```
#
# **By hand.** Two texts of three positions; the class's tokens stand at $[1, 0, 1]$ and $[0, 1, 0]$
# (1 for yes). A neuron's gates are $[2, -1, 0.5]$ and $[-3, 1, 4]$. Of the class's three positions
# it fires at all: inside is 1. Of the other three it fires at the last: outside is $\frac13$, too
# much.

# %% [markdown] tags=["hints"]
# 1. One run gives every gate. For each layer, the two shares of *all* its neurons are two means
#    over positions; a loop over the neurons does as well.
# 2. `fires = cache["mlp_pre", layer] > 0` is `[batch, pos, d_mlp]`, and `fires[member[tokens]]`
#    picks the positions of the class: `[how many, d_mlp]`. `~member` are the other tokens.
# 3. `inside = fires[member[tokens]].float().mean(dim=0)`, and `outside` likewise, are `[d_mlp]`.
#    Collect `(layer, i, inside, outside)` of every neuron `i` that meets both conditions, as plain
#    numbers (`.tolist()`), and return one of them: say, that of the largest difference.


# %%
# exercise: block.neuron
# points 4 · minutes 30 · difficulty 3
def neuron(
    model: Transformer, tokens: Int[Tensor, "batch pos"], member: Bool[Tensor, "d_vocab"]
) -> tuple[int, int, float, float]:
    """(layer, neuron, inside, outside) of a neuron that fires for one class of tokens.

    inside: of the positions whose token is a member, the share where the neuron's gate is above
    0; at least 0.9. outside: the same of all other positions; at most 0.1.
    """
    # YOUR TURN: measure every neuron's two shares, and return one that meets both.
    _, cache = model.run_with_cache(tokens, keep=["mlp_pre"])
    found = []
    for layer in range(model.config.n_layers):
        fires = (cache["mlp_pre", layer] > 0).float()
        inside = fires[member[tokens]].mean(dim=0).tolist()
        outside = fires[~member[tokens]].mean(dim=0).tolist()
        for i in range(model.config.d_mlp):
            if inside[i] >= 0.9 and outside[i] <= 0.1:
                found.append((layer, i, inside[i], outside[i]))
    return max(found, key=lambda each: each[2] - each[3])


# %% tags=["active-ipynb"]
# # Your function on SmolLM2: a neuron that fires for digits, found in one text, judged on another.
# from minitransformer import pretrained
#
# model = pretrained.load("smollm2-135m-instruct")
# tokenizer = pretrained.load_tokenizer("smollm2-135m-instruct")
# digit = [tokenizer.decode([i]).strip().isdigit() for i in range(tokenizer.d_vocab)]
# member = torch.tensor(digit)
# found_in = "In 1994 there were 37 dogs and 12 cats. On June 21, 2008, she paid 450 dollars for lamps."
# held_out = "He was born in 1871, had 6 sisters and 23 cousins, and walked 15 miles to school."
# layer, i, inside, outside = neuron(model, torch.tensor([tokenizer.encode(found_in)]), member)
# print(f"neuron {layer}.{i}: fires for {inside:.0%} of the digits, {outside:.0%} of other tokens")
# tokens = torch.tensor([tokenizer.encode(held_out)])
# fires = (model.run_with_cache(tokens, keep=["mlp_pre"])[1]["mlp_pre", layer][..., i] > 0).float()
# inside, outside = fires[member[tokens]].mean(), fires[~member[tokens]].mean()
# print(f"in the held-out text: {inside:.0%} and {outside:.0%}")
