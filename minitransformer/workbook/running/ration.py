"""How much a grading process may take, counted from outside over all that it started.

The kernel's own limits (`isolation.py`) hold for one process each, some not for root, most not
outside Linux; these hold for the whole tree, everywhere, as far as a look a few times a second
goes. Leaves out time, which `Process.hear` keeps.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import psutil

TOKEN = "MINITRANSFORMER_GRADING"  # in the environment of the process and of all that it starts
PROCESSES = 32
THREADS = 160  # torch's own included
MEMORY = 6 << 30
DISK = 256 << 20
_GONE = (psutil.Error, OSError)


def exceeded(pid: int, folder: Path) -> str:
    """What the process `pid` and its children took too much of, as a sentence; or ""."""
    try:
        top = psutil.Process(pid)
        tree = [top, *top.children(recursive=True)]
    except _GONE:
        return ""  # it ended: that will be heard
    if len(tree) > PROCESSES:
        return f"started more than {PROCESSES} processes: an answer computes, it starts nothing."
    threads = memory = 0
    written = _size(folder)
    for process in tree:
        with contextlib.suppress(*_GONE):
            threads += process.num_threads()
            memory += process.memory_info().rss
            if hasattr(process, "io_counters"):  # not on macOS; sees files that are deleted again
                written += process.io_counters().write_bytes
    if threads > THREADS:
        return f"started more than {THREADS} threads: an answer computes, it starts nothing."
    if memory > MEMORY and _unshared(tree) > MEMORY:
        size = f"{MEMORY / (1 << 30):g} GiB of memory"
        return f"took more than {size}: which tensor is larger than it need be?"
    if written > DISK:
        return f"wrote more than {DISK >> 20} MiB to disk: an answer returns its result."
    return ""


def _unshared(tree: list[psutil.Process]) -> int:
    """The memory that a tree's processes have each for themselves: a fork shares most of it."""
    total = 0
    for process in tree:
        with contextlib.suppress(*_GONE):
            total += process.memory_full_info().uss
    return total


def _size(folder: Path) -> int:
    """The bytes of a folder's files, as far as it takes to see that they are too many."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(where, name)).st_size
            if total > DISK:
                return total
    return total


def hunt(token: str) -> None:
    """End every process that carries `token`, wherever it has moved to.

    All are stopped before the first is killed: a stopped one starts no others meanwhile.
    """
    found: dict[int, psutil.Process] = {}
    while more := [p for p in psutil.process_iter() if p.pid not in found and _carries(p, token)]:
        for process in more:
            found[process.pid] = process
            with contextlib.suppress(*_GONE):
                process.suspend()
    for process in found.values():
        with contextlib.suppress(*_GONE):
            process.kill()
    psutil.wait_procs(found.values(), timeout=5)


def _carries(process: psutil.Process, token: str) -> bool:
    with contextlib.suppress(*_GONE):
        return process.environ().get(TOKEN) == token
    return False
