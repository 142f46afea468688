"""What learners hand in, in every shape that files take on their way, is read or named."""

from __future__ import annotations

import json

import nbformat
import pytest

from minitransformer.workbook.running import submission

ID = "tiny.double"
ANSWER = f"# exercise: {ID}\ndef double(x):\n    return 2 * x  # ×"
HELPER = "def helper(x):\n    return x"


def code(source, **more):
    return {"cell_type": "code", "metadata": {}, "outputs": [], "source": source, **more}


def document(*cells, **more):
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}


def saved(*cells, **more):
    return json.dumps(document(*cells, **more), ensure_ascii=False)


PLAIN = saved(code(HELPER), code(ANSWER))


def old(version):
    """The notebook as it was written by IPython of ten to fifteen years ago."""
    if version == 1:
        cells = [{"cell_type": "code", "code": text} for text in (HELPER, ANSWER)]
        return json.dumps({"nbformat": 1, "cells": cells})
    cells = [
        {"cell_type": "code", "input": text, "outputs": [], "metadata": {}, "language": "python"}
        for text in (HELPER, ANSWER)
    ]
    sheets = [{"cells": cells[:1]}, {"cells": cells[1:]}]
    return json.dumps({"nbformat": version, "metadata": {"name": ""}, "worksheets": sheets})


LINES = ANSWER.splitlines(keepends=True)
BIG = {"output_type": "stream", "name": "stdout", "text": ["x" * 1000] * 3000}
COLAB = {"colab": {"provenance": []}, "kernelspec": {"name": "python3", "display_name": "P"}}
PICTURE = {"cell_type": "markdown", "source": "![](attachment:a.png)", "attachments": {"a.png": {}}}

# what it is -> (the file's name, its content)
READ = {
    "as Jupyter saves it": ("a.ipynb", PLAIN),
    "its source in lines": ("a.ipynb", saved(code([HELPER]), code(LINES))),
    "duplicate ids": ("a.ipynb", saved(code(HELPER, id="a"), code(ANSWER, id="a"))),
    "Colab": ("a.ipynb", saved(code(HELPER), code(LINES), nbformat_minor=0, metadata=COLAB)),
    "VS Code": (
        "a.ipynb",
        saved(code(HELPER), code(ANSWER, metadata={"vscode": {"languageId": "python"}})),
    ),
    "format 3, with worksheets": ("a.ipynb", old(3)),
    "format 2": ("a.ipynb", old(2)),
    "format 1": ("a.ipynb", old(1)),
    "format 5, which is to come": ("a.ipynb", saved(code(HELPER), code(ANSWER), nbformat=5)),
    "without a format": ("a.ipynb", json.dumps({"cells": [code(HELPER), code(ANSWER)]})),
    "huge outputs": ("a.ipynb", saved(code(HELPER, outputs=[BIG]), code(ANSWER))),
    "cells of other kinds": (
        "a.ipynb",
        saved(
            {"cell_type": "raw", "source": ANSWER},
            {"cell_type": "markdown", "source": ANSWER},
            {"cell_type": "markdown"},
            PICTURE,
            code(HELPER),
            code(ANSWER),
        ),
    ),
    "cells that are none": (
        "a.ipynb",
        saved(
            None,
            3,
            [],
            {},
            {"cell_type": "code"},
            code(None),
            code([None, 3]),
            code(HELPER),
            code([None, *LINES]),
        ),
    ),
    "a mark of UTF-8": ("a.ipynb", PLAIN.encode("utf-8-sig")),
    "UTF-16": ("a.ipynb", PLAIN.encode("utf-16")),
    "UTF-16 without a mark": ("a.ipynb", PLAIN.encode("utf-16-le")),
    "UTF-32": ("a.ipynb", PLAIN.encode("utf-32")),
    "lines of Windows": ("a.ipynb", saved(code(HELPER), code(ANSWER.replace("\n", "\r\n")))),
    "lines of an old Mac": ("a.ipynb", saved(code(HELPER), code(ANSWER.replace("\n", "\r")))),
    "its file in lines of Windows": ("a.ipynb", PLAIN.replace("\n", "\r\n")),
    "saved as .json": ("a.json", PLAIN),
    "saved as .ipynb.txt": ("a.ipynb.txt", PLAIN),
    "named in capitals": ("A.IPYNB", PLAIN),
    "both in one cell": ("a.ipynb", saved(code(f"{HELPER}\n\n{ANSWER}\n"))),
    "a script without marks": ("a.py", f"{HELPER}\n{ANSWER}"),
    "a script of jupytext": (
        "a.py",
        f"# ---\n# jupyter:\n# ---\n\n# %%\n{HELPER}\n\n# %%\n{ANSWER}",
    ),
    "a script of Spyder": ("a.py", f"#%% helper\n{HELPER}\n#%%\n{ANSWER}\n#%%\nprint('- done')"),
    "a script of VS Code": ("a.py", f"#!/usr/bin/env python\n# %% \n{HELPER}\n# %% \n{ANSWER}"),
    "a script of nbconvert": ("a.py", f"# In[1]:\n\n\n{HELPER}\n\n\n# In[ ]:\n\n\n{ANSWER}\n"),
    "a light script": (
        "a.py",
        f'# # Title\n\n# +\n{HELPER}\n# -\n\n# + {{"tags": ["a"]}}\n{ANSWER}\n# -\n\nprint("x")',
    ),
    "a script's markdown": (
        "a.py",
        f"# %%\n{HELPER}\n# %% [markdown]\n{ANSWER}\n# %% [raw]\n{ANSWER}\n# %%\n{ANSWER}",
    ),
    "a script in lines of Windows": (
        "a.py",
        f"# %%\n{HELPER}\n# %%\n{ANSWER}".replace("\n", "\r\n"),
    ),
    "a script saved as .txt": ("a.py.txt", f"# %%\n{HELPER}\n# %%\n{ANSWER}"),
}


def put(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("what", READ)
def test_it_is_read(what, tmp_path):
    name, content = READ[what]
    read = submission.read(put(tmp_path, name, content))
    assert read.answer(ID).strip() == ANSWER
    assert [text.strip() for text in read.definitions([])] == [HELPER]
    assert read.ids == [ID]


BOTH = f"<<<<<<< HEAD\n{ANSWER}\n=======\n{ANSWER}\n>>>>>>> theirs\n"
INSIDE = ANSWER.replace("    return", "<<<<<<< HEAD\n    return 2\n=======\n    return")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (HELPER, "there is no cell that starts with '# exercise: tiny.double'"),
        (f"{ANSWER}\n{ANSWER}", "it stands there 2 times (code cell 2): keep one"),
        (
            INSIDE + "\n>>>>>>> theirs",
            "a merge was not resolved in its cell (a line says '<<<<<<< H",
        ),
        (BOTH, "a merge was not resolved in its cell (a line says '>>>>>>> theirs')"),
        (ANSWER + "\nx = 1" * 100_000, "its cell has 600,060 characters: expected a function"),
    ],
)
def test_an_answer_that_is_none_costs_itself_alone(tmp_path, text, sentence):
    other = "# exercise: tiny.total\ntotal = sum"
    path = put(tmp_path, "a.ipynb", saved(code(HELPER), code(text), code(other)))
    read = submission.read(path)
    with pytest.raises(LookupError) as raised:
        read.answer(ID)
    assert sentence in raised.value.args[0]
    assert read.answer("tiny.total") == other
    assert read.definitions([])[:1] == [HELPER]
    assert "tiny.total" in read.codes


STRING = f'"""As the book has it:\n# exercise: {ID}\n"""\n'


def test_a_header_in_a_string_is_none(tmp_path):
    around = f"# exercise: tiny.total\ndef total(x):\n    {STRING}    return x\n\n"
    read = submission.read(put(tmp_path, "a.ipynb", saved(code(around), code(ANSWER))))
    assert read.answer(ID) == ANSWER
    assert read.answer("tiny.total") == around.strip("\n")
    assert submission.cut(around + ANSWER) == [around, ANSWER]


def test_of_a_cell_that_is_not_python_every_header_counts():
    """An open bracket or string in one answer costs that answer, and not the one below it."""
    for broken in ("# exercise: tiny.total\ntotal = (\n", "# exercise: tiny.total\ntotal = '''\n"):
        assert submission.cut(broken + ANSWER) == [broken, ANSWER]


def test_a_light_mark_is_a_comment_in_a_script_with_other_marks(tmp_path):
    text = f"# %%\n{ANSWER}\n# +\n# -\nmore = 1\n# %%\n{HELPER}"
    assert submission.read(put(tmp_path, "a.py", text)).answer(ID).endswith("more = 1")


NOTEBOOKS = [what for what, (name, _) in READ.items() if name.endswith(".ipynb")]


@pytest.mark.parametrize("what", NOTEBOOKS)
def test_reset_gives_one_exercise_back_and_keeps_the_rest(what, project):
    from minitransformer.workbook.commands.reset import reset

    chapter, exercise = project.exercise(ID)
    project.work.mkdir()
    path = put(project.work, "ch01_tiny.ipynb", READ[what][1])
    before = path.read_bytes()
    assert "kept as ch01_tiny-kept.ipynb: to undo this, give it the name ch01_tiny.ipynb" in reset(
        project, chapter, exercise
    )
    assert (project.work / "ch01_tiny-kept.ipynb").read_bytes() == before
    read = submission.read(path)
    assert read.answer(ID) == f"{exercise.header}\n{exercise.stub}"
    assert [text.strip() for text in read.definitions([])] == [HELPER]
    nbformat.validate(nbformat.read(path, as_version=4))
