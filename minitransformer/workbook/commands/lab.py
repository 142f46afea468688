"""`minitransformer lab`: JupyterLab on the learner's folder."""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys

from minitransformer.workbook.project import COMMAND, Project, Unknown


def add_arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(args: argparse.Namespace) -> int:
    try:
        project = Project.find()
    except Unknown as problem:
        print(problem)
        return 2
    if not project.work.is_dir():
        print(f"There is nothing to open yet. Begin with: {COMMAND} start")
        return 2
    if importlib.util.find_spec("jupyterlab") is None:
        print(f"JupyterLab is not installed: {sys.executable} -m pip install jupyterlab ipykernel")
        return 2
    return subprocess.call([sys.executable, "-m", "jupyterlab", str(project.work)])
