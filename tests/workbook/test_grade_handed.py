"""Who handed in what: the forms in which submissions come, and what cannot be graded."""

from __future__ import annotations

import json

import pytest
from grades import HALF, gradebook


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
    """ada did well, one wants to read the seed, and seven handed in what cannot be graded."""
    from minitransformer.workbook.commands.grade import write as write_results
    from minitransformer.workbook.gradebook.grading import grade_class

    project = new_project()
    folder = project.root / "class"
    out = project.root / "out"
    write(folder / "ada.ipynb", {})
    peek = f"def double(x):\n    open({str(out / 'seed.txt')!r}).read()\n    return x + x"
    write(folder / "peeks.ipynb", {"tiny.double": peek})
    for name, (hand_in, _) in UNGRADED.items():
        (folder / name).mkdir()
        hand_in(folder / name, write)
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
    assert "9 students, 2 of them graded: mean 9.5" in said


def test_no_answer_reads_in_the_results(troubled):
    assert gradebook(troubled)["peeks"]["tiny.double"] == "0"
    assert "seed.txt" in (troubled / "feedback" / "peeks.md").read_text()


def test_the_same_file_twice_is_one(project, write):
    folder = project.root / "class" / "bo"
    write(folder / "a.ipynb", {})
    write(folder / "b.ipynb", {})
    (found,) = students(project, folder.parent).values()
    assert found.work["tiny"].problem == ""


def test_a_chapter_that_was_asked_for_and_not_handed_in_counts(troubled):
    assert gradebook(troubled)["nothing"]["tiny.double"] == ""
    text = (troubled / "feedback" / "nothing.md").read_text()
    assert "0 of 10 points; 0 of 4 exercises passed." in text
    assert "No notebook of this chapter was handed in." in text
