"""Limits on the process that runs learners' code: memory, CPU time, file size, network.

These stop accidents, not attackers: everything here runs as the learner, and who means to can get
round it. On Linux all of it works where the system allows it; what holds elsewhere, and for root,
is counted from outside (`ration.py`) or heard by Python (`fence.py`). Nothing here imports torch.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import time
from pathlib import Path

LINUX = sys.platform.startswith("linux")
MEMORY = 4 << 30  # bytes beyond what the process has mapped when torch is there
FILE_SIZE = 64 << 20
_SAVING = 1.0  # seconds for which an editor may have moved a file away
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _SIGKILL = 1, 9


def cut_off() -> None:
    """Leave the network, and die with the grader. Call it before any thread is started."""
    if not LINUX:
        return
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        # A network namespace of one's own has no way out. An ordinary user may make one only
        # inside a user namespace, and some systems forbid that too: then the network stays.
        if libc.unshare(_CLONE_NEWNET) != 0:
            libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
        libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL)  # after unshare, which would undo it


def limit_memory_and_files() -> None:
    """Bound what is allocated from here on. Call it when torch and the grader are loaded."""
    if not LINUX:
        return
    import resource

    with open("/proc/self/statm") as statm:
        mapped = int(statm.read().split()[0]) * resource.getpagesize()
    bounds = {
        resource.RLIMIT_AS: mapped + MEMORY,
        resource.RLIMIT_FSIZE: FILE_SIZE,
        resource.RLIMIT_CORE: 0,  # a crash leaves no core file behind
    }
    for what, bound in bounds.items():
        _, hard = resource.getrlimit(what)
        if hard == resource.RLIM_INFINITY or bound < hard:
            resource.setrlimit(what, (bound, bound))


def limit_cpu(seconds: float) -> None:
    """Let the process use `seconds` more of CPU time: it also ends a loop that nobody watches."""
    if not LINUX:
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if hard == resource.RLIM_INFINITY or soft < hard:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def is_gone(path: Path) -> bool:
    """Whether a file is not there, and not because an editor that saves it has moved it away."""
    if not path.exists():
        time.sleep(_SAVING)
    return not path.exists()


def environment(folder: str) -> dict[str, str]:
    """The variables that the process is given: one thread for torch, no windows, no bytecode.

    Temporary files go to `folder`, which is deleted with the process.
    """
    one = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "PYTHONPATH"))}
    plain = {"MPLBACKEND": "Agg", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}
    plain["PYTHONBREAKPOINT"] = "0"  # one that was left in holds nobody up
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), folder)
    return {**kept, **one, **plain, **temporary}
