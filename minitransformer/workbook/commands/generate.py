"""`minitransformer generate [--check]`: make exercises/*.ipynb from solutions/*.py.

The notebook depends on nothing but the source: no outputs, cell ids from the header or the
content, keys sorted, so that a second run gives the same bytes. Leaves out the learner's copies
(`start.py`).
"""

from __future__ import annotations

import argparse
import hashlib
import json
from typing import Any

from minitransformer.workbook.project import Project
from minitransformer.workbook.source import Chapter

_SETUP = """\
# Run me first. Where the project is installed, this imports the two commands of this notebook.
from minitransformer.workbook import check, mine"""

_SETUP_AND_CLONE = """\
# Run me first. Where the project is not here yet (on Colab, say), this fetches and installs it.
import importlib.util
import subprocess
import sys
from pathlib import Path

if importlib.util.find_spec("minitransformer") is None:
    clone = Path({folder!r}).resolve()
    if not clone.is_dir():
        subprocess.run(["git", "clone", "--depth", "1", {address!r}, str(clone)], check=True)
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--editable", str(clone)]
    subprocess.run(install, check=True)
    sys.path.insert(0, str(clone))  # a new installation is seen by new processes only

from minitransformer.workbook import check, mine"""


def notebook(chapter: Chapter, repository: str = "") -> str:
    """The exercise notebook of `chapter`, as the text of an .ipynb file."""
    cells: list[dict[str, Any]] = []
    seen: dict[str, int] = {}

    def add(kind: str, text: str, name: str = "", tags: tuple[str, ...] = ()) -> None:
        id = name or f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
        seen[id] = seen.get(id, 0) + 1
        if seen[id] > 1:  # the same content once more
            id = f"{id}-{seen[id]}"
        cell: dict[str, Any] = {
            "cell_type": kind,
            "id": id,
            "metadata": {"tags": list(tags)} if tags else {},
            "source": text.splitlines(keepends=True),
        }
        if kind == "code":
            cell.update(execution_count=None, outputs=[])
        cells.append(cell)

    address = repository.removesuffix(".git")
    folder = address.rpartition("/")[2]
    setup = _SETUP_AND_CLONE.format(folder=folder, address=address) if address else _SETUP
    shown = [pair for pair in chapter.cells if "hints" not in pair[0].tags]
    behind_title = bool(shown) and shown[0][0].kind == "markdown"
    if not behind_title:
        add("code", setup, "setup")
    for i, (cell, exercise) in enumerate(shown):
        if exercise is None:
            add(cell.kind, cell.source, tags=cell.tags)
        else:
            slug = exercise.id.replace(".", "-")
            add("code", exercise.cell, f"exercise-{slug}")
            add("code", f'check("{exercise.id}")', f"check-{slug}")
        if behind_title and i == 0:
            add("code", setup, "setup")
    document = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if a notebook is not up to date"
    )


def run(args: argparse.Namespace) -> int:
    return generate(Project.find(), check=args.check)


def generate(project: Project, *, check: bool = False) -> int:
    """Write the notebooks of `project`, or compare them byte for byte; 0 if all is well."""
    wanted = {
        project.exercises / f"{chapter.slug}.ipynb": notebook(chapter, project.repository).encode()
        for chapter in project.chapters()
    }
    found = {path: path.read_bytes() for path in project.exercises.glob("*.ipynb")}
    wrong = sorted(path for path in {*wanted, *found} if wanted.get(path) != found.get(path))
    for path in wrong:
        name = path.relative_to(project.root)
        if check:
            how = "has no source" if path not in wanted else "differs from its source"
            print(f"{name} {how if path in found else 'is missing'}")
        elif path in wanted:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(wanted[path])
            print(f"wrote {name}")
        else:
            path.unlink()
            print(f"removed {name}, which has no source any more")
    if check and wrong:
        print("Run: python -m minitransformer generate")
        return 1
    if not wrong:
        print(f"exercise notebooks up to date: {len(wanted)}")
    return 0
