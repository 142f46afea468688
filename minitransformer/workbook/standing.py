"""Where the learner stands: what is remembered of each exercise, against the notebooks as they are.

    Standing(project).status("attention.mask")    # "passed", "failed", "todo", "changed" or ""

Leaves out judging: an answer that was changed after its check is "changed", not right or wrong.
"""

from __future__ import annotations

from minitransformer.workbook.project import Project
from minitransformer.workbook.running import submission
from minitransformer.workbook.running.submission import Submission
from minitransformer.workbook.state import State


class Standing:
    """The notebooks of `work/`, each read once, and the state beside them."""

    def __init__(self, project: Project, state: State | None = None) -> None:
        self.state = state or State(project.work)
        self._paths = {chapter.topic: project.notebook(chapter) for chapter in project.chapters()}
        self._read: dict[str, Submission | None] = {}

    def code(self, id: str) -> str | None:
        """The code of the exercise's cell as it is saved; None if there is no notebook to read."""
        topic = id.partition(".")[0]
        if topic not in self._read:
            try:
                self._read[topic] = submission.read(self._paths[topic])
            except (submission.Unreadable, KeyError):
                self._read[topic] = None
        read = self._read[topic]
        try:
            return read.answer(id) if read else None
        except LookupError:
            return ""

    def status(self, id: str) -> str:
        """As `State.status`, for the answer as it is saved."""
        return self.state.status(id, self.code(id))
