"""Of an arbitrary notebook nothing is lost on its way to a newer version of its chapter."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minitransformer.workbook import carrying, source, versions
from minitransformer.workbook.commands.generate import notebook
from minitransformer.workbook.running import reading, submission


def cell(text, kind="code", **more):
    return {"cell_type": kind, "metadata": {}, "source": text, **more}


FIRST = source.load(Path(__file__).parent / "tiny" / "solutions" / "ch01_tiny.py")
texts = st.sampled_from(
    [
        "x = 1",
        "",
        "# notes",
        "import torch",
        'check("tiny.double")',
        "# exercise: tiny.double\ndef double(x):\n    return x",
        "y = 2\n\n# exercise: tiny.total\ntotal = 3\n# exercise: tiny.other\nother = 4\n",
        "# exercise: tiny.both\n# points 9\n\n",
        carrying._GONE,
        *("".join(c["source"]) for c in json.loads(notebook(FIRST))["cells"]),
    ]
)
cells = st.builds(
    cell,
    texts,
    st.sampled_from(["code", "code", "markdown", "raw"]),
    id=st.sampled_from(["a", "b", "not valid!", None, "exercise-tiny-double", "code-00"]),
)


def carried(*changed):
    """The texts of the first version with `changed(cells)` done to it, carried over to itself."""
    now = json.loads(notebook(FIRST))
    old = json.loads(notebook(FIRST))
    for change in changed:
        change(old["cells"])
    once = carrying.carry(old, now, FIRST, versions.handed_out(now, FIRST))
    return [reading.source_of(cell) for cell in once["cells"]]


def test_a_given_cell_that_was_edited_stands_behind_the_given_one():
    whole = carried()
    place = next(i for i, text in enumerate(whole) if text.startswith("import torch"))
    edited = carried(lambda cells: cells[place].update(source="import torch as t"))
    assert edited == [*whole[: place + 1], "import torch as t", *whole[place + 1 :]]


def test_an_exercise_that_stands_there_twice_stays_twice():
    whole = carried()
    place = next(i for i, text in enumerate(whole) if submission.id_of(text) == "tiny.total")
    both = [f"{FIRST.exercises[1].header}\n{body}" for body in ("one = 1", "two = 2")]
    listed = [cell(text) for text in both]
    found = carried(lambda cells: cells.__setitem__(slice(place, place + 1), listed))
    assert found == [*whole[:place], *both, *whole[place + 1 :]]


def test_a_copy_of_a_given_cell_is_kept():
    whole = carried()
    found = carried(lambda cells: cells.append(cell(whole[0], "markdown")))
    assert found == [whole[0], *whole]


@given(st.lists(cells, max_size=12), st.booleans())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_of_any_notebook_nothing_is_lost_and_twice_is_as_once(listed, remembered):
    now = json.loads(notebook(FIRST))
    record = versions.handed_out(now, FIRST) if remembered else None
    old = {"cells": listed, "nbformat": 4}
    once = carrying.carry(old, now, FIRST, record)
    nbformat.validate(once)
    assert carrying.same(carrying.carry(once, now, FIRST, record), once)
    found = "\n".join(reading.source_of(cell) for cell in once["cells"])
    made_anew = {carrying._GONE, *(exercise.stub for exercise in FIRST.exercises)}
    for part in (part for one in listed for part in submission.cut(one["source"])):
        body = versions.body(part).strip() if submission.id_of(part) else part.rstrip("\n")
        assert body in found or body in made_anew
