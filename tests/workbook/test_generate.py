"""The exercise notebooks: the same bytes each time, valid, and without the answers."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import nbformat
import pytest


def cells(project):
    chapter = project.chapter("tiny")
    return nbformat.read(project.exercises / f"{chapter.slug}.ipynb", as_version=4).cells


def test_a_second_run_gives_the_same_bytes(project, capsys):
    from minitransformer.workbook.commands.generate import generate

    path = project.exercises / "ch01_tiny.ipynb"
    before = path.read_bytes()
    path.unlink()
    assert generate(project) == 0
    assert path.read_bytes() == before
    assert generate(project, check=True) == 0


def test_the_notebook_is_valid_and_its_ids_are_its_own(project):
    notebook = nbformat.read(project.exercises / "ch01_tiny.ipynb", as_version=4)
    nbformat.validate(notebook)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert not any(cell.get("outputs") for cell in notebook.cells)


def test_an_exercise_is_followed_by_its_check(project):
    code = [cell.source for cell in cells(project) if cell.cell_type == "code"]
    place = next(i for i, c in enumerate(code) if c.startswith("# exercise: tiny.both\n"))
    assert code[place].endswith(
        "    # YOUR TURN: from the two before.\n    raise NotImplementedError"
    )
    assert code[place + 1] == 'check("tiny.both")'


def test_neither_answers_nor_hints_are_in_it_but_demonstrations_are(project):
    text = "\n".join(cell.source for cell in cells(project))
    assert "return 2 * x" not in text
    assert "Either will do" not in text
    assert "\ndouble(torch.ones(3))" in text


def test_check_finds_what_differs_is_missing_or_has_no_source(project, capsys):
    from minitransformer.workbook.commands.generate import generate

    path = project.exercises / "ch01_tiny.ipynb"
    whole = path.read_bytes()
    path.write_bytes(whole + b" ")
    assert generate(project, check=True) == 1
    path.unlink()
    assert generate(project, check=True) == 1
    path.write_bytes(whole)
    (project.exercises / "ch99_gone.ipynb").write_bytes(whole)
    assert generate(project, check=True) == 1
    said = capsys.readouterr().out
    assert "ch01_tiny.ipynb differs from its source" in said
    assert "ch01_tiny.ipynb is missing" in said
    assert "ch99_gone.ipynb has no source" in said
    assert (project.exercises / "ch99_gone.ipynb").exists()


@pytest.mark.parametrize("address", ["", "https://example.org/someone/something"])
def test_the_first_cell_fetches_the_project_where_it_has_an_address(project, address):
    from minitransformer.workbook.commands.generate import notebook

    document = json.loads(notebook(project.chapter("tiny"), address))
    first = next("".join(c["source"]) for c in document["cells"] if c["cell_type"] == "code")
    compile(first, "setup", "exec")
    assert first.endswith("from minitransformer.workbook import check, mine")
    assert ("git" in first) == bool(address)
    assert address in first


def test_no_demonstration_takes_the_name_of_an_exercise():
    """`head = 3` in a later cell would leave check("attention.head") with no function."""
    from minitransformer.workbook.project import Project

    project = Project(Path(__file__).resolve().parents[2])
    for chapter in project.chapters():
        names = {exercise.name for exercise in chapter.exercises}
        notebook = nbformat.read(project.exercises / f"{chapter.slug}.ipynb", as_version=4)
        code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
        others = [source for source in code if not source.startswith("# exercise: ")]
        trees = [node for source in others for node in ast.walk(ast.parse(source))]
        stored = {n.id for n in trees if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        imported = {n.asname or n.name for n in trees if isinstance(n, ast.alias)}
        assert not names & (stored | imported), chapter.slug
