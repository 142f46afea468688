"""`mine` over several notebooks: whose part is used, why not, and at what cost."""

from __future__ import annotations

import json
import os
import time

import pytest

LATER = '''\
# %% [markdown]
# # Later: a chapter that builds on another

# %%
from minitransformer.workbook import mine

# %% [markdown]
# Twice twice.

# %% [markdown] tags=["hints"]
# 1. Once.
# 2. Twice.
# 3. `mine("tiny.double")(mine("tiny.double")(x))`


# %%
# exercise: later.four
# points 1 · minutes 1 · difficulty 1 · needs tiny.double
def four(x):
    """Four times x."""
    # YOUR TURN: double it twice.
    return mine("tiny.double")(mine("tiny.double")(x))


# %% [markdown] tags=["hints"]
# 1. Once.
# 2. Twice.
# 3. `mine("later.four")(mine("tiny.double")(x))`


# %%
# exercise: later.eight
# points 1 · minutes 1 · difficulty 1 · needs later.four, tiny.double
def eight(x):
    """Eight times x."""
    # YOUR TURN: from four and double.
    return mine("later.four")(mine("tiny.double")(x))
'''
GRADER = """\
from minitransformer.workbook.grading import Case, grader
import torch

def cases(seed):
    return [Case("one and two", (torch.tensor([1.0, 2.0]),))]

GRADERS = [
    grader("later.four", cases=cases, oracle=lambda x: x + x + x + x),
    grader("later.eight", cases=cases, oracle=lambda x: x + x + x + x + x + x + x + x),
]

def test_answer(verdict):
    verdict.expect_passed()
"""
FOUR = '# exercise: later.four\ndef four(x):\n    return mine("tiny.double")(x) + 2 * x\n'
EIGHT = '# exercise: later.eight\ndef eight(x):\n    return 2 * mine("later.four")(x)\n'


@pytest.fixture
def two(project, monkeypatch):
    """A project of two chapters, the second of which uses the first."""
    (project.solutions / "ch02_later.py").write_text(LATER, encoding="utf-8")
    (project.root / "tests" / "graders" / "test_ch02_later.py").write_text(GRADER)
    monkeypatch.chdir(project.root)
    monkeypatch.setattr("minitransformer.workbook.kernel.earlier._told", set())
    return project


def later(project, *cells):
    listed = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": c} for c in cells]
    document = {"cells": listed, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path = project.work / "ch02_later.ipynb"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def passed(project, *ids):
    from minitransformer.workbook.state import State
    from minitransformer.workbook.verdict import PASSED, Verdict

    State(project.work).record([Verdict(id, PASSED) for id in ids])


def ask(id):
    from minitransformer.workbook import mine

    return mine(id)


def test_parts_of_two_notebooks_work_together(two, write, capsys):
    own = "def double(x):\n    return [x, x]"
    write(two.work / "ch01_tiny.ipynb", {"tiny.double": own})
    later(two, FOUR.replace("+ 2 * x", "* 2"))
    passed(two, "tiny.double", "later.four")
    assert ask("later.four")("me") == ["me"] * 4
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("double", "word"),
    [
        (None, "tiny.double cannot be used: in ch01_tiny.ipynb, there is no cell that starts with"),
        (
            "def doubble(x):\n    return x",
            "tiny.double cannot be used: in ch01_tiny.ipynb, its cell",
        ),
        (
            "def double(x:\n    return x",
            "tiny.double cannot be used: in ch01_tiny.ipynb it is not Py",
        ),
        (
            "import nothing_at_all\ndef double(x):\n    return x",
            "its cell in ch01_tiny.ipynb does ",
        ),
        (
            "raise SystemExit\ndef double(x):\n    return x",
            "its cell in ch01_tiny.ipynb does not ru",
        ),
        (
            "print('hello')\ndef double(x):\n    raise NotImplementedError",
            "tiny.double is not done y",
        ),
        ("raise OSError('{x}')\ndef double(x):\n    return x", "(OSError: {x})"),
    ],
)
def test_what_cannot_be_used_is_said_once_in_plain_words(two, write, capsys, double, word):
    write(two.work / "ch01_tiny.ipynb", {"tiny.double": double})
    later(two, FOUR, EIGHT)
    passed(two, "tiny.double", "later.four", "later.eight")
    assert ask("later.eight")(1) == 8
    assert ask("later.eight")(2) == 16
    said = capsys.readouterr().out
    assert word in said
    assert said.count("\n") == 1
    assert said.endswith(": the solution's is used.\n")


def test_a_stub_is_not_done_yet(two, capsys):
    from minitransformer.workbook.commands.start import start

    start(two, two.chapter("tiny"))
    later(two, FOUR)
    passed(two, "later.four")
    assert ask("later.four")(3) == 12
    said = "tiny.double is not done yet in ch01_tiny.ipynb: the solution's is used.\n"
    assert capsys.readouterr().out == said


def test_a_notebook_that_is_none_costs_its_own_parts(two, capsys):
    later(two, FOUR)
    passed(two, "later.four")
    (two.work / "ch01_tiny.ipynb").write_text("{ half a noteb")
    assert ask("later.four")(3) == 12
    said = capsys.readouterr().out
    assert said.startswith("tiny.double cannot be used, as ch01_tiny.ipynb is not a notebook in")
    assert "(more: python -m minitransformer check tiny): the solution's is used." in said


def test_an_error_names_the_part_and_its_notebook_and_none_around_it(two, write):
    wrong = "def double(x):\n    return x.nothing"
    write(two.work / "ch01_tiny.ipynb", {"tiny.double": wrong})
    later(two, FOUR, EIGHT)
    with pytest.raises(AttributeError) as raised:
        ask("later.eight")(1)
    assert raised.value.__notes__ == ["This came from tiny.double in ch01_tiny.ipynb."]


def test_an_error_of_torch_that_looks_like_a_stub_is_none(two, write):
    text = 'raise NotImplementedError("softmax not implemented for Long")'
    write(two.work / "ch01_tiny.ipynb", {"tiny.double": f"def double(x):\n    {text}"})
    with pytest.raises(NotImplementedError, match="for Long"):
        ask("tiny.double")(1)


def test_a_part_that_did_not_pass_is_used_and_named(two, write, capsys):
    from minitransformer.workbook.state import State
    from minitransformer.workbook.verdict import FAILED, Verdict

    write(two.work / "ch01_tiny.ipynb", {"tiny.double": "def double(x):\n    return 3 * x"})
    later(two, FOUR)
    State(two.work).record([Verdict("tiny.double", FAILED)])
    passed(two, "later.four")
    assert ask("later.four")(1) == 5
    assert capsys.readouterr().out == (
        "tiny.double in ch01_tiny.ipynb is used, though its last check failed: "
        "python -m minitransformer check tiny.double\n"
    )
    assert "though it was never checked: " in (ask("tiny.total") and capsys.readouterr().out)


def test_a_part_that_was_changed_after_its_check_is_used_and_named(two, write, capsys):
    from minitransformer.workbook.running import submission
    from minitransformer.workbook.state import State
    from minitransformer.workbook.verdict import PASSED, Verdict

    path = write(two.work / "ch01_tiny.ipynb", {})
    State(two.work).record([Verdict("tiny.double", PASSED)], submission.read(path).codes)
    assert ask("tiny.double")(1) == 2
    assert capsys.readouterr().out == ""
    write(path, {"tiny.double": "def double(x):\n    return x"})
    assert ask("tiny.double")(1) == 1
    assert "is used, though it was changed after its check: " in capsys.readouterr().out


def test_cells_call_each_other_by_their_bare_names_too(two, write):
    given = {
        "tiny.double": "def double(x):\n    return helper(x)",
        "tiny.total": None,
        "tiny.both": "def both(x):\n    return total(double(x))",
    }
    helper = "def helper(x):\n    return 10 * x"
    write(two.work / "ch01_tiny.ipynb", given, [helper, "print('runs')\nhelper = None"])
    import torch

    assert ask("tiny.both")(torch.ones(1, 2)).tolist() == [20.0]


def test_a_cell_that_asks_for_itself_ends(two, write, capsys):
    asks = 'd = mine("tiny.double")\ndef double(x):\n    return 7'
    write(two.work / "ch01_tiny.ipynb", {"tiny.double": asks})
    assert ask("tiny.double")(1) == 7


def test_a_change_of_the_file_is_seen_and_nothing_else_is_read_again(two, write, monkeypatch):
    from minitransformer.workbook.running import submission

    read, count = submission.read, []
    monkeypatch.setattr(submission, "read", lambda path: count.append(path) or read(path))
    path = write(two.work / "ch01_tiny.ipynb", {"tiny.double": "def double(x):\n    return 1"})
    later(two, FOUR)
    assert [ask("tiny.double")(0) for _ in range(100)] == [1] * 100
    assert ask("later.four")(0) == 1
    assert len(count) == 2  # each notebook once
    write(path, {"tiny.double": "def double(x):\n    return 2"})
    os.utime(path, ns=(0, 0))  # an older time is another time too
    assert ask("tiny.double")(0) == 2
    assert ask("later.four")(0) == 2
    assert len(count) == 3


def test_it_is_fast_enough_for_loops(two, write):
    write(two.work / "ch01_tiny.ipynb", {"tiny.double": "def double(x):\n    return x"})
    later(two, FOUR)
    ask("later.four")(0)
    begin = time.perf_counter()
    for _ in range(300):
        ask("later.four")(0)
    assert (
        time.perf_counter() - begin
    ) / 300 < 0.03  # about 0.1 ms, and 3 under the checks of shapes


def test_a_solution_uses_those_of_other_chapters(two):
    from minitransformer.workbook.grading import catalogue

    module = catalogue.load_module(two.solutions / "ch02_later.py", "solutions_ch02_later")
    assert module.eight(1) == 8


@pytest.mark.parametrize("of", ["work", "solutions"])
def test_a_check_takes_other_chapters_parts_from_the_solutions(two, write, capsys, of):
    from minitransformer.__main__ import main

    write(two.work / "ch01_tiny.ipynb", {"tiny.double": "def double(x):\n    return 3 * x"})
    later(two, FOUR, EIGHT.replace("2 *", "3 *") if of == "work" else EIGHT)
    assert main(["check", "later", "--of", of]) == (1 if of == "work" else 0)
    said = capsys.readouterr().out
    assert "passed    later.four" in said
    if of == "work":
        assert "failed    later.eight" in said
        assert "tiny.double comes first." in said  # of another chapter, and not passed
        assert "Of other chapters tiny.double stands before it." in said


def test_a_file_checked_by_itself_says_nothing_of_other_chapters(two, capsys):
    from minitransformer.__main__ import main

    path = later(two, FOUR, EIGHT.replace("2 *", "3 *"))
    assert main(["check", "--of", str(path)]) == 1
    said = capsys.readouterr().out
    assert "failed    later.eight" in said
    assert "comes first" not in said
