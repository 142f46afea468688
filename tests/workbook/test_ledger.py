"""The ledger: its data, its table, the recorded runs, and what it refuses."""

from __future__ import annotations

import json
import math

import pytest
from bs4 import BeautifulSoup

from minitransformer.book.ledger import MIME, Ledger, number
from minitransformer.experiments.claims import Row

HELD = Row("demo.back", "It looks <back>", "elhage2021", 0.9, 0.8, 0.1, 0.5, 1.0, "", 3)
FAILED = Row("demo.idle", "It does nothing", "here", None, 0.3, 0.25, 0.0, 0.2, "nats")
LOOSE = Row("demo.loose", "So does the control", "here", None, 0.8, 0.7, 0.5, 1.0, "")
RECORDED = {
    "recipe": "demo-seeds",
    "commit": "0123456789abcdef",
    "date": "2026-11-21",
    "cpu": "two cores",
    "runs": [
        {"seed": seed, "rows": {"demo.back": {"ours": ours, "control": 0.1}}}
        for seed, ours in enumerate([0.7, 0.75, 0.85])
    ],
}


def test_its_data_says_what_holds_and_survives_json() -> None:
    bundle = Ledger([HELD, FAILED, LOOSE], RECORDED)._repr_mimebundle_()
    data = json.loads(json.dumps(bundle[MIME], allow_nan=False))
    assert [row["holds"] for row in data["rows"]] == [True, False, False]
    assert data["rows"][0]["paper"] == 0.9
    assert data["recorded"] == RECORDED
    assert bundle["text/plain"] == "Ledger of 3 claims: 1 holds"


def test_its_table_shows_each_claim_beside_its_control_and_its_bounds() -> None:
    page = BeautifulSoup(Ledger([HELD, FAILED])._repr_mimebundle_()["text/html"], "html.parser")
    first, second = page.select("tbody tr")
    assert first["id"] == "claim-demo.back"
    assert "It looks <back>" in first.select_one("th").get_text()
    assert [cell.get_text(" ", strip=True) for cell in first.select("td")] == (
        ["0.9", "0.8", "0.1", "0.5 to 1", "✓ yes"]
    )
    assert [cell.get_text(" ", strip=True) for cell in second.select("td")] == (
        ["", "0.3 nats", "0.25", "0 to 0.2", "✗ no"]
    )
    assert "recorded" not in page.get_text()


def test_recorded_runs_are_drawn_and_called_recorded() -> None:
    html = Ledger([HELD, FAILED], RECORDED)._repr_mimebundle_()["text/html"]
    page = BeautifulSoup(html, "html.parser")
    strips = page.select("svg")
    assert len(strips[0].select("circle")) == 1 + 3
    assert strips[0]["aria-label"].endswith("3 recorded runs from 0.7 to 0.85")
    assert len(strips[1].select("circle")) == 1
    note = page.select_one("p").get_text()
    assert "recorded runs of 3 seeds (2026-11-21, two cores, commit 0123456789)" in note


def test_the_strip_puts_values_in_their_place() -> None:
    html = Ledger([HELD])._repr_mimebundle_()["text/html"]
    strip = BeautifulSoup(html, "html.parser").select_one("svg")
    # The line runs from .1 (the control) at 6 to 1 (the upper bound) at 104.
    assert float(strip.select_one("circle")["cx"]) == pytest.approx(6 + 98 * 7 / 9, abs=0.05)
    band = strip.select_one("rect")
    assert float(band["x"]) == pytest.approx(6 + 98 * 4 / 9, abs=0.05)
    assert float(band["x"]) + float(band["width"]) == pytest.approx(104, abs=0.15)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([HELD, HELD], "demo.back stands twice"),
        (
            [Row("a.b", "c", "d", None, math.nan, 0.0, 0.0, 1.0, "")],
            "claim a.b: ours is not a finite",
        ),
        (
            [Row("a.b", "c", "d", None, 0.0, 0.0, -math.inf, 1.0, "")],
            "claim a.b: low is not a finite",
        ),
    ],
)
def test_it_refuses_what_cannot_be_a_claim(rows: list[Row], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Ledger(rows)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.98765, "0.988"),
        (-12.3456, "-12.3"),
        (20304.0, "20300"),
        (0.0, "0"),
        (1.234e-5, "1.23e-05"),
    ],
)
def test_numbers_are_written_with_three_digits(value: float, text: str) -> None:
    assert number(value) == text
