"""Whatever a file holds, it is read or refused in a sentence: hypothesis looks for what is not."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from minitransformer.workbook.running import reading, submission, writing
from minitransformer.workbook.running.submission import Unreadable

# Half characters too, which JSON can hold; and the marks on which everything depends.
text = st.text(st.characters(codec=None) | st.sampled_from("#\n\r\f\0'\"(\\ \u2028"))
MARKS = [
    "# exercise: tiny.double\n",
    "# exercise: ",
    "# %%",
    '"""',
    "'''",
    "(",
    "\n",
    "<<<<<<< a\n",
    "def double(x):\n",
    "    return x\n",
    "import os\n",
    "%%time\n",
    "!ls\n",
    "f'{",
    "\\\n",
]
program = st.lists(st.sampled_from(MARKS) | text, max_size=12).map("".join)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)
source = program | st.lists(program, max_size=4) | anything
cell = st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["code", "markdown", "raw", "heading"]) | anything},
    optional={"source": source, "input": source, "code": source, "metadata": anything},
)
cells = st.lists(cell | anything, max_size=5)
notebook = st.fixed_dictionaries(
    {},
    optional={
        "nbformat": st.integers(0, 5) | anything,
        "cells": cells | anything,
        "worksheets": st.lists(st.fixed_dictionaries({"cells": cells}) | anything, max_size=3),
        "metadata": anything,
    },
)
many = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def look(path):
    """Everything that is asked of a submission before its code runs."""
    try:
        read = submission.read(path)
    except Unreadable:
        return
    for id in [*read.ids, "tiny.total"]:
        with contextlib.suppress(LookupError):
            assert submission.id_of(read.answer(id)) == id
    assert set(read.codes) <= set(read.ids)
    assert all(isinstance(code, str) for code in read.definitions([]))
    assert all(isinstance(place, int) for place in read.never_run().values())


@given(st.binary(max_size=200), st.sampled_from(["a.ipynb", "a.py", "a.json", "a.txt"]))
@many
def test_any_bytes(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    look(tmp_path / name)


@given(anything | notebook)
@example({"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": [3]}]}]})
@many
def test_any_json_and_any_notebook(tmp_path, document):
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(document))
    look(path)


@given(program)
@many
def test_any_script(tmp_path, code):
    path = tmp_path / "a.py"
    path.write_bytes(code.encode(errors="surrogatepass"))
    look(path)


@given(program)
@example("# exercise: a.b\n'''\n# exercise: a.c\n'''\n# exercise: a.d")
@many
def test_what_is_cut_joins_again_without_loss(code):
    parts = submission.cut(code)
    assert "".join(parts) == code
    assert all(parts)
    assert all(part.startswith("# exercise: ") for part in parts[1:])


@given(notebook)
@example({"cells": [{"cell_type": "code", "source": "half a character: \ud800"}]})
@many
def test_a_notebook_that_is_read_can_be_written(tmp_path, document):
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(document))
    try:
        read = reading.document(path)
    except Unreadable:
        return
    path.write_bytes(writing.as_bytes(read))
    assert json.dumps(reading.document(path)) == json.dumps(read)


@pytest.mark.parametrize("deep", [100, 10_000, 100_000])
def test_code_that_nests_deeply(tmp_path, deep):
    for code in ("(" * deep, "-" * deep + "1", "[" * deep + "]" * deep, "f(" * deep, "x." * deep):
        path = tmp_path / "a.ipynb"
        listed = [{"cell_type": "code", "source": c} for c in (code, f"# exercise: a.b\n{code}")]
        path.write_text(json.dumps({"cells": listed}))
        look(path)


def test_a_cell_of_a_million_lines_is_not_looked_into(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("x = 1\n" * 1_000_000)
    read = submission.read(path)
    assert (read.definitions([]), read.never_run()) == ([], {})
