"""The one source of a chapter's exercises: `load("solutions/ch03_attention.py")`.

An exercise is a code cell that starts with its header, behind a markdown cell with tag `hints`:

    # exercise: attention.scores
    # points 2 · minutes 10 · difficulty 1 · needs attention.softmax

One comment `# YOUR TURN: ...` divides it: above it is given, below it is the answer. (A second line
of that comment has two more spaces after its #.) Leaves out what is made of it: the notebook
(`generate.py`) and the page (`pages.py`).
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from minitransformer.workbook import percent
from minitransformer.workbook.percent import Cell

HEADER = re.compile(r"^# exercise: (?P<id>\S+)[ \t]*$", re.MULTILINE)
_ID = re.compile(r"^[a-z][a-z0-9-]*\.[a-z][a-z0-9_]*$")
_PRICE = re.compile(
    r"^# points (?P<points>\d+) · minutes (?P<minutes>\d+) · difficulty (?P<difficulty>[123])"
    r"(?: · needs (?P<needs>\S+(?:, \S+)*))?$"
)
_DIVIDER = re.compile(r"^(?P<indent> *)# YOUR TURN: .*$", re.MULTILINE)
_FILE = re.compile(r"^ch(?P<number>\d\d)_(?P<topic>[a-z0-9_]+)$")


class SourceError(ValueError):
    """A solutions file that does not keep to the form; the message says where and how."""


@dataclass(frozen=True)
class Exercise:
    """One exercise, as written once in the solutions file."""

    id: str  # "attention.scores"; survives renumbering
    points: int
    minutes: int
    difficulty: int  # 1 to 3
    needs: tuple[str, ...]  # exercises that come first; advice, not a lock
    hints: tuple[str, ...]  # markdown, each more telling than the last
    header: str  # the two comment lines
    stub: str  # what the learner gets, without the header
    solution: str  # what the book shows in the end, without the header
    prose: str  # the markdown between the exercise before and this one
    line: int  # of the header in the file

    @property
    def topic(self) -> str:
        return self.id.partition(".")[0]

    @property
    def name(self) -> str:
        """The function's name: the last part of the id."""
        return self.id.rpartition(".")[2]

    @property
    def cell(self) -> str:
        """The cell that a learner is given."""
        return f"{self.header}\n{self.stub}"


@dataclass(frozen=True)
class Chapter:
    """A solutions file: its cells in order, and the exercise that a cell holds, if one does."""

    path: Path
    number: int
    topic: str
    title: str
    cells: tuple[tuple[Cell, Exercise | None], ...]

    @property
    def slug(self) -> str:
        return self.path.stem

    @property
    def exercises(self) -> list[Exercise]:
        return [exercise for _, exercise in self.cells if exercise is not None]

    @property
    def given(self) -> list[str]:
        """The code that every learner is given: neither exercises nor demonstrations."""
        return [
            cell.source
            for cell, exercise in self.cells
            if cell.kind == "code" and exercise is None and "active-ipynb" not in cell.tags
        ]

    @property
    def points(self) -> int:
        return sum(exercise.points for exercise in self.exercises)


def load(path: str | Path) -> Chapter:
    """Read a solutions file; raise `SourceError` where it does not keep to the form."""
    path = Path(path)
    return parse(path.read_text(encoding="utf-8"), path)


def parse(text: str, path: Path) -> Chapter:
    """The chapter that `text` holds; `path` names it: its stem is chNN_topic."""
    named = _FILE.match(path.stem)
    if not named:
        raise SourceError(f"{path.name}: expected a name like ch03_attention.py")
    topic = named["topic"].replace("_", "-")
    cells: list[tuple[Cell, Exercise | None]] = []
    prose: list[str] = []
    hints = ""
    for cell in percent.parse(text):
        exercise = None
        if "hints" in cell.tags:
            hints = cell.source
        elif cell.kind == "markdown":
            prose.append(cell.source)
        elif HEADER.match(cell.source):
            exercise = _exercise(cell, hints, "\n\n".join(prose), f"{path.name}:{cell.line}")
            if exercise.topic != topic:
                raise SourceError(f"{path.name}:{cell.line}: expected an id {topic}.NAME")
            if any(old is not None and old.id == exercise.id for _, old in cells):
                raise SourceError(f"{path.name}:{cell.line}: {exercise.id} stands here twice")
            prose, hints = [], ""
        elif HEADER.search(cell.source):
            raise SourceError(f"{path.name}:{cell.line}: the header must be the cell's first line")
        cells.append((cell, exercise))
    heading = re.search(r"^# (.+)$", "\n".join(c.source for c, _ in cells[:3]), re.MULTILINE)
    title = heading[1].strip() if heading else topic.capitalize()
    return Chapter(path, int(named["number"]), topic, title, tuple(cells))


def _exercise(cell: Cell, hints: str, prose: str, where: str) -> Exercise:
    first, _, rest = cell.source.partition("\n")
    second, _, code = rest.partition("\n")
    id = first.removeprefix("# exercise: ").strip()
    price = _PRICE.match(second)
    if not _ID.match(id):
        raise SourceError(f"{where}: expected an id like attention.scores, found {id!r}")
    if price is None:
        wanted = "# points 2 · minutes 10 · difficulty 1 · needs attention.softmax"
        raise SourceError(f"{where}: expected a second line like\n{wanted}\nfound\n{second}")
    code = code.strip("\n")
    name = id.rpartition(".")[2]
    if name not in defined(ast.parse(code)):
        raise SourceError(f"{where}: the cell of {id} does not define {name}")
    return Exercise(
        id=id,
        points=int(price["points"]),
        minutes=int(price["minutes"]),
        difficulty=int(price["difficulty"]),
        needs=tuple(price["needs"].split(", ")) if price["needs"] else (),
        hints=_numbered(hints, where),
        header=f"{first}\n{second}",
        stub=_stub(code, where),
        solution=code,
        prose=prose,
        line=cell.line,
    )


def defined(tree: ast.Module) -> list[str]:
    """The functions and classes that a piece of code defines at its top level."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [node.name for node in tree.body if isinstance(node, kinds)]


def _stub(code: str, where: str) -> str:
    dividers = list(_DIVIDER.finditer(code))
    if len(dividers) != 1:
        raise SourceError(f"{where}: expected one comment '# YOUR TURN: ...', not {len(dividers)}")
    end = dividers[0].end()
    indent = dividers[0]["indent"]
    while more := re.compile(rf"\n{indent}#   ?\S.*").match(code, end):
        end = more.end()
    return f"{code[:end]}\n{indent}raise NotImplementedError"


def _numbered(hints: str, where: str) -> tuple[str, ...]:
    """The items of a numbered list; an item may have several paragraphs."""
    parts = re.split(r"^(\d+)\. +", hints, flags=re.MULTILINE)
    numbers = [int(n) for n in parts[1::2]]
    if parts[0].strip() or numbers != [1, 2, 3]:
        raise SourceError(
            f'{where}: expected a markdown cell with tags=["hints"] before it, '
            f"a list numbered 1. 2. 3., found the numbers {numbers}"
        )
    return tuple(re.sub(r"^   ", "", p.strip(), flags=re.MULTILINE) for p in parts[2::2])
