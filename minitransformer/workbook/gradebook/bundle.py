"""An autograder for Gradescope: a zip file with this project and the two scripts that it asks for.

The scripts lie in minitransformer/assets/gradescope/. Leaves out what runs inside
(`minitransformer grade --gradescope`).
"""

from __future__ import annotations

import secrets
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from minitransformer.workbook import report
from minitransformer.workbook.project import Project, Unknown

SCRIPTS = Path(__file__).resolve().parents[2] / "assets" / "gradescope"
_FOLDERS = ("minitransformer", "solutions", "tests/graders", "tests/wrong")
_FILES = ("pyproject.toml", "constraints.txt", "README.md", "LICENSE")


def write(project: Project, path: Path, topics: Sequence[str], seed: int | None) -> int:
    """Write the zip file; give the seed that stands in it."""
    if not topics:
        raise Unknown("Which chapters is the assignment about? Add --topic TOPIC.")
    asked = [project.chapter(topic).topic for topic in topics]
    seed = secrets.randbelow(1 << 20) if seed is None else seed
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name in ("setup.sh", "run_autograder"):
            text = (SCRIPTS / name).read_text(encoding="utf-8")
            text = text.replace("TOPICS", " ".join(asked)).replace("SEED", str(seed))
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o755 << 16
            bundle.writestr(entry, text)
        for file in _files(project):
            bundle.write(file, file.relative_to(project.root).as_posix())
    return seed


def worth(project: Project, topics: Sequence[str]) -> str:
    return report.points(sum(project.chapter(topic).points for topic in topics))


def _files(project: Project) -> Iterator[Path]:
    yield from (project.root / name for name in _FILES if (project.root / name).is_file())
    for folder in _FOLDERS:
        for path in sorted((project.root / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path
