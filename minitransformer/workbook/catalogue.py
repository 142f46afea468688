"""Loading, by path, what the graders' side keeps in files: graders and catalogued wrong answers.

Leaves out pytest, which finds the same files by itself.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType

from minitransformer.workbook.grading import Grader, WrongAnswer


def load_module(path: Path, name: str) -> ModuleType:
    """The module in the file `path`, imported under `name`."""
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise FileNotFoundError(f"there is no grader file {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def graders(module: ModuleType) -> dict[str, Grader]:
    """The graders of a module, by the id of their exercise."""
    return {grader.id: grader for grader in module.GRADERS}


def wrong_answers(folder: Path, name: str) -> list[WrongAnswer]:
    """The catalogued wrong answers of the exercise called `name`, in the order of its file."""
    path = folder / f"{name}.py"
    if not path.is_file():
        return []
    module = load_module(path, f"wrong_{folder.name}_{name}")
    return [
        WrongAnswer(key, value, " ".join((inspect.getdoc(value) or "").split()))
        for key, value in vars(module).items()
        if key.startswith("wrong_") and inspect.isfunction(value)
    ]
