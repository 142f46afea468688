"""What to do next, in words: within a chapter, and for the learner as a whole.

Leaves out what is remembered (`standing.py`) and the words for verdicts (`report.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from minitransformer.workbook.project import COMMAND, Project
from minitransformer.workbook.source import Chapter, Exercise
from minitransformer.workbook.standing import Standing
from minitransformer.workbook.verdict import PASSED

Passed = Callable[[str], bool]
_WIDTH = 80


class Place(NamedTuple):
    """Where the learner is: at an exercise of a chapter; None: the chapter is not begun."""

    chapter: Chapter
    exercise: Exercise | None


def name(chapter: Chapter) -> str:
    """A chapter as people call it: "Chapter 3, Attention"."""
    return f"Chapter {chapter.number}, {chapter.title.removesuffix(': the exercises')}"


def heading(exercise: Exercise) -> str:
    """The heading above the exercise in its notebook, in brackets: " (2 · Scores)", or ""."""
    found = re.findall(r"^#{2,} (.+)$", exercise.prose, re.MULTILINE)
    return f" ({found[-1].strip()})" if found else ""


def first_open(chapter: Chapter, passed: Passed) -> Exercise | None:
    """The first exercise that is not passed."""
    return next((e for e in chapter.exercises if not passed(e.id)), None)


def hint(exercise: Exercise, hints: Callable[[str], int], shell: str = "") -> str:
    """How to ask for the exercise's next hint, or for the solution if all were taken."""
    if hints(exercise.id) < len(exercise.hints):
        return f"A hint: {shell}{COMMAND} hint {exercise.id}"
    solution = f"{shell}{COMMAND} solution {exercise.id} --peek"
    return f"You have had its hints. The book's answer:\n{solution}"


def within(
    chapter: Chapter,
    passed: Passed,
    hints: Callable[[str], int],
    shell: str = "",
    word: str = "Next",
    first: Exercise | None = None,
) -> str:
    """What to do next in a chapter: `first`, or the first that is not passed.

    In a notebook's cell `shell` is "!".
    """
    exercise = first or first_open(chapter, passed)
    if exercise is None:
        return "All of this chapter's exercises are passed."
    said = [f"{word}: {exercise.id}{heading(exercise)}, about {exercise.minutes} min."]
    others = [id for id in exercise.needs if id.partition(".")[0] != chapter.topic]
    if before := [id for id in others if not passed(id)]:
        stands = "stands" if len(before) == 1 else "stand"
        said.append(f"Of other chapters {' and '.join(before)} {stands} before it.")
    said.append(hint(exercise, hints, shell))
    return "\n".join(said)


def place(project: Project, chapters: Sequence[Chapter], standing: Standing) -> Place | None:
    """Where to go on: in the chapter that was checked last, else behind it; None: all is passed."""

    def passed(id: str) -> bool:
        return standing.status(id) == PASSED

    results = standing.state.data["results"]
    last = max(results, key=lambda id: results[id].get("checked", ""), default="").partition(".")[0]
    at = next((chapter.number for chapter in chapters if chapter.topic == last), 0)
    begun = [chapter for chapter in chapters if project.notebook(chapter).is_file()]
    for chapter in sorted(begun, key=lambda c: (c.number < at, c.number)):
        if exercise := first_open(chapter, passed):
            return Place(chapter, exercise)
    return next((Place(chapter, None) for chapter in chapters if chapter not in begun), None)


def onward(
    project: Project, chapters: Sequence[Chapter], standing: Standing, *, brief: bool = False
) -> list[str]:
    """The one next step for this learner, as lines; `brief`: in the words of `within`."""
    here = place(project, chapters, standing)
    total = sum(len(chapter.exercises) for chapter in chapters)
    if here is None:
        return [f"You have passed all {total} exercises of the book." if total else _NONE]
    chapter, exercise = here
    if exercise is not None and brief:
        state = standing.state
        return within(chapter, lambda id: standing.status(id) == PASSED, state.hints).splitlines()
    if exercise is not None:
        where = heading(exercise)
        told = [f"Go on with {exercise.id}{h}, about {exercise.minutes} min." for h in ("", where)]
        return [
            told[-1] if len(told[-1]) <= _WIDTH else told[0],
            f"  {COMMAND} lab {chapter.topic:<12} opens its notebook",
            f"  {COMMAND} watch {chapter.topic:<10} grades it at every save",
        ]
    if any(project.notebook(other).is_file() for other in chapters):
        minutes = sum(exercise.minutes for exercise in chapter.exercises)
        return [
            f"You have passed all that you began. Next: {name(chapter)}, about {minutes} min.",
            f"  {COMMAND} start {chapter.topic}",
        ]
    return [
        f"You have not begun yet: {total} exercises wait for you.",
        f"Begin with: {COMMAND} start",
    ]


_NONE = "There are no exercises here yet."
