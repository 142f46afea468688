"""The page on how the graders were tested shows what the record says, and sums it rightly."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from minitransformer.book import proof
from minitransformer.workbook.project import Project

ENTRY = {
    "mutants": 30,
    "refused": 29,
    "equivalent": 1,
    "right": 2,
    "wrong": 5,
    "date": "2026-01-02",
}


@pytest.fixture
def chapters(project):
    return project.chapters()


@pytest.fixture
def found(chapters):
    ids = [exercise.id for chapter in chapters for exercise in chapter.exercises]
    seeds = {"seeds": 50, "other_seeds": 10, "commit": "0123456789abcdef and changes"}
    return {**seeds, "cpu": "a processor, 2 cores", "exercises": {id: dict(ENTRY) for id in ids}}


def test_numbers_are_summed_over_a_chapter_and_over_all(chapters, found):
    many = len(chapters[0].exercises)
    expected = [many, 3 * many, 5 * many, 30 * many, 29 * many]
    assert proof.counts(chapters, found) == expected
    text = proof.table(chapters, found)
    rows = re.findall(r"<tr><th scope=\"row\".*?</tr>", text)
    assert len(rows) == len(chapters) + 1
    assert re.search(f'data-label="mutants"[^>]*>{30 * many}<', rows[0])
    assert "96.6 %" in rows[0]  # 96.67, never rounded up


def test_the_note_says_what_is_let_pass_and_when_it_was_recorded(chapters, found):
    text = proof.table(chapters, found)
    many = len(chapters[0].exercises)
    assert f"{many} of {30 * many} are let pass" in text
    assert "on 2026-01-02, a processor, 2 cores, commit 0123456789 and changes" in text
    found["exercises"][chapters[0].exercises[0].id]["date"] = "2026-02-03"
    assert "on 2026-01-02 to 2026-02-03" in proof.table(chapters, found)


def test_what_is_let_pass_stands_with_its_reason(project, chapters):
    path = project.root / proof.LISTED
    path.parent.mkdir(parents=True)
    path.write_text(
        '[["tiny.total"]]\nreason = "a < b either way"\nchanges = ["a  ->  b", "a  ->  c"]\n'
    )
    text = proof.listed(chapters, project.root)
    assert "a &lt; b either way" in text
    assert text.count(" becomes ") == 2
    assert ": 2</summary>" in text


def test_the_real_record_fills_the_table():
    project = Project(Path(__file__).parents[2])
    found = json.loads((project.root / proof.RECORD).read_text(encoding="utf-8"))
    text = proof.table(project.chapters(), found) + proof.listed(project.chapters(), project.root)
    for chapter in project.chapters():
        assert proof.named(chapter) in text
