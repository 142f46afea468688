"""What the tests of the instructor's command share: wrong answers, a look at the gradebook, a form.

GRADESCOPE is the documented form of results.json as a JSON schema, written from
gradescope-autograders.readthedocs.io/en/latest/specs/. No tests here.
"""

from __future__ import annotations

import csv
import subprocess
import sys

HALF = {"tiny.double": "def double(x):\n    return x / 2"}
DOWN = {"tiny.total": "def total(x):\n    return x.sum(0)"}
TODO = {"tiny.largest": "def largest(x):\n    raise NotImplementedError"}


def gradebook(folder):
    with (folder / "gradebook.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def start(project, *words):
    return subprocess.Popen(
        [sys.executable, "-m", "minitransformer", "grade", "class", "--out", "out", *words],
        cwd=project.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


FORMATS = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
SEEN = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}
TEST = {
    "type": "object",
    "additionalProperties": False,
    "required": ["score"],  # where the top has none; ours has both
    "properties": {
        "score": {"type": "number"},
        "max_score": {"type": "number", "minimum": 0},
        "status": {"enum": ["passed", "failed"]},
        "name": {"type": "string"},
        "name_format": FORMATS,
        "number": {"type": "string"},
        "output": {"type": "string"},
        "output_format": FORMATS,
        "tags": {"type": "array", "items": {"type": "string"}},
        "visibility": SEEN,
        "extra_data": {"type": "object"},
    },
}
GRADESCOPE = {
    "type": "object",
    "additionalProperties": False,
    "anyOf": [{"required": ["score"]}, {"required": ["tests"]}],
    "properties": {
        "score": {"type": "number"},
        "execution_time": {"type": "number"},
        "output": {"type": "string"},
        "output_format": FORMATS,
        "test_output_format": FORMATS,
        "test_name_format": FORMATS,
        "visibility": SEEN,
        "stdout_visibility": SEEN,
        "extra_data": {"type": "object"},
        "tests": {"type": "array", "items": TEST},
        "leaderboard": {
            "type": "array",
            "items": {"type": "object", "required": ["name", "value"]},
        },
    },
}
