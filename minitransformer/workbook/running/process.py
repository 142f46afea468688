"""One grading process seen from outside: start it, hand it work, hear its records, end it whole.

It is told twice: what to get ready (`Process(preparations)`, which takes seconds and needs no
submission), then what to grade (`give`). Leaves out what the records mean (`runner.py`).
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minitransformer.workbook.running import isolation, ration

_LONGEST = 1 << 20  # bytes of one record
_WAITING = 100  # records that were not heard yet; who says more waits
_LOOK = 0.2  # seconds between two looks at what a silent process takes
_START = (
    "import sys; sys.path.insert(0, {root!r}); import minitransformer.workbook; del sys.path[0]; "
    "from minitransformer.workbook.running.child import main; main()"
)


@dataclass(frozen=True)
class Death:
    """The end of a process, as a sentence about what it was doing: "it <sentence>"."""

    sentence: str


class Process:
    """A grading process: `with Process(preparations) as p: p.hear(120.0); p.give(work)`."""

    def __init__(self, preparations: dict[str, Any]) -> None:
        self.preparations = preparations
        self._key = secrets.token_hex(16)  # tells its records from what an answer may write
        self._token = secrets.token_hex(16)
        self._folder = tempfile.TemporaryDirectory(
            prefix="minitransformer-", ignore_cleanup_errors=True
        )
        self._errors = Path(self._folder.name) / "errors.txt"
        self._said = ""
        self._closed = False
        root = str(Path(__file__).resolve().parents[3])
        # -P keeps the working folder off the path, and the package's folder leaves it once the
        # package is imported: `import solutions` finds nothing in there.
        command = [sys.executable, "-P", "-c", _START.format(root=root)]
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=self._folder.name,
                env={**isolation.environment(self._folder.name), ration.TOKEN: self._token},
                start_new_session=os.name == "posix",  # a group of its own, to be ended whole
            )
        self._lines: queue.Queue[bytes] = queue.Queue(_WAITING)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        told = {**preparations, "key": self._key}  # more than a pipe holds: it reads when it runs
        self._writer = threading.Thread(target=self._write, args=(told,), daemon=True)
        self._writer.start()

    def _write(self, record: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # it died; `hear` says so
            self._process.stdin.write(json.dumps(record).encode() + b"\n")
            self._process.stdin.flush()

    def give(self, work: dict[str, Any]) -> None:
        """Hand it the work, once, when it has said that it is ready."""
        self._write(work)
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def _read(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(ValueError, OSError):  # closed from this side
            while (line := self._process.stdout.readline(_LONGEST)) and not self._closed:
                self._lines.put(line)
        self._lines.put(b"")

    def hear(self, seconds: float) -> dict[str, Any] | Death:
        """The next record, or the process's death; one that is silent for `seconds` hangs.

        One that takes more than its ration is as good as dead too.
        """
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            line = self._next(min(max(0.0, left), _LOOK))
            if line == b"":
                return self._ended()
            if line and (record := self._record(line)):
                return record
            if left <= 0:  # also of one that never stops talking
                return Death(f"did not finish within {seconds:g} s: does a loop in it never end?")
            if line is None and (excess := self._excess()):
                return Death(excess)

    def _excess(self) -> str:
        return ration.exceeded(self._process.pid, Path(self._folder.name))

    def _next(self, seconds: float) -> bytes | None:
        """What it said next, b"" at its end; None if it says nothing for `seconds`."""
        try:
            return self._lines.get(timeout=seconds)
        except queue.Empty:
            return None

    def _record(self, line: bytes) -> dict[str, Any] | None:
        """What the grader says in a line; None where an answer found the channel: not heeded."""
        with contextlib.suppress(ValueError, RecursionError):
            record = json.loads(line)
            if isinstance(record, dict) and record.pop("key", None) == self._key:
                return record
        return None

    def _ended(self) -> Death:
        """What the end of the process looked like."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        code = self._process.returncode
        if code is None:
            return Death("closed the grader's channel before there was a verdict.")
        if code >= 0 and code < 1 << 30:  # larger ones are Windows' crashes
            return Death(
                f"ended the whole Python process (exit code {code}) before there was a verdict: "
                "take out os._exit, or whatever else does that."
            )
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"code {code}"
        if name == "SIGXCPU":
            return Death("used up its processor time: does a loop in it never end?")
        if name == "SIGKILL":
            return Death("was killed by the system, most likely for the memory that it took.")
        return Death(f"crashed the Python interpreter ({name}).")

    def errors(self) -> str:
        """Once it has ended: what it wrote to its standard error before it took the job."""
        return self._said

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it and all it started; what it was doing is lost."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(OSError):
            if os.name == "posix":
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self._process.wait()
        ration.hunt(self._token)
        self._writer.join()
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        with contextlib.suppress(queue.Empty):  # a reader that waits for room goes on, and ends
            while True:
                self._lines.get_nowait()
        self._reader.join(1)  # should anything have got away, it may hold the pipe open
        if self._process.stdout is not None and not self._reader.is_alive():
            self._process.stdout.close()
        self._said = self._errors.read_text(errors="replace")[-2000:]
        self._folder.cleanup()
