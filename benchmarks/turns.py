"""Peers at work by turns: processes that answer, the order they take, whether they agree."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from collections.abc import Sequence
from typing import IO, Any

from benchmarks.environments import FOLDER, PEERS, ROOT, python


class Process:
    """A peer at work in another process; `hello` is what it said when it was ready."""

    def __init__(self, peer: str, threads: int) -> None:
        self.peer = peer
        self.log = FOLDER / f"{peer}.log"
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
        environment |= {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
        command = [python(peer), "-m", "benchmarks.worker", peer, str(threads)]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=ROOT,
                env=environment,
            )
        self.hello = self._answer()

    def ask(self, **task: Any) -> dict[str, Any]:
        """Have one task done; raises SystemExit, with what the peer said, if it cannot."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(task) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        answers: IO[str] | None = self.process.stdout
        assert answers is not None
        line = answers.readline()
        found = json.loads(line) if line else {"error": f"it ended; see {self.log}"}
        if "error" in found:
            raise SystemExit(f"{self.peer}: {found['error']}")
        return found

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def rotated(peers: Sequence[str], by: int) -> list[str]:
    """The same peers, another one first.

    >>> rotated(["a", "b", "c"], 1)
    ['b', 'c', 'a']
    """
    by %= len(peers)
    return [*peers[by:], *peers[:by]]


def agree(name: str, outs: dict[str, list[list[float]]]) -> float:
    """The largest difference between what the peers computed, relative to the largest value.

    Raises SystemExit if it is more than rounding: then the times compare different things.
    """
    if name == "everything":  # each keeps what it names, which differs
        return 0.0
    ours = outs[PEERS[0]]
    largest = max(abs(value) for out in ours for value in out)
    difference = max(
        abs(a - b)
        for theirs in outs.values()
        for one, other in zip(ours, theirs, strict=True)
        for a, b in zip(one, other, strict=True)
    )
    if difference > (0 if name == "generate" else 1e-3 * largest):
        raise SystemExit(f"{name}: the peers differ by {difference:g}; their times say nothing")
    return difference / largest


def summarise(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Median, least and most of the seconds, and the highest peak of memory."""
    seconds = [run["seconds"] for run in runs]
    peaks = [run["mib"] for run in runs if run["mib"] is not None]
    return {
        "median": statistics.median(seconds),
        "least": min(seconds),
        "most": max(seconds),
        "mib": max(peaks, default=None),
    }
