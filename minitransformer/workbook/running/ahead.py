"""A grading process that is ready before it is needed: `Ahead`, and what a process gets ready.

Importing torch and loading a chapter's graders takes seconds; judging an answer takes a fraction of
one. Who grades again and again keeps one process ready. Leaves out what is graded (`runner.py`).
"""

from __future__ import annotations

import hashlib
import threading
from typing import Any

from minitransformer.workbook.project import Project
from minitransformer.workbook.running import references
from minitransformer.workbook.running.process import Process
from minitransformer.workbook.source import Chapter


def preparations(project: Project, chapter: Chapter) -> dict[str, Any]:
    """What a process can do before it has a submission; equal as long as no file of it changes.

    The solutions travel as text, never as a path.
    """
    grader, wrong = project.grader(chapter).resolve(), project.wrong(chapter).resolve()
    content = hashlib.sha256()
    for path in (*project.grader_files(chapter), *sorted(wrong.glob("*.py"))):
        content.update(path.read_bytes())
    return {
        "grader": str(grader),
        "wrong": str(wrong),
        "given": chapter.given,
        "references": references.as_sources(project.chapters()),
        "digest": content.hexdigest(),
        "order": [exercise.id for exercise in chapter.exercises],
        "private": [str(p) for p in (project.solutions, project.root / "tests", project.work)],
    }


class Ahead:
    """Keeps one process of a chapter ready: `with Ahead(project, chapter) as ahead: ...`.

    `runner.grade(..., ahead=ahead)` takes it, and the next one starts at once. No process serves
    two submissions. On Linux the processes end with the thread that entered or took.
    """

    def __init__(self, project: Project, chapter: Chapter) -> None:
        self._first = preparations(project, chapter)
        self._waiting: Process | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Ahead:
        self._waiting = Process(self._first)
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            if self._waiting is not None:
                self._waiting.close()
            self._waiting = None

    def take(self, wanted: dict[str, Any]) -> Process:
        """The process that waits, if it prepared what is wanted and lives; else a new one."""
        with self._lock:
            found = self._waiting
            if found is None or found.preparations != wanted or not found.alive:
                if found is not None:
                    found.close()
                found = Process(wanted)
            self._waiting = Process(wanted)
            return found
