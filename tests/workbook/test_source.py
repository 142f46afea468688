"""The one source: its cells are jupytext's, its exercises are what stands there."""

from __future__ import annotations

from pathlib import Path

import jupytext
import pytest

HERE = Path(__file__).parent
TINY = HERE / "tiny" / "solutions" / "ch01_tiny.py"
SOLUTIONS = HERE.parents[1] / "solutions"


@pytest.mark.parametrize("path", [TINY, *sorted(SOLUTIONS.glob("ch*.py"))], ids=lambda p: p.stem)
def test_cells_are_those_that_jupytext_reads(path):
    from minitransformer.workbook import percent

    text = path.read_text(encoding="utf-8")
    expected = [
        (cell.cell_type, cell.source.strip(), tuple(cell.metadata.get("tags", ())))
        for cell in jupytext.reads(text, fmt="py:percent").cells
    ]
    found = [(cell.kind, cell.source.strip(), cell.tags) for cell in percent.parse(text)]
    assert found == expected


def test_an_exercise_is_read_whole():
    from minitransformer.workbook import source

    chapter = source.load(TINY)
    assert (chapter.number, chapter.topic) == (1, "tiny")
    assert chapter.title == "Tiny: a chapter for the workbook's own tests"
    assert [e.id for e in chapter.exercises] == [
        "tiny.double",
        "tiny.total",
        "tiny.both",
        "tiny.largest",
    ]
    double, _, both, _ = chapter.exercises
    assert (double.points, double.minutes, double.difficulty, double.needs) == (1, 1, 1, ())
    assert both.needs == ("tiny.double", "tiny.total")
    assert double.hints == ("Add.", "Multiply.\n\nEither will do.", "`2 * x`")
    assert double.prose.endswith("Twice a number is the number added to itself.")
    assert double.stub == (
        "def double(x: Tensor) -> Tensor:\n"
        '    """Twice `x`."""\n'
        "    # YOUR TURN: give back twice x,\n"
        "    #   of the same shape.\n"
        "    raise NotImplementedError"
    )
    assert double.solution.endswith("    return 2 * x")
    assert double.header == "# exercise: tiny.double\n# points 1 · minutes 1 · difficulty 1"


def test_given_code_is_neither_exercise_nor_demonstration():
    from minitransformer.workbook import source

    (given,) = source.load(TINY).given
    assert given.startswith("import torch")
    assert "double" not in given


MISTAKES = {
    "no price": ("# points 1 · minutes 1 · difficulty 1\n", "\n", "expected a second line like"),
    "difficulty": ("difficulty 1\ndef double", "difficulty 9\ndef double", "a second line like"),
    "two dividers": ("    return 2 * x", "    # YOUR TURN: b\n    return x", "not 2"),
    "no divider": ("# YOUR TURN: give", "# your turn: give", "not 0"),
    "hints": ("# 3. `2 * x`", "# and so on", "found the numbers [1, 2]"),
    "name": ("def double(", "def twice(", "does not define double"),
    "topic": ("# exercise: tiny.double", "# exercise: huge.double", "expected an id tiny.NAME"),
    "twice": ("# exercise: tiny.total", "# exercise: tiny.double", "does not define double"),
    "id": ("# exercise: tiny.double", "# exercise: double", "an id like attention.scores"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_source_out_of_form_says_where(name):
    from minitransformer.workbook import source

    old, new, sentence = MISTAKES[name]
    text = TINY.read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(source.SourceError, match=r"ch01_tiny.py:\d+") as caught:
        source.parse(text.replace(old, new, 1), TINY)
    assert sentence in str(caught.value)


def test_the_same_exercise_twice_is_refused():
    from minitransformer.workbook import source

    text = TINY.read_text(encoding="utf-8")
    with pytest.raises(source.SourceError, match=r"tiny\.double stands here twice"):
        source.parse(text + text, TINY)
