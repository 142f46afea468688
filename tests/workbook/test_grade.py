"""The instructor's command: it resumes, draws its seed once, and proves itself before it grades."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
from grades import DOWN, GRADESCOPE, HALF, TODO, gradebook, start

from minitransformer.__main__ import main


@pytest.fixture
def run(project, monkeypatch, capsys):
    """`run("class", "--jobs", "2")`: the exit code and what was printed."""
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words):
        try:
            code = main(["grade", *words])
        except SystemExit as stop:
            code = stop.code
        return code, capsys.readouterr().out

    return run


def test_other_graders_and_other_seeds_are_other_records(project):
    from minitransformer.workbook.gradebook import records
    from minitransformer.workbook.gradebook.handed import Handed
    from minitransformer.workbook.running import submission

    chapter = project.chapter("tiny")
    handed = Handed("x", submission.read(chapter.path))
    first = records.graders(project, chapter)
    known = project.wrong(chapter) / "double.py"
    known.write_text(known.read_text() + "\n")
    second = records.graders(project, chapter)
    keys = {
        records.key(handed, graders, seed, limit)
        for graders in (first, second)
        for seed in (0, 1)
        for limit in (3.0, 10.0)
    }
    assert len(keys) == 8


def test_a_record_that_was_cut_short_is_no_record(tmp_path):
    from minitransformer.workbook.gradebook.records import Record, Shelf
    from minitransformer.workbook.verdict import Verdict

    shelf = Shelf(tmp_path)
    shelf.put("a", Record((Verdict("tiny.double", "passed", held=("import",)),), 1.5))
    assert shelf.get("a") == Record((Verdict("tiny.double", "passed", held=("import",)),), 1.5)
    whole = (tmp_path / "a.json").read_bytes()
    for size in range(len(whole) - 2):
        (tmp_path / "a.json").write_bytes(whole[:size])
        assert shelf.get("a") is None
    assert shelf.get("b") is None


def test_the_seed_is_drawn_once_and_kept(tmp_path):
    from minitransformer.workbook.gradebook.grading import seed_of

    drawn = seed_of(tmp_path, None)
    assert seed_of(tmp_path, None) == drawn
    assert seed_of(tmp_path, 7) == 7
    assert seed_of(tmp_path, None) == 7
    assert len({seed_of(tmp_path / str(i), None) for i in range(5)}) > 1


def test_nothing_is_graded_by_graders_that_refuse_the_books_own_answers(run, project, write):
    write(project.root / "class" / "ada.ipynb", {})
    grader = project.root / "tests" / "graders" / "test_ch01_tiny.py"
    grader.write_text(grader.read_text().replace("return x + x", "return x + x + 1", 1))
    text = grader.read_text().replace("oracle=lambda x: x + x,", "oracle=lambda x: x,")
    grader.write_text(text)
    code, said = run("class", "--out", "out")
    assert code == 2
    assert "Nothing was graded: the book's own answer to tiny.double" in " ".join(said.split())
    assert not (project.root / "out" / "gradebook.csv").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Which submissions? Expected a folder"),
        (("nowhere",), "There is no folder nowhere"),
        (("class",), "There is nothing to grade in class: expected notebooks in it."),
        (("solutions/ch01_tiny.py",), "ch01_tiny.py is a file: expected the folder"),
        (("class", "--topic", "tinny"), 'There is no topic "tinny"; did you mean "tiny"?'),
        (("--bundle", "x.zip"), "Which chapters is the assignment about? Add --topic"),
    ],
)
def test_what_cannot_be_done_is_said(run, project, words, sentence):
    (project.root / "class").mkdir()
    code, said = run(*words)
    assert code == 2
    assert sentence in " ".join(said.split())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL or SIGINT to send")
@pytest.mark.parametrize(
    "how",
    [
        pytest.param(signal.SIGKILL, id="killed"),
        pytest.param(signal.SIGINT, id="stopped", marks=pytest.mark.slow),
    ],
)
def test_a_run_that_was_ended_goes_on_where_it_was(project, write, how):
    count = 4
    for i in range(count):
        write(project.root / "class" / f"s{i}.ipynb", {}, [f"number = {i}"])
    with start(project, "--jobs", "1") as first:
        assert first.stdout is not None
        while not (line := first.stdout.readline()).startswith("2 of"):
            assert line, "it ended before it was to be ended"
        first.send_signal(how)
        rest = first.stdout.read()
    assert first.returncode == (130 if how == signal.SIGINT else -how)
    assert ("Stopped. What is graded is kept" in rest) == (how == signal.SIGINT)
    records = project.root / "out" / "records"
    kept = {path: path.stat().st_mtime_ns for path in records.glob("*.json")}
    assert 3 <= len(kept) <= count  # the book's own answers have one, too
    assert not (project.root / "out" / "gradebook.csv").exists()
    with start(project, "--jobs", "1") as second:
        said, _ = second.communicate(timeout=120)
    known = len(kept) - 1
    assert second.returncode == 0
    assert f"{known} were graded before and have not changed" in " ".join(said.split())
    assert kept.items() <= {path: path.stat().st_mtime_ns for path in kept}.items()
    assert len(gradebook(project.root / "out")) == count


@pytest.mark.slow
def test_gradescopes_own_tree(tmp_path):
    """setup.sh is not run here: it fetches Python. The rest is what Gradescope does."""
    import zipfile

    import jsonschema

    from minitransformer.workbook.gradebook import bundle
    from minitransformer.workbook.project import Project

    root = tmp_path / "autograder"
    for folder in ("results", "submission"):
        (root / folder).mkdir(parents=True)
    ours = Project.find()
    packed = tmp_path / "autograder.zip"
    assert bundle.write(ours, packed, ["attention"], 3) == 3
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(root / "source")
        modes = {i.filename: i.external_attr >> 16 for i in archive.infolist()}
    assert modes["run_autograder"] & 0o111
    assert modes["setup.sh"] & 0o111
    python = root / "source" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    solved = ours.chapter("attention").path.read_text().replace("* mask", "* 1 * mask")
    (root / "submission" / "my answers.py").write_text(solved)
    done = subprocess.run(
        ["bash", str(root / "source" / "run_autograder")],
        env={**os.environ, "AUTOGRADER": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in (root / "results").iterdir()] == ["results.json"]
    record = json.loads((root / "results" / "results.json").read_text())
    jsonschema.validate(record, GRADESCOPE)
    assert record["score"] == ours.chapter("attention").points
    assert record["extra_data"] == {"seed": 3}


@pytest.mark.slow
def test_a_class_of_over_a_hundred(project, write):
    """Each differs a little; a third is wrong in one of three ways, one hangs, one is broken."""
    folder = project.root / "class"
    wrong = [HALF, DOWN, TODO]
    for i in range(104):
        answers = wrong[i % 9] if i % 9 < 3 else {}
        write(folder / f"student{i:03}.ipynb", answers, [f"number = {i}"])
    write(folder / "hangs.ipynb", {"tiny.double": "def double(x):\n    while True: pass"})
    write(folder / "kills.ipynb", {"tiny.double": "import os\nos._exit(0)"})
    (folder / "broken.ipynb").write_text("{")
    with start(project, "--limit", "3") as run:
        said, _ = run.communicate(timeout=600)
    rows = gradebook(project.root / "out")
    assert len(rows) == 107
    for i in range(104):
        lost = {0: 1, 1: 2, 2: 4}.get(i % 9, 0)
        assert rows[f"student{i:03}"]["points (of 10)"] == str(10 - lost)
    assert rows["hangs"]["points (of 10)"] == rows["kills"]["points (of 10)"] == "9"
    assert "107 students" in said
