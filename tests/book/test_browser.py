"""The built pages in Chromium with the network cut: from files, served, in the dark, on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from tab import PAGES, Watched

pytestmark = pytest.mark.book
WITH_VIEW = "chapters/ch03_attention.html"

# Of each text in an output: its colour, and the backgrounds behind it up to an opaque one.
SEEN = """() => [...document.querySelectorAll(
    ".cell_output svg text, .attention-view .av-title, .attention-view .av-token, .ledger td"
  )].map((element) => {
    const style = getComputedStyle(element);
    const behind = [];
    for (let at = element; at; at = at.parentElement) {
      behind.push(getComputedStyle(at).backgroundColor);
      if (behind.at(-1).startsWith("rgb(")) break;
    }
    return [element instanceof SVGElement ? style.fill : style.color, behind];
  })"""


def channels(colour: str) -> list[float]:
    """Red, green, blue and opacity, from how the browser writes a colour."""
    numbers = [float(n) for n in colour[colour.index("(") + 1 : -1].split(",")]
    return [n / 255 for n in numbers[:3]] + (numbers[3:] or [1.0])


def blend(layers: list[str]) -> list[float]:
    """The colour that is seen where see-through layers lie over an opaque one, topmost first."""
    seen = [1.0, 1.0, 1.0]
    for layer in reversed(layers):
        *rgb, opacity = channels(layer)
        seen = [opacity * new + (1 - opacity) * old for new, old in zip(rgb, seen, strict=True)]
    return seen


def luminance(rgb: list[float]) -> float:
    """Relative luminance by WCAG 2.1."""
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: list[float], other: list[float]) -> float:
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("way", ["file", "localhost"])
def test_a_page_opens_alone(
    watched: Watched, html: Path, address: str, page_name: str, way: str
) -> None:
    base = html.as_uri() if way == "file" else address
    page = watched.open(f"{base}/{page_name}")
    assert watched.outside == []
    assert watched.errors == []
    formulas = page.locator("article .math").count()
    if formulas and not page_name.endswith("search.html"):
        assert page.locator("article .math mjx-container").count() >= formulas


def test_a_page_fits_a_phone(phone: Watched, html: Path, page_name: str) -> None:
    page = phone.open(f"{html.as_uri()}/{page_name}")
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 375


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_outputs_can_be_read_in_light_and_dark(
    watched: Watched, dark: Watched, html: Path, page_name: str, theme: str
) -> None:
    tab = dark if theme == "dark" else watched
    page = tab.open(f"{html.as_uri()}/{page_name}")
    if page.locator("html[data-theme]").count():
        assert page.locator("html").get_attribute("data-theme") == theme
    for ink, layers in page.evaluate(SEEN):
        assert contrast(channels(ink)[:3], blend(layers)) >= 4.5, (ink, layers)
        assert (luminance(blend(layers[-1:])) < 0.2) == (theme == "dark")


def test_the_chapter_answers_to_pointer_and_keyboard(watched: Watched, html: Path) -> None:
    page = watched.open(f"{html.as_uri()}/{WITH_VIEW}")
    view = page.locator(".attention-view").first
    chips, said = view.locator(".av-token"), view.locator(".av-said")
    chips.nth(1).hover()
    assert said.inner_text().startswith("From token 2,")
    chips.nth(2).click()
    page.keyboard.press("ArrowLeft")
    assert said.inner_text().startswith("From token 2,")


def test_a_built_book_has_the_page_with_the_view() -> None:
    assert WITH_VIEW in PAGES
