"""Grading a class: `grade_class(project, folder, out)` uses every core, and resumes.

As many submissions at a time as there are cores, each in processes of its own through the one
runner (`running/runner.py`). Before anything is graded, the book's own answers must pass under the
same seed. Leaves out what is written of it.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from minitransformer.workbook.gradebook import records
from minitransformer.workbook.gradebook.handed import (
    Handed,
    Student,
    class_folder,
    left,
    students,
)
from minitransformer.workbook.gradebook.marks import MISSING, Gradebook, Mark, Row
from minitransformer.workbook.gradebook.records import Record, Shelf
from minitransformer.workbook.gradebook.whose import alike
from minitransformer.workbook.project import Project
from minitransformer.workbook.running import submission
from minitransformer.workbook.running.runner import LIMIT, GraderTrouble, grade
from minitransformer.workbook.source import Chapter
from minitransformer.workbook.state import write_atomically
from minitransformer.workbook.verdict import Verdict

_SEEDS = 1 << 20
_LATE = "did not finish within"  # what the runner says of an answer that reached its limit


class Stopped(Exception):
    """Somebody ended the run: what was graded is kept."""


@dataclass
class Task:
    """One submission's chapter to grade, for all who handed in that same code."""

    chapter: Chapter
    handed: Handed
    key: str
    names: list[str] = field(default_factory=list)


# Told once, before the first is graded: how many there are, how many of them differ, how many need
# it not, and the seed.
Begun = Callable[[int, int, int, int], None]
# Told of every submission once it is graded: the task, how many are done, of how many.
Told = Callable[[Task, int, int], None]


def grade_class(
    project: Project,
    folder: Path,
    out: Path,
    *,
    topics: Sequence[str] = (),
    seed: int | None = None,
    jobs: int | None = None,
    limit: float = LIMIT,
    whole: bool = False,
    begun: Begun = lambda count, different, known, seed: None,
    told: Told = lambda task, done, count: None,
) -> Gradebook:
    """Grade every submission in `folder` that `out` has no record of; the whole gradebook.

    With `whole`, all of the folder is one student's.
    """
    place = folder if whole else class_folder(folder, skip=out)
    everybody = students(project, place, whole=whole, skip=out)
    chapters = _chapters(project, everybody, topics)
    seed = seed_of(out, seed)
    shelf = Shelf(out / "records")
    judges = {chapter.topic: records.graders(project, chapter) for chapter in chapters}
    tasks: dict[str, Task] = {}
    known: dict[str, Record] = {}
    before = 0
    for chapter in chapters:
        for student in everybody:
            handed = student.work.get(chapter.topic)
            if handed is None or handed.answers is None:
                continue
            name = records.key(handed, judges[chapter.topic], seed, limit)
            if record := known.get(name) or shelf.get(name):
                known[name] = record
                before += 1
            else:
                task = tasks.setdefault(name, Task(chapter, handed, name))
                task.names.append(student.name)
    fresh_count = sum(len(task.names) for task in tasks.values())
    if tasks:
        begun(fresh_count, len(tasks), before, seed)
    runs = _Runs(project, shelf, seed, limit, told, (folder, out))
    runs.prove([c for c in chapters if any(t.chapter is c for t in tasks.values())], judges)
    fresh = runs.go(list(tasks.values()), jobs or _cores())
    results = {**known, **fresh}

    def mark(student: Student, chapter: Chapter) -> Mark:
        handed = student.work.get(chapter.topic)
        if handed is None:
            return Mark(chapter, problem=MISSING)
        if handed.answers is None:
            return Mark(chapter, handed.file, problem=handed.problem)
        found = results[records.key(handed, judges[chapter.topic], seed, limit)]
        if isinstance(found, str):
            return Mark(chapter, handed.file, problem=found)
        return Mark(chapter, handed.file, found.verdicts, seconds=found.seconds)

    rows = tuple(
        Row(
            student.name,
            tuple(mark(student, chapter) for chapter in chapters),
            (*student.notes,),
            student.number,
        )
        for student in everybody
    )
    remarks = () if whole else _remarks(rows, left(project, place, skip=out), limit)
    return Gradebook(tuple(chapters), rows, seed, fresh=fresh_count, known=before, remarks=remarks)


def _remarks(rows: Sequence[Row], files: Sequence[str], limit: float) -> tuple[str, ...]:
    """What an instructor should see of the class, and what is no student's to read."""
    said = [
        f"{' and '.join(same)} are nearly one name: if that is one student, put the files "
        "into one folder."
        for same in alike(row.name for row in rows)
    ]
    verdicts = [(row.name, verdict) for row in rows for m in row.marks for verdict in m.verdicts]
    late = [f"{name} ({v.id})" for name, v in verdicts if not v.passed and _LATE in v.message]
    if late:
        said.append(
            f"No end within {limit:g} s: {', '.join(late)}. Most often a loop that never ends; if "
            f"this machine is slow or was busy, grade again with --limit {3 * limit:g}."
        )
    if files:
        said.append(
            f"Left alone, as nobody's notebook: {', '.join(files)}. If one of them is a student's, "
            "it has not been graded."
        )
    return tuple(said)


def _chapters(
    project: Project, everybody: Sequence[Student], topics: Sequence[str]
) -> list[Chapter]:
    """The chapters asked for, else those of which somebody handed something in."""
    if topics:
        asked = {project.chapter(topic).topic for topic in topics}
    else:
        asked = {topic for student in everybody for topic in student.work}
    return [chapter for chapter in project.chapters() if chapter.topic in asked]


def seed_of(out: Path, wanted: int | None) -> int:
    """The seed that was asked for, else the one used before, else one that nobody can foresee."""
    path = out / "seed.txt"
    if wanted is None:
        try:
            return int(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            wanted = secrets.randbelow(_SEEDS)
    out.mkdir(parents=True, exist_ok=True)
    write_atomically(path, f"{wanted}\n".encode())
    return wanted


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # those that this process may use
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass
class _Runs:
    project: Project
    shelf: Shelf
    seed: int
    limit: float
    told: Told
    private: tuple[Path, ...]  # closed to the answers: other submissions, and the results
    stop: threading.Event = field(default_factory=threading.Event)

    def prove(self, chapters: Sequence[Chapter], judges: dict[str, str]) -> None:
        """See that the book's own answers pass, before anybody's are held against the graders."""
        for chapter in chapters:
            own = Handed(chapter.path.name, submission.read(chapter.path))
            key = records.key(own, judges[chapter.topic], self.seed, self.limit)
            record = self.shelf.get(key) or self.one(Task(chapter, own, key))
            for verdict in record.verdicts:
                if not verdict.passed:
                    raise GraderTrouble(
                        f"Nothing was graded: the book's own answer to {verdict.id} does not pass "
                        f"under seed {self.seed} ({verdict.message}). Choose another with --seed, "
                        "and see whether you changed the graders or the solutions."
                    )

    def go(self, tasks: Sequence[Task], jobs: int) -> dict[str, Record | str]:
        """A record for each task, or a sentence where grading it broke down."""
        done: dict[str, Record | str] = {}
        pool = ThreadPoolExecutor(jobs)
        try:
            waiting = {pool.submit(self.one, task): task for task in tasks}
            for future in as_completed(waiting):
                task = waiting[future]
                try:
                    done[task.key] = future.result()
                except Exception as problem:  # not the student's fault; the others are graded
                    done[task.key] = f"Not graded, try again: {problem}"
                self.told(task, len(done), len(tasks))
        finally:
            self.stop.set()  # after Ctrl-C the workers end with the exercise they are at
            pool.shutdown(cancel_futures=True)
        return done

    def one(self, task: Task) -> Record:
        """Grade one submission, and put the record on the shelf."""
        assert task.handed.answers is not None
        begun = time.monotonic()

        def at_each(verdict: Verdict) -> None:
            if self.stop.is_set():
                raise Stopped

        verdicts = grade(
            self.project,
            task.chapter,
            task.handed.answers,
            seed=self.seed,
            limit=self.limit,
            report=at_each,
            private=self.private,
        )
        record = Record(tuple(verdicts), round(time.monotonic() - begun, 2))
        self.shelf.put(task.key, record)
        return record
