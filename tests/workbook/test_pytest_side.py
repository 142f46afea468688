"""The plain pytest command reads the isolated child's verdicts, of whatever it is pointed at."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(project):
    """`run("--of", "work")`: pytest on the made-up chapter's graders, in a process of its own."""
    for name in ("conftest.py", "tests/graders/conftest.py"):
        shutil.copy(ROOT / name, project.root / name)

    def run(*options):
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=."]
        command += ["tests/graders/test_ch01_tiny.py", *options]
        done = subprocess.run(command, cwd=project.root, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    return run


def test_without_options_the_solutions_are_graded(run):
    code, said = run()
    assert (code, "4 passed" in said) == (0, True), said


def test_of_a_notebook_reads_verdicts_and_survives_what_it_does(run, project, write):
    code = "import os\ndef total(x):\n    os._exit(0)"
    path = write(project.root / "elsewhere.ipynb", {"tiny.total": code})
    code, said = run("--of", path.name)
    assert code == 1
    assert "1 failed, 3 passed" in said
    assert "tiny.total: it ended the whole Python process (exit code 0)" in said
    assert "Verdict(" not in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("of", "sentence"),
    [
        ("nowhere.ipynb", "--of nowhere.ipynb: there is no such file. Expected work, solutions"),
        ("work", "python -m minitransformer start"),
        ("broken.ipynb", "broken.ipynb is not a notebook: it is not JSON"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(run, project, of, sentence):
    (project.root / "broken.ipynb").write_text("{")
    code, said = run("--of", of)
    assert code != 0
    assert sentence in said
    assert "passed" not in said
