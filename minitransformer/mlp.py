"""The MLP of a block: plain as in GPT-2, or gated as in Llama.

Leaves out mixtures of experts.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from minitransformer.config import Config
from minitransformer.taps import NO_TAP, AnyTap

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
}


class MLP(nn.Module):
    """act(x @ W_in + b_in) @ W_out + b_out, the same at every position."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        assert config.d_mlp is not None
        self.w_in = nn.Parameter(torch.empty(config.d_mlp, config.d_model))
        self.b_in = nn.Parameter(torch.zeros(config.d_mlp)) if config.bias else None
        self.w_out = nn.Parameter(torch.empty(config.d_model, config.d_mlp))
        self.b_out = nn.Parameter(torch.zeros(config.d_model)) if config.bias else None
        self.act = ACTIVATIONS[config.act]

    @property
    def W_in(self) -> Float[Tensor, "d_model d_mlp"]:
        return self.w_in.T

    @property
    def W_out(self) -> Float[Tensor, "d_mlp d_model"]:
        return self.w_out.T

    def forward(
        self, x: Float[Tensor, "batch pos d_model"], tap: AnyTap = NO_TAP
    ) -> Float[Tensor, "batch pos d_model"]:
        pre = tap("mlp_pre", F.linear(x, self.w_in, self.b_in))
        post = tap("mlp_post", self.act(pre))
        return F.linear(post, self.w_out, self.b_out)


class GatedMLP(nn.Module):
    """(act(x @ W_gate) * (x @ W_in)) @ W_out: each neuron also has a gate (Shazeer 2020).

    With act="silu" this is SwiGLU. `mlp_pre` is the gate before its activation, `mlp_post`
    what W_out reads.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        assert config.d_mlp is not None
        self.w_gate = nn.Parameter(torch.empty(config.d_mlp, config.d_model))
        self.w_in = nn.Parameter(torch.empty(config.d_mlp, config.d_model))
        self.w_out = nn.Parameter(torch.empty(config.d_model, config.d_mlp))
        self.act = ACTIVATIONS[config.act]

    @property
    def W_gate(self) -> Float[Tensor, "d_model d_mlp"]:
        return self.w_gate.T

    @property
    def W_in(self) -> Float[Tensor, "d_model d_mlp"]:
        return self.w_in.T

    @property
    def W_out(self) -> Float[Tensor, "d_mlp d_model"]:
        return self.w_out.T

    def forward(
        self, x: Float[Tensor, "batch pos d_model"], tap: AnyTap = NO_TAP
    ) -> Float[Tensor, "batch pos d_model"]:
        pre = tap("mlp_pre", F.linear(x, self.w_gate))
        post = tap("mlp_post", self.act(pre) * F.linear(x, self.w_in))
        return F.linear(post, self.w_out)
