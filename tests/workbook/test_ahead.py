"""A grading process that is ready before it is needed."""

from __future__ import annotations

import os
import signal

import pytest

ID = "tiny.total"
RIGHT = "def total(x):\n    return x.sum(-1)"


@pytest.fixture
def graded(project, write):
    """`graded(code, ahead)`: the verdict on an answer to tiny.total."""

    def graded(code, ahead):
        from minitransformer.workbook.running import runner, submission

        path = write(project.root / "a.ipynb", {ID: code})
        answers = submission.read(path)
        chapter = project.chapter("tiny")
        (verdict,) = runner.grade(project, chapter, answers, only=[ID], limit=3.0, ahead=ahead)
        return verdict

    return graded


@pytest.fixture
def ahead(project):
    from minitransformer.workbook.running.ahead import Ahead

    with Ahead(project, project.chapter("tiny")) as ahead:
        yield ahead


def test_no_process_serves_two_submissions(graded, ahead):
    first = ahead._waiting
    # Were the process used again, what the first answer left behind would be there.
    assert graded("import sys\nsys.left = 1\n" + RIGHT, ahead).passed
    assert ahead._waiting is not first
    assert not first.alive
    word = "import sys\ndef total(x):\n    return x.sum(-1 - hasattr(sys, 'left'))"
    assert graded(word, ahead).passed


def test_an_answer_that_kills_its_process_costs_itself_alone(project, write, ahead):
    from minitransformer.workbook.running import runner, submission

    path = write(project.root / "a.ipynb", {ID: "import os\nos._exit(0)"})
    chapter, answers = project.chapter("tiny"), submission.read(path)
    begun: list[str] = []
    found = runner.grade(project, chapter, answers, limit=3.0, ahead=ahead, at=begun.append)
    assert [v.id for v in found if not v.passed] == [ID]
    assert begun == [exercise.id for exercise in chapter.exercises]  # each once, in order


def test_graders_that_changed_are_loaded_again(project, graded, ahead):
    grader = project.grader(project.chapter("tiny"))
    grader.write_text(grader.read_text().replace("row) for row in x", "row) + 1 for row in x"))
    assert graded(RIGHT, ahead).status == "failed"
    wrong = project.wrong(project.chapter("tiny")) / "total.py"
    wrong.write_text(wrong.read_text().replace("down the columns", "the wrong way"))
    grader.write_text(grader.read_text().replace("row) + 1", "row)"))
    said = graded("def total(x):\n    return x.sum(0)", ahead).message
    assert said.startswith("This sums the wrong way")


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGKILL to send")
def test_a_process_that_died_while_it_waited_is_replaced(graded, ahead):
    os.kill(ahead._waiting._process.pid, signal.SIGKILL)
    ahead._waiting._process.wait()
    assert graded(RIGHT, ahead).passed


def test_nothing_is_left_running(project, graded):
    from minitransformer.workbook.running.ahead import Ahead

    with Ahead(project, project.chapter("tiny")) as ahead:
        assert graded(RIGHT, ahead).passed
        waiting = ahead._waiting
    assert not waiting.alive
