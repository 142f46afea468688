"""One test for each grader of a grader file, and the verdict that it reads.

The solutions are graded in this process; anything else in a process of its own, whose verdicts
these tests only read.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from minitransformer.workbook.verdict import Verdict

ROOT = Path(__file__).resolve().parents[2]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "verdict" in metafunc.fixturenames:
        graders = metafunc.module.GRADERS
        ids = [grader.id for grader in graders]
        metafunc.parametrize("verdict", graders, ids=ids, indirect=True)


@pytest.fixture(scope="session")
def judged() -> dict[str, Any]:
    """The verdicts of the chapters that were judged so far, by the name of their file."""
    return {}


@pytest.fixture
def verdict(request: pytest.FixtureRequest, judged: dict[str, Any]) -> Verdict:
    from minitransformer.workbook.grading import catalogue
    from minitransformer.workbook.project import Project
    from minitransformer.workbook.running import runner, submission
    from minitransformer.workbook.running.references import References

    grader = request.param
    project = Project(ROOT)
    chapter = project.chapter(grader.id.partition(".")[0])
    of, seed = request.config.getoption("--of"), request.config.getoption("--seed")
    if of == "solutions":
        references = judged.setdefault("references", References.of(project.chapters()))
        wrong = catalogue.wrong_answers(project.wrong(chapter), grader.name)
        return grader.climb(references.get(grader.id), seed, wrong)
    if chapter.slug not in judged:
        mine = project.notebook(chapter)
        path = mine if of == "work" else Path(request.config.invocation_params.dir, of)
        if of == "work" and not path.is_file():
            pytest.fail(f"{path} is not there: python -m minitransformer start", pytrace=False)
        problem = ""
        try:
            verdicts = runner.grade(project, chapter, submission.read(path), seed=seed)
        except submission.Unreadable as unreadable:
            problem = str(unreadable)
        if problem:
            pytest.fail(problem, pytrace=False)
        judged[chapter.slug] = {verdict.id: verdict for verdict in verdicts}
    return judged[chapter.slug][grader.id]
