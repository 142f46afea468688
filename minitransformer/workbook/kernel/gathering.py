"""The learner's answers as they stand in the notebooks of `work/`, run, and ready to be called.

    shelf.get("attention.grouped")     # the function; or raises Missing, and says why

Reading and running a notebook takes a while, and `mine` is called in loops: so each is run once,
and again when its file (or the solutions' file, which holds what is given) has another time or size
than before. Leaves out the notebook that is open, whose functions live in its own kernel, and what
stands in for an answer that is missing (`earlier.py`).
"""

from __future__ import annotations

import contextlib
import functools
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minitransformer.workbook import source
from minitransformer.workbook.project import COMMAND, Project
from minitransformer.workbook.running import cells, submission
from minitransformer.workbook.running.breakage import brief
from minitransformer.workbook.running.references import References
from minitransformer.workbook.source import Chapter, Exercise

Stamp = tuple[int, int] | None  # when a file was changed, and its size; None: there is none


class Missing(LookupError):
    """There is no answer that can be called; the message is a sentence without its full stop."""


def stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


@dataclass
class Notebook:
    """One notebook, run: its answers, and why others cannot be used."""

    stamps: tuple[Stamp, Stamp]
    answers: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)
    given_out: set[str] = field(default_factory=set)


@dataclass
class Shelf:
    """Every notebook of a project, and the solutions."""

    project: Project
    resolve: Callable[[Project, str], Any]  # what `mine` gives to code in these notebooks
    _chapters: dict[str, Chapter] = field(default_factory=dict)
    _files: dict[Path, Stamp] = field(default_factory=dict)
    _notebooks: dict[str, Notebook] = field(default_factory=dict)
    _references: References | None = None

    def chapters(self) -> dict[str, Chapter]:
        """The chapters by topic; read again when a solutions file is another."""
        if not self._files or any(stamp(path) != was for path, was in self._files.items()):
            folder = self.project.solutions
            read = [source.load(path) for path in sorted(folder.glob("ch[0-9][0-9]_*.py"))]
            self._files = {path: stamp(path) for path in (folder, *(c.path for c in read))}
            self._chapters = {chapter.topic: chapter for chapter in read}
            self._references = None
        return self._chapters

    def solution(self, id: str) -> Any:
        """The book's function."""
        chapters = self.chapters()
        if self._references is None:
            self._references = References.of(chapters.values())
        return self._references.get(id)

    def file(self, id: str) -> Path:
        """The notebook in which the exercise `id` stands."""
        return self.project.notebook(self.chapters()[id.partition(".")[0]])

    def get(self, id: str) -> Any:
        """The learner's function; `Missing` if there is none that can be called."""
        topic = id.partition(".")[0]
        chapters = self.chapters()
        if topic not in chapters or all(e.id != id for e in chapters[topic].exercises):
            self.project.exercise(id)  # raises, with the nearest names
        chapter = chapters[topic]
        path = self.project.notebook(chapter)
        stamps = stamp(path), self._files[chapter.path]
        known = self._notebooks.get(topic)
        if known is None or known.stamps != stamps:
            # On the shelf before it is run, so that a cell that asks for its own chapter ends.
            known = self._notebooks[topic] = Notebook(stamps)
            self._run(chapter, path, known)
        if id not in known.answers:
            raise Missing(known.troubles.get(id, f"is not there yet in {path.name}"))
        return known.answers[id]

    def code(self, id: str) -> str:
        """The code of an answer that was given out."""
        return self._notebooks[id.partition(".")[0]].codes[id]

    def first_time(self, id: str) -> bool:
        """Whether this version of the answer is given out for the first time."""
        out = self._notebooks[id.partition(".")[0]].given_out
        return not (id in out or out.add(id))

    def _run(self, chapter: Chapter, path: Path, into: Notebook) -> None:
        """Run the notebook as its learner would: the cells that define, then the exercises."""
        every = {exercise.id: exercise for exercise in chapter.exercises}
        if into.stamps[0] is None:
            trouble = f"is not there yet, as there is no {path.name} in {path.parent.name}/"
            into.troubles = dict.fromkeys(every, trouble)
            return
        try:
            theirs = submission.read(path)
        except submission.Unreadable:
            trouble = (
                f"cannot be used, as {path.name} is not a notebook in the state it is in "
                f"(more: {COMMAND} check {chapter.topic})"
            )
            into.troubles = dict.fromkeys(every, trouble)
            return
        space = cells.namespace(
            f"learner_{chapter.topic}", functools.partial(self.resolve, self.project)
        )
        with quiet():
            for i, text in enumerate(chapter.given):
                cells.run(text, f"{chapter.topic} given {i + 1}", space)
            for i, text in enumerate(theirs.definitions(chapter.given)):
                # One that fails is missed by those answers alone that use what it defines.
                with contextlib.suppress(Exception, SystemExit):
                    cells.run(text, f"{chapter.topic} definitions {i + 1}", space)
            for id, exercise in every.items():
                trouble = self._define(theirs, exercise, space, into)
                if trouble:
                    into.troubles[id] = trouble
                    # Cells that call it by its bare name, not by mine(...), find what mine gives.
                    space[exercise.name] = functools.partial(self._stand_in, id)

    def _define(
        self,
        theirs: submission.Submission,
        exercise: Exercise,
        space: dict[str, Any],
        into: Notebook,
    ) -> str:
        """Run one exercise's cell; why it gives no function, or ""."""
        name = theirs.path.name
        try:
            code = theirs.answer(exercise.id)
        except LookupError as problem:
            return f"cannot be used: in {name}, {problem.args[0]}"
        if code.strip() == exercise.cell.strip():
            return f"is not done yet in {name}"
        try:
            found = cells.define(code, exercise.id, space)
        except SyntaxError as problem:
            at = f", line {problem.lineno} of its cell" if problem.lineno else ""
            return f"cannot be used: in {name} it is not Python ({problem.msg}{at})"
        except cells.Misplaced as problem:
            return f"cannot be used: in {name}, {str(problem).rstrip('.')}"
        except (Exception, SystemExit) as problem:
            said = f"{type(problem).__name__}: {brief(str(problem))}"
            return f"cannot be used: its cell in {name} does not run ({said})"
        if not callable(found):
            return f"cannot be used: in {name} it is no function"
        into.answers[exercise.id], into.codes[exercise.id] = found, code
        return ""

    def _stand_in(self, id: str, *args: Any, **kwargs: Any) -> Any:
        return self.resolve(self.project, id)(*args, **kwargs)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """What the cells of another notebook print does not belong in this one."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield
