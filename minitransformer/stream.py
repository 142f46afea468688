"""Parts: what wrote into the residual stream, named, so that the sum is the stream.

Leaves out how the values were kept (cache.py) and which weights a model has (attribution.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from minitransformer.names import nearest


@dataclass(frozen=True)
class Parts:
    """Named vectors that sum to a residual stream, or their dot products with a direction.

    >>> x = torch.tensor([[[3.0, 0.0]]]), torch.tensor([[[1.0, 4.0]]])
    >>> parts = Parts(["embed", "blocks.0.attn_out"], torch.stack(x))
    >>> parts["embed"], parts.sum()
    (tensor([[[3., 0.]]]), tensor([[[4., 4.]]]))
    """

    names: Sequence[str]
    values: Float[Tensor, "part batch pos *d_model"]

    def __getitem__(self, name: str) -> Float[Tensor, "batch pos *d_model"]:
        if name not in self.names:
            raise KeyError(f'no part is called "{name}"{nearest(name, self.names)}')
        return self.values[list(self.names).index(name)]

    def __len__(self) -> int:
        return len(self.names)

    def sum(self) -> Float[Tensor, "batch pos *d_model"]:
        return self.values.sum(dim=0)

    def normed(
        self,
        scale: Float[Tensor, "batch pos 1"],
        w: Float[Tensor, "d_model"],
        b: Float[Tensor, "d_model"] | None = None,
        center: bool = False,
    ) -> Parts:
        """The parts as a norm passes them on while what it divides by is held fixed.

        >>> parts = Parts(["embed"], torch.tensor([[[[3.0, 0.0]]]]))
        >>> parts.normed(torch.tensor([[[2.0]]]), torch.ones(2), center=True).values
        tensor([[[[ 0.7500, -0.7500]]]])

        With the scale that the pass itself divided by, the norm is linear, and the parts sum to
        its output. `center` subtracts each part's mean, as LayerNorm does; its shift `b` becomes
        a part of its own, "norm.b". Raises ValueError for the scale of other positions.
        """
        if scale.shape[:2] != self.values.shape[1:3]:
            raise ValueError(
                "the scale must be of the parts' batch and positions: expected "
                f"{tuple(self.values.shape[1:3])}, got {tuple(scale.shape[:2])}"
            )
        values = self.values
        if center:
            values = values - values.mean(dim=-1, keepdim=True)
        values = values / scale * w
        if b is None:
            return Parts(self.names, values)
        return Parts([*self.names, "norm.b"], torch.cat([values, b.expand_as(values[:1])]))


@dataclass(frozen=True)
class Writers:
    """The weights that write a layer's heads or neurons into the stream, one tensor a layer.

    Heads are split where `W_O` is given, neurons where `W_out` is; the biases of those layers
    are then parts of their own. Leave a bias out where the model has none.
    """

    W_O: Sequence[Float[Tensor, "n_heads d_head d_model"]] | None = None
    b_O: Sequence[Float[Tensor, "d_model"]] | None = None
    W_out: Sequence[Float[Tensor, "d_mlp d_model"]] | None = None
    b_out: Sequence[Float[Tensor, "d_model"]] | None = None


@dataclass(frozen=True)
class Source:
    """Some parts before they are multiplied out: `x @ W` of each unit (a head, a neuron).

    `W=None` stands for the identity: x is already what was written.
    """

    names: Sequence[str]
    x: Float[Tensor, "batch pos unit width"]
    W: Float[Tensor, "unit width d_model"] | None = None

    def vectors(self) -> Float[Tensor, "unit batch pos d_model"]:
        x = self.x.permute(2, 0, 1, 3)
        return x if self.W is None else torch.einsum("nbpe,nem->nbpm", x, self.W)

    def onto(self, direction: Float[Tensor, "batch d_model"]) -> Float[Tensor, "unit batch pos"]:
        """The vectors' dot products with one direction a row, without making the vectors."""
        if self.W is None:
            return torch.einsum("bpnm,bm->nbp", self.x, direction)
        return torch.einsum("bpne,bne->nbp", self.x, torch.einsum("nem,bm->bne", self.W, direction))
