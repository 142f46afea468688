"""What the workbook remembers of the learner: one JSON file, `work/.progress.json`.

Written atomically: a reader sees the old file or the new one. Of the learner's code it keeps a
digest, so that a pass counts for the code that passed and for no other. Leaves out the code itself,
which stays in the notebooks (`standing.py` brings the two together).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from minitransformer.workbook.verdict import PASSED, TODO, Verdict

NAME = ".progress.json"
_LONGEST = 2.0  # seconds that a change may take
_T = TypeVar("_T")
CHANGED = "changed"  # the answer is another than the one that was judged
_PARTS = {
    "hints": int,
    "results": dict,
    "copies": str,
    "handed": dict,
    "peeks": str,
}  # what each holds, by id


class State:
    """The learner's progress: `State(project.work).status("attention.mask", code)`."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.word = ""  # something the learner should be told about the file
        self.data: dict[str, Any] = self._read()

    def _read(self) -> dict[str, Any]:
        fresh = {"format": 1, **{part: {} for part in _PARTS}}
        if not self.path.is_file():
            return fresh
        try:
            read = json.loads(_patiently(lambda: self.path.read_text(encoding="utf-8")))
            if read["format"] != 1:
                raise ValueError("not the form that this version writes")
            for part, kind in _PARTS.items():  # older files have fewer parts
                if any(type(value) is not kind for value in read.get(part, {}).values()):
                    raise ValueError(f"not the form of its part {part!r}")
        except (
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            OSError,
            RecursionError,
        ) as problem:
            aside = free_name(self.path.with_name("progress-unreadable.json"))
            os.replace(self.path, aside)
            self.word = (
                f"{NAME} could not be read ({problem}); it is kept as {aside.name}, and a new one "
                "is begun. Your notebooks are as they were."
            )
            return fresh
        return {**fresh, **read}

    @contextlib.contextmanager
    def changing(self) -> Iterator[dict[str, Any]]:
        """Change what is remembered: `with state.changing() as data: ...` reads it again first.

        A notebook's check and a `watch` in a terminal write the same file, one after the other.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(self.path.with_name(f"{NAME}.lock")):
            self.data = self._read()
            yield self.data
            text = json.dumps(self.data, indent=1, sort_keys=True) + "\n"
            write_atomically(self.path, text.encode())

    def hints(self, id: str) -> int:
        """How many hints of an exercise were taken."""
        return self.data["hints"].get(id, 0)

    def take_hint(self, id: str, last: int) -> int:
        """Take one more hint, up to `last`; give its number."""
        with self.changing() as data:
            data["hints"][id] = min(self.hints(id) + 1, last)
        return self.hints(id)

    def peek(self, id: str) -> None:
        """Remember that the solution was looked at."""
        with self.changing() as data:
            data["peeks"].setdefault(id, _now())

    def peeked(self, id: str) -> bool:
        """Whether the solution was looked at."""
        return id in self.data["peeks"]

    def record(self, verdicts: Iterable[Verdict], codes: Mapping[str, str] | None = None) -> None:
        """Remember verdicts, the code that each was reached on, and the first pass of a version.

        `codes`: the code of each exercise's cell, by id; without it, a verdict stands for any.
        """
        now = _now()
        with self.changing() as data:
            for verdict in verdicts:
                known = data["results"].setdefault(verdict.id, {})
                code = digest(codes.get(verdict.id, "")) if codes is not None else None
                known.update(status=verdict.status, version=verdict.version, checked=now, code=code)
                if verdict.passed:
                    known["passed_code"] = code
                    if known.get("passed_version") != verdict.version:
                        known.update(passed_version=verdict.version, passed=now)

    def forget(self, ids: Iterable[str]) -> None:
        """These exercises are begun afresh: no hints taken, not done."""
        with self.changing() as data:
            for id in ids:
                data["hints"].pop(id, None)
                if id in data["results"]:
                    data["results"][id].update(status=TODO, code=None)

    def status(self, id: str, code: str | None = None) -> str:
        """The status that `code` has by what is remembered: "passed", "failed", "todo"; CHANGED
        if it is another code than was judged; "" if none ever was.

        Without `code`: the latest verdict's status. An older file says nothing of the code that
        was judged; its verdicts stand.
        """
        known = self.data["results"].get(id, {})
        status = known.get("status", "")
        if not status or code is None or known.get("code") in (None, digest(code)):
            return status
        return PASSED if known.get("passed_code") == digest(code) else CHANGED

    def passed_version(self, id: str) -> str:
        """The version of the exercise that was passed, or ""."""
        return self.data["results"].get(id, {}).get("passed_version", "")


def digest(code: str) -> str:
    """A short name for a piece of code, however its lines end and whatever stands around it."""
    text = "\n".join(code.strip().splitlines())
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:12]


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S")


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold `lock`, a file that is there as long as somebody does; who died with it held it long."""
    last = time.monotonic() + _LONGEST
    while time.monotonic() < last:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
            break
        except (FileExistsError, PermissionError):  # the latter where it is just being deleted
            time.sleep(0.01)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            lock.unlink()


def _patiently(act: Callable[[], _T]) -> _T:
    """Do it: on Windows nobody opens or replaces a file in the moment in which another does."""
    for pause in (0.02, 0.1, 0.3):
        with contextlib.suppress(PermissionError):
            return act()
        time.sleep(pause)
    return act()


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside `path`, then rename: nothing is ever half written. A link stays a link."""
    path = path.resolve()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(OSError):  # mkstemp's files are for the owner alone
            os.chmod(name, path.stat().st_mode if path.exists() else 0o644)
        _patiently(lambda: os.replace(name, path))
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def keep(path: Path) -> Path:
    """A copy of a learner's file beside it, under a name that nothing has yet."""
    kept = free_name(path.with_name(f"{path.stem}-kept{path.suffix}"))
    with kept.open("xb") as file:  # refuses to overwrite
        file.write(path.read_bytes())
    return kept


def free_name(path: Path) -> Path:
    """`path`, or the first of path-2, path-3, ... that is not there yet."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free
