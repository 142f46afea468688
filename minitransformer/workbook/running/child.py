"""The process that runs learners' code: it gets ready, reads its work, reports each verdict.

Getting ready (torch, graders, given cells, wrong answers) takes seconds and needs no submission.
The work is one submission's exercises, in order; after an answer that killed or hung the process,
`runner.py` goes on in another one. Verdicts leave over a channel of their own (`channel.py`).
pytest is not used here: an answer that calls `pytest.skip` raises an exception like any other.
Leaves out deciding what a death means.
"""

from __future__ import annotations

import linecache
import os
import sys
import traceback
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from minitransformer.workbook.running import cells, isolation
from minitransformer.workbook.running.breakage import brief, describe
from minitransformer.workbook.running.channel import Channel, Tail
from minitransformer.workbook.running.fence import Fence
from minitransformer.workbook.running.references import References
from minitransformer.workbook.verdict import FAILED, TODO, Verdict


def main() -> NoReturn:
    isolation.cut_off()
    # Not where in torch's sources a warning arose, which would fill what is kept of the output.
    warnings.formatwarning = lambda text, kind, *_, **__: f"{kind.__name__}: {brief(str(text))}\n"
    channel = Channel()
    try:
        session = Session(channel)
        channel.say(ready=True)
        session.take(channel.read())
        channel.close()
        session.work()
    except BaseException:  # the grader's own fault, or an answer's that got this far
        channel.say(trouble=traceback.format_exc()[-2000:])
    os._exit(0)  # no thread or exit handler of an answer holds the process up


def _name(id: str) -> str:
    """The exercise's function: "mask" for "attention.mask"."""
    return id.rpartition(".")[2]


class Session:
    """A chapter made ready, then one submission: `take(work)`, and `work()`."""

    def __init__(self, channel: Channel) -> None:
        import torch

        from minitransformer.workbook.grading import catalogue
        from minitransformer.workbook.grading.guard import Guard
        from minitransformer.workbook.running.traces import Traces

        self.torch, self.channel, told = torch, channel, channel.read()
        self.new_traces = Traces
        torch.set_num_threads(1)
        self.references = References(told["references"])
        module = catalogue.load_module(Path(told["grader"]), "the_grader")
        self.graders = catalogue.graders(module)
        folder = Path(told["wrong"])
        self.wrong = {id: catalogue.wrong_answers(folder, _name(id)) for id in self.graders}
        ours = catalogue.beside(module)
        self.guard = Guard(*ours)
        for own in ours:
            linecache.getlines(own.__file__ or "")  # a traceback shows its lines without opening it
        self.private: list[str] = told["private"]
        self.order: list[str] = told["order"]
        self.current = ""  # the exercise that is judged
        self.passed: dict[str, Any] = {}
        # What every exercise sees. Each cell runs on a copy, so that one that sets `torch = None`
        # spoils nothing; what it defines under new names is passed on.
        self.shared = cells.namespace("learner", self.resolve)
        for i, text in enumerate(told["given"]):
            cells.run(text, f"given {i + 1}", self.shared)

    def take(self, work: dict[str, Any]) -> None:
        """The submission; from here on the limits hold."""
        self.job, self.limit, self.seed = work, float(work["limit"]), int(work["seed"])
        isolation.limit_memory_and_files()
        self.traces = self.new_traces()
        self.fence = Fence(os.getcwd(), [*self.private, *work["private"]])
        self.fence.close()

    def resolve(self, id: str) -> Any:
        """`mine` while grading: the learner's if it passed in this run, else the reference.

        For an exercise that is judged, only those before it: no answer borrows its own solution.
        """
        place = self.order.index(id) if id in self.order else -1
        if self.current and place >= self.order.index(self.current):
            raise LookupError("mine(...) gives an exercise before this one, never this one itself")
        return self.earned(id)

    def earned(self, id: str) -> Any:
        return self.passed.get(id) or self.references.get(id)

    def work(self) -> None:
        note = self.definitions()
        for task in self.job["exercises"]:
            self.torch.set_default_dtype(self.torch.float32)
            self.torch.set_grad_enabled(True)
            isolation.limit_cpu(self.limit)
            sys.stdout = sys.stderr = tail = Tail()
            if not task["judge"]:
                self.again(task)
                continue
            self.channel.say(at=task["id"])
            self.current = task["id"]
            with warnings.catch_warnings():
                verdict = self.judge(task)
            self.current = ""
            if verdict.status == FAILED and note:
                verdict = replace(verdict, message=f"{verdict.message} {note}")
            # Later exercises do not pay for a mistake in this one: they see the reference.
            self.shared[_name(task["id"])] = self.earned(task["id"])
            changed = self.guard.replaced()
            gone = bool(self.job["file"]) and isolation.is_gone(Path(self.job["file"]))
            if unfair := self.unfair(_name(task["id"]), changed, gone):
                verdict = Verdict(task["id"], FAILED, unfair, "fair play", (), self.seed)
                self.passed.pop(task["id"], None)
            self.channel.say(verdict=replace(verdict, printed=tail.text).record())
            if changed or gone or self.traces.left():
                return  # the runner goes on in a fresh process

    def unfair(self, name: str, changed: str, gone: bool) -> str:
        """A sentence about what an answer did beside answering; "" if it did nothing."""
        if changed:
            return (
                f"it replaces {changed}, which the grader and the other exercises use: write a "
                "function with a name of its own."
            )
        if gone:  # the runner puts it back
            file = os.path.basename(self.job["file"])
            return f"it deleted {file}, which was put back as it was."
        if tried := self.fence.tried():
            return f"{name} {tried}: an answer computes from its arguments, and returns the result."
        return ""

    def definitions(self) -> str:
        """Run the learner's cells that only define; a sentence about the last that failed."""
        note = ""
        for i, text in enumerate(self.job["definitions"]):
            if i in self.job["dropped"]:
                note = "(And one of your other cells was left out: the grader does not survive it.)"
                continue
            self.channel.say(cell=i)
            isolation.limit_cpu(self.limit)
            sys.stdout = sys.stderr = Tail()
            try:
                cells.run(text, f"definitions {i + 1}", self.shared)
            except BaseException as problem:
                note = f"(And {describe(problem, 'one of your other cells')})"
            if tried := self.fence.tried():
                note = f"(And one of your other cells {tried}, which it may not.)"
            if self.guard.replaced() or self.traces.left():
                raise RuntimeError("a cell of definitions changed what the grader uses")
        return note

    def again(self, task: dict[str, Any]) -> None:
        """Put an exercise that was judged before in its place, in a process that came later."""
        id = task["id"]
        if task["passed"]:
            self.channel.say(again=id)
            self.passed[id] = self.define(task)
            if self.traces.left():
                raise RuntimeError("its cell changes what the later exercises rely on")
        self.shared[_name(id)] = self.earned(id)

    def define(self, task: dict[str, Any]) -> Any:
        """Run an exercise's cell and give its function."""
        space = cells.namespace("learner", self.resolve)
        space.update(self.shared)
        try:
            return cells.define(task["code"], task["id"], space)
        finally:
            self.shared.update({k: v for k, v in space.items() if k not in self.shared})

    def judge(self, task: dict[str, Any]) -> Verdict:
        id = task["id"]
        if task["code"].strip() == task["stub"].strip():
            return Verdict(id, TODO, "not done yet", seed=self.seed)
        try:
            answer = self.define(task)
        except SyntaxError as problem:
            # Python hands over the line of a slip in the grammar, but not of a lone return.
            lines = dict(enumerate(task["code"].splitlines(), start=1))
            line = (problem.text or lines.get(problem.lineno or 0, "")).strip()
            at = f" at `{line}`" if line else ""
            at += f" (line {problem.lineno} of its cell)" if problem.lineno else ""
            message = f"its cell is not Python{at}: {problem.msg}."
        except cells.Misplaced as problem:
            message = str(problem)
        except BaseException as problem:
            message = f"its cell does not run: {describe(problem, 'the cell')}"
        else:
            verdict = self.graders[id].climb(answer, self.seed, self.wrong[id])
            if verdict.passed:
                self.passed[id] = answer
            return verdict
        return Verdict(id, FAILED, message, "import", seed=self.seed)
