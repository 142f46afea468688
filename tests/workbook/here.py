"""Grading in this process, which takes no start-up: for answers that do no harm, in tests of words.

Leaves out all that `runner.grade` does against harm, which other tests try. No tests here.
"""

from __future__ import annotations

import dataclasses


def grade_here(project, chapter, answers, *, only=None, seed=0, report=lambda _: None, **_):
    """What `runner.grade` gives."""
    from minitransformer.workbook.grading import catalogue
    from minitransformer.workbook.running import cells, runner
    from minitransformer.workbook.running.references import References
    from minitransformer.workbook.verdict import FAILED, Verdict

    graders = catalogue.graders(catalogue.load_module(project.grader(chapter), "grader_here"))
    references, passed, verdicts = References.of(project.chapters()), {}, []
    space = cells.namespace("learner", lambda id: passed.get(id) or references.get(id))
    for text in chapter.given:
        cells.run(text, "given", space)
    wanted = {e.id for e in chapter.exercises} if only is None else set(only)
    for exercise in runner._with_needs(chapter, wanted):
        try:
            code = answers.answer(exercise.id)
            answer = cells.define(code, exercise.id, space)
            wrong = catalogue.wrong_answers(project.wrong(chapter), exercise.name)
            verdict = graders[exercise.id].climb(answer, seed, wrong)
        except LookupError as problem:
            verdict = Verdict(exercise.id, FAILED, f"{problem.args[0]}.", "import")
        known = runner.version(project, chapter, exercise)
        verdicts.append(dataclasses.replace(verdict, version=known))
        if verdict.passed:
            passed[exercise.id] = answer
        space[exercise.name] = passed.get(exercise.id) or references.get(exercise.id)
        report(verdicts[-1])
    return [verdict for verdict in verdicts if verdict.id in wanted]
