"""Who handed in what: `students(project, folder)` reads a folder of submissions, and runs nothing.

A file belongs to the chapters whose exercises stand in it, whatever it is called. What cannot be
graded is named with a sentence, and no student is left out silently. Leaves out unpacking archives.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from minitransformer.workbook.gradebook import whose
from minitransformer.workbook.project import Project, Unknown
from minitransformer.workbook.running import submission
from minitransformer.workbook.running.submission import Submission, Unreadable
from minitransformer.workbook.source import Chapter

_ARCHIVES = {".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"}
_DOCUMENTS = {".html", ".htm", ".pdf", ".docx", ".odt", ".rtf", ".json"}
_KEPT = re.compile(r"-kept(-\d+)?$")  # the copies that reset and start --update leave
_SHOWN = 5  # files of one chapter that are named
_NOT_THEIRS = {"__MACOSX", "__pycache__"}  # and every name that starts with a dot


@dataclass(frozen=True)
class Handed:
    """One student's work on one chapter: what to grade, or a sentence on why it cannot be."""

    file: str  # its path below the folder of submissions
    answers: Submission | None = None
    problem: str = ""

    @property
    def digest(self) -> str:
        """Of the code alone: outputs that were cleared or run again change nothing."""
        assert self.answers is not None
        pieces = "\0".join(f"{piece.cell}\0{piece.code}" for piece in self.answers.pieces)
        return hashlib.sha256(pieces.encode(errors="surrogatepass")).hexdigest()


@dataclass
class Student:
    """What one student handed in: by topic, and in sentences what cannot be graded."""

    name: str
    number: str = ""  # the teaching site's, where it has one
    work: dict[str, Handed] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def students(
    project: Project, folder: Path, *, whole: bool = False, skip: Path | None = None
) -> list[Student]:
    """Everybody in `folder`, by name; with `whole` all of it is one student's.

    `skip` is a folder that is no submission, such as that of the results.
    """
    if not folder.exists():
        raise Unknown(f"There is no folder {folder}: expected one with the submissions in it.")
    if not folder.is_dir():
        raise Unknown(f"{folder} is a file: expected the folder with the submissions in it.")
    chapters = project.chapters()
    slugs = [chapter.slug for chapter in chapters]
    exported = whose.exported(folder)
    files: dict[whose.Who, list[Path]] = {}
    if whole:
        files[whose.Who(folder.resolve().name)] = []
    for path in _paths(folder, skip):
        below = path.relative_to(folder)
        if whole:
            files[whose.Who(folder.resolve().name)].extend([] if path.is_dir() else [below])
        elif path.is_dir() or len(below.parts) > 1 or _somebodys(path, slugs):
            name = whose.who(below, slugs, exported, folder.resolve().name)
            files.setdefault(name, []).extend([] if path.is_dir() else [below])
        # Anything else at the top may be nobody's, such as a list of marks: see `left`.
    named = whose.titles(files)
    found = [_student(chapters, folder, who.number, named[who], files[who]) for who in files]
    return sorted(found, key=lambda student: student.name.casefold())


def class_folder(folder: Path, skip: Path | None = None) -> Path:
    """The folder with the students in it: this one, or a site's download that lies in it alone."""
    within = [*_top(folder, skip)]
    if len(within) == 1 and within[0].is_dir() and whose.is_download(within[0]):
        return within[0]
    return folder


def left(project: Project, folder: Path, skip: Path | None = None) -> list[str]:
    """The files at the top of a class's folder that are taken for nobody's work."""
    slugs = [chapter.slug for chapter in project.chapters()]
    files = [path for path in _top(folder, skip) if not path.is_dir()]
    return [p.name for p in files if not _somebodys(p, slugs) and p.name != whose.METADATA]


def _top(folder: Path, skip: Path | None) -> Iterator[Path]:
    return (path for path in _paths(folder, skip) if path.parent == folder)


def _paths(folder: Path, skip: Path | None) -> Iterator[Path]:
    """Every file below, and the folders at the top (an empty one is a student, too)."""
    for place, folders, files in os.walk(folder):
        here = Path(place)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name not in _NOT_THEIRS
            and not (skip is not None and (here / name).resolve() == skip.resolve())
        )
        if here == folder:
            yield from (here / name for name in folders)
        yield from (here / name for name in sorted(files) if not name.startswith("."))


def _somebodys(path: Path, slugs: Sequence[str]) -> bool:
    """Whether a file at the top is a student's: by what it is, or by what it is called."""
    if path.suffix.lower() in {".ipynb", ".py", *_ARCHIVES}:
        return True
    return whose.from_a_site(path.name) or any(slug in path.name for slug in slugs)


def _student(
    chapters: Sequence[Chapter], folder: Path, number: str, name: str, files: list[Path]
) -> Student:
    student = Student(name, number)
    candidates: dict[str, list[Handed]] = {}
    for below in files:
        for topic, handed in _read(chapters, folder, below, student.notes):
            candidates.setdefault(topic, []).append(handed)
    for topic, several in candidates.items():
        student.work[topic] = _one(topic, several)
    if not student.work and not student.notes:
        there = f": {', '.join(p.name for p in files[:5])}" if files else ""
        student.notes.append(f"No notebook was handed in{there or '; the folder is empty'}.")
        return student
    missing = [chapter.slug for chapter in chapters if chapter.topic not in student.work]
    for below in files:  # a chapter's page beside its notebook needs no word
        if below.suffix.lower() in _DOCUMENTS and any(slug in below.stem for slug in missing):
            student.notes.append(f"{below.as_posix()} is not a notebook (.ipynb): not graded.")
    return student


def _read(
    chapters: Sequence[Chapter], folder: Path, below: Path, notes: list[str]
) -> Iterator[tuple[str, Handed]]:
    """The topics that a file answers; a note for the student if it should have and does not."""
    path, shown = folder / below, below.as_posix()
    kind = path.suffix.lower()
    if kind in _ARCHIVES:
        notes.append(
            f"{shown} is an archive, and was not opened: unpack it there and delete it, or hand in "
            "the notebook itself."
        )
    if kind not in (".ipynb", ".py") or _KEPT.search(path.stem):
        return
    if path.is_symlink():  # to another's work, say, or to the solutions
        notes.append(f"{shown} is a link, not a file: it was not followed.")
        return
    try:
        answers = submission.read(path)
    except Unreadable as problem:
        topics = [chapter.topic for chapter in chapters if chapter.slug in path.stem]
        for topic in topics:
            yield topic, Handed(shown, problem=str(problem))
        if not topics:
            notes.append(str(problem))
        return
    written = {id.partition(".")[0] for id in answers.ids}
    topics = [chapter.topic for chapter in chapters if chapter.topic in written]
    if not topics and kind == ".ipynb":
        notes.append(
            f"{shown} has no exercises of this book: expected cells that start with a line like "
            "'# exercise: attention.scores'."
        )
    ours = {exercise.id for chapter in chapters for exercise in chapter.exercises}
    if unknown := [id for id in answers.ids if id.partition(".")[0] in topics and id not in ours]:
        notes.append(
            f"{shown} answers {', '.join(unknown)}, which this version of the book does not have: "
            "it may come from another version, or its first line was changed."
        )
    yield from ((topic, Handed(shown, answers)) for topic in topics)


def _one(topic: str, several: list[Handed]) -> Handed:
    """The one to grade; files that hold the same code count as one."""
    first, *others = several
    if all(h.answers and first.answers and h.digest == first.digest for h in others):
        return first
    shown = [handed.file for handed in several[:_SHOWN]]
    if len(several) > _SHOWN:
        shown.append(f"{len(several) - _SHOWN} more")
    files = " and ".join(shown)
    return Handed(
        files,
        problem=f"There are {len(several)} files for {topic}, and none of them is graded: {files}. "
        "Only one can count: take the others out."
        + " If they are several students', grade their folder by itself."
        * (len(several) > 2),
    )
