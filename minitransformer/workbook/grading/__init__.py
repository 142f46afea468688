"""What a grader file imports: cases in, a ladder that an answer climbs, a verdict out.

    from minitransformer.workbook.grading import Case, Wrong, expect_close, grader

Everything in this folder needs torch. Leaves out whose answer it is and in which process it runs
(`running/`).
"""

from __future__ import annotations

from minitransformer.workbook.grading.compare import Wrong, expect_close
from minitransformer.workbook.grading.ladder import Grader, grader
from minitransformer.workbook.grading.recognition import WrongAnswer
from minitransformer.workbook.grading.rungs import Case

__all__ = ["Case", "Grader", "Wrong", "WrongAnswer", "expect_close", "grader"]
