"""A second version of the tests' made-up chapter, for learners who began with the first."""

from __future__ import annotations

import re

from minitransformer.workbook.commands.generate import generate

SMALLEST = '''\
# %% [markdown] tags=["hints"]
# 1. As before.
# 2. Turn it round.
# 3. `x.argmin()`


# %%
# exercise: tiny.smallest
# points 2 · minutes 2 · difficulty 1
def smallest(x: Tensor) -> int:
    """Where the smallest entry of `x [row]` is."""
    # YOUR TURN: its place.
    return int(x.argmin())


'''
GRADER = """\
    grader("tiny.smallest", predicate=lambda answer, seed: answer(torch.ones(3))),
]
"""


def second_version(project):
    """The chapter again, a year later: made from the first by what an author would do to it."""
    path = project.solutions / "ch01_tiny.py"
    text = path.read_text(encoding="utf-8")
    head, double, total, both, largest = re.split(r'(?=# %% \[markdown\] tags=\["hints"\])', text)
    head = head.replace("Four exercises that", "Exercises that").replace(
        "from torch import Tensor", "import math\n\nfrom torch import Tensor"
    )
    head = head.replace("added to itself.", "added to itself: two of it.")
    total = total.replace("total", "sums")  # another name: one is gone, and one is new
    both = both.replace("tiny.total", "tiny.sums").replace(
        "x: Tensor)", "x: Tensor, times: int = 2)"
    )
    largest = largest.replace("# points 4", "# points 5") + "\n\n"
    path.write_text(head + largest + double + SMALLEST + total + both, encoding="utf-8")
    grader = project.grader(project.chapter("tiny"))
    text = (
        grader.read_text()
        .replace("tiny.total", "tiny.sums")
        .replace("]\n\n\ndef", GRADER + "\n\ndef")
    )
    grader.write_text(text)
    generate(project)
    return project.chapter("tiny")
