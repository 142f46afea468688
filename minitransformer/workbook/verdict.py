"""What a grader says about one answer. Leaves out how it came to say so (`grading/ladder.py`).

Nothing here imports torch: the terminal's commands read verdicts that another process reached.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

PASSED, FAILED, TODO = "passed", "failed", "todo"


@dataclass(frozen=True)
class Verdict:
    """The judgement of one exercise: `Verdict("attention.mask", "passed").passed` is true."""

    id: str
    status: str  # PASSED, FAILED or TODO ("not done yet")
    message: str = ""  # why it did not pass, in sentences
    rung: str = ""  # the rung of the ladder that failed
    held: tuple[str, ...] = ()  # the rungs below it, which held
    seed: int = 0
    catalogued: bool = False  # the message is that of a known wrong answer
    printed: str = ""  # the end of what the answer printed
    version: str = ""  # of the exercise and its grader

    @property
    def passed(self) -> bool:
        return self.status == PASSED

    def expect_passed(self) -> None:
        """What a pytest test calls: the message is the failure."""
        __tracebackhide__ = True
        if not self.passed:
            import pytest

            pytest.fail(f"{self.id}: {self.message}", pytrace=False)

    def record(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Verdict:
        """The verdict in a record that came over the pipe; `ValueError` if it is not one."""
        if set(record) != {field.name for field in fields(cls)}:
            raise ValueError(f"a verdict has other fields than {sorted(record)}")
        if record["status"] not in (PASSED, FAILED, TODO):
            raise ValueError(f"no such status: {record['status']!r}")
        return cls(**{**record, "held": tuple(record["held"])})
