"""The book's dictionary of names (chapters/names.md), read back so that it can be compared.

The tests compare its columns for transformers; the benchmark, which has TransformerLens at hand,
compares that column.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

PAGE = Path(__file__).parents[1] / "chapters" / "names.md"
PEERS_COMPARED = ("minitransformer", "transformer_lens")
# What the tables of a block leave out: ours, TransformerLens', transformers' two.
BLOCK = ("blocks.L.", "blocks.L.", "transformer.h.L.", "model.layers.L.")


def table(section: str, text: str | None = None) -> list[list[str]]:
    """The rows of a section's table, a cell without its backticks; "" where there is a dash.

    >>> table("Sizes", "## Sizes\\n\\n| ours | theirs |\\n|---|---|\\n| `n_ctx` | — |\\n")
    [['n_ctx', '']]
    """
    text = PAGE.read_text(encoding="utf-8") if text is None else text
    part = re.split(r"^## ", text, flags=re.MULTILINE)
    body = next(one for one in part if one.startswith(section + "\n"))
    rows = [line for line in body.splitlines() if line.startswith("|")][2:]
    cells = [[cell.strip().replace("`", "") for cell in row.strip("|").split("|")] for row in rows]
    return [["" if cell == "—" else cell for cell in row] for row in cells]


def everywhere(what: str) -> list[list[str]]:
    """The rows of both tables of weights or of sites, every name in full."""
    inside = table(f"{what} of a block")
    full = [[in_full(cell, at) for at, cell in enumerate(row)] for row in inside]
    return full + table(f"{what} outside the blocks")


def in_full(cell: str, column: int) -> str:
    """A name with what the tables of a block leave out.

    >>> in_full("ln_1 →", 2), in_full("→", 3), in_full("attentions[L]", 2)
    ('transformer.h.L.ln_1 →', 'model.layers.L →', 'attentions[L]')
    """
    if not cell or "[L]" in cell:
        return cell
    if cell == "→":
        return BLOCK[column].removesuffix(".") + " →"
    return BLOCK[column] + cell


def compare(ask: dict[str, Callable[..., dict[str, float]]], layer: int) -> int:
    """Compare the column of TransformerLens with a model in both libraries; how many rows held.

    `ask` gives, for each of the two, the mean sizes of the sites and weights it is asked for.
    Raises SystemExit for a row that does not hold.
    """
    rows = [(row, "sites") for row in everywhere("Sites")]
    rows += [(row, "weights") for row in everywhere("Weights")]
    names: dict[str, dict[str, list[str]]] = {}
    for column, peer in enumerate(PEERS_COMPARED):
        names[peer] = {"sites": [], "weights": []}
        for row, kind in rows:
            names[peer][kind].append(of_layer(row[column], layer))
    ours, theirs = (ask[peer](**names[peer]) for peer in PEERS_COMPARED)
    held = 0
    for row, _ in rows:
        mine, other = (of_layer(cell, layer) for cell in row[:2])
        if mine not in ours:
            continue
        if other not in theirs or abs(ours[mine] - theirs[other]) > 1e-4 * abs(ours[mine]):
            raise SystemExit(
                f"chapters/names.md: {mine} has mean size {ours[mine]}, and TransformerLens' "
                f"{other} has {theirs.get(other, 'no value')}"
            )
        held += 1
    return held


def of_layer(name: str, layer: int) -> str:
    """A name with its layer's number in the place of L.

    >>> of_layer("blocks.L.attn.q", 3), of_layer("attentions[L]", 3), of_layer("h.L", 3)
    ('blocks.3.attn.q', 'attentions[3]', 'h.3')
    """
    return re.sub(r"(?<![A-Za-z])L(?![A-Za-z])", str(layer), name)
