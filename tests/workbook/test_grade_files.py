"""What `grade` writes of a class: gradebook, summary, feedback, JUnit XML, Gradescope's results."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from grades import DOWN, GRADESCOPE, HALF, TODO, gradebook

from minitransformer.__main__ import main


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
