"""What keeps learners' code apart: its printing, commands in cells, files, the fence, Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

ID = "tiny.total"


@pytest.mark.parametrize(
    ("code", "left"),
    [
        ("%matplotlib inline\nimport torch", "pass  # %matplotlib inline\nimport torch"),
        ("def f():\n    !ls\n    return 1", "def f():\n    pass  # !ls\n    return 1"),
        ("x.sum?\nif True:\n    x??", "pass  # x.sum?\nif True:\n    pass  # x??"),
        ("a = (10\n  % 3)", "a = (10\n  % 3)"),  # this is Python
        ('a = """\n%d\n"""', 'a = """\n%d\n"""'),
    ],
)
def test_a_notebooks_own_commands_are_left_out(code, left):
    from minitransformer.workbook.running import cells

    assert cells.without_commands(code) == left


def test_a_cell_that_imports_and_has_commands_still_only_defines():
    from minitransformer.workbook.running import cells

    assert cells.only_defines("%load_ext autoreload\n%autoreload 2\nimport torch")


@pytest.mark.parametrize(
    ("printed", "kept"),
    [
        (["a", "b\n"], "ab"),
        (["first line\n", "x" * 500 + "\n", "y" * 300], "...\n" + "y" * 300),
        (["z" * 5000], "..." + "z" * 600),
        ([f"{i}\n" for i in range(10_000)], None),
    ],
)
def test_of_much_output_whole_lines_are_kept(printed, kept):
    from minitransformer.workbook.running.channel import Tail

    tail = Tail()
    for text in printed:
        tail.write(text)
    if kept is None:
        first, *lines = tail.text.splitlines()
        assert first == "..."
        assert [int(line) for line in lines] == list(range(int(lines[0]), 10_000))
    else:
        assert tail.text == kept


FENCED = """
import os, sys, tempfile
from minitransformer.workbook.running.fence import Fence
home, private, elsewhere = sys.argv[1:]
fence = Fence(home, [private])
fence.close()
def tries(code):
    try:
        exec(compile(code, "<cell tiny.total>", "exec"), dict(globals()))
    except PermissionError:
        pass
    return fence.tried()
checks = {
    "open(private + '/a.py')": "opens a.py",
    "os.chdir(private); open('a.py')": "opens a.py",
    "os.open(private + '/a.py', os.O_RDONLY)": "opens a.py",
    "os.symlink(private + '/a.py', home + '/link'); open(home + '/link')": "links a.py",
    "open(elsewhere + '/new', 'w')": "writes new",
    "open(elsewhere + '/old', 'r+')": "writes old",
    "os.remove(elsewhere + '/old')": "deletes old",
    "os.rename(elsewhere + '/old', home + '/mine')": "renames old",
    "os.replace(home + '/mine', elsewhere + '/old')": "renames old",
    "open(elsewhere + '/old').read()": "",
    "open(home + '/mine', 'w').close(); os.remove(home + '/mine')": "",
    "tempfile.TemporaryDirectory(dir=home).cleanup()": "",
    "open(os.devnull, 'w').close()": "",
    "import sqlite3, xml.dom.minidom, asyncio": "",
}
for code, expected in checks.items():
    found = tries(code)
    assert found.startswith(expected) and bool(found) == bool(expected), (code, found)
"""


def test_the_fence_knows_reading_from_writing_and_inside_from_outside(tmp_path):
    """In a process of its own: an audit hook cannot be taken off again."""
    folders = [tmp_path / name for name in ("home", "private", "elsewhere")]
    for folder in folders:
        folder.mkdir()
    (folders[1] / "a.py").write_text("secret")
    (folders[2] / "old").write_text("")
    command = [sys.executable, "-W", "ignore::ResourceWarning", "-c", FENCED, *map(str, folders)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert (folders[2] / "old").is_file()


def test_a_file_that_an_editor_saves_meanwhile_is_left_as_saved(project, write):
    """The editor moves the file away and comes back with another, while an answer is judged."""
    from minitransformer.workbook.running import runner, submission

    path = write(project.root / "a.ipynb", {ID: "import time\ntime.sleep(0.4)\nimport torch"})

    def save(id):
        path.rename(path.with_suffix(".old"))
        threading.Timer(0.7, path.write_text, ["newer"]).start()

    answers = submission.read(path)
    chapter = project.chapter("tiny")
    found = runner.grade(project, chapter, answers, only=[ID], limit=5.0, at=save)
    assert path.read_text() == "newer"
    assert "deleted" not in found[0].message


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_an_interrupt_leaves_nothing_running(project, write):
    path = write(project.work / "ch01_tiny.ipynb", {ID: "while True: pass"})
    command = [sys.executable, "-m", "minitransformer", "check", "tiny", "--of", str(path)]
    checking = subprocess.Popen(
        [*command, "--limit", "60"],
        cwd=project.root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        us = psutil.Process(checking.pid)
        deadline = time.monotonic() + 60
        while not (children := us.children(recursive=True)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert children
        time.sleep(0.5)
        checking.send_signal(signal.SIGINT)
        checking.communicate(timeout=30)
        assert not [child for child in children if child.is_running()]
    finally:
        checking.kill()


def test_one_that_never_stops_talking_is_not_heard_for_ever():
    from minitransformer.workbook.running.process import Death, Process

    class Noise:
        def get(self, timeout):
            return b"no record\n"

    process = object.__new__(Process)
    process._lines, process._key = Noise(), "the key"
    heard = process.hear(0.1)
    assert isinstance(heard, Death)
    assert "did not finish within 0.1 s" in heard.sentence
