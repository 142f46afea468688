"""`minitransformer watch [TOPIC]`: grade a notebook again at every save, until Ctrl-C.

Only what changed is graded again. The file's time and size are asked for a few times a second,
which needs no library and sees every editor's way of saving. Nothing on the screen is cleared: what
was said stays to be read. Leaves out how a verdict is reached (`runner.py`) and worded.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, field

from minitransformer.workbook import advice, report
from minitransformer.workbook.commands import check
from minitransformer.workbook.kernel.gathering import Stamp, stamp
from minitransformer.workbook.project import COMMAND, Project, Unknown
from minitransformer.workbook.running import submission
from minitransformer.workbook.running.runner import Ahead, GraderTrouble, grade
from minitransformer.workbook.running.submission import Submission, Unreadable
from minitransformer.workbook.source import Chapter, Exercise
from minitransformer.workbook.standing import Standing
from minitransformer.workbook.state import State
from minitransformer.workbook.verdict import FAILED, PASSED, TODO, Verdict

_PAUSE = 0.2  # seconds between two looks at the file
_SETTLE = 0.1  # a file that changes within these is still being written
_HALF = 1.0  # and one that is no notebook after these stays none


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "topic", nargs="?", default="", metavar="TOPIC", help="default: the chapter you are at"
    )
    check.add_limits(parser)
    parser.epilog = "Exit code: 0 ended by Ctrl-C, 2 there is nothing to watch."


def run(args: argparse.Namespace) -> int:
    out = report.console()
    project = Project.find()
    chapter = at_hand(project, args.topic)
    where = report.shown(project.notebook(chapter), project.root, out.width)
    report.say(out, f"Watching {where}: every save is graded. Ctrl-C ends it.")
    with Ahead(project, chapter) as ahead:
        watch = Watch(project, chapter.topic, out, args.seed, args.limit, ahead)
        try:
            while True:
                watch.look()
                time.sleep(_PAUSE)
        except KeyboardInterrupt:
            report.say(out, f"No longer watching. Go on at any time: {COMMAND} watch")
            return 0


def at_hand(project: Project, topic: str = "") -> Chapter:
    """The chapter called `topic`, else that which the learner is at; `Unknown` with the next step
    if it is not begun."""
    if topic:
        chapter = project.chapter(topic)
        if not project.notebook(chapter).is_file():
            raise Unknown(check.not_begun(chapter.topic))
        return chapter
    chapters = project.chapters()
    here = advice.place(project, chapters, Standing(project))
    begun = [chapter for chapter in chapters if project.notebook(chapter).is_file()]
    if here is not None and here.exercise is not None:
        return here.chapter
    if begun:
        return begun[-1]
    raise Unknown(check.not_begun())


@dataclass
class Watch:
    """A notebook under watch: each `look()` grades it if it was saved since the last one."""

    project: Project
    topic: str
    out: report.Console
    seed: int
    limit: float
    ahead: Ahead | None = None
    _seen: Stamp | str = "nothing yet"
    _codes: dict[str, str] = field(default_factory=dict)
    _definitions: list[str] | None = None  # None: nothing was graded yet
    _verdicts: dict[str, Verdict] = field(default_factory=dict)
    _idle: bool = False  # the last thing said was that nothing changed

    def __post_init__(self) -> None:
        self._path = self.project.notebook(self.project.chapter(self.topic))

    def look(self) -> None:
        """Grade the notebook if it is another than at the last look, and has come to rest."""
        path = self._path
        now = stamp(path)
        if now == self._seen:
            return
        time.sleep(_SETTLE)
        if stamp(path) != now:  # still being written: the next look will find it whole
            return
        if now is None:  # an editor that saves by renaming takes it away for a moment only
            time.sleep(_HALF)
            if stamp(path) is None:
                self._seen = None
                start = f"{COMMAND} start {self.topic}"
                self._say(f"{path.name} is gone. It is watched for; a new one: {start}")
            return
        try:
            answers = submission.read(path)
        except Unreadable as problem:
            time.sleep(_HALF)
            if stamp(path) == now:
                self._seen = now
                self._say(str(problem))
            return
        self._seen = now
        self._saved(self.project.chapter(self.topic), answers)

    def _saved(self, chapter: Chapter, answers: Submission) -> None:
        """Grade what a save changed, and say how all stands."""
        changed = self._changed(chapter, answers)
        if not changed:
            if not self._idle:
                self._say("Saved; no answer changed.")
            self._idle = True
            return
        self._idle = False
        if self._verdicts:
            self._say(f"Saved; {_listed(changed)} changed.")
        try:
            self._grade(chapter, answers, changed)
        except (GraderTrouble, LookupError) as problem:
            self._definitions = None  # all of it again at the next save
            report.say(self.out, str(problem))

    def _changed(self, chapter: Chapter, answers: Submission) -> list[str]:
        """The exercises whose own code changed; those that need them are graded with them."""
        codes, definitions = answers.codes, answers.definitions(chapter.given)
        ids = [exercise.id for exercise in chapter.exercises]
        if definitions == self._definitions and self._verdicts.keys() == set(ids):
            ids = [id for id in ids if codes.get(id) != self._codes.get(id)]
        self._codes, self._definitions = codes, definitions
        return ids

    def _grade(self, chapter: Chapter, answers: Submission, changed: list[str]) -> None:
        exercises = {exercise.id: exercise for exercise in chapter.exercises}
        reach = set(changed)
        for exercise in chapter.exercises:  # in order: needs name earlier exercises only
            if reach.intersection(exercise.needs):
                reach.add(exercise.id)
        state = State(self.project.work)
        standing = Standing(self.project, state)
        before = dict(self._verdicts)

        def passed(id: str) -> bool:
            known = self._verdicts.get(id)
            return known.passed if known else standing.status(id) == PASSED

        self.out.print()
        doing = report.Doing(self.out)
        with doing:

            def hear(verdict: Verdict) -> None:
                self._verdicts[verdict.id] = verdict
                state.record([verdict], answers.codes)
                old = before.get(verdict.id)
                news = verdict.id in changed or (old is not None and old.status != verdict.status)
                if verdict.id in reach and verdict.status != TODO and news:
                    report.show(self.out, verdict, exercises[verdict.id], passed)

            grade(
                self.project,
                chapter,
                answers,
                only=reach,
                seed=self.seed,
                limit=self.limit,
                report=hear,
                at=doing.at,
                ahead=self.ahead,
            )
        failed = (exercises[id] for id in changed if self._verdicts[id].status == FAILED)
        # What the learner works at, once that is known: the answer of this save.
        self._sum_up(chapter, passed, state, next(failed, None) if before else None)

    def _sum_up(
        self, chapter: Chapter, passed: advice.Passed, state: State, first: Exercise | None
    ) -> None:
        """How the chapter stands, and what to work on now."""
        verdicts = [self._verdicts[exercise.id] for exercise in chapter.exercises]
        failed = sum(verdict.status == FAILED for verdict in verdicts)
        said = [report.total(chapter, verdicts)]
        if failed:
            said.append(f"{failed} failed.")
        if any(verdict.status != TODO for verdict in verdicts):
            self.out.print()
        report.say(self.out, " ".join(said))
        report.say(self.out, advice.within(chapter, passed, state.hints, word="Now", first=first))
        if all(verdict.passed for verdict in verdicts):
            chapters = self.project.chapters()
            for line in advice.onward(self.project, chapters, Standing(self.project, state)):
                self.out.print(line, markup=False)

    def _say(self, text: str) -> None:
        self.out.print()
        report.say(self.out, f"{time.strftime('%H:%M:%S')}  {text}")


def _listed(ids: list[str]) -> str:
    """A few ids, or how many there are."""
    return ", ".join(ids) if len(ids) <= 3 else f"{len(ids)} answers"
