"""`check` and `mine` in a notebook, where functions live in the notebook's own process."""

from __future__ import annotations

import linecache
import re
import time

import pytest


@pytest.fixture
def cell(project, monkeypatch):
    """`cell(code)` runs it as a kernel does: one namespace, each cell's text on file."""
    from minitransformer.workbook import check, mine
    from minitransformer.workbook.kernel import live as notebook

    monkeypatch.chdir(project.root)
    monkeypatch.setattr(notebook, "_passed", {})
    monkeypatch.setattr("minitransformer.workbook.kernel.earlier._told", set())
    namespace = {"__name__": "__main__", "check": check, "mine": mine}
    count = 0

    def cell(code):
        nonlocal count
        count += 1
        name = f"<ipykernel cell {count}>"
        linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
        *body, last = code.splitlines()
        exec(compile("\n".join(body), name, "exec"), namespace)
        return eval(last, namespace)

    return cell


def test_check_grades_the_live_function_and_remembers(cell, project):
    from minitransformer.workbook.state import State

    wrong = cell('def double(x):\n    return x / 2\ncheck("tiny.double")')
    assert "failed: tiny.double\nThis is half of x" in wrong
    assert wrong.endswith("\nA hint: !python -m minitransformer hint tiny.double")
    right = cell('def double(x):\n    return x * 2\ncheck("tiny.double")')
    assert right.startswith("passed: tiny.double, 1 point.\nNext: tiny.total")
    assert State(project.work).status("tiny.double") == "passed"


def test_check_of_what_is_not_there(cell):
    assert "there is no double yet: run its cell first" in cell('check("tiny.double")').lower()
    assert 'did you mean "double"?' in cell('check("tiny.dubble")')
    assert cell('def double(x):\n    raise NotImplementedError\ncheck("tiny.double")').startswith(
        "not done yet: tiny.double"
    )


def test_one_mistake_is_not_paid_for_twice(cell):
    cell("def double(x):\n    return x / 2\nNone")
    text = cell(
        'def both(x):\n    return mine("tiny.total")(mine("tiny.double")(x))\ncheck("tiny.both")'
    )
    assert text.startswith("passed: tiny.both")


def test_what_mine_gave_is_no_answer_of_the_notebook(cell, project, write):
    from minitransformer.workbook.standing import Standing

    lending = 'double = mine("tiny.double")\ncheck("tiny.double")'
    assert "is what mine(...) gave here" in cell(lending)  # the solution
    stub = "# exercise: tiny.double\ndef double(x):\n    raise NotImplementedError"
    assert "is what mine(...) gave here" in cell(f"{stub}\n{lending}")  # it stands in for a stub
    write(project.work / "ch01_tiny.ipynb", {})
    assert "is what mine(...) gave here" in cell(lending)  # the saved one
    assert Standing(project).status("tiny.double") != "passed"


def test_a_decorated_answer_that_passed_is_passed_in_the_file_too(cell, project, write):
    from minitransformer.workbook.standing import Standing

    code = "@torch.no_grad()\ndef double(x):\n    return x * 2\nNone"
    write(project.work / "ch01_tiny.ipynb", {"tiny.double": code})
    borrowed = cell('import torch\ndouble = mine("tiny.double")\ncheck()')
    assert "none was yet" in borrowed  # it is no answer of this notebook
    cell(f"# exercise: tiny.double\n{code}")
    assert cell('check("tiny.double")').startswith("passed: tiny.double")
    assert Standing(project).status("tiny.double") == "passed"


@pytest.mark.parametrize("borrowed", ["tiny.double", "tiny.total"])
def test_no_answer_borrows_its_own_solution_or_a_later_one(cell, borrowed):
    text = cell(f'def double(x):\n    return mine("{borrowed}")(x)\ncheck("tiny.double")')
    assert text.startswith("failed: tiny.double")
    assert "mine(...) gives an exercise before this one, never this one itself" in text


def test_an_error_in_an_earlier_exercise_is_said_to_be_there(cell):
    total = "# exercise: tiny.total\ndef total(x):\n    return x.sum(1)  # its line\n"
    assert cell(f'{total}check("tiny.total")').startswith(("passed", "failed"))
    both = '# exercise: tiny.both\ndef both(x):\n    return mine("tiny.total")(x[0, 0])\n'
    text = cell(f'{both}check("tiny.both")')
    assert ', in total, which both calls in `return mine("tiny.total")(x[0, 0])`: ' in text
    assert "; total was given [].)" in text
    assert "its line" not in text


def test_check_is_quick_once_warm(cell):
    cell('def double(x):\n    return x * 2\ncheck("tiny.double")')
    begin = time.perf_counter()
    cell('check("tiny.double")')
    assert time.perf_counter() - begin < 1.0


def test_the_page_shows_words_columns_and_nothing_that_needs_a_colour():
    from minitransformer.workbook.kernel.shown import Shown

    text = "failed: a.b\n`a < b` is expected\n  1  2\n 3\n    0  4\n  5  6\nNext: <this>"
    text += "\nA hint: !python -m minitransformer hint a.b"
    page = Shown(text, "failed")._repr_html_()
    assert page.startswith('<div role="status" style="border-left: 4px solid #')
    assert "<strong>failed: a.b</strong>" in page
    assert "<code>a &lt; b</code> is expected" in page
    assert re.findall(r"<pre[^>]*>([^<]*)</pre>", page) == ["1  2", "  0  4\n5  6"]
    assert "Next: &lt;this&gt;" in page
    assert "A hint: <code>!python -m minitransformer hint a.b</code></div>" in page
    assert repr(Shown(text)) == text
    colours = set(re.findall(r"(?<!-)color: (\w+)", page))
    assert colours == {"inherit"}


def test_check_without_an_id_says_what_there_is(cell):
    assert "none was yet. The topics are: tiny." in cell("check()")
    cell("# exercise: tiny.double\ndef double(x):\n    return x * 2\nNone")
    total = "# exercise: tiny.total\ndef total(x):\n    return x.sum(0)\nNone"
    cell(total)
    cell('check("tiny.double")')
    said = cell("check()").splitlines()
    assert said[1:] == [
        '  passed  check("tiny.double")',
        '  to do   check("tiny.total")',
        'All of them: check("tiny")',
    ]


def test_check_of_a_topic_takes_all_that_is_there(cell):
    assert cell('check("tiny")').startswith("No exercise of tiny is here yet")
    cell("def double(x):\n    return x * 2\nNone")
    cell("def total(x):\n    return x.sum(0)\nNone")
    said = cell('check("tiny")')
    lines = said.splitlines()
    assert lines[0] == "1 of 10 points; 1 of 4 exercises passed."
    assert lines[1:4] == ["  passed    tiny.double", "  failed    tiny.total", "tiny.total:"]
    assert lines[4].startswith("This sums down the columns")
    assert said.status == "failed"
    assert 'did you mean "tiny"?' in cell('check("tinny")')


def test_check_of_the_function_itself_offers_its_id(cell):
    cell("def double(x):\n    return x * 2\nNone")
    assert cell("check(double)") == (
        'Expected an exercise like attention.scores, found "double"; did you mean "tiny.double"?'
    )


def test_mine_is_the_learners_own_by_its_header(cell, capsys):
    own = '# exercise: tiny.double\ndef double(x):\n    return "own"\n'
    assert cell(f'{own}mine("tiny.double")(1)') == "own"
    assert capsys.readouterr().out == ""


def test_mine_falls_back_on_the_solution_with_a_word(cell, capsys):
    assert cell('mine("tiny.double")(21)') == 42
    assert cell("def double(x):\n    return None\nmine('tiny.double')(21)") == 42  # no header
    assert capsys.readouterr().out == (
        "tiny.double is not there yet, as there is no ch01_tiny.ipynb in work/: "
        "the solution's is used.\n"
    )
    stub = "# exercise: tiny.total\ndef total(x):\n    raise NotImplementedError\n"
    import torch

    assert cell(f"{stub}mine('tiny.total')").__call__(torch.ones(1, 3)).tolist() == [3.0]
    said = "tiny.total is not done yet in this notebook: the solution's is used.\n"
    assert capsys.readouterr().out == said


def test_mine_finds_the_answer_in_another_notebook(cell, project, write):
    write(project.work / "ch01_tiny.ipynb", {"tiny.double": "def double(x):\n    return 'theirs'"})
    assert cell('mine("tiny.double")(1)') == "theirs"


def test_mine_in_a_solutions_file_is_the_solution(project, monkeypatch):
    import torch

    from minitransformer.workbook.grading import catalogue

    monkeypatch.chdir(project.root)
    module = catalogue.load_module(project.solutions / "ch01_tiny.py", "solutions_ch01_tiny")
    assert module.both(torch.ones(2, 3)).tolist() == [6.0, 6.0]


def test_a_misspelt_id_is_named(cell):
    with pytest.raises(ValueError, match='did you mean "double"'):
        cell('mine("tiny.dubble")')
