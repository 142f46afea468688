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
        ("alice/homework/deeper/my notebook.ipynb", "alice"),
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
    "archive": (_archive, "archive/work.zip is an archive, and was not opened"),
    "nothing": (_nothing, "No notebook was handed in; the folder is empty."),
    "words": (_words, "No notebook was handed in: sorry.docx."),
    "two": (_two, "There are 2 files for tiny, and none of them is graded"),
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
    columns = ("points (of 10)", "passed", "tiny (of 10)", "tiny.double")
    assert [rows[name][column] for column in columns] == [""] * 4  # not 0: nothing was graded
    assert rows["ada"]["points (of 10)"] == "10"
    record = json.loads((troubled / "gradescope" / name / "results.json").read_text())
    assert record["score"] == 0
    assert sentence in record["output"]
    handed_back = (troubled / "feedback" / f"{name}.md").read_text().replace("\\", "")
    assert sentence in handed_back
    assert "Nothing was graded." in handed_back
    for of_no_use in ("of 10 points", "check --seed", "grade again"):
        assert of_no_use not in handed_back
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


def test_a_folder_of_many_students_is_told_from_one_with_a_copy(project, write):
    folder = project.root / "class"
    for i in range(8):
        write(folder / "Tuesday" / f"s{i}.ipynb", {}, [f"number = {i}"])
    for name in ("a", "b"):
        write(folder / "bo" / f"{name}.ipynb", {}, [f"name = {name!r}"])
    found = students(project, folder)
    many, few = (found[name].work["tiny"].problem for name in ("Tuesday", "bo"))
    assert "Tuesday/s4.ipynb and 3 more. Only one can count" in many
    assert many.endswith("If they are several students', grade their folder by itself.")
    assert few.endswith("bo/a.ipynb and bo/b.ipynb. Only one can count: take the others out.")


def test_a_chapter_that_was_not_handed_in_is_said(troubled):
    text = (troubled / "feedback" / "nothing.md").read_text()
    assert "No notebook of this chapter was found." in text


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("smithbo_12_34_my work.html", "smithbo"),
        ("Bo Smith_12_assignsubmission_file_work.pdf", "Bo Smith"),
        ("ch01_tiny_bo.html", "bo"),
    ],
)
def test_a_student_who_handed_in_something_else_has_a_row(project, path, name):
    folder = project.root / "class"
    folder.mkdir()
    (folder / path).write_text("")
    (found,) = students(project, folder).values()
    assert (found.name, found.notes) == (name, [f"No notebook was handed in: {path}."])


def test_a_chapters_page_in_place_of_its_notebook_is_said(project, write):
    from minitransformer.workbook.gradebook import handed

    folder = project.root / "class" / "bo"
    write(folder / "a.ipynb", {})
    (folder / "ch01_tiny.html").write_text("")  # beside the notebook: no word
    (found,) = students(project, folder.parent).values()
    assert found.notes == []
    write(folder / "a.ipynb", {}).write_text('{"cells": []}')
    (found,) = students(project, folder.parent).values()
    assert found.notes[1:] == ["bo/ch01_tiny.html is not a notebook (.ipynb): not graded."]
    assert handed.left(project, folder.parent) == []


def test_an_exercise_of_another_version_is_named(project, write):
    notebook = write(project.root / "class" / "bo.ipynb", {})
    notebook.write_text(notebook.read_text().replace("exercise: tiny.total", "exercise: tiny.sum"))
    (found,) = students(project, notebook.parent).values()
    (note,) = found.notes
    assert note.startswith("bo.ipynb answers tiny.sum, which this version of the book does not")
    assert list(found.work) == ["tiny"]


@pytest.mark.parametrize(
    "inner",
    [
        ["submission_metadata.yml", "submission_1/ch01_tiny.ipynb", "submission_2/a.ipynb"],
        ["bo_1_2_ch01_tiny.ipynb", "cy_3_4_ch01_tiny.ipynb"],
        ["Bo_1_assignsubmission_file_/a.ipynb", "Cy_2_assignsubmission_file_/a.ipynb"],
    ],
)
def test_a_sites_download_may_lie_in_a_folder_of_its_own(project, write, inner):
    from minitransformer.workbook.gradebook.handed import class_folder

    folder = project.root / "class"
    for name in inner:
        write(folder / "download" / name, {}, [f"name = {name!r}"])
    found = class_folder(folder)
    assert found == folder / "download"
    assert len(students(project, found)) == 2
    assert class_folder(found) == found


def test_one_students_folder_is_not_taken_for_the_class(project, write):
    from minitransformer.workbook.gradebook.handed import class_folder

    folder = project.root / "class"
    write(folder / "bo" / "ch01_tiny.ipynb", {})
    write(folder / "results" / "x.ipynb", {})
    assert class_folder(folder, skip=folder / "results") == folder


@pytest.fixture(scope="module")
def remarked(new_project, write):
    """A class with Canvas's numbers, two of nearly one name and two files of nobody's."""
    from minitransformer.workbook.commands.grade import write as write_results
    from minitransformer.workbook.gradebook.grading import grade_class

    project = new_project()
    folder, out = project.root / "class", project.root / "out"
    for name in ("bo_11_2_ch01_tiny.ipynb", "Bo.ipynb", "b & o.ipynb"):
        write(folder / name, {})
    for name in ("eve.html", "marks.csv"):
        (folder / name).write_text("")
    said = []
    book = grade_class(project, folder, out, begun=lambda *told: said.append(told), seed=4)
    write_results(book, out)
    (out / "feedback" / "gone.md").write_text("")
    return out, book, said, write_results(book, out)


def test_what_may_be_lost_is_said_to_the_instructor_alone(remarked):
    out, book, _, _ = remarked
    said = " ".join((out / "summary.txt").read_text().split())
    assert "Left alone, as nobody's notebook: eve.html, marks.csv." in said
    assert "are nearly one name: if that is one student" in said
    assert not any(row.said for row in book.rows)
    for path in (out / "feedback").iterdir():
        assert "eve.html" not in path.read_text()
        assert "nearly" not in path.read_text()


def test_an_answer_that_reached_the_limit_is_named_to_the_instructor(project, write):
    from minitransformer.workbook.gradebook.grading import grade_class

    folder = project.root / "class"
    write(folder / "bo.ipynb", {"tiny.double": "def double(x):\n    while True: pass"})
    book = grade_class(project, folder, project.root / "out", limit=4.0)
    (said,) = book.remarks
    assert said.startswith("No end within 4 s: bo (tiny.double). Most often a loop")
    assert said.endswith("grade again with --limit 12.")


def test_a_sites_number_is_there_to_find_the_student_by(remarked):
    rows = gradebook(remarked[0])
    assert {name: row["number"] for name, row in rows.items()} == {
        "b & o": "",
        "bo": "11",
        "Bo": "",
    }


def test_what_is_graded_once_for_several_is_counted_for_each(remarked):
    _, book, said, _ = remarked
    assert said == [(3, 1, 0, 4)]  # three submissions, one code, none known, the seed
    assert book.fresh == 3


def test_feedback_of_a_student_who_is_gone_is_named(remarked):
    assert remarked[3] == ["feedback/gone.md"]
