"""Loading, by path, what the graders' side keeps in files: graders, answers known right and wrong.

Leaves out pytest, which finds the same files by itself.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from minitransformer.workbook.grading.ladder import Grader
from minitransformer.workbook.grading.recognition import WrongAnswer
from minitransformer.workbook.source import Chapter


def load_module(path: Path, name: str) -> ModuleType:
    """The module in the file `path`, imported under `name`; it may import files beside it."""
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise FileNotFoundError(f"there is no grader file {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module


def beside(module: ModuleType) -> list[ModuleType]:
    """The modules that were loaded from the folder of `module`, itself included."""
    folder = Path(module.__file__ or "").parent
    loaded = list(sys.modules.values())
    return [m for m in loaded if Path(getattr(m, "__file__", None) or "/").parent == folder]


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


def right_answers(path: Path, chapter: Chapter) -> dict[str, dict[str, Any]]:
    """Right answers in other styles, by exercise: the functions right_<exercise>_<style>."""
    functions = vars(load_module(path, f"right_{chapter.slug}"))
    names = sorted((e.name for e in chapter.exercises), key=len, reverse=True)
    found: dict[str, dict[str, Any]] = {}
    for key, value in functions.items():
        if key.startswith("right_"):
            name = next(n for n in names if key.startswith(f"right_{n}_"))
            found.setdefault(name, {})[key] = value
    return found
