"""Where each head looks, token by token: a small interactive view for notebooks and pages.

One piece of HTML with its style and script inside it: no request leaves it, so it works from a
file, without a network, several times on a page. Without JavaScript, the heads' patterns and a
table remain. The behaviour is in assets/attention_view.js, the looks in assets/attention_view.css.

Leaves out: scores before the softmax, more than one layer's worth of heads at once, editing.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files

import numpy as np
from jaxtyping import Float
from PIL import Image

BLUE = (42, 127, 193)


@dataclass(frozen=True)
class AttentionView:
    """The finished view; a notebook shows its HTML."""

    html: str
    title: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return f"[attention view: {self.title}]"


def attention_view(
    tokens: Sequence[str],
    pattern: Float[np.ndarray, "n_heads query key"],
    labels: Sequence[str],
    title: str,
    *,
    query: int = -1,
    head: int = 0,
) -> AttentionView:
    """Show where each head looks from a token that the reader points at, or reaches by keyboard.

    `pattern` holds probabilities: the attention of each query token to each key token.
    `query` and `head` say what is shown first.

    >>> attention_view(["a", " b"], np.array([[[1, 0], [0.4, 0.6]]]), ["0.0"], "Two tokens")
    [attention view: Two tokens]
    """
    weights = np.asarray(pattern, dtype=float)
    n = len(tokens)
    if n == 0 or weights.ndim != 3 or weights.shape[1:] != (n, n):
        raise ValueError(
            f"expected pattern [n_heads, {n}, {n}] for {n} tokens, found {list(weights.shape)}: "
            "take one prompt out of the batch, and the tokens it was computed on"
        )
    if len(labels) != len(weights):
        raise ValueError(f"expected {len(weights)} labels, one for each head, found {len(labels)}")
    if not ((weights >= -1e-6) & (weights <= 1 + 1e-6)).all():
        raise ValueError("pattern holds values outside 0 to 1: pass it after the softmax")
    if not (-n <= query < n and 0 <= head < len(weights)):
        raise ValueError(
            f"query {query} or head {head} is not there: {n} tokens, {len(labels)} heads"
        )

    shown = [visible(token) for token in tokens]
    state = {
        "tokens": shown,
        "labels": list(labels),
        "weights": [[_thousandths(row) for row in one] for one in weights],
        "query": query % n,
        "head": head,
    }
    heads = "".join(
        f'<div class="av-head"><span class="av-map"><img alt="attention pattern of {escape(label)}"'
        f' src="{_image(one)}"></span><b>{escape(label)}</b><span class="av-most"></span></div>'
        for label, one in zip(labels, weights, strict=True)
    )
    html = (
        f'<div class="attention-view" data-view="{escape(json.dumps(state), quote=True)}">'
        f'<p class="av-title">{escape(title)}</p>'
        '<div class="av-live" hidden><p class="av-how">Point at a token to see where each head '
        "looks from there; click to keep it. By keyboard: Tab, then the arrow keys.</p>"
        '<div class="av-tokens"></div>'
        '<p class="av-said" aria-live="polite"></p></div>'
        f'<div class="av-heads">{heads}</div>{_table(shown, labels, weights)}</div>'
        f"<style>{_asset('attention_view.css')}</style>"
        f"<script>{_asset('attention_view.js')}</script>"
    )
    return AttentionView(html, title)


def visible(token: str) -> str:
    """The token with its leading space and its line breaks made visible.

    >>> visible(" Mary"), visible("\\n")
    ('·Mary', '↵')
    """
    return token.replace(" ", "·").replace("\n", "↵").replace("\t", "⇥") or "∅"


def _thousandths(row: np.ndarray) -> list[int]:
    """Whole thousandths, without the zeros at the end (in a causal row: the future)."""
    numbers = np.rint(row * 1000).astype(int)
    return numbers[: np.flatnonzero(numbers)[-1] + 1].tolist() if numbers.any() else []


def _image(weights: np.ndarray) -> str:
    """A PNG with one pixel a weight: see-through where it is 0, blue where it is 1."""
    pixels = np.empty((*weights.shape, 4), dtype=np.uint8)
    pixels[..., :3] = BLUE
    pixels[..., 3] = np.rint(np.clip(weights, 0, 1) * 255)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def _table(shown: list[str], labels: Sequence[str], weights: np.ndarray) -> str:
    """What remains without a script: for each token and head, the token looked at most."""
    first = "".join(f'<th scope="col">{escape(label)}</th>' for label in labels)
    rows = ""
    for query, token in enumerate(shown):
        keys = weights[:, query].argmax(axis=-1)
        cells = "".join(
            f"<td>{escape(shown[key])} {weights[h, query, key]:.2f}</td>"
            for h, key in enumerate(keys)
        )
        rows += f'<tr><th scope="row">{escape(token)}</th>{cells}</tr>'
    return (
        "<details open><summary>As a table: what each token looks at most</summary>"
        f'<div class="av-scroll" tabindex="0" role="group" aria-label="table of attention"><table>'
        f"<thead><tr><th>token</th>{first}</tr></thead><tbody>{rows}</tbody></table></div></details>"
    )


@cache
def _asset(name: str) -> str:
    return (files("minitransformer") / "assets" / name).read_text(encoding="utf-8")
