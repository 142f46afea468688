"""Where things lie: `Project(root)` names the folders; `Project.find()` looks for the clone.

Leaves out what the files hold. Tests hand in a root of their own.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from minitransformer.names import nearest
from minitransformer.workbook import source
from minitransformer.workbook.source import Chapter, Exercise

COMMAND = "python -m minitransformer"  # works where the installed script is not on the path


class Told(ValueError):
    """What cannot be done, in sentences for whoever asked for it; no traceback."""


class Unknown(Told):
    """A topic, exercise or path that is not there; the message offers the nearest names."""


@dataclass(frozen=True)
class Project:
    """A clone of the project: `Project(Path("."))`.solutions is its folder of solutions."""

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Project:
        """The clone around `start` (the working folder), else the one the package is run from."""
        here = (start or Path.cwd()).resolve()
        package = Path(__file__).resolve().parents[2]
        for folder in (here, *here.parents, package):
            if (folder / "solutions").is_dir() and (folder / "tests" / "graders").is_dir():
                return cls(folder)
        raise Unknown(
            "The exercises are not here: expected a folder with solutions/ and tests/graders/. "
            "Run this inside your clone of the project."
        )

    @property
    def solutions(self) -> Path:
        return self.root / "solutions"

    @property
    def exercises(self) -> Path:
        return self.root / "exercises"

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def pages(self) -> Path:
        return self.root / "chapters"

    def grader(self, chapter: Chapter) -> Path:
        return self.root / "tests" / "graders" / f"test_{chapter.slug}.py"

    def grader_files(self, chapter: Chapter) -> list[Path]:
        """The grader file and what belongs to it: `chNN_topic*.py` beside it."""
        main = self.grader(chapter)
        return [p for p in (main, *sorted(main.parent.glob(f"{chapter.slug}*.py"))) if p.is_file()]

    def wrong(self, chapter: Chapter) -> Path:
        return self.root / "tests" / "wrong" / chapter.slug

    def right(self, chapter: Chapter) -> Path:
        """The file of right answers in other styles, which graders are tested with."""
        return self.root / "tests" / "alternatives" / f"{chapter.slug}.py"

    def notebook(self, chapter: Chapter) -> Path:
        """The learner's own copy."""
        return self.work / f"{chapter.slug}.ipynb"

    @property
    def repository(self) -> str:
        """The project's address, from pyproject.toml; "" while it has none."""
        settings = self.root / "pyproject.toml"
        if not settings.is_file():
            return ""
        tool = tomllib.loads(settings.read_text(encoding="utf-8")).get("tool", {})
        return tool.get("minitransformer", {}).get("repository", "").rstrip("/")

    def chapters(self) -> list[Chapter]:
        """Every chapter that has exercises, in order."""
        return [source.load(path) for path in sorted(self.solutions.glob("ch[0-9][0-9]_*.py"))]

    def chapter(self, topic: str) -> Chapter:
        """The chapter called `topic` ("attention", or "ch03_attention")."""
        chapters = self.chapters()
        for chapter in chapters:
            if topic in (chapter.topic, chapter.slug):
                return chapter
        if full := self._called(topic):
            raise Unknown(f'There is no topic "{topic}"; did you mean {full}?')
        topics = [chapter.topic for chapter in chapters]
        offer = nearest(topic, topics) or f". There are: {', '.join(topics) or 'none yet'}."
        raise Unknown(f'There is no topic "{topic}"{offer}')

    def exercise(self, id: str) -> tuple[Chapter, Exercise]:
        """The exercise `topic.name` and its chapter."""
        topic, dot, name = id.partition(".")
        if not dot or not name:
            full = self._called(id)
            offer = f"; did you mean {full}?" if full else "."
            raise Unknown(f'Expected an exercise like attention.scores, found "{id}"{offer}')
        chapter = self.chapter(topic)
        for exercise in chapter.exercises:
            if exercise.name == name:
                return chapter, exercise
        known = [exercise.name for exercise in chapter.exercises]
        offer = nearest(name, known) or f". There are: {', '.join(known)}."
        raise Unknown(f'There is no exercise "{name}" in {chapter.topic}{offer}')

    def _called(self, name: str) -> str:
        """The full ids of the exercises called `name`, as an offer: '"attention.softmax"'."""
        ids = [e.id for chapter in self.chapters() for e in chapter.exercises if e.name == name]
        return " or ".join(f'"{id}"' for id in ids)
