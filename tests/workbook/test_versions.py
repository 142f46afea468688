"""A learner who began with an older version keeps every answer when the exercises change."""

from __future__ import annotations

import json

import nbformat
import pytest
from second import second_version

from minitransformer.__main__ import main
from minitransformer.workbook import carrying, versions
from minitransformer.workbook.commands.start import start, update
from minitransformer.workbook.running import reading, runner, submission
from minitransformer.workbook.state import State

ANSWERS = {
    "tiny.double": '    """Mine: ×."""   \n    return helper(x)',
    "tiny.total": "    return x.sum(-1)\n\n\ndef of_mine(x):\n\treturn '''\n# %% not a cell\n'''",
    "tiny.both": '    return mine("tiny.total")(mine("tiny.double")(x))',
    "tiny.largest": "    return int(x.argmax()), float(x.max())",
}


def cell(text, kind="code", **more):
    return {"cell_type": kind, "metadata": {}, "source": text, **more}


OWN = {  # the learner's own cells, and before which of the first version's they stand
    "my first cell = 1": 0,
    "# My notes\nwith *care*": 1,
    "def helper(x):\n    return x + x": 5,
    "print('of my own, behind the check of double')": 6,
    "the last = 'of all'": 99,
}


def learner(project):
    """The first version, as a learner has it after some weeks; its path."""
    start(project, project.chapter("tiny"))
    path = project.notebook(project.chapter("tiny"))
    document = json.loads(path.read_text(encoding="utf-8"))
    cells = document["cells"]
    for one in cells:
        text = "".join(one["source"])
        if id := submission.id_of(text):
            kept = text.split("\n")[:3]  # the header and the line with def
            one["source"] = "\n".join(kept) + "\n" + ANSWERS[id]
            one["outputs"] = [{"output_type": "stream", "name": "stdout", "text": id}]
        elif text.startswith("import torch"):
            one["source"] = text + "\nimport numpy as np  # mine"
    for text, place in sorted(OWN.items(), key=lambda item: -item[1]):
        kind = "markdown" if text.startswith("# My") else "code"
        cells.insert(place, cell(text, kind, id=f"mine-{place}", outputs=[], execution_count=7))
        if kind == "markdown":
            cells[place] = cell(text, kind, attachments={"a.png": {"image/png": ""}})
    del cells[next(i for i, c in enumerate(cells) if "ones(3)" in "".join(c["source"]))]
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def sources(path):
    return [reading.source_of(cell) for cell in reading.document(path)["cells"]]


@pytest.fixture
def updated(project, monkeypatch):
    """A learner's notebook of the first version, brought up to the second: path, and as it was."""
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("COLUMNS", "80")
    path = learner(project)
    before = path.read_bytes()
    second_version(project)
    return path, before


def test_start_says_what_has_changed(updated, project, capsys):
    assert main(["start", "tiny"]) == 0
    said = capsys.readouterr().out
    assert "The exercises have changed since you copied them." in said
    assert "    new: tiny.smallest, tiny.sums\n" in said
    assert "    no longer there: tiny.total\n" in said
    assert "    another task: tiny.both\n" in said
    assert "    another text, points or minutes: tiny.largest, tiny.double\n" in said
    assert "start tiny --update" in said
    assert max(map(len, said.splitlines())) <= 80
    assert updated[0].read_bytes() == updated[1]


def test_every_answer_and_every_own_cell_is_carried_over_byte_for_byte(updated, project, capsys):
    path, before = updated
    assert main(["start", "tiny", "--update"]) == 0
    said = capsys.readouterr().out
    assert "brought up to the newest version, with your answers and\nyour own" in said
    assert (project.work / "ch01_tiny-kept.ipynb").read_bytes() == before
    now = sources(path)
    for id, answer in ANSWERS.items():
        (found,) = [text for text in now if submission.id_of(text) == id]
        assert found.split("\n", 3)[3] == answer
    for text in OWN:
        assert now.count(text) == 1
    (edited,) = [text for text in now if "numpy" in text]
    assert "import math" not in edited  # the learner's, beside the new one
    assert sum("import math" in text for text in now) == 1
    assert not any("Four exercises that" in text for text in now)
    headers = {e.id: e.header for e in project.chapter("tiny").exercises}
    assert all(any(text.startswith(header) for text in now) for header in headers.values())


def test_everything_stands_in_its_place(updated, project):
    path, _ = updated
    update(project, project.chapter("tiny"))
    now = sources(path)
    place = {submission.id_of(text): i for i, text in enumerate(now) if submission.id_of(text)}
    order = ["tiny.largest", "tiny.double", "tiny.smallest", "tiny.sums", "tiny.both", "tiny.total"]
    assert sorted(place, key=lambda id: place[id]) == order
    assert now.index("def helper(x):\n    return x + x") == place["tiny.double"] + 1
    assert now[place["tiny.double"] + 2] == 'check("tiny.double")'
    assert now[place["tiny.double"] + 3].startswith("print('of my own")
    assert now[0] == "my first cell = 1"
    assert now[place["tiny.total"] - 1].startswith("## No longer in this chapter")
    assert place["tiny.total"] == len(now) - 1
    assert now[place["tiny.both"] + 1].startswith("**The task of `tiny.both` has changed.**")
    assert "times: int = 2" in now[place["tiny.both"] + 1]
    assert now.count('check("tiny.total")') == 0


def test_the_notebook_is_valid_and_keeps_outputs_and_attachments(updated, project):
    path, _ = updated
    update(project, project.chapter("tiny"))
    read = nbformat.read(path, as_version=4)
    nbformat.validate(read)
    assert len({cell.id for cell in read.cells}) == len(read.cells)
    outputs = [cell.outputs[0].text for cell in read.cells if cell.get("outputs")]
    assert sorted(outputs) == sorted(ANSWERS)
    assert sum("attachments" in cell for cell in read.cells) == 1


def test_running_it_twice_changes_nothing(updated, project, capsys):
    path, _ = updated
    update(project, project.chapter("tiny"))
    once = path.read_bytes()
    assert main(["start", "tiny", "--update"]) == 0
    assert "of the newest version already, left as it is" in capsys.readouterr().out
    assert path.read_bytes() == once
    assert len(list(project.work.glob("*-kept*"))) == 1
    main(["start", "tiny"])
    assert "have changed" not in capsys.readouterr().out


@pytest.mark.parametrize("remembered", [True, False])
def test_carrying_over_again_changes_no_cell(updated, project, remembered):
    path, _ = updated
    chapter = project.chapter("tiny")
    record = State(project.work).data["handed"]["ch01_tiny"] if remembered else None
    now = json.loads((project.exercises / "ch01_tiny.ipynb").read_text(encoding="utf-8"))
    once = carrying.carry(reading.document(path), now, chapter, record)
    again = versions.handed_out(now, chapter) if remembered else None
    assert carrying.same(once, carrying.carry(once, now, chapter, again))
    assert not carrying.same(once, now)


def test_what_passed_and_was_kept_passes(updated, project):
    path, _ = updated
    chapter = project.chapter("tiny")
    update(project, chapter)
    verdicts = {v.id: v.status for v in runner.grade(project, chapter, submission.read(path))}
    assert verdicts == {
        "tiny.largest": "passed",
        "tiny.double": "passed",
        "tiny.smallest": "todo",
        "tiny.sums": "todo",
        "tiny.both": "failed",  # its task is another
    }


def test_what_was_not_begun_gets_the_new_stub_and_no_word(project):
    chapter = project.chapter("tiny")
    start(project, chapter)
    chapter = second_version(project)
    update(project, chapter)
    now = (project.exercises / "ch01_tiny.ipynb").read_text(encoding="utf-8")
    assert carrying.same(reading.document(project.notebook(chapter)), json.loads(now))


def test_a_copy_that_is_not_remembered_keeps_its_answers_too(updated, project):
    path, _ = updated
    (project.work / ".progress.json").unlink()
    chapter = project.chapter("tiny")
    assert any("new: tiny.smallest, tiny.sums" in line for line in start(project, chapter))
    update(project, chapter)
    now = "\n".join(sources(path))
    assert all(text in now for text in [*ANSWERS.values(), *OWN])
    assert "Four exercises that" not in now  # by its cell's name, a given cell as it was
    assert not any("have changed" in line for line in start(project, chapter))


def test_an_update_that_was_undone_can_be_made_again(updated, project):
    path, before = updated
    chapter = project.chapter("tiny")
    update(project, chapter)
    path.write_bytes(before)  # as the message says
    assert "brought up to the newest version" in update(project, chapter)[0]
    answers = submission.read(path)
    assert all(ANSWERS[id] in answers.answer(id) for id in ANSWERS)
    assert "tiny.smallest" in answers.ids
    assert "already" in update(project, chapter)[0]


def test_a_notebook_that_cannot_be_read_is_left_as_it_is(updated, project, capsys):
    path, _ = updated
    path.write_text("{")
    assert main(["start", "--update"]) == 2
    assert "Was it saved only half?" in " ".join(capsys.readouterr().out.split())
    assert path.read_text() == "{"


def test_a_fresh_copy_is_of_the_newest_version(project):
    chapter = project.chapter("tiny")
    assert "a fresh copy" in update(project, chapter)[0]
    assert "already" in update(project, chapter)[0]
    assert [p.name for p in project.work.glob("*.ipynb")] == ["ch01_tiny.ipynb"]


def test_cells_that_are_none_are_left_out(project):
    chapter = project.chapter("tiny")
    update(project, chapter)
    path = project.notebook(chapter)
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "cells": [None, *document["cells"], 5]}))
    assert "already" in update(project, chapter)[0]
