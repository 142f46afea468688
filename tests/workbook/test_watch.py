"""`watch`: what is graded again at which save, and what an editor may do to the file meanwhile."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time

import pytest

from minitransformer.workbook.verdict import PASSED, Verdict


@pytest.fixture
def watching(project, monkeypatch):
    """A notebook under watch; `said()` looks once and gives what was printed."""
    from minitransformer.workbook import report
    from minitransformer.workbook.commands import watch

    monkeypatch.setattr(watch, "_SETTLE", 0.0)
    monkeypatch.setattr(watch, "_HALF", 0.0)
    monkeypatch.setenv("COLUMNS", "80")
    page = io.StringIO()
    one = watch.Watch(project, "tiny", report.Console(file=page, highlight=False), 0, 10.0)
    graded = []
    grade = watch.grade

    def listening(*args, only, **kwargs):
        graded.append(sorted(only))
        return grade(*args, only=only, **kwargs)

    monkeypatch.setattr(watch, "grade", listening)

    def said():
        page.seek(0)
        page.truncate()
        one.look()
        return page.getvalue()

    said.graded = graded
    said.watch = one
    return said


TOTAL = "def total(x):\n    return x.sum(0)"
STUB = "def largest(x):\n    raise NotImplementedError"


def test_a_save_is_graded_and_the_next_exercise_named(watching, project, write):
    from minitransformer.workbook.standing import Standing

    notebook = project.work / "ch01_tiny.ipynb"
    write(notebook, {"tiny.total": TOTAL, "tiny.largest": STUB})
    first = watching()
    assert "passed    tiny.double" in first
    assert "This sums down the columns" in first
    assert "4 of 10 points; 2 of 4 exercises passed. 1 failed.\nNow: tiny.total" in first
    assert "not done" not in first
    assert watching() == ""
    standing = Standing(project)
    assert (standing.status("tiny.double"), standing.status("tiny.total")) == ("passed", "failed")

    write(notebook, {"tiny.largest": STUB})
    second = watching()
    assert "Saved; tiny.total changed." in second
    assert "passed    tiny.total" in second
    assert "tiny.double" not in second
    assert "Now: tiny.largest" in second
    assert watching.graded == [
        ["tiny.both", "tiny.double", "tiny.largest", "tiny.total"],
        ["tiny.both", "tiny.total"],
    ]
    write(notebook, {})
    assert "You have passed all 4 exercises of the book." in watching()
    assert all(len(line) <= 80 for line in (first + second).splitlines())


@pytest.fixture
def quick(watching, monkeypatch):
    """The same without a grader: everything passes."""
    from minitransformer.workbook.commands import watch

    def passes(project, chapter, answers, *, only, report, **_):
        verdicts = [Verdict(e.id, PASSED) for e in chapter.exercises if e.id in only]
        for verdict in verdicts:
            report(verdict)
        watching.graded.append(sorted(only))
        return verdicts

    monkeypatch.setattr(watch, "grade", passes)
    return watching


def test_a_save_without_a_change_says_so_once(quick, project, write):
    notebook = project.work / "ch01_tiny.ipynb"
    write(notebook, {})
    quick()
    for said in ("Saved; no answer changed.", "", ""):
        notebook.write_text(notebook.read_text() + "\n")
        assert said in quick()
        assert bool(said) or not quick()
    write(notebook, {}, extra=["def help():\n    pass"])  # a helper: any answer may use it
    assert "Saved; 4 answers changed." in quick()
    assert len(quick.graded) == 2


def test_editors_may_do_what_they_do(quick, project, write, monkeypatch):
    from minitransformer.workbook.commands import watch

    notebook = project.work / "ch01_tiny.ipynb"
    write(notebook, {})
    quick()
    whole = notebook.read_bytes()

    notebook.write_bytes(whole[: len(whole) // 2])  # and it stays so
    assert "is not a notebook: it is not JSON" in " ".join(quick().split())
    assert quick() == ""

    def writes_on(seconds):  # while the watch waits for the file to come to rest
        write(notebook, {"tiny.total": TOTAL})

    notebook.write_bytes(whole[: len(whole) // 2])
    with monkeypatch.context() as context:
        context.setattr(watch.time, "sleep", writes_on)
        assert quick() == ""
    assert "tiny.total changed" in quick()

    notebook.rename(notebook.with_suffix(".old"))  # gone, and back by renaming
    assert "ch01_tiny.ipynb is gone." in quick()
    assert quick() == ""
    other = write(project.work / "new.ipynb", {"tiny.double": "def double(x):\n    return x * 2"})
    other.rename(notebook)
    assert "Saved; tiny.double, tiny.total changed." in quick()


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a signal")
def test_ctrl_c_ends_it_with_a_word_and_leaves_nothing_running(project, write):
    import psutil

    write(project.work / "ch01_tiny.ipynb", {})
    command = [sys.executable, "-u", "-m", "minitransformer", "watch"]
    with subprocess.Popen(
        command, cwd=project.root, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as watch:
        children = []
        assert watch.stdout is not None
        for line in watch.stdout:
            if "You have passed all 4" in line:
                children = psutil.Process(watch.pid).children(recursive=True)
                os.killpg(watch.pid, signal.SIGINT)  # as a terminal does
                break
        rest = watch.stdout.read()
    assert "No longer watching." in rest
    assert watch.returncode == 0
    deadline = time.monotonic() + 5
    while any(child.is_running() for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(child.is_running() for child in children)
