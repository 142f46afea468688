"""What was graded before: a small JSON file for each submission and chapter.

A record's name is a digest of all that its verdicts depend on, so that a second run grades only
what is new or has changed. Written atomically: a run that is killed leaves whole records or none.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from dataclasses import dataclass
from pathlib import Path

from minitransformer.workbook.gradebook.handed import Handed
from minitransformer.workbook.project import Project
from minitransformer.workbook.source import Chapter
from minitransformer.workbook.state import write_atomically
from minitransformer.workbook.verdict import Verdict


@dataclass(frozen=True)
class Record:
    """The verdicts on a submission, and how many seconds they took."""

    verdicts: tuple[Verdict, ...]
    seconds: float


class Shelf:
    """The records in a folder: `shelf.get(key)`, `shelf.put(key, record)`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str) -> Record | None:
        """The record, or None if there is none that can be read."""
        try:
            read = json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8"))
            verdicts = tuple(Verdict.from_record(one) for one in read["verdicts"])
            return Record(verdicts, float(read["seconds"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, key: str, record: Record) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        content = {
            "seconds": record.seconds,
            "verdicts": [verdict.record() for verdict in record.verdicts],
        }
        write_atomically(self.folder / f"{key}.json", json.dumps(content, indent=1).encode())


def key(handed: Handed, graders: str, seed: int, limit: float) -> str:
    """The name of a record: who handed it in is no part of it."""
    content = f"{handed.digest} {graders} {seed} {limit:g}"
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def graders(project: Project, chapter: Chapter) -> str:
    """A digest of all that judges a chapter: graders, known mistakes, references, the runner."""
    workbook = Path(__file__).resolve().parents[1]
    files = [*project.grader_files(chapter), *sorted(project.wrong(chapter).glob("*.py"))]
    files += [other.path for other in project.chapters()]
    for room in ("grading", "running"):
        files += sorted((workbook / room).glob("*.py"))
    content = hashlib.sha256(f"{chapter.slug} {importlib.metadata.version('torch')}".encode())
    for path in files:
        content.update(hashlib.sha256(path.read_bytes()).digest())
    return content.hexdigest()
