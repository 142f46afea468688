"""ActivationCache: the values a forward pass kept, by name and layer, and the stream's parts.

Imports no model: whoever wants a layer's output split into heads or neurons hands over the
weights that wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from minitransformer.names import nearest
from minitransformer.stream import Parts, Source, Writers
from minitransformer.taps import Edit, Tap

Result = TypeVar("Result")
STREAMS = ("resid_pre", "resid_mid", "resid_post")


class ActivationCache(Mapping[str, Tensor]):
    """Values by full path, by name and layer, or by name over all layers.

    >>> pattern = torch.ones(1, 2, 3, 3).tril()
    >>> kept = {f"blocks.{layer}.attn.pattern": pattern for layer in range(2)}
    >>> cache = ActivationCache(kept)
    >>> cache["pattern", 1].shape, cache["pattern", -1].shape, cache.stack("pattern").shape
    (torch.Size([1, 2, 3, 3]), torch.Size([1, 2, 3, 3]), torch.Size([2, 1, 2, 3, 3]))
    """

    def __init__(self, kept: Mapping[str, Tensor]) -> None:
        self._kept = dict(kept)
        # ("pattern", 3) -> "blocks.3.attn.pattern": scopes such as "attn" may be left out.
        self._path: dict[tuple[str, int], str] = {}
        for path in self._kept:
            if path.startswith("blocks."):
                _, layer, site = path.split(".", maxsplit=2)
                self._path[site, int(layer)] = path
                self._path[site.rpartition(".")[2], int(layer)] = path

    def __getitem__(self, key: str | tuple[str, int]) -> Tensor:
        if isinstance(key, str):
            if key not in self._kept:
                raise KeyError(self._unknown(key))
            return self._kept[key]
        site, layer = key
        layers = self.layers(site)
        if not layers:
            raise KeyError(self._unknown(site))
        path = self._path.get((site, layer if layer >= 0 else layers[-1] + 1 + layer))
        if path is None:
            raise KeyError(f'"{site}" was kept for layers {layers}, not for layer {layer}')
        return self._kept[path]

    def layers(self, site: str) -> list[int]:
        """The layers for which this site was kept, ascending."""
        return sorted(layer for name, layer in self._path if name == site)

    def stack(self, site: str) -> Tensor:
        """A site over all its kept layers: [layer, ...]."""
        layers = self.layers(site)
        if not layers:
            raise KeyError(self._unknown(site))
        return torch.stack([self[site, layer] for layer in layers])

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def decompose(
        self,
        site: str = "resid_post",
        layer: int = -1,
        at: Sequence[int] | None = None,
        split: Writers | None = None,
    ) -> Parts:
        """The residual stream at a layer, as everything that was written into it.

        >>> cache.decompose("resid_pre", 2).names                         # doctest: +SKIP
        ['embed', 'pos_embed', 'blocks.0.attn_out', 'blocks.0.mlp_out', 'blocks.1.attn_out', ...]
        >>> cache.decompose(at=[-1], split=Writers(W_O=[b.attn.W_O for b in model.blocks]))
        ...                                                               # doctest: +SKIP

        `site` is resid_pre, resid_mid or resid_post; `at` lists the positions wanted (all, if
        left out). It needs `embed`, `pos_embed`, `attn_out` and `mlp_out`, where the model has
        them; and, for the layers that `split` takes apart, `z` into "blocks.3.attn.head.5" and
        the bias "blocks.3.attn.b_o", or `mlp_post` into "blocks.3.mlp.neuron.17" and
        "blocks.3.mlp.b_out". Raises KeyError for a value that was not kept, IndexError for a
        position there is not, and ValueError where the parts do not sum to the stream (if that
        was kept): something was left out of `keep`, or an edit changed the stream itself.
        """
        sources, stream = self._written(site, layer, at, split or Writers())
        names = [name for source in sources for name in source.names]
        parts = Parts(names, torch.cat([source.vectors() for source in sources]))
        if stream is not None:
            _check_sum(parts.sum(), stream, parts.values.abs().amax(dim=(0, -1))[..., None])
        return parts

    def project(
        self,
        direction: Float[Tensor, "*batch d_model"],
        site: str = "resid_post",
        layer: int = -1,
        at: Sequence[int] | None = None,
        split: Writers | None = None,
    ) -> Parts:
        """The dot products of `decompose`'s parts with one direction, or one for each row.

        The same numbers as from the vectors, [part, batch, pos], without making them: the
        neurons of SmolLM2 are 46,080 parts, 106 MB a position.
        """
        sources, stream = self._written(site, layer, at, split or Writers())
        names = [name for source in sources for name in source.names]
        direction = direction.expand(sources[0].x.shape[0], -1)
        parts = Parts(names, torch.cat([source.onto(direction) for source in sources]))
        if stream is not None:
            direction = direction[:, :, None]
            size = stream.abs() @ direction.abs()
            _check_sum(parts.sum(), (stream @ direction)[..., 0], size[..., 0])
        return parts

    def _written(
        self, site: str, layer: int, at: Sequence[int] | None, split: Writers
    ) -> tuple[list[Source], Tensor | None]:
        """What wrote into the stream before this site, and the stream, where it was kept."""
        if site not in STREAMS:
            raise KeyError(f'expected one of {STREAMS}, got "{site}"{nearest(site, STREAMS)}')
        n_layers = 1 + max(self.layers("attn_out") + self.layers("z"), default=-1)
        if not -n_layers <= layer < n_layers:
            raise IndexError(f"expected one of the {n_layers} layers kept, got layer {layer}")
        layer %= n_layers
        here = check_positions(at, self["embed"].shape[1])
        stream = self[site, layer][:, here] if (site, layer) in self._path else None
        return list(self._sources(site, layer, here, split)), stream

    def _sources(self, site: str, layer: int, at: list[int], split: Writers) -> Iterator[Source]:
        """The same in the order of the pass."""

        def whole(path: str) -> Source:
            return Source([path], self[path][:, at, None])

        def bias(path: str, b: Tensor) -> Source:
            return Source([path], b.expand_as(self["embed"])[:, at, None])

        yield whole("embed")
        if "pos_embed" in self:
            yield whole("pos_embed")
        has_mlp = split.W_out is not None or bool(self.layers("mlp_out"))
        for i in range(layer + 1):
            here = f"blocks.{i}"
            if i == layer and site == "resid_pre":
                return
            if split.W_O is None:
                yield whole(f"{here}.attn_out")
            else:
                heads = [f"{here}.attn.head.{h}" for h in range(len(split.W_O[i]))]
                yield Source(heads, self["z", i][:, at], split.W_O[i])
                if split.b_O is not None:
                    yield bias(f"{here}.attn.b_o", split.b_O[i])
            if not has_mlp or (i == layer and site == "resid_mid"):
                continue
            if split.W_out is None:
                yield whole(f"{here}.mlp_out")
            else:
                neurons = [f"{here}.mlp.neuron.{n}" for n in range(len(split.W_out[i]))]
                yield Source(neurons, self["mlp_post", i][:, at, :, None], split.W_out[i][:, None])
                if split.b_out is not None:
                    yield bias(f"{here}.mlp.b_out", split.b_out[i])

    def _unknown(self, name: str) -> str:
        if layers := self.layers(name):
            return f'"{name}" has a value for each layer ({layers}): cache["{name}", {layers[0]}]'
        known = [*self._kept, *{site for site, _ in self._path}]
        return (
            f'"{name}" was not kept{nearest(name, known)} '
            f"({len(self)} values were; name it in keep=[...], and give a layer's value as "
            'cache["pattern", 3])'
        )


def record(
    run: Callable[[Tap], Result],
    keep: Iterable[str] | None = None,
    edit: Mapping[str, Edit] | None = None,
) -> tuple[Result, ActivationCache]:
    """What `run` returns when it is handed a Tap, and what that Tap kept.

    >>> logits, cache = record(                       # from layer 22 on  # doctest: +SKIP
    ...     lambda tap: model.to_logits(model.run_blocks(stream, tap, start=22)[:, -1:], tap),
    ...     keep=["z"])

    Raises KeyError, with the nearest names, for a name that matched no site.
    """
    tap = Tap(keep, edit)
    result = run(tap)
    tap.check_all_met()
    return result, ActivationCache(tap.kept)


def check_positions(at: Sequence[int] | None, n_pos: int) -> list[int]:
    """These positions, or all; raises IndexError for one that is not there.

    >>> check_positions(None, 3), check_positions([0, -1], 3)
    ([0, 1, 2], [0, 2])
    """
    at = range(n_pos) if at is None else at
    if not all(-n_pos <= position < n_pos for position in at):
        raise IndexError(f"expected positions from {-n_pos} to {n_pos - 1}, got {list(at)}")
    return [position % n_pos for position in at]


def _check_sum(found: Tensor, stream: Tensor, size: Tensor) -> None:
    """Raise ValueError where parts miss the stream by more than rounding of values this size."""
    if ((found - stream).abs() > 1000 * torch.finfo(stream.dtype).eps * size).any():
        raise ValueError(
            "the parts do not sum to the stream: expected its value, got one "
            f"{float((found - stream).abs().max()):.3g} away. Was embed, pos_embed, attn_out or "
            "mlp_out left out of keep, or the stream itself edited?"
        )
