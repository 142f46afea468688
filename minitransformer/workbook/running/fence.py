"""What a learner's code may not do while it is graded, noticed by Python itself.

An audit hook hears of every file that is opened, every program, process and connection; it works on
every system and cannot be taken off. What is forbidden raises an error, and is remembered, so that
an answer that swallows the error fails as well. Not a sandbox: C code (ctypes) gets round it.
"""

from __future__ import annotations

import _thread
import linecache
import os
import sys
import threading
from collections.abc import Iterable
from types import FrameType
from typing import Any

THREADS = 64
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {  # event -> how many of its first arguments are paths, and what it does to them
    "os.remove": (1, "deletes"),
    "os.rmdir": (1, "deletes"),
    "shutil.rmtree": (1, "deletes"),
    "os.rename": (2, "renames"),
    "os.link": (2, "links"),
    "os.symlink": (2, "links"),
    "os.truncate": (1, "changes"),
    "os.chmod": (1, "changes"),
    "os.chown": (1, "changes"),
    "sqlite3.connect": (1, "writes"),
}
_STARTS = {
    "os.fork": "starts a process",
    "os.forkpty": "starts a process",
    "os.system": "starts a program",
    "os.exec": "starts a program",
    "os.posix_spawn": "starts a program",
    "os.spawn": "starts a program",
    "os.startfile": "starts a program",
    "subprocess.Popen": "starts a program",
    "socket.connect": "opens a connection",
    "socket.bind": "opens a connection",
    "socket.sendto": "opens a connection",
    "socket.getaddrinfo": "opens a connection",
    "socket.gethostbyname": "opens a connection",
    "builtins.input": "asks for input()",
}
_realpath = os.path.realpath


class Forbidden(PermissionError):
    """What the learner's code meets; libraries that try in vain to write a cache carry on."""


class Fence:
    """`Fence(home, private).close()`; from then on `tried()` tells what was forbidden."""

    def __init__(self, home: str, private: Iterable[str]) -> None:
        self._home = _realpath(home)  # it may write in here
        self._private = [_realpath(folder) for folder in private]  # and not read in here
        self._process = os.getpid()
        self._tried: list[str] = []

    def close(self) -> None:
        """Put it up, for as long as the process lives."""
        sys.addaudithook(self._hear)
        if sys.version_info < (3, 12):  # which says nothing of threads
            start = threading._start_new_thread  # type: ignore[attr-defined]

            def counted(*args: Any) -> int:
                self._hear("_thread.start_new_thread", args)
                return start(*args)

            threading._start_new_thread = counted  # type: ignore[attr-defined]

    def tried(self) -> str:
        """The first forbidden thing since it was last asked, such as "starts a program"; or ""."""
        first = self._tried[0] if self._tried else ""
        self._tried.clear()
        return first

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        does, always = self._objection(event, args)
        if not does:
            return
        line, importing = _learners_line(sys._getframe(1))
        if always or not importing:  # a library that is imported may look for programs and caches
            self._tried.append(f"{does}, in `{line}`" if line else does)
        raise Forbidden(f"an answer that is graded {does}, which it may not")

    def _objection(self, event: str, args: tuple[Any, ...]) -> tuple[str, bool]:
        """What is forbidden about an event ("" if nothing), and whether during imports too."""
        if event == "open":
            return self._opened(*args)
        if event in _CHANGES:
            count, does = _CHANGES[event]
            outside = [path for path in args[:count] if self._outside(path)]
            return (f"{does} {_name(outside[0])}" if outside else ""), False
        if event in _STARTS:
            return _STARTS[event], False
        if event in ("os.kill", "os.killpg") and args[0] not in (0, self._process):
            return "sends a signal to another process", False
        if event.startswith("_thread.start_") and _thread._count() >= THREADS:
            return f"starts more than {THREADS} threads", False
        return "", False

    def _opened(self, path: Any, _mode: Any, flags: Any) -> tuple[str, bool]:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return "", False  # a descriptor, which was opened before
        if isinstance(flags, int) and flags & _WRITES:
            return (f"writes {_name(path)}" if self._outside(path) else ""), False
        full = _realpath(os.fsdecode(path))
        inside = any(_within(full, folder) for folder in self._private)
        if inside or full.endswith(".ipynb"):
            return f"opens {_name(path)}, where answers may stand", True
        return "", False

    def _outside(self, path: Any) -> bool:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return False
        full = _realpath(os.fsdecode(path))
        return not _within(full, self._home) and full not in (_realpath(os.devnull), ":memory:")


def _within(full: str, folder: str) -> bool:
    return full == folder or full.startswith(folder + os.sep)


def _name(path: Any) -> str:
    return os.path.basename(os.fsdecode(path).rstrip("/\\"))


def _learners_line(frame: FrameType | None) -> tuple[str, bool]:
    """The line of a learner's cell that led here, or ""; and whether it led here by an import."""
    importing = False
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith("<cell "):
            return linecache.getline(name, frame.f_lineno).strip(), importing
        importing = importing or name.startswith("<frozen importlib")
        frame = frame.f_back
    return "", importing
