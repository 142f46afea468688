"""The instructor's command: who handed in what, what is graded, and that a run resumes."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from minitransformer.__main__ import main

HALF = {"tiny.double": "def double(x):\n    return x / 2"}
DOWN = {"tiny.total": "def total(x):\n    return x.sum(0)"}
TODO = {"tiny.largest": "def largest(x):\n    raise NotImplementedError"}


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


def gradebook(folder):
    with (folder / "gradebook.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def students(project, folder, **how):
    from minitransformer.workbook.gradebook.handed import students

    return {student.name: student for student in students(project, folder, **how)}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("alice.ipynb", "alice"),
        ("alice/ch01_tiny.ipynb", "alice"),
        ("alice/work/deeper/my notebook.ipynb", "alice"),
        ("alice_12345_67890_ch01_tiny.ipynb", "alice"),
        ("smithalice_LATE_12345_67890_ch01_tiny-1.ipynb", "smithalice"),
        ("Alice Smith_123_assignsubmission_file_/ch01_tiny.ipynb", "Alice Smith"),
        ("Alice Smith_123_assignsubmission_file_ch01_tiny.ipynb", "Alice Smith"),
        ("submission_77/ch01_tiny.ipynb", "Alice Smith & Bo"),
        ("ch01_tiny_alice.ipynb", "alice"),
        ("alice-ch01_tiny (2).ipynb", "alice"),
        ("Zoe\u0308/a.ipynb", "Zo\u00eb"),
        ("ch01_tiny.ipynb", "class"),
        ("ch01_alice.py", "ch01_alice"),
    ],
)
def test_a_file_is_its_students_however_it_was_handed_out(project, write, path, name):
    folder = project.root / "class"
    write(folder / path, {})
    if path.endswith(".py"):
        (folder / path).write_text("# exercise: tiny.double\ndef double(x): return x + x\n")
    (folder / "submission_metadata.yml").write_text(
        "---\nsubmission_77:\n  :submitters:\n  - :name: Alice Smith\n    :sid: '1'\n"
        "  - :name: Bo\n  :created_at: !ruby/object:ActiveSupport::TimeWithZone\n"
        "    utc: 2026-01-01\n"
    )
    (found,) = students(project, folder).values()
    assert (found.name, list(found.work), found.notes) == (name, ["tiny"], [])


def test_two_students_of_one_name_stay_two(project, write):
    folder = project.root / "class"
    for number in ("11", "22"):
        write(folder / f"li_{number}_9{number}_ch01_tiny.ipynb", {})
    assert list(students(project, folder)) == ["li (11)", "li (22)"]


def test_what_is_no_submission_is_left_alone(project, write):
    folder = project.root / "class"
    write(folder / "alice" / "ch01_tiny.ipynb", {})
    for name in (
        "alice/.ipynb_checkpoints/ch01_tiny-checkpoint.ipynb",
        "__MACOSX/alice/._ch01_tiny.ipynb",
        "alice/ch01_tiny-kept.ipynb",
        "results/records/x.ipynb",
        ".git/x.ipynb",
    ):
        write(folder / name, HALF)
    (folder / "marks.xlsx").write_text("")
    (folder / "alice" / "notes.txt").write_text("")
    (found,) = students(project, folder, skip=folder / "results").values()
    assert found.work["tiny"].file == "alice/ch01_tiny.ipynb"
    assert found.notes == []


def _not_json(folder, write):
    write(folder / "ch01_tiny.ipynb", {}).write_text("{")


def _no_exercises(folder, write):
    write(folder / "essay.ipynb", {}).write_text('{"cells": []}')


def _archive(folder, write):
    (folder / "work.zip").write_bytes(b"PK")


def _nothing(folder, write):
    pass


def _words(folder, write):
    (folder / "sorry.docx").write_text("")


def _two(folder, write):
    write(folder / "ch01_tiny.ipynb", {})
    write(folder / "final.ipynb", HALF)


def _link(folder, write):
    kept = write(folder.parents[1] / "others.ipynb", {})
    (folder / "ch01_tiny.ipynb").symlink_to(kept)


UNGRADED = {
    "not_json": (_not_json, "ch01_tiny.ipynb is not a notebook"),
    "no_exercises": (_no_exercises, "no_exercises/essay.ipynb has no exercises of this book"),
    "archive": (_archive, "archive/work.zip is an archive: unpack it where it is"),
    "nothing": (_nothing, "No notebook was handed in; the folder is empty."),
    "words": (_words, "No notebook was handed in: sorry.docx."),
    "two": (_two, "There are 2 files for tiny, and neither is graded"),
    "link": (_link, "link/ch01_tiny.ipynb is a link, not a file: it was not followed."),
}


@pytest.fixture(scope="module")
def troubled(new_project, write):
    """A class in which ada did well, and seven others handed in what cannot be graded."""
    from minitransformer.workbook.commands.grade import write as write_results
    from minitransformer.workbook.gradebook.grading import grade_class

    project = new_project()
    folder = project.root / "class"
    write(folder / "ada.ipynb", {})
    for name, (hand_in, _) in UNGRADED.items():
        (folder / name).mkdir()
        hand_in(folder / name, write)
    out = project.root / "out"
    book = grade_class(project, folder, out, topics=["tiny"])
    write_results(book, out)
    return out


@pytest.mark.parametrize("name", UNGRADED)
def test_what_cannot_be_graded_is_said_and_costs_that_student_alone(troubled, name):
    sentence = UNGRADED[name][1]
    rows = gradebook(troubled)
    assert sentence in rows[name]["note"]
    assert (rows[name]["points (of 10)"], rows[name]["tiny (of 10)"]) == ("0", "")
    assert rows["ada"]["points (of 10)"] == "10"
    record = json.loads((troubled / "gradescope" / name / "results.json").read_text())
    assert record["score"] == 0
    assert sentence in record["output"]
    assert sentence in (troubled / "feedback" / f"{name}.md").read_text().replace("\\", "")
    said = " ".join((troubled / "summary.txt").read_text().split())
    assert f"{name}: " in said
    assert "8 students, 1 of them graded: mean 10.0" in said


def test_the_same_file_twice_is_one(project, write):
    folder = project.root / "class" / "bo"
    write(folder / "a.ipynb", {})
    write(folder / "b.ipynb", {})
    (found,) = students(project, folder.parent).values()
    assert found.work["tiny"].problem == ""


@pytest.fixture(scope="module")
def graded(new_project, write):
    """A class of five, graded once: the project, the results and what was printed."""
    project = new_project()
    folder = project.root / "class"
    write(folder / "ada.ipynb", {})
    write(folder / "=cmd()|'x'.ipynb", {**HALF, **DOWN})
    write(folder / "cy.ipynb", {**HALF, **TODO})
    write(folder / "di & <b>.ipynb", DOWN | {"tiny.double": "def double(x):\n    print('\\x00`')"})
    write(folder / "ed.ipynb", {**HALF, **DOWN})
    words = [sys.executable, "-m", "minitransformer", "grade", "class", "--out", "out"]
    done = subprocess.run(
        [*words, "--seed", "5"],
        cwd=project.root,
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return project, project.root / "out", done.stdout


def test_the_gradebook_has_a_row_a_student_and_a_column_an_exercise(graded):
    _, out, _ = graded
    rows = gradebook(out)
    assert list(rows) == ["'=cmd()|'x'", "ada", "cy", "di & <b>", "ed"]
    assert rows["cy"] == {
        "student": "cy",
        "points (of 10)": "5",
        "passed": "2",
        "tiny (of 10)": "5",
        "tiny.double": "0",
        "tiny.total": "2",
        "tiny.both": "3",
        "tiny.largest": "0",
        "note": "",
    }
    assert (out / "gradebook.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_the_summary_names_the_most_common_mistakes(graded):
    _, out, said = graded
    flat = " ".join(said.split())
    assert "5 students, 5 of them graded: mean 7.2, median 7 of 10 points." in flat
    assert "4 0 1 tiny.double" in flat
    assert "tiny.total, 3 students: This sums down the columns" in flat
    assert "tiny.double, 3 students: This is half of x" in flat
    assert all(line == line.rstrip() and len(line) <= 80 for line in said.splitlines())
    assert "\x1b" not in said
    assert (out / "summary.txt").read_text().strip() in said


def test_each_student_is_told_what_check_would_say(graded):
    _, out, _ = graded
    text = (out / "feedback" / "cy.md").read_text()
    assert "5 of 10 points; 2 of 4 exercises passed." in text
    assert "**tiny.double**: failed, 0 of 1 point" in text
    assert "This is half of x: multiply by 2, where you divide." in text
    assert "Failed at: a case by hand (seed 5)." in text or "Failed at:" in text
    assert "**tiny.largest**: not done, 0 of 4 points" in text
    assert "check --seed 5" in text
    assert (out / "feedback" / "di _ _b.md").read_text().startswith("# di \\& \\<b\\>\n")


JUNIT = {  # what jenkins-junit.xsd allows: element -> attributes (required ones with !), children
    "testsuites": ({"name", "time", "tests", "failures", "disabled", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name!", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname", "id"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": (
        {"name!", "classname", "time", "group"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
}


def test_junit_keeps_to_the_schema_that_jenkins_reads(graded):
    from xml.etree import ElementTree

    _, out, _ = graded
    root = ElementTree.parse(out / "junit.xml").getroot()
    assert root.tag == "testsuites"
    for element in root.iter():
        attributes, children = JUNIT[element.tag]
        assert set(element.attrib) <= {name.rstrip("!") for name in attributes}
        assert {name.rstrip("!") for name in attributes if "!" in name} <= set(element.attrib)
        assert {child.tag for child in element} <= children
    for counted in [root, *root]:
        assert int(counted.get("tests")) == len(list(counted.iter("testcase")))
        assert int(counted.get("failures")) == len(list(counted.iter("failure")))
        assert int(counted.get("errors")) == len(list(counted.iter("error")))
    assert root.get("failures") == "8"


FORMATS = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
SEEN = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}
TEST = {
    "type": "object",
    "additionalProperties": False,
    "required": ["score"],  # where the top has none; ours has both
    "properties": {
        "score": {"type": "number"},
        "max_score": {"type": "number", "minimum": 0},
        "status": {"enum": ["passed", "failed"]},
        "name": {"type": "string"},
        "name_format": FORMATS,
        "number": {"type": "string"},
        "output": {"type": "string"},
        "output_format": FORMATS,
        "tags": {"type": "array", "items": {"type": "string"}},
        "visibility": SEEN,
        "extra_data": {"type": "object"},
    },
}
GRADESCOPE = {  # gradescope-autograders.readthedocs.io/en/latest/specs/
    "type": "object",
    "additionalProperties": False,
    "anyOf": [{"required": ["score"]}, {"required": ["tests"]}],
    "properties": {
        "score": {"type": "number"},
        "execution_time": {"type": "number"},
        "output": {"type": "string"},
        "output_format": FORMATS,
        "test_output_format": FORMATS,
        "test_name_format": FORMATS,
        "visibility": SEEN,
        "stdout_visibility": SEEN,
        "extra_data": {"type": "object"},
        "tests": {"type": "array", "items": TEST},
        "leaderboard": {
            "type": "array",
            "items": {"type": "object", "required": ["name", "value"]},
        },
    },
}


def test_gradescopes_results_keep_to_their_documented_form(graded):
    import jsonschema

    _, out, _ = graded
    files = sorted(out.glob("gradescope/*/results.json"))
    assert len(files) == 5
    for path in files:
        record = json.loads(path.read_text())
        jsonschema.validate(record, GRADESCOPE)
        assert record["score"] == sum(test["score"] for test in record["tests"])
        assert [test["number"] for test in record["tests"]] == ["1.1", "1.2", "1.3", "1.4"]
        assert sum(test["max_score"] for test in record["tests"]) == 10


def test_file_names_are_the_students_and_safe(graded):
    _, out, _ = graded
    names = sorted(path.stem for path in (out / "feedback").iterdir())
    assert names == ["ada", "cmd____x", "cy", "di _ _b", "ed"]


def test_a_second_run_grades_only_what_is_new_or_changed(graded, monkeypatch, capsys, write):
    project, out, _ = graded
    monkeypatch.chdir(project.root)
    before = {path: path.stat().st_mtime_ns for path in (out / "records").iterdir()}
    notebook = project.root / "class" / "ada.ipynb"
    document = json.loads(notebook.read_text())
    for cell in document["cells"]:
        cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "ran again"}]
    notebook.write_text(json.dumps(document))
    assert main(["grade", "class", "--out", "out"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Graded 0 submissions with seed 5; 5 were graded before and have not changed." in said
    write(project.root / "class" / "cy.ipynb", HALF)
    assert main(["grade", "class", "--out", "out"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "1 of 1: cy, tiny" in said
    assert "Graded 1 submission with seed 5; 4 were graded before" in said
    assert gradebook(out)["cy"]["points (of 10)"] == "9"
    assert before.items() <= {p: p.stat().st_mtime_ns for p in before}.items()


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


def test_a_chapter_that_was_asked_for_and_not_handed_in_counts(troubled):
    assert gradebook(troubled)["nothing"]["tiny.double"] == ""
    text = (troubled / "feedback" / "nothing.md").read_text()
    assert "0 of 10 points; 0 of 4 exercises passed." in text
    assert "No notebook of this chapter was handed in." in text


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Which submissions? Expected a folder"),
        (("nowhere",), "There is no folder nowhere"),
        (("class", "--topic", "tinny"), 'There is no topic "tinny"; did you mean "tiny"?'),
        (("--bundle", "x.zip"), "Which chapters is the assignment about? Add --topic"),
    ],
)
def test_what_cannot_be_done_is_said(run, project, words, sentence):
    (project.root / "class").mkdir()
    code, said = run(*words)
    assert code == 2
    assert sentence in " ".join(said.split())


def start(project, *words):
    return subprocess.Popen(
        [sys.executable, "-m", "minitransformer", "grade", "class", "--out", "out", *words],
        cwd=project.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="signals are of POSIX")
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


def test_gradescopes_own_tree(project, write, tmp_path):
    """setup.sh is not run here: it fetches Python. The rest is what Gradescope does."""
    import zipfile

    import jsonschema

    from minitransformer.workbook.gradebook import bundle

    root = tmp_path / "autograder"
    for folder in ("results", "submission"):
        (root / folder).mkdir(parents=True)
    from minitransformer.workbook.project import Project

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
    begun = time.monotonic()
    with start(project, "--limit", "3") as run:
        said, _ = run.communicate(timeout=600)
    took = time.monotonic() - begun
    rows = gradebook(project.root / "out")
    assert len(rows) == 107
    for i in range(104):
        lost = {0: 1, 1: 2, 2: 4}.get(i % 9, 0)
        assert rows[f"student{i:03}"]["points (of 10)"] == str(10 - lost)
    assert rows["hangs"]["points (of 10)"] == rows["kills"]["points (of 10)"] == "9"
    assert "107 students" in said
    assert took < 300
