"""A small project of its own, so that the workbook's tests wait for no chapter."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from minitransformer.workbook.project import Project

collect_ignore_glob = ["tiny/*"]  # its graders are read by the runner, not by this pytest
TINY = Path(__file__).parent / "tiny"


@pytest.fixture(scope="session")
def new_project(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Project]:
    """Makes a project with one chapter, "tiny", its notebook generated."""
    from minitransformer.workbook.commands.generate import generate
    from minitransformer.workbook.project import Project

    def new() -> Project:
        made = Project(tmp_path_factory.mktemp("clone", numbered=True))
        shutil.copytree(TINY, made.root, dirs_exist_ok=True)
        generate(made)
        return made

    return new


@pytest.fixture
def project(new_project: Callable[[], Project]) -> Project:
    return new_project()


RIGHT = {
    "tiny.double": "def double(x):\n    return x + x",
    "tiny.total": "def total(x):\n    return x.sum(-1)",
    "tiny.both": 'def both(x):\n    return mine("tiny.total")(double(x))',
    "tiny.largest": "def largest(x):\n    return int(x.argmax()), float(x.max())",
}


@pytest.fixture(scope="session")
def write() -> Callable[..., Path]:
    """`write(path, {"tiny.double": code}, extra=[...])`: a notebook with right answers else.

    Code of None leaves the exercise's cell out.
    """

    def write(path: Path, answers: dict[str, str | None], extra: list[str] | None = None) -> Path:
        given = {**RIGHT, **answers}
        texts = [f"# exercise: {id}\n{code}" for id, code in given.items() if code is not None]
        cells = [
            {"cell_type": "code", "metadata": {}, "outputs": [], "source": text}
            for text in ["import torch", *(extra or []), *texts]
        ]
        document = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    return write
