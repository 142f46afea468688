"""What the workbook remembers of the learner: one JSON file, `work/.progress.json`.

Written atomically: a reader sees the old file or the new one. Leaves out the learner's code, which
stays in the notebooks.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from minitransformer.workbook.verdict import Verdict

NAME = ".progress.json"
_EMPTY = {"format": 1, "hints": {}, "results": {}, "copies": {}}


class State:
    """The learner's progress: `State(project.work).passed("attention.mask")`."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.word = ""  # something the learner should be told about the file
        self.data: dict[str, Any] = self._read()

    def _read(self) -> dict[str, Any]:
        fresh = {key: dict(v) if isinstance(v, dict) else v for key, v in _EMPTY.items()}
        if not self.path.is_file():
            return fresh
        try:
            read = json.loads(self.path.read_text(encoding="utf-8"))
            parts = all(isinstance(read[key], type(value)) for key, value in _EMPTY.items())
            if not parts or read["format"] != 1:
                raise ValueError("not the form that this version writes")
        except (ValueError, KeyError, TypeError, OSError) as problem:
            aside = free_name(self.path.with_name("progress-unreadable.json"))
            os.replace(self.path, aside)
            self.word = (
                f"{NAME} could not be read ({problem}); it is kept as {aside.name}, and a new one "
                "is begun. Your notebooks are as they were."
            )
            return fresh
        return read

    def save(self) -> None:
        """Write the file whole, or not at all."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.data, indent=1, sort_keys=True) + "\n"
        write_atomically(self.path, text.encode())

    def hints(self, id: str) -> int:
        """How many hints of an exercise were taken."""
        return int(self.data["hints"].get(id, 0))

    def take_hint(self, id: str, last: int) -> int:
        """Take one more hint, up to `last`; give its number."""
        self.data["hints"][id] = min(self.hints(id) + 1, last)
        self.save()
        return self.hints(id)

    def record(self, verdicts: Iterable[Verdict]) -> None:
        """Remember verdicts: the latest status, and the first pass for each version."""
        now = time.strftime("%Y-%m-%dT%H:%M:%S")
        for verdict in verdicts:
            known = self.data["results"].setdefault(verdict.id, {})
            known.update(status=verdict.status, version=verdict.version, checked=now)
            if verdict.passed and known.get("passed_version") != verdict.version:
                known.update(passed_version=verdict.version, passed=now)
        self.save()

    def status(self, id: str) -> str:
        """The latest verdict's status, or "" if it was never checked."""
        return self.data["results"].get(id, {}).get("status", "")

    def passed_version(self, id: str) -> str:
        """The version of the exercise that was passed, or ""."""
        return self.data["results"].get(id, {}).get("passed_version", "")


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside `path`, then rename: nothing is ever half written."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(OSError):  # mkstemp's files are for the owner alone
            os.chmod(name, path.stat().st_mode if path.exists() else 0o644)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def free_name(path: Path) -> Path:
    """`path`, or the first of path-2, path-3, ... that is not there yet."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free
