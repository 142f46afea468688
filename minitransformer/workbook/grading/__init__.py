"""What a grader file imports: cases in, a ladder that an answer climbs, a verdict out.

    from minitransformer.workbook.grading import Case, Wrong, expect_close, grader

In reading order: rungs (a case, and the rungs that need no more), ladder (climbing them), compare,
values, shapes and marked (how found and expected differ, and how that is shown), recognition and
catalogue (known mistakes), diagnosis with relations, places and sequences (what an unknown one is
to the right answer), experiments (what it does with other inputs), evidence (open-ended answers),
guard and inputs. Everything in this folder needs torch. Leaves out whose answer it is and in which
process it runs (`running/`).
"""

from __future__ import annotations

from minitransformer.workbook.grading.compare import Wrong, expect_close
from minitransformer.workbook.grading.ladder import Grader, grader
from minitransformer.workbook.grading.recognition import WrongAnswer
from minitransformer.workbook.grading.rungs import Case

__all__ = ["Case", "Grader", "Wrong", "WrongAnswer", "expect_close", "grader"]
