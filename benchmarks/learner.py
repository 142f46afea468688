"""A made-up learner who has solved everything, in a clone of the project's folders.

Leaves out what the learner asks for (workbook.py).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.environments import ROOT
from minitransformer.workbook.project import Project

TOPIC = "attention"


class Learner:
    """A clone in a temporary folder, with every exercise solved in its work/."""

    def __init__(self, root: Path) -> None:
        for name in ("solutions", "exercises", "tests/graders", "tests/wrong"):
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        self.project = Project(root)
        self.project.work.mkdir()
        for chapter in self.project.chapters():
            cells = [
                f"{exercise.header}\n{exercise.solution}" if exercise else cell.source
                for cell, exercise in chapter.cells
                if exercise or (cell.kind == "code" and "active-ipynb" not in cell.tags)
            ]
            write_notebook(self.project.notebook(chapter), cells)
        environment = {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}
        self.environment = {**os.environ, **environment}
        self.notebook = self.project.notebook(self.project.chapter(TOPIC))

    def command(self, *words: str) -> float:
        """The seconds that a command takes; it must end well."""
        return timed([sys.executable, "-m", "minitransformer", *words], self)

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        root = self.project.root
        return subprocess.run(
            command, cwd=root, env=self.environment, capture_output=True, text=True
        )


def timed(command: list[str], learner: Learner) -> float:
    started = time.perf_counter()
    done = learner.run(command)
    seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return seconds


def write_notebook(path: Path, cells: list[str]) -> None:
    """A notebook of code cells."""
    listed = [
        {"cell_type": "code", "id": f"cell-{i}", "execution_count": None, "metadata": {},
         "outputs": [], "source": text}
        for i, text in enumerate(cells)
    ]  # fmt: skip
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    value = {"cells": listed, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


@contextmanager
def learner() -> Iterator[Learner]:
    with tempfile.TemporaryDirectory(prefix="minitransformer-bench-") as folder:
        yield Learner(Path(folder))
