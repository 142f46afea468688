"""What is remembered: a pass counts for the code that passed, and nothing is lost on the way."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from minitransformer.workbook.standing import Standing
from minitransformer.workbook.state import CHANGED, State
from minitransformer.workbook.verdict import FAILED, PASSED, TODO, Verdict

ID = "tiny.double"
RIGHT, WRONG = "# exercise: tiny.double\nx = 1", "# exercise: tiny.double\nx = 2"


def judged(folder, *pairs):
    for status, code in pairs:
        State(folder).record([Verdict(ID, status, version="v1")], {ID: code})
    return State(folder)


def test_a_pass_counts_for_the_code_that_passed(tmp_path):
    state = judged(tmp_path, (PASSED, RIGHT))
    assert state.status(ID, RIGHT) == PASSED
    assert state.status(ID, f"\n{RIGHT}\r\n".replace("\n", "\r\n")) == PASSED
    assert state.status(ID, WRONG) == CHANGED
    assert state.status(ID, "") == CHANGED  # its cell was deleted
    assert state.status(ID) == PASSED


def test_code_that_passed_once_passes_again_when_it_is_put_back(tmp_path):
    state = judged(tmp_path, (PASSED, RIGHT), (FAILED, WRONG))
    assert state.status(ID, WRONG) == FAILED
    assert state.status(ID, RIGHT) == PASSED
    assert state.status(ID, "x = 3") == CHANGED
    assert judged(tmp_path, (FAILED, RIGHT)).status(ID, RIGHT) == FAILED  # by a later grader


def test_a_verdict_on_code_that_is_not_known_stands_for_none(tmp_path):
    state = State(tmp_path)
    state.record([Verdict(ID, PASSED)], {ID: ""})
    assert state.status(ID, RIGHT) == CHANGED


def test_an_older_file_keeps_its_passes(tmp_path):
    known = {"status": PASSED, "version": "v1", "passed_version": "v1", "checked": "then"}
    older = {"format": 1, "hints": {ID: 2}, "results": {ID: known}, "copies": {}}
    (tmp_path / ".progress.json").write_text(json.dumps(older))
    state = State(tmp_path)
    assert state.word == ""
    assert state.status(ID, WRONG) == PASSED
    assert (state.hints(ID), state.peeked(ID)) == (2, False)
    state.peek(ID)
    assert State(tmp_path).hints(ID) == 2


def test_what_is_begun_afresh_is_to_do_whatever_its_code(tmp_path):
    state = judged(tmp_path, (PASSED, RIGHT))
    state.take_hint(ID, 3)
    state.forget([ID, "tiny.total"])
    assert [state.status(ID, code) for code in (None, RIGHT, WRONG)] == [TODO] * 3
    assert state.hints(ID) == 0
    assert state.status("tiny.total") == ""


def test_a_look_at_the_solution_is_remembered(tmp_path):
    state = State(tmp_path)
    state.peek(ID)
    assert State(tmp_path).peeked(ID)
    assert not State(tmp_path).peeked("tiny.total")


def test_two_processes_at_once_lose_nothing_of_each_other(tmp_path):
    code = (
        "from pathlib import Path; from minitransformer.workbook.state import State\n"
        "for i in range(40): State(Path({folder!r})).peek('{name}.' + str(i))"
    )
    folder, names = str(tmp_path), ("one", "other")
    codes = [code.format(folder=folder, name=name) for name in names]
    both = [subprocess.Popen([sys.executable, "-c", code]) for code in codes]
    assert [process.wait() for process in both] == [0, 0]
    assert len(State(tmp_path).data["peeks"]) == 80
    assert [path.name for path in tmp_path.iterdir()] == [".progress.json"]


def test_whoever_died_at_work_holds_nobody_up_for_long(tmp_path, monkeypatch):
    monkeypatch.setattr("minitransformer.workbook.state._LONGEST", 0.05)
    (tmp_path / ".progress.json.lock").touch()
    State(tmp_path).peek(ID)
    assert State(tmp_path).peeked(ID)
    assert not (tmp_path / ".progress.json.lock").exists()


def test_two_at_work_one_after_the_other_lose_nothing_of_each_other(tmp_path):
    one, other = State(tmp_path), State(tmp_path)
    one.take_hint(ID, 3)
    other.record([Verdict("tiny.total", PASSED)], {})
    one.peek(ID)
    read = State(tmp_path)
    assert (read.hints(ID), read.peeked(ID), read.status("tiny.total")) == (1, True, PASSED)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "3",
        "\ufeff{}",
        '{"format": 2, "hints": {}, "results": {}, "copies": {}}',
        '{"format": 1, "hints": {"a": "many"}, "results": {}, "copies": {}}',
        '{"format": 1, "hints": [], "results": {}, "copies": {}}',
        '{"format": 1, "hints": {}, "results": {"a": null}, "copies": {}}',
        "[" * 100_000,
    ],
)
def test_a_file_of_another_form_is_kept_aside(tmp_path, text):
    path = tmp_path / ".progress.json"
    path.write_text(text, encoding="utf-8")
    state = State(tmp_path)
    assert "is kept as progress-unreadable.json" in state.word
    assert (tmp_path / "progress-unreadable.json").read_text(encoding="utf-8") == text
    assert state.take_hint(ID, 3) == 1
    assert len(state.word) < 300


def test_the_standing_is_that_of_the_notebook_as_it_is_saved(project, write):
    from minitransformer.workbook.running import submission

    path = write(project.work / "ch01_tiny.ipynb", {})
    codes = submission.read(path).codes
    assert sorted(codes) == ["tiny.both", "tiny.double", "tiny.largest", "tiny.total"]
    State(project.work).record([Verdict(id, PASSED) for id in codes], codes)
    assert {Standing(project).status(id) for id in codes} == {PASSED}
    write(path, {"tiny.double": "def double(x):\n    return x", "tiny.total": None})
    after = Standing(project)
    assert [after.status(id) for id in sorted(codes)] == [PASSED, CHANGED, PASSED, CHANGED]
    path.write_text("{")  # half a save tells nothing of the answers
    assert Standing(project).status(ID) == PASSED
