"""The solutions as functions: what `mine` falls back on, and what a default test run grades.

Built from source text, never from a path, so that the grading process can be handed it. Leaves out
the importable module `solutions.chNN_topic`, which pages use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from minitransformer.workbook.running import cells
from minitransformer.workbook.source import Chapter

# topic -> {"given": [code, ...], "solutions": {id: code}}; plain, so that it travels as JSON
Sources = Mapping[str, Mapping[str, Any]]


@dataclass
class References:
    """`References.of(chapters).get("attention.mask")` is the solution's function."""

    sources: Sources
    _spaces: dict[str, dict[str, Any]] = field(default_factory=dict)
    _found: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls, chapters: Iterable[Chapter], replace: Mapping[str, str] | None = None
    ) -> References:
        """From the chapters' text; `replace` puts other code in the place of a solution's."""
        return cls(as_sources(chapters, replace))

    def get(self, id: str) -> Any:
        """The solution of the exercise `id`; `LookupError`, with a sentence, if there is none."""
        if id not in self._found:
            topic = id.partition(".")[0]
            code = self.sources.get(topic, {}).get("solutions", {}).get(id)
            if code is None:  # no KeyError: that is a common mistake of another kind
                raise LookupError(f"mine takes the whole id of an exercise, topic.name, not {id!r}")
            if topic not in self._spaces:
                space = cells.namespace(f"reference_{topic}", self.get)
                self._spaces[topic] = space
                for i, text in enumerate(self.sources[topic]["given"]):
                    cells.run(text, f"{topic} given {i + 1}", space)
            # Not filed as a cell: an error in it is shown at the learner's line that called it.
            self._found[id] = cells.define(code, id, self._spaces[topic], kind="reference")
        return self._found[id]


def as_sources(
    chapters: Iterable[Chapter], replace: Mapping[str, str] | None = None
) -> dict[str, dict[str, Any]]:
    """The given code and the solutions of `chapters`, by topic."""
    other = replace or {}
    return {
        chapter.topic: {
            "given": chapter.given,
            "solutions": {e.id: other.get(e.id, e.solution) for e in chapter.exercises},
        }
        for chapter in chapters
    }
