"""`minitransformer lab [TOPIC]`: JupyterLab, with the notebook at hand open in it."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from minitransformer.workbook import report
from minitransformer.workbook.commands import watch
from minitransformer.workbook.project import Project


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "topic", nargs="?", default="", metavar="TOPIC", help="default: the chapter you are at"
    )


def run(args: argparse.Namespace) -> int:
    out = report.console()
    project = Project.find()
    notebook = project.notebook(watch.at_hand(project, args.topic))
    if importlib.util.find_spec("jupyterlab") is None:
        report.say(out, "JupyterLab is not installed here. Install it with:")
        print(f"{sys.executable} -m pip install jupyterlab ipykernel")
        return 2
    where = report.shown(notebook, project.root, out.width)
    report.say(out, f"Opening {where} in JupyterLab. Ctrl-C, twice, ends it.")
    if is_root():
        report.say(
            out, "You are root, as in a container: JupyterLab is told to allow it (--allow-root)."
        )
    return wait_for(command(notebook, root=is_root()))


def command(notebook: Path, *, root: bool) -> list[str]:
    """What starts JupyterLab on one notebook, with its folder beside it."""
    return [sys.executable, "-m", "jupyterlab", *["--allow-root"] * root, str(notebook)]


def wait_for(words: list[str]) -> int:
    """Run JupyterLab to its end. It hears Ctrl-C itself, and asks before it stops its kernels."""
    with subprocess.Popen(words) as process:
        while True:
            with contextlib.suppress(KeyboardInterrupt):
                return process.wait()


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
