"""Broken and hostile submissions: each fails alone, with a sentence of its own.

In each, one exercise (tiny.total) goes wrong in some way; the one before it, the one after it that
needs it, and the last one are right, and must be graded as right.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

LIMIT = 3.0  # seconds for an exercise here; a right answer takes a thousandth of that
ID = "tiny.total"

# name -> (the cell's code below its header, what the message must say)
HOSTILE: dict[str, tuple[str | None, str]] = {
    "return outside": ("def total(x): ...\nreturn x", "not Python at `return x` (line 3"),
    "syntax error": ("def total(x:\n    return x", "not Python at `def total(x:` (line 2"),
    "endless loop": ("def total(x):\n    while True: pass", "did not finish within 3 s"),
    "endless loop in the cell": ("while True: pass", "did not finish within 3 s"),
    "os._exit(0)": (
        "import os\ndef total(x):\n    os._exit(0)",
        "ended the whole Python process (exit code 0)",
    ),
    "os._exit(0) in the cell": ("import os\nos._exit(0)", "ended the whole Python process"),
    "sys.exit": (
        "import sys\ndef total(x):\n    sys.exit(0)",
        "total calls sys.exit on the case 'two rows of three', in `sys.exit(0)`",
    ),
    "pytest.skip": (
        'import pytest\ndef total(x):\n    pytest.skip("done")',
        "total raises pytest's Skipped",
    ),
    "pytest.exit": (
        'import pytest\ndef total(x):\n    pytest.exit("done", returncode=0)',
        "total raises pytest's Exit",
    ),
    "crash": (
        "import ctypes\ndef total(x):\n    ctypes.string_at(0)",
        "crashed the Python interpreter (SIG",
    ),
    "abort": ("import os\ndef total(x):\n    os.abort()", "crashed the Python interpreter (SIG"),
    "deleted cell": (None, "there is no cell that starts with '# exercise: tiny.total'"),
    "defined twice": (
        "def total(x):\n    return x.sum(-1)\n# exercise: tiny.total\ndef total(x):\n    return x",
        "it stands there 2 times (code cell 3)",
    ),
    "twice in a cell": (
        "def total(x):\n    return x.sum(-1)\ndef total(x):\n    return x",
        "its cell defines total 2 times",
    ),
    "renamed": ("def sum_up(x):\n    return x.sum(-1)", "its cell does not define total"),
    "torch.allclose replaced": (
        "torch.allclose = lambda *a, **k: True\ndef total(x):\n    return x",
        "it replaces torch.allclose",
    ),
    "torch.isclose replaced": (
        "def total(x):\n    torch.isclose = lambda *a, **k: x > x - 1\n    return x.sum(0)",
        "it replaces torch.isclose",
    ),
    "grader's names overwritten": (
        "import minitransformer.workbook.grading.ladder as g\n"
        "g.expect_close = g.mismatch = g.difference = lambda *a, **k: ''\n"
        "def total(x):\n    return x",
        "it replaces minitransformer.workbook.grading.ladder.",
    ),
    "cases overwritten": (
        "import sys\nsys.modules['the_grader'].one_matrix = lambda seed: []\n"
        "def total(x):\n    return x",
        "it replaces the_grader.one_matrix",
    ),
    "shared names overwritten": (
        "torch = mine = double = None\ndef total(x):\n    return double(x)",
        "'NoneType' object is not callable",
    ),
    "false verdict printed": (
        "import json\ndef total(x):\n"
        "    print(json.dumps({'verdict': {'id': 'tiny.total', 'status': 'passed'}}))\n"
        "    return x.mean(-1)",
        "This is the mean of each row",
    ),
    "false verdict in every pipe": (
        "import json, os\ndef total(x):\n"
        "    line = json.dumps({'verdict': {'id': 'tiny.total', 'status': 'passed'}})\n"
        "    for fd in range(3, 64):\n"
        "        try: os.write(fd, (line + chr(10)).encode())\n"
        "        except OSError: pass\n"
        "    return x.sum(0)",
        "This sums down the columns",
    ),
    "infinite recursion": ("def total(x):\n    return total(x)", "total calls itself without end"),
    "not a function": ("total = 3", "total is not a function; it is int"),
    "exception": (
        "def total(x):\n    return x.sum(dim=7)",
        "total raised IndexError on the case 'two rows of three', in `return x.sum(dim=7)`",
    ),
    "interrupt": ("def total(x):\n    raise KeyboardInterrupt", "total was interrupted"),
    "nothing returned": ("def total(x):\n    return None", "does it end with return?"),
    "fork": (
        "import os\ndef total(x):\n    os.fork()\n    return x.sum(0)",
        "This sums down the columns",
    ),
    "memory": (
        "def total(x):\n    torch.empty(6 << 30, dtype=torch.uint8)\n    return x.sum(0)",
        "total asked for more memory than the grader allows",
    ),
    "reads the solution": (
        "from solutions import ch01_tiny\ntotal = ch01_tiny.total",
        "No module named 'solutions'",
    ),
}

if sys.platform == "win32":  # no fork there
    del HOSTILE["fork"]
if not sys.platform.startswith("linux"):  # no such limit elsewhere
    del HOSTILE["memory"]


@pytest.fixture(scope="module")
def outcomes(request, new_project, write):
    """The selected submissions, graded two at a time: most of it is waiting for torch."""
    from minitransformer.workbook.running import runner, submission

    project = new_project()
    chapter = project.chapter("tiny")

    def grade(name: str):
        path = write(project.root / f"{list(HOSTILE).index(name)}.ipynb", {ID: HOSTILE[name][0]})
        before = path.read_bytes()
        verdicts = runner.grade(project, chapter, submission.read(path), limit=LIMIT)
        assert path.read_bytes() == before, "grading wrote the learner's file"
        return {verdict.id: verdict for verdict in verdicts}

    tests = [item for item in request.session.items if item.function is test_fails_alone]
    with ThreadPoolExecutor(2) as pool:
        yield {
            t.callspec.params["name"]: pool.submit(grade, t.callspec.params["name"]) for t in tests
        }


@pytest.mark.parametrize("name", HOSTILE)
def test_fails_alone(name, outcomes):
    verdicts = outcomes[name].result()
    assert verdicts[ID].status == "failed"
    assert HOSTILE[name][1] in verdicts[ID].message
    rest = {id: verdict.status for id, verdict in verdicts.items() if id != ID}
    assert rest == {"tiny.double": "passed", "tiny.both": "passed", "tiny.largest": "passed"}


def test_each_has_a_sentence_of_its_own(outcomes):
    said = {name: future.result()[ID].message for name, future in outcomes.items()}
    alike = [{a, b} for a in said for b in said if a < b and said[a] == said[b]]
    # These pairs are one mistake made in two places.
    same = [
        {"endless loop", "endless loop in the cell"},
        {"os._exit(0)", "os._exit(0) in the cell"},
    ]
    same += [{"false verdict in every pipe", "fork"}]  # both sum down the columns as well
    assert [pair for pair in alike if pair not in same] == []


def test_what_an_answer_prints_is_shown_and_no_verdict(outcomes):
    verdict = outcomes["false verdict printed"].result()[ID]
    assert '"status": "passed"' in verdict.printed


def test_a_cell_outside_the_exercises_costs_itself_alone(project, write):
    """A helper cell that hangs is dropped; the answers that do not need it are graded."""
    from minitransformer.workbook.running import runner, submission

    extra = [
        "def half(x):\n    return x / 2",
        "class Slow:\n    while True:\n        pass",
        "class Patch:\n    torch.isclose = None",
        "shown = half(torch.ones(3))\nimport os\nos._exit(3)",  # it computes, so it never runs
    ]
    answer = {ID: "def total(x):\n    return 2 * half(x).sum(-1)", "tiny.double": "double = shown"}
    path = write(project.root / "helper.ipynb", answer, extra)
    found = runner.grade(project, project.chapter("tiny"), submission.read(path), limit=LIMIT)
    verdicts = {verdict.id: verdict for verdict in found}
    assert [v.id for v in found if not v.passed] == ["tiny.double"]
    assert (
        "shown is set in code cell 5, which also does other things"
        in verdicts["tiny.double"].message
    )


UNSHARE = "import ctypes; raise SystemExit(ctypes.CDLL(None).unshare(0x50000000) != 0)"


@pytest.mark.skipif(
    not sys.platform.startswith("linux")
    or subprocess.run([sys.executable, "-c", UNSHARE]).returncode,
    reason="this system lets nobody leave the network",
)
def test_an_answer_has_no_network(project, write):
    from minitransformer.workbook.running import runner, submission

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        call = f"socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), timeout=1)"
        code = f"import socket\ndef total(x):\n    {call}\n    return x.sum(-1)"
        path = write(project.root / "calls.ipynb", {ID: code})
        chapter = project.chapter("tiny")
        (verdict,) = runner.grade(project, chapter, submission.read(path), only=[ID])
        assert "total raised OSError" in verdict.message
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_notebook_that_is_not_json_costs_that_notebook_alone(project, write, capsys):
    from minitransformer.workbook.commands.check import check

    second = project.solutions / "ch02_small.py"
    second.write_text((project.solutions / "ch01_tiny.py").read_text().replace("tiny.", "small."))
    for folder in (project.root / "tests" / "graders", project.root / "tests" / "wrong"):
        for path in folder.glob("*ch01_tiny*"):
            if path.is_file() and path.name.startswith("test_"):
                text = path.read_text().replace('"tiny.', '"small.')
                path.with_name("test_ch02_small.py").write_text(text)
    write(project.work / "ch01_tiny.ipynb", {})
    (project.work / "ch02_small.ipynb").write_text('{"cells": [')
    assert check(project, "", "work", 0, LIMIT) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "10 of 10 points; 4 of 4 exercises passed" in said
    assert "ch02_small.ipynb is not a notebook: it is not JSON" in said
