"""The gradebook as JUnit XML, which most tools for tests can show: a suite a student and chapter.

Keeps to what the Jenkins plugin's schema (junit-10.xsd) allows. An exercise that was not done has
failed here: a test that is skipped would pass for good.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as Xml

from minitransformer.workbook.gradebook.marks import Gradebook, Mark, Row

# XML 1.0 has no place for these; an answer may have printed them.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def content(book: Gradebook) -> bytes:
    root = Xml.Element("testsuites", name="minitransformer grade")
    for row in book.rows:
        for mark in row.marks:
            root.append(_suite(row, mark))
    suites = list(root)
    for what in ("tests", "failures", "errors"):
        root.set(what, str(sum(int(suite.get(what, "0")) for suite in suites)))
    Xml.indent(root)
    return Xml.tostring(root, encoding="utf-8", xml_declaration=True)


def _suite(row: Row, mark: Mark) -> Xml.Element:
    name = _allowed(f"{row.name} {mark.chapter.topic}")
    exercises = mark.chapter.exercises
    ungraded = not mark.verdicts
    suite = Xml.Element(
        "testsuite",
        name=name,
        tests=str(len(exercises)),
        failures=str(0 if ungraded else len(exercises) - mark.passed),
        errors=str(len(exercises) if ungraded else 0),
        skipped="0",
        time=f"{mark.seconds:.2f}",
    )
    for exercise in exercises:
        case = Xml.SubElement(suite, "testcase", classname=name, name=exercise.id)
        verdict = mark.verdict(exercise)
        if verdict is None:
            _say(case, "error", mark.problem, "not graded")
        elif not verdict.passed:
            _say(case, "failure", verdict.message, verdict.rung or verdict.status)
    return suite


def _say(case: Xml.Element, tag: str, message: str, kind: str) -> None:
    first, _, _ = message.partition("\n")
    Xml.SubElement(case, tag, type=kind, message=_allowed(first)).text = _allowed(message)


def _allowed(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
