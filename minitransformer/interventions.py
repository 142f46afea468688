"""Edits for `run_with_cache(edit=...)`: functions from a value to the value put in its place.

Where they take `positions` and `heads`, positions are the value's second axis and heads its
third, as in the streams and in q, k, v and z; left out, they mean all. In `attn_scores` and
`pattern` heads come first: for those, `replace` and `freeze` the whole. Leaves out patching
from one run into many: those are sweeps over `replace`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from minitransformer.names import nearest
from minitransformer.taps import Edit

Places = Sequence[int] | None


def zero(positions: Places = None, heads: Places = None) -> Edit:
    """Put zero in place of a value, or of some of its positions or heads.

    >>> z = torch.ones(1, 2, 3, 4)                       # [batch, pos, n_heads, d_head]
    >>> zero(positions=[-1], heads=[0, 2])(z)[0, :, :, 0]
    tensor([[1., 1., 1.],
            [0., 1., 0.]])

    For any site [batch, pos, ...]. Raises IndexError for a position or a head there is not.
    """
    return lambda value: put(torch.zeros_like(value), value, positions, heads)


def mean(of: Tensor | None = None, positions: Places = None, heads: Places = None) -> Edit:
    """Put the mean over a batch in its place, position by position.

    >>> mean()(torch.tensor([[[1.0, 2.0]], [[3.0, 6.0]]]))
    tensor([[[2., 4.]],
    <BLANKLINE>
            [[2., 4.]]])

    The batch is this run's own or, from `of`, another's [other_batch, pos, ...]: what the part
    says of these prompts is gone, what it says of all of them stays. Raises ValueError where
    `of` is of another shape, IndexError for a position or a head there is not.
    """

    def edit(value: Float[Tensor, "batch pos *rest"]) -> Tensor:
        batch = value if of is None else check_rows(of, value)
        return put(batch.mean(dim=0, keepdim=True).expand_as(value), value, positions, heads)

    return edit


def resample(
    of: Tensor, generator: torch.Generator, positions: Places = None, heads: Places = None
) -> Edit:
    """Put the values of another batch in its place, row for row in an order drawn at random.

    >>> of = torch.tensor([[[1.0]], [[2.0]], [[3.0]]])
    >>> resample(of, torch.Generator().manual_seed(0))(torch.zeros(2, 1, 1)).flatten()
    tensor([3., 1.])

    `of` is [other_batch, pos, ...] with at least as many rows; no row is taken twice (resampling
    ablation, Chan et al. 2022). Each site that the edit meets, and each call, draws anew. Raises
    ValueError where `of` is of another shape or has too few rows, and IndexError as `zero` does.
    """

    def edit(value: Float[Tensor, "batch pos *rest"]) -> Tensor:
        if len(check_rows(of, value)) < len(value):
            raise ValueError(f"expected at least {len(value)} rows to draw from, got {len(of)}")
        order = torch.randperm(len(of), generator=generator, device=generator.device)
        return put(of[order[: len(value)].to(of.device)], value, positions, heads)

    return edit


def add(
    direction: Tensor, scale: float = 1.0, positions: Places = None, heads: Places = None
) -> Edit:
    """Add `scale` times a direction: steering (Turner et al. 2023).

    >>> add(torch.tensor([1.0, 0.0]), scale=3.0, positions=[-1])(torch.zeros(1, 2, 2))
    tensor([[[0., 0.],
             [3., 0.]]])

    `direction` is [d_model] for a stream, [d_head] for heads, or whatever broadcasts to the
    value: [batch, 1, d_model] is another one for each row. Raises ValueError where it does not
    broadcast, and IndexError as `zero` does.
    """

    def edit(value: Float[Tensor, "batch pos *rest"]) -> Tensor:
        try:
            step = direction.to(value).broadcast_to(value.shape)
        except RuntimeError:
            raise ValueError(
                f"expected a direction that broadcasts to {tuple(value.shape)}, got "
                f"{tuple(direction.shape)}"
            ) from None
        return put(value + scale * step, value, positions, heads)

    return edit


def replace(value: Tensor, positions: Places = None, heads: Places = None) -> Edit:
    """Put another run's value in place of this one's: whole, or at some positions or heads.

    >>> other = torch.tensor([[[5.0], [6.0]]])
    >>> replace(other, positions=[1])(torch.zeros(1, 2, 1)).flatten()
    tensor([0., 6.])

    `value` is of the site's whole shape. Raises ValueError where it is not, and IndexError as
    `zero` does.
    """
    return lambda old: put(value, old, positions, heads)


def freeze(cache: Mapping[str, Tensor], sites: Iterable[str]) -> dict[str, Edit]:
    """Edits that hold these sites at the values that a cache kept from another run.

    >>> kept = {"blocks.0.attn.pattern": torch.ones(1), "blocks.0.attn_norm.scale": torch.ones(1)}
    >>> sorted(freeze(kept, ["pattern", "scale"]))
    ['blocks.0.attn.pattern', 'blocks.0.attn_norm.scale']

    A bare name means every layer that was kept: with "pattern" and "scale" frozen an
    attention-only model is linear in its embeddings. Raises KeyError for a site that was not
    kept.
    """
    edits: dict[str, Edit] = {}
    for site in sites:
        paths = [path for path in cache if site in (path, path.rpartition(".")[2])]
        if not paths:
            known = {*cache, *(path.rpartition(".")[2] for path in cache)}
            raise KeyError(
                f'freeze: "{site}" was not kept{nearest(site, known)} ({len(cache)} values were)'
            )
        edits |= {path: replace(cache[path]) for path in paths}
    return edits


def ablate_head(head: int | Sequence[int], to: Tensor | float = 0.0) -> Edit:
    """Put `to` in place of one head's output, or several heads'; for the site `z`.

    >>> z = torch.ones(1, 2, 3, 4)                       # [batch, pos, n_heads, d_head]
    >>> ablate_head(1)(z)[0, 0, :, 0]
    tensor([1., 0., 1.])

    `to` is a number, or a tensor of the ablated heads' shape or one that broadcasts to it: a
    mean over other prompts makes a mean ablation. Raises IndexError for a head there is not.
    """
    heads = [head] if isinstance(head, int) else list(head)

    def edit(z: Float[Tensor, "batch pos n_heads d_head"]) -> Tensor:
        if not all(0 <= h < z.shape[2] for h in heads):
            raise IndexError(f"expected heads from 0 to {z.shape[2] - 1}, got {heads}")
        z = z.clone()
        ablated = head if isinstance(head, int) else heads  # one head has no axis of its own
        z[:, :, ablated] = torch.as_tensor(to, dtype=z.dtype, device=z.device)
        return z

    return edit


def forbid_key(position: int, first_query: int) -> Edit:
    """Hide one position from `first_query` and all later queries; for the site `attn_scores`.

    The attention that would have gone there is shared out among the other keys by the
    softmax. A position cannot be hidden from itself: it may have nothing else to attend to.
    """
    if first_query <= position:
        raise ValueError(f"expected a first_query after position {position}, got {first_query}")

    def edit(scores: Float[Tensor, "batch n_heads query key"]) -> Tensor:
        scores = scores.clone()
        scores[:, :, first_query:, position] = float("-inf")
        return scores

    return edit


def put(new: Tensor, old: Tensor, positions: Places, heads: Places) -> Tensor:
    """`new` at these positions and heads, `old` elsewhere: a new tensor; shapes must agree."""
    if new.shape != old.shape:
        raise ValueError(f"expected a value of {tuple(old.shape)}, got {tuple(new.shape)}")
    if heads is not None and old.ndim != 4:
        raise ValueError(
            "heads are an axis of q, k, v and z: expected [batch, pos, n_heads, d_head], got "
            f"{tuple(old.shape)}"
        )
    chosen = torch.ones((), dtype=torch.bool, device=old.device)
    for what, axis, places in (("positions", 1, positions), ("heads", 2, heads)):
        if places is not None:
            chosen = chosen & mask(what, axis, places, old)
    return torch.where(chosen, new.to(old), old)


def mask(what: str, axis: int, places: Sequence[int], value: Tensor) -> Bool[Tensor, "..."]:
    """True at these places of one axis; of a shape that broadcasts to the value's."""
    size = value.shape[axis]
    if not all(-size <= place < size for place in places):
        raise IndexError(f"expected {what} from {-size} to {size - 1}, got {list(places)}")
    here = torch.zeros(size, dtype=torch.bool, device=value.device)
    here[list(places)] = True
    return here.view([-1 if i == axis else 1 for i in range(value.ndim)])


def check_rows(of: Tensor, value: Tensor) -> Tensor:
    """Another batch's value, where all but its number of rows agrees with this one's."""
    if of.shape[1:] != value.shape[1:]:
        raise ValueError(
            f"expected another batch of {tuple(value.shape[1:])} a row, got {tuple(of.shape[1:])}"
        )
    return of
