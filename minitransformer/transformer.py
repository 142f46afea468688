"""Block and Transformer: the parts put together; the forward pass is the formula.

Leaves out loading weights (pretrained.py) and choosing the next token.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from minitransformer.attention import Attention
from minitransformer.cache import ActivationCache, record
from minitransformer.config import Config
from minitransformer.embedding import Embed, PosEmbed, Unembed
from minitransformer.kv import KVCache, LayerKV
from minitransformer.mlp import MLP, GatedMLP
from minitransformer.normalization import LayerNorm, NoNorm, RMSNorm
from minitransformer.rotary import Rotary
from minitransformer.taps import NO_TAP, AnyTap, Edit


class Block(nn.Module):
    """Attention and MLP, each reading the normed stream and adding to it."""

    def __init__(self, config: Config, rotary: Rotary | None) -> None:
        super().__init__()
        self.attn_norm = make_norm(config)
        self.attn = Attention(config, rotary)
        if config.d_mlp is not None:
            self.mlp_norm = make_norm(config)
            self.mlp = (GatedMLP if config.gated else MLP)(config)
        else:
            self.mlp = None

    def forward(
        self,
        x: Float[Tensor, "batch pos d_model"],
        tap: AnyTap = NO_TAP,
        kv: LayerKV | None = None,
    ) -> Float[Tensor, "batch pos d_model"]:
        x = tap("resid_pre", x)
        attn_in = tap("attn_in", self.attn_norm(x, tap.at("attn_norm")))
        x = x + tap("attn_out", self.attn(attn_in, tap.at("attn"), kv))
        if self.mlp is not None:
            x = tap("resid_mid", x)
            mlp_in = tap("mlp_in", self.mlp_norm(x, tap.at("mlp_norm")))
            x = x + tap("mlp_out", self.mlp(mlp_in, tap.at("mlp")))
        return tap("resid_post", x)


class Transformer(nn.Module):
    """A decoder-only transformer of either family, chosen part by part from its Config.

    >>> config = Config(n_layers=2, d_model=32, n_heads=4, d_head=8, d_vocab=50, n_ctx=16)
    >>> model = Transformer(config)
    >>> model(torch.tensor([[1, 2, 3]])).shape
    torch.Size([1, 3, 50])

    New weights are drawn as GPT-2's were (normal, 0.02, smaller where a layer writes into
    the stream), from `generator` if one is given.
    """

    def __init__(self, config: Config, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.config = config
        rotary = None
        if config.positions == "rotary":
            rotary = Rotary(config.d_head, config.n_ctx, config.rotary_base)
        self.embed = Embed(config.d_vocab, config.d_model)
        learned = config.positions == "learned"
        self.pos_embed = PosEmbed(config.n_ctx, config.d_model) if learned else None
        self.blocks = nn.ModuleList(Block(config, rotary) for _ in range(config.n_layers))
        self.final_norm = make_norm(config)
        self.unembed = Unembed(config.d_vocab, config.d_model)
        if config.tied:
            self.unembed.w_u = self.embed.w_e
        self._draw_weights(generator)

    @property
    def W_E(self) -> Float[Tensor, "d_vocab d_model"]:
        return self.embed.w_e

    @property
    def W_pos(self) -> Float[Tensor, "n_ctx d_model"]:
        if self.pos_embed is None:
            raise AttributeError(f"W_pos: this model's positions are {self.config.positions!r}")
        return self.pos_embed.w_pos

    @property
    def W_U(self) -> Float[Tensor, "d_model d_vocab"]:
        return self.unembed.w_u.T

    def forward(
        self,
        tokens: Int[Tensor, "batch pos"],
        tap: AnyTap = NO_TAP,
        kv: KVCache | None = None,
    ) -> Float[Tensor, "batch pos d_vocab"]:
        """The logits of every next token: `logits[b, p]` scores what follows `tokens[b, p]`.

        With `kv`, `tokens` are the new ones only, and the cache grows by them. Raises
        ValueError for tokens the model cannot read.
        """
        x = self.embed_tokens(tokens, tap, kv)
        x = self.run_blocks(x, tap, kv)
        return self.to_logits(x, tap)

    def embed_tokens(
        self, tokens: Int[Tensor, "batch pos"], tap: AnyTap = NO_TAP, kv: KVCache | None = None
    ) -> Float[Tensor, "batch pos d_model"]:
        """The residual stream as it enters the first block."""
        past = 0 if kv is None else kv.length
        check_tokens(tokens, self.config, past)
        x = tap("embed", self.embed(tokens))
        if self.pos_embed is not None:
            start = None if kv is None else kv.start
            x = x + tap("pos_embed", self.pos_embed(tokens.shape[1], past, start).expand_as(x))
        return x

    def run_blocks(
        self,
        stream: Float[Tensor, "batch pos d_model"],
        tap: AnyTap = NO_TAP,
        kv: KVCache | None = None,
        start: int = 0,
        stop: int | None = None,
    ) -> Float[Tensor, "batch pos d_model"]:
        """The stream after blocks[start:stop], given the stream before block `start`.

        >>> stream = model.run_blocks(model.embed_tokens(tokens), stop=5)     # doctest: +SKIP
        >>> stream = model.run_blocks(stream, start=5)     # the same pass    # doctest: +SKIP

        Raises IndexError for blocks that the model has not.
        """
        n_layers = self.config.n_layers
        stop = n_layers if stop is None else stop
        if not 0 <= start <= stop <= n_layers:
            raise IndexError(
                f"expected 0 <= start <= stop <= {n_layers}, the number of blocks, got "
                f"start = {start} and stop = {stop}"
            )
        for layer in range(start, stop):
            past = None if kv is None else kv.layers[layer]
            stream = self.blocks[layer](stream, tap.at(f"blocks.{layer}"), past)
        return stream

    def to_logits(
        self, stream: Float[Tensor, "batch pos d_model"], tap: AnyTap = NO_TAP
    ) -> Float[Tensor, "batch pos d_vocab"]:
        """The final norm and the unembedding of a residual stream.

        >>> logits = model.to_logits(stream[:, -1:])    # of the last position    # doctest: +SKIP

        This is 21-31 % of a small model's work, and no position needs another's: hand over
        only the positions whose logits are wanted.
        """
        x = tap("final_norm", self.final_norm(stream, tap.at("final_norm")))
        return tap("logits", self.unembed(x))

    def run_with_cache(
        self,
        tokens: Int[Tensor, "batch pos"],
        keep: Iterable[str] | None = None,
        edit: Mapping[str, Edit] | None = None,
        kv: KVCache | None = None,
    ) -> tuple[Float[Tensor, "batch pos d_vocab"], ActivationCache]:
        """One forward pass whose inside is kept, edited, or both.

        >>> logits, cache = model.run_with_cache(                         # doctest: +SKIP
        ...     tokens, keep=["pattern"], edit={"blocks.4.attn.z": ablate_head(11)})

        `keep` names sites (minitransformer.taps lists them); left out, it keeps them all.
        Raises KeyError, with the nearest names, for a name that matched no site. A pass that
        starts late, stops early or wants few logits is made of the three steps above, and
        `minitransformer.cache.record` keeps and edits its inside in the same way.
        """
        return record(lambda tap: self(tokens, tap, kv), keep, edit)

    @torch.no_grad()
    def _draw_weights(self, generator: torch.Generator | None) -> None:
        if self.embed.w_e.is_meta:  # shapes without memory: the weights will come from a file
            return
        into_stream = 0.02 / (2 * max(self.config.n_layers, 1)) ** 0.5
        for name, weight in self.named_parameters():
            if weight.ndim == 2:
                std = into_stream if name.endswith(("w_o", "w_out")) else 0.02
                weight.normal_(0.0, std, generator=generator)


def make_norm(config: Config) -> nn.Module:
    """The normalisation the config names."""
    if config.norm == "layer":
        return LayerNorm(config.d_model, config.norm_eps)
    if config.norm == "rms":
        return RMSNorm(config.d_model, config.norm_eps)
    return NoNorm()


def check_tokens(tokens: Tensor, config: Config, past: int) -> None:
    """Raise ValueError, saying what was expected and found, for tokens no model can read."""
    if tokens.ndim != 2 or tokens.dtype not in (torch.int64, torch.int32):
        raise ValueError(
            "tokens must be whole numbers [batch, pos]: expected an int64 tensor of 2 "
            f"dimensions, got {tokens.dtype} of shape {tuple(tokens.shape)} "
            "(for one prompt: torch.tensor([tokenizer.encode(text)]))"
        )
    if tokens.numel() == 0:
        raise ValueError(
            f"the prompt is empty: expected at least one token, got shape {tuple(tokens.shape)}"
        )
    if past + tokens.shape[1] > config.n_ctx:
        seen = f" after {past} already seen" if past else ""
        raise ValueError(
            f"the prompt is longer than the model's context: expected at most n_ctx = "
            f"{config.n_ctx} tokens, got {tokens.shape[1]}{seen}; shorten it"
        )
    if torch.compiler.is_compiling():  # a compiled pass cannot branch on values
        return
    low, high = int(tokens.min()), int(tokens.max())
    if low < 0 or high >= config.d_vocab:
        raise ValueError(
            f"token out of range: expected ids from 0 to {config.d_vocab - 1}, got "
            f"{low if low < 0 else high}; was the text encoded with this model's tokenizer?"
        )
