"""What a check's seconds are spent on: the same steps as the grading process, one after another.

`python -m benchmarks.stages ROOT TOPIC EXERCISE` takes them in a new process and prints their
seconds as JSON. Leaves out what runs beside them: the command that waits for the process.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from minitransformer.workbook.project import Project

STEPS = ("python", "torch", "graders", "wrong answers", "given cells", "ladder")


def stages(project: Project, topic: str, id: str, rounds: int) -> dict[str, float]:
    """The median seconds of each step."""
    runs: list[dict[str, float]] = []
    command = [sys.executable, "-m", "benchmarks.stages", str(project.root), topic, id]
    for _ in range(rounds):
        started = time.perf_counter()
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
        took = json.loads(ran.stdout)
        whole = time.perf_counter() - started
        runs.append({"python": whole - sum(took.values()), **took})
    return {step: statistics.median(run[step] for run in runs) for step in STEPS}


def take(root: Path, topic: str, id: str) -> dict[str, float]:
    """Take every step once."""
    took: dict[str, float] = {}
    last = time.perf_counter()

    def done(step: str) -> None:
        nonlocal last
        now = time.perf_counter()
        took[step], last = now - last, now

    import torch

    torch.set_num_threads(1)
    done("torch")
    from minitransformer.workbook.grading import catalogue
    from minitransformer.workbook.running import cells
    from minitransformer.workbook.running.references import References

    project = Project(root)
    chapter, exercise = project.exercise(id)
    graders = catalogue.graders(catalogue.load_module(project.grader(chapter), "the_grader"))
    done("graders")
    wrong = {
        e.id: catalogue.wrong_answers(project.wrong(chapter), e.name) for e in chapter.exercises
    }
    done("wrong answers")
    references = References.of(project.chapters())
    space = cells.namespace("learner", references.get)
    for i, text in enumerate(chapter.given):
        cells.run(text, f"given {i + 1}", space)
    done("given cells")
    verdict = graders[id].climb(cells.define(exercise.solution, id, space), 0, wrong[id])
    assert verdict.passed, verdict.message
    done("ladder")
    return took


if __name__ == "__main__":
    root, topic, id = sys.argv[1:]
    print(json.dumps(take(Path(root), topic, id)))
