"""Verdicts as text for people: one place for the words of terminal and notebook.

Readable at 80 columns and without colour: the status is a word. Leaves out reaching the verdicts.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence

from rich.console import Console, RenderableType
from rich.segment import Segment, Segments
from rich.text import Text

from minitransformer.workbook.project import COMMAND
from minitransformer.workbook.source import Chapter, Exercise
from minitransformer.workbook.verdict import FAILED, PASSED, TODO, Verdict

_WORDS = {PASSED: ("passed", "green"), FAILED: ("failed", "red"), TODO: ("not done", "dim")}
_INDENT = 10


def console() -> Console:
    """The terminal; rich leaves the colours out where there is none, or NO_COLOR is set."""
    return Console(highlight=False)


def points(count: int) -> str:
    return f"{count} point" if count == 1 else f"{count} points"


def lines(verdict: Verdict, exercise: Exercise, passed: Callable[[str], bool]) -> list[str]:
    """What there is to say below an exercise's line: the message, what held, what comes first."""
    if verdict.passed:
        return []
    said = []
    if verdict.status == FAILED:
        text = verdict.message
        if not text.startswith(exercise.name):  # a function's name keeps its small letter
            text = text[:1].upper() + text[1:]
        said.append(text)
        if verdict.rung:
            held = f" Held before: {', '.join(verdict.held)}." if verdict.held else ""
            said.append(f"Failed at: {verdict.rung} (seed {verdict.seed}).{held}")
        if verdict.printed:
            said.append(f"It printed: {verdict.printed}")
        if first := [id for id in exercise.needs if not passed(id)]:
            comes = "comes" if len(first) == 1 else "come"
            said.append(f"{' and '.join(first)} {comes} first.")
    return said


def show(out: Console, verdict: Verdict, exercise: Exercise, passed: Callable[[str], bool]) -> None:
    """One exercise: a line, and below it why it did not pass."""
    word, style = _WORDS[verdict.status]
    earned = exercise.points if verdict.passed else 0
    head = Text(f"{word:<{_INDENT}}", style=style)
    head.append(f"{verdict.id:<28} ", style="bold")
    head.append(f"{earned} of {points(exercise.points)}", style="default")
    out.print(head)
    for line in lines(verdict, exercise, passed):
        say(out, line, _INDENT)


def say(out: Console, text: str, indent: int = 0) -> None:
    """Print sentences, broken at spaces, with nothing behind the end of a line."""
    out.print(wrapped(text, out.width, " " * indent), markup=False, soft_wrap=True)


def wrapped(text: str, width: int, indent: str) -> str:
    """Text broken at spaces and indented; no blank lines."""
    kept = [line for line in text.splitlines() if line.strip()]
    return "\n".join(
        textwrap.fill(
            line,
            max(width, 2 * _INDENT),
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in kept
    )


def indented(out: Console, renderable: RenderableType, indent: int = 2) -> None:
    """Print without spaces behind the ends of lines, and never two blank lines in a row."""
    blank = True  # none comes first
    for line in out.render_lines(renderable, out.options.update(width=out.width - indent)):
        while line and not line[-1].text.strip():
            line.pop()
        if line:
            line[-1] = line[-1]._replace(text=line[-1].text.rstrip())
            out.print(Segments([Segment(" " * indent), *line, Segment.line()]), end="")
        elif not blank:
            out.print()
        blank = not line
    if not blank:
        out.print()


def total(chapter: Chapter, verdicts: Sequence[Verdict]) -> str:
    """The sum of a chapter that was checked whole."""
    worth = {exercise.id: exercise.points for exercise in chapter.exercises}
    passed = [verdict.id for verdict in verdicts if verdict.passed]
    earned, full = sum(worth[id] for id in passed), sum(worth[v.id] for v in verdicts)
    return f"{earned} of {points(full)}; {len(passed)} of {len(verdicts)} exercises passed."


def advice(
    chapter: Chapter,
    passed: Callable[[str], bool],
    hints: Callable[[str], int],
    shell: str = "",
) -> str:
    """What to do next in a chapter; in a notebook's cell `shell` is "!"."""
    for exercise in chapter.exercises:
        if not passed(exercise.id):
            said = [f"Next: {exercise.id}, about {exercise.minutes} min."]
            others = [id for id in exercise.needs if id.partition(".")[0] != chapter.topic]
            if first := [id for id in others if not passed(id)]:
                stands = "stands" if len(first) == 1 else "stand"
                said.append(f"Of other chapters {' and '.join(first)} {stands} before it.")
            said.append(hint(exercise, hints, shell))
            return "\n".join(filter(None, said))
    return "All of this chapter's exercises are passed."


def hint(exercise: Exercise, hints: Callable[[str], int], shell: str = "") -> str:
    """How to ask for the exercise's next hint; "" if all were taken."""
    left = len(exercise.hints) - hints(exercise.id)
    return f"A hint: {shell}{COMMAND} hint {exercise.id}" if left else ""
