"""The learner's own transformer: parts written in five notebooks, gathered by the last.

The notebooks are made of the solutions, in a copied work/ folder; then one part goes wrong.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
PARTS = {
    "tokenizer": ["join", "encode", "decode"],
    "embeddings": ["embed", "rotate"],
    "attention": ["softmax", "scores", "mask", "grouped"],
    "block": ["rms_norm", "gated", "block"],
    "generation": ["unembed", "model", "write"],
}
NORM = "block.rms_norm"
TEXT = "When Mary and John went to the store, John gave a drink to"


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A project with the book's exercises, and a learner who has solved and checked them all."""
    from minitransformer.workbook.project import Project
    from minitransformer.workbook.state import State
    from minitransformer.workbook.verdict import PASSED, Verdict

    shutil.copytree(ROOT / "solutions", tmp_path / "solutions")
    (tmp_path / "tests").symlink_to(ROOT / "tests", target_is_directory=True)
    project = Project(tmp_path)
    solved(project)
    ids = [e.id for chapter in project.chapters() for e in chapter.exercises]
    State(project.work).record([Verdict(id, PASSED) for id in ids])
    monkeypatch.chdir(project.work)
    monkeypatch.setattr("minitransformer.workbook.kernel.earlier._told", set())
    return project


def solved(project, **other):
    """The five notebooks, filled in with the solutions; `other` is for exercises of chapter 04."""
    project.work.mkdir(exist_ok=True)
    for topic in PARTS:
        chapter = project.chapter(topic)
        texts = ["from minitransformer.workbook import check, mine", *chapter.given]
        texts += [
            f"{e.header}\n{other.get(e.name if topic == 'block' else '', e.solution)}"
            for e in chapter.exercises
        ]
        texts.append("raise RuntimeError('a cell that does not define is not run')")
        cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": t} for t in texts]
        document = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        project.notebook(chapter).write_text(json.dumps(document), encoding="utf-8")


def mark(project, id, status):
    from minitransformer.workbook.state import State
    from minitransformer.workbook.verdict import Verdict

    State(project.work).record([Verdict(id, status)])


def write(*args):
    """As the last cell of chapter 05's notebook asks for it."""
    from minitransformer.workbook import mine

    with torch.inference_mode():
        return mine("generation.write")(*args)


@pytest.fixture(scope="module")
def tiny():
    """A model of SmolLM2's shape with a vocabulary of its own, and what the package writes."""
    from minitransformer.generation import generate
    from minitransformer.tokenizer import Tokenizer
    from minitransformer.weights import named
    from minitransformer.workbook.grading.inputs import tiny_model

    tokenizer = Tokenizer.train("the cat sat on the mat, the cat sat", 262)
    model, _ = tiny_model(0, gated=True, act="silu", d_vocab=tokenizer.d_vocab, n_ctx=64)
    ids = tokenizer.encode("the cat")
    wanted = tokenizer.decode(ids + generate(model, [ids], 6)[0])
    given = named(model), model.config.rotary_base, tokenizer.ranks, r" ?\w+|\W"
    return ("the cat", 6, *given), wanted


def test_the_parts_of_five_notebooks_write(clone, tiny, capsys, monkeypatch):
    from minitransformer.workbook.running import submission

    read, count = submission.read, []
    monkeypatch.setattr(submission, "read", lambda path: count.append(path.name) or read(path))
    args, wanted = tiny
    assert write(*args) == wanted
    assert capsys.readouterr().out == ""  # nothing of it was the solution's, nothing was unchecked
    assert sorted(count) == sorted(clone.notebook(clone.chapter(topic)).name for topic in PARTS)


def test_they_are_the_learners_own(clone, tiny):
    """Each part in turn is made to raise, so each is used."""
    args, _ = tiny
    for topic, names in PARTS.items():
        path = clone.notebook(clone.chapter(topic))
        whole = path.read_text(encoding="utf-8")
        for name in names:
            document = json.loads(whole)
            for cell in document["cells"]:
                if cell["source"].startswith(f"# exercise: {topic}.{name}\n"):
                    cell["source"] = (
                        f"# exercise: {topic}.{name}\ndef {name}(*args):\n    return {{}}[{name!r}]"
                    )
            path.write_text(json.dumps(document), encoding="utf-8")
            with pytest.raises(KeyError, match=name) as raised:
                write(*args)
            [note] = raised.value.__notes__
            assert note.startswith(f"This came from {topic}.{name} in {path.name}")
        path.write_text(whole, encoding="utf-8")


@pytest.mark.parametrize(
    ("code", "status", "word"),
    [
        (
            "def rms_norm(x, w, eps):\n    return x * w",
            "failed",
            f"{NORM} in ch04_block.ipynb is used, though its last check failed: "
            f"python -m minitransformer check {NORM}\n",
        ),
        (
            "def rms_norm(x, w, eps):\n    raise NotImplementedError",
            "todo",
            f"{NORM} is not done yet in ch04_block.ipynb: the solution's is used.\n",
        ),
        (
            "def rms_norm(x, w, eps:\n    return x * w",
            "failed",
            f"{NORM} cannot be used: in ch04_block.ipynb it is not Python ('(' was never closed, "
            "line 3 of its cell): the solution's is used.\n",
        ),
    ],
)
def test_one_part_that_is_wrong_is_named(clone, tiny, capsys, code, status, word):
    args, wanted = tiny
    solved(clone, rms_norm=code)
    mark(clone, NORM, status)
    found = write(*args)
    assert word in capsys.readouterr().out
    assert (found == wanted) == ("the solution's is used" in word)


def test_one_notebook_that_is_missing_is_named(clone, tiny, capsys):
    args, wanted = tiny
    clone.notebook(clone.chapter("tokenizer")).unlink()
    assert write(*args) == wanted
    said = capsys.readouterr().out
    for name in ("encode", "decode"):
        assert (
            f"tokenizer.{name} is not there yet, as there is no ch01_tokenizer.ipynb in work/: "
            "the solution's is used.\n"
        ) in said


@pytest.mark.slow
def test_smollm2_continues_the_sentence_through_the_learners_parts(clone, capsys):
    from minitransformer import pretrained
    from minitransformer.chunks import PATTERNS
    from minitransformer.generation import generate
    from minitransformer.weights import named

    model = pretrained.load("smollm2-135m-instruct")
    tokenizer = pretrained.load_tokenizer("smollm2-135m-instruct")
    rest = named(model), model.config.rotary_base, tokenizer.ranks, PATTERNS["smollm"]
    ids = tokenizer.encode(TEXT)
    wanted = tokenizer.decode(ids + generate(model, [ids], 10)[0])
    assert wanted == f"{TEXT} Mary, and Mary gave a drink to John."
    assert write(TEXT, 10, *rest) == wanted
    assert capsys.readouterr().out == ""

    solved(clone, rms_norm="def rms_norm(x, w, eps):\n    return x * w")
    mark(clone, NORM, "failed")
    found = ""
    with contextlib.suppress(KeyError):  # it may choose an id that stands for no text
        found = write(TEXT, 2, *rest)
    assert not wanted.startswith(found or "nothing")
    assert f"{NORM} in ch04_block.ipynb is used, though its last" in capsys.readouterr().out
