"""ActivationCache: the values a forward pass kept, by name and layer, and the stream's parts.

Imports no model: whoever wants a layer's output split into heads or neurons hands over the
weights that wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

import torch
from torch import Tensor

from minitransformer.names import nearest
from minitransformer.taps import Edit, Tap

Result = TypeVar("Result")


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

    def _unknown(self, name: str) -> str:
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
