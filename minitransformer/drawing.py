"""How a figure becomes a part of a page: its colours, its SVG, its alternative text.

Text takes its colour from the page, so that dark mode works; the same numbers give the same bytes;
and the colours can be told apart by readers who do not see red and green alike. Leaves out what is
drawn (plots.py).
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure

# Tell apart with any eyes, on white and on black: tests/test_plots.py measures it.
PALETTE = {"blue": "#2a7fc1", "orange": "#c8671b", "grey": "#808080", "violet": "#6c3cfc"}
MARKERS = "os^D"
DASHES = ["-", "--", "-.", ":"]
HATCHES = ["", "///", "...", "xxx"]
INK = "#010203"  # stands for the page's text colour until the SVG is written

STYLE: Any = {
    "svg.fonttype": "none",  # text stays text: it can be selected, searched and read aloud
    "svg.hashsalt": "minitransformer",
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "hatch.linewidth": 0.6,
}


@dataclass(frozen=True)
class Drawing:
    """A finished figure: its SVG, and the sentence that stands for it where it cannot be seen."""

    svg: str
    alt: str

    def _repr_html_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"[figure: {self.alt}]"


def drawing(draw: Callable[[Axes], None], size: tuple[float, float], alt: str) -> Drawing:
    """Run `draw` on fresh axes and turn the result into an SVG that belongs in a page."""
    if not alt.strip():
        raise ValueError("alt is empty: say in a sentence what the figure shows")
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.add_subplot())
        out = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(out, format="svg", transparent=True, metadata=nothing)
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'<(g|image) id="[^"]*"', r"<\1", svg)  # two figures must not share ids
    svg = re.sub(r"'DejaVu Sans'[^;\"]*", "system-ui, sans-serif", svg)
    svg = svg.replace(INK, "currentColor")
    label = escape(alt, quote=True)
    style = "max-width: 100%; height: auto; overflow: visible"
    return Drawing(
        svg.replace("<svg", f'<svg role="img" aria-label="{label}" style="{style}"', 1), alt
    )


def ramp(*ends: str) -> Colormap:
    """From see-through to a colour, or from one colour over see-through to another."""
    rgba = [to_rgba(PALETTE[name]) for name in ends]
    clear = [(*colour[:3], 0.0) for colour in rgba]
    stops = [clear[0], rgba[0]] if len(ends) == 1 else [rgba[0], clear[0], clear[1], rgba[1]]
    places = [0, 1] if len(ends) == 1 else [0, 0.5, 0.5, 1]
    return LinearSegmentedColormap.from_list("-".join(ends), list(zip(places, stops, strict=True)))


def legend(ax: Axes) -> None:
    """Above the axes, where it covers no point and no bar."""
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
    ax.set_title(ax.get_title(), pad=44 if len(ax.get_legend_handles_labels()[0]) > 2 else 26)


def colour_bar(ax: Axes, image: Any, label: str) -> None:
    figure = ax.get_figure()
    assert figure is not None
    figure.colorbar(image, ax=ax, label=label, fraction=0.046, pad=0.03).outline.set_visible(False)
