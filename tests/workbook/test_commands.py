"""The learner's commands: what they print, what they keep, and that they lose nothing."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys

import pytest
from here import grade_here

from minitransformer.__main__ import COMMANDS, main


@pytest.fixture
def run(project, monkeypatch, capsys):
    """`run("start", "tiny")` in the made-up project: the exit code and what was printed.

    Its answers are graded in this process, unless a test asks for `isolated` as well.
    """
    from minitransformer.workbook.commands import check

    monkeypatch.setattr(check, "grade", grade_here)
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words):
        try:
            code = main(words)
        except SystemExit as stop:
            code = stop.code
        return code, capsys.readouterr().out

    return run


@pytest.fixture
def isolated(run, monkeypatch):
    """Answers are graded as a learner's are, in a process of their own."""
    from minitransformer.workbook.commands import check
    from minitransformer.workbook.running import runner

    monkeypatch.setattr(check, "grade", runner.grade)


def solve(project, write, **answers):
    write(project.work / "ch01_tiny.ipynb", {f"tiny.{k}": v for k, v in answers.items()})


def test_without_a_command_each_learner_is_told_the_next_step(run, project, write):
    code, said = run()
    assert code == 0
    assert said.startswith(
        "You have not begun yet: 4 exercises wait for you.\n"
        "Begin with: python -m minitransformer start\n"
    )
    assert all(name in said for name in COMMANDS)
    run("start")
    said = run()[1]
    assert said.startswith("Go on with tiny.double, about 1 min.\n")
    assert "python -m minitransformer watch tiny " in said
    solve(project, write)
    run("check")
    assert run()[1].startswith("You have passed all 4 exercises of the book.\n")
    solve(project, write, total="def total(x):\n    return sum(x.unbind(-1))")
    assert run()[1].startswith("Go on with tiny.total")  # changed since its check


def test_the_next_step_is_in_the_chapter_that_was_checked_last(run, project, write):
    from minitransformer.workbook.commands.generate import generate

    text = (project.solutions / "ch01_tiny.py").read_text()
    for number, topic in ((2, "small"), (3, "large")):
        path = project.solutions / f"ch0{number}_{topic}.py"
        path.write_text(text.replace("tiny.", f"{topic}."))
    generate(project)
    run("start")
    assert run()[1].startswith("Go on with tiny.double")
    state = {"status": "failed", "version": "", "checked": "2026-01-01T00:00:00"}
    whole = {"format": 1, "hints": {}, "results": {"small.total": state}, "copies": {}}
    (project.work / ".progress.json").write_text(json.dumps(whole))
    assert run()[1].startswith("Go on with small.double")
    (project.work / "ch02_small.ipynb").unlink()
    assert run()[1].startswith("Go on with large.double")
    for path in project.work.glob("*.ipynb"):
        path.unlink()
    passed = {f"tiny.{e}": {**state, "status": "passed"} for e in ("double", "total", "both")}
    passed["tiny.largest"] = {**state, "status": "passed"}
    (project.work / ".progress.json").write_text(json.dumps({**whole, "results": passed}))
    write(project.work / "ch01_tiny.ipynb", {})
    said = run()[1]
    assert said.startswith("You have passed all that you began. Next: Chapter 2, Tiny")
    assert "python -m minitransformer start small\n" in said


def test_commands_start_without_torch():
    """A learner who types `progress` waits a fifth of a second, not for torch."""
    code = (
        "import sys; from minitransformer.__main__ import COMMANDS, _ELSEWHERE, overview; "
        "from importlib import import_module as load; overview(); "
        "[load(f'minitransformer.workbook.commands.{c}') for c in COMMANDS if c not in _ELSEWHERE];"
        "print('torch' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "False\n"


def test_an_unknown_command_offers_the_nearest(project, capsys):
    assert main(["chek"]) == 2
    assert 'There is no command "chek"; did you mean "check"?' in capsys.readouterr().err


def test_what_a_learner_can_mend_is_no_traceback(run, project, write, monkeypatch):
    from minitransformer.workbook import state

    def full_disk(*_):
        raise OSError(28, "No space left on device", "work/.progress.json")

    solve(project, write)
    with monkeypatch.context() as context:
        context.setattr(state, "write_atomically", full_disk)
        assert run("hint", "tiny.total") == (2, "work/.progress.json: No space left on device.\n")
    (project.exercises / "ch01_tiny.ipynb").unlink()
    code, said = run("progress")
    assert (code, "ch01_tiny.ipynb is missing; make it with:" in " ".join(said.split())) == (
        2,
        True,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="the shell of Windows has no head")
@pytest.mark.parametrize("word", ["", "progress"])
def test_whoever_reads_may_stop_reading(project, word):
    command = f"{sys.executable} -u -m minitransformer {word} | head -1"
    done = subprocess.run(command, shell=True, cwd=project.root, capture_output=True, text=True)
    assert (done.stdout.count("\n"), done.stderr) == (1, "")


@pytest.mark.parametrize(
    "words", [["check", "--seed", "-1"], ["watch", "--limit", "0"], ["grade", ".", "--jobs", "0"]]
)
def test_numbers_that_make_no_sense_are_refused(words, capsys):
    with pytest.raises(SystemExit):
        main(words)
    assert f"found {words[-1]}" in capsys.readouterr().err


def test_a_topic_that_was_asked_for_and_not_begun_is_not_passed_over(run, project, write):
    text = (project.solutions / "ch01_tiny.py").read_text()
    (project.solutions / "ch02_small.py").write_text(text.replace("tiny.", "small."))
    solve(project, write)
    code, said = run("check", "tiny", "small")
    assert (code, said.startswith("You have not begun small yet. Begin with:")) == (2, True)


def test_start_copies_once_and_overwrites_nothing(run, project):
    code, said = run("start")
    notebook = project.work / "ch01_tiny.ipynb"
    assert code == 0
    assert "a fresh copy, 4 exercises, 10 points, about 10 min\n" in said
    notebook.write_text("mine")
    said = run("start", "tiny")[1]
    assert "yours, left as it is" in said
    assert "minitransformer lab tiny\n" in said
    assert notebook.read_text() == "mine"


def test_start_says_when_the_exercises_have_changed_and_offers_a_copy_beside(run, project):
    run("start")
    source = project.exercises / "ch01_tiny.ipynb"
    assert "have changed" not in run("start")[1]
    source.write_text(source.read_text() + "\n")
    assert "have changed since you copied them" in run("start")[1]
    run("start", "tiny", "--new")
    assert (project.work / "ch01_tiny-2.ipynb").read_bytes() == source.read_bytes()
    assert "have changed" not in run("start")[1]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["check", "tinny"], 'There is no topic "tinny"; did you mean "tiny"?'),
        (["check", "tiny.dubble"], 'There is no exercise "dubble" in tiny; did you mean "double"?'),
        (["check", "tiny.zzz"], "There are: double, total, both, largest."),
        (["check", "total"], 'There is no topic "total"; did you mean "tiny.total"?'),
        (["hint", "total"], 'found "total"; did you mean "tiny.total"?'),
        (["check"], "Begin with: python -m minitransformer start"),
        (["check", "--of", "elsewhere.ipynb"], "There is no file elsewhere.ipynb in ."),
        (["check", "--of", "no/where.ipynb"], "nor a folder no"),
        (["check", "--of", "solutions/ch01_tinny.py"], 'did you mean "ch01_tiny.py"?'),
        (["check", "--of", "solutions"], "10 of 10 points; 4 of 4 exercises passed."),
        (["check", "--of", "empty.py"], "empty.py has no exercises of this book"),
        (["hint", "tiny"], 'Expected an exercise like attention.scores, found "tiny".'),
        (["hint", "tiny.totl"], 'did you mean "total"'),
        (["reset", "tiny"], "There is no work/ch01_tiny.ipynb to reset."),
        (["start", "tin"], 'did you mean "tiny"?'),
        (["lab"], "There is nothing in work/ yet."),
        (["watch"], "There is nothing in work/ yet."),
        (["watch", "tinny"], 'did you mean "tiny"?'),
        (["solution", "tiny.totl"], 'did you mean "total"'),
        (["hint"], "Begin with: python -m minitransformer start"),
        (["progress", "tinny"], 'did you mean "tiny"?'),
        (["grade", "tests", "--out", "tests"], "The results go to another folder than tests"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(run, project, words, sentence):
    (project.root / "empty.py").write_text("x = 1\n")
    code, said = run(*words)
    assert sentence in " ".join(said.split())
    assert code == (0 if words[-1] == "solutions" else 2)
    assert all(len(line) <= 80 for line in said.splitlines())


def test_check_grades_remembers_and_says_what_is_next(isolated, run, project, write):
    solve(project, write, total="def total(x):\n    return x.sum(0)", largest=None)
    code, said = run("check")
    assert code == 1
    assert "4 of 10 points; 2 of 4 exercises passed." in said
    assert "This sums down the columns: the last axis is `dim=-1`." in said
    assert "Failed at: shape and dtype (seed 0). Held before: signature." in " ".join(said.split())
    assert "python -m minitransformer hint tiny.total" in said
    assert "\x1b" not in said
    assert all(line == line.rstrip() for line in said.splitlines())
    code, said = run("progress")
    assert "  2 of 4 exercises passed, 4 of 10 points, about 6 min left\n" in said
    assert "##" not in said
    assert "failed  tiny.total" in said


def test_check_of_one_exercise_reports_that_one(run, project, write):
    solve(project, write, double="def double(x):\n    return x / 2")
    code, said = run("check", "tiny.both")
    assert code == 0
    assert "passed    tiny.both" in said
    assert "tiny.largest" not in said.partition("Next:")[0]
    code, said = run("check", "tiny.double")
    assert (code, "This is half of x" in said) == (1, True)


def test_check_takes_several(run, project, write):
    solve(project, write, double="def double(x):\n    return x / 2")
    code, said = run("check", "tiny.total", "tiny.double")
    assert (code, said.count("passed    tiny.total"), said.count("failed    tiny.double")) == (
        1,
        1,
        1,
    )
    assert "tiny.largest" not in said.partition("Next:")[0]
    assert "of 10 points" in run("check", "tiny.total", "tiny")[1]


def test_what_was_graded_before_ctrl_c_is_remembered(run, project, write, monkeypatch):
    from minitransformer.workbook import report
    from minitransformer.workbook.standing import Standing

    def stopped(*_):
        raise KeyboardInterrupt

    solve(project, write)
    monkeypatch.setattr(report, "show", stopped)
    assert run("check")[0] == 130
    assert [Standing(project).status(f"tiny.{name}") for name in ("double", "total")] == [
        "passed",
        "",
    ]


def test_what_is_needed_first_is_said_and_blocks_nothing(run, project, write):
    stub = "def double(x):\n    raise NotImplementedError"
    solve(project, write, double=stub, both="def both(x):\n    return x.sum(-1)")
    said = run("check", "tiny.both")[1]
    assert "tiny.double comes first." in " ".join(said.split())


def test_grading_other_peoples_files_is_not_your_progress(run, project):
    run("check", "--of", "solutions")
    run("check", "--of", "solutions/ch01_tiny.py")
    assert not project.work.exists()


def test_hints_come_one_at_a_time(run):
    said = [run("hint", "tiny.double")[1] for _ in range(4)]
    assert "Hint 1 of 3" in said[0]
    assert "Add." in said[0]
    assert "Multiply" not in said[0]
    assert "\n  Multiply.\n  Either will do.\n\nOne more" in said[1]
    assert said[2].endswith(
        "`2 * x`\n\nThose are all. If you are stuck, see the book's answer and go on:\n"
        "python -m minitransformer solution tiny.double --peek\n"
    )
    assert "You have had all 3 hints" in said[3]
    assert "Add." in said[3]
    assert all(line == line.rstrip() for line in "\n".join(said).splitlines())
    assert "\n\n\n" not in "".join(said)
    assert "\nOne more: " in said[0]


def test_reset_of_a_topic_keeps_the_old_copy(run, project):
    run("start")
    notebook = project.work / "ch01_tiny.ipynb"
    for text in ("one", "two"):
        notebook.write_text(text)
        run("reset", "tiny")
        assert notebook.read_bytes() == (project.exercises / "ch01_tiny.ipynb").read_bytes()
    kept = sorted(project.work.glob("*-kept*"))
    assert [path.read_text() for path in kept] == ["two", "one"]


def test_reset_of_an_exercise_puts_its_stub_back_and_leaves_the_rest(run, project, write):
    solve(project, write, total="def total(x):\n    return 0\n# exercise: tiny.total\ntotal = 3")
    notebook = project.work / "ch01_tiny.ipynb"
    before = notebook.read_bytes()
    code, said = run("reset", "tiny.total")
    assert code == 0
    assert (project.work / "ch01_tiny-kept.ipynb").read_bytes() == before
    code, said = run("check")
    assert "not done  tiny.total" in said
    assert said.count("passed    ") == 3


def test_reset_of_what_was_not_touched_makes_no_copy(run, project):
    run("start")
    for what in ("tiny", "tiny.total"):
        code, said = run("reset", what)
        assert (code, "there was nothing to put back" in " ".join(said.split())) == (0, True)
        assert all(line == line.rstrip() for line in said.splitlines())
    assert not list(project.work.glob("*-kept*"))


def test_reset_puts_a_deleted_cell_back_in_its_place(run, project, write):
    solve(project, write, total=None)
    run("reset", "tiny.total")
    cells = json.loads((project.work / "ch01_tiny.ipynb").read_text())["cells"]
    first = ["".join(cell["source"]).partition("\n")[0] for cell in cells]
    place = first.index("# exercise: tiny.total")
    assert first[place - 1] == "# exercise: tiny.double"
    assert first[place + 1] == 'check("tiny.total")'


def test_state_that_cannot_be_read_is_kept_aside(run, project):
    run("hint", "tiny.double")
    state = project.work / ".progress.json"
    state.write_text("{")
    assert "is kept as progress-unreadable.json" in " ".join(run("progress")[1].split())
    assert (project.work / "progress-unreadable.json").read_text() == "{"


def test_state_is_written_whole_or_not_at_all(project, monkeypatch):
    from minitransformer.workbook import state

    project.work.mkdir()
    mine = state.State(project.work)
    mine.take_hint("tiny.double", 3)
    whole = mine.path.read_bytes()

    def full_disk(*_):
        raise OSError("no space left")

    monkeypatch.setattr(state.os, "fsync", full_disk)
    with pytest.raises(OSError, match="no space left"):
        mine.take_hint("tiny.double", 3)
    assert mine.path.read_bytes() == whole
    assert list(project.work.iterdir()) == [mine.path]


def test_a_pass_of_an_earlier_version_is_named(run, project, write):
    solve(project, write)
    run("check")
    grader = project.root / "tests" / "graders" / "ch01_tiny_inputs.py"
    grader.write_text(grader.read_text() + "\n# a later version\n")
    said = run("progress")[1]
    assert said.count("The exercise changed since you passed it: check it again.") == 4


def test_progress_says_what_was_taken_looked_at_and_changed(run, project, write):
    solve(project, write, double="def double(x):\n    return x / 2")
    run("check")
    run("hint", "tiny.double")
    run("solution", "tiny.double", "--peek")
    solve(project, write, total="def total(x):\n    return sum(x.unbind(-1))")
    said = run("progress")[1]
    lines = [line.strip() for line in said.splitlines()]
    assert "changed tiny.total                   2 points" in lines
    changed = "Changed: what is saved is another answer than the one that was checked."
    assert changed in " ".join(lines)
    assert said.count("python -m minitransformer check tiny\n") == 1
    assert all(len(line) <= 80 for line in said.splitlines())


def test_progress_says_that_the_exercises_changed_since_they_were_copied(run, project):
    run("start")
    assert "have changed" not in run("progress")[1]
    source = project.exercises / "ch01_tiny.ipynb"
    source.write_text(source.read_text().replace("Twice `x`", "Two times `x`"))
    said = run("progress")[1]
    assert "Its exercises have changed since you copied them." in said
    assert "python -m minitransformer start tiny\n" in said


def test_the_solution_comes_after_a_pass_or_for_a_peek(run, project, write):
    solve(project, write, double="def double(x):\n    return x / 2")
    run("check")
    run("hint", "tiny.double")
    code, said = run("solution", "tiny.double")
    assert code == 1
    assert "There are 2 hints left: python -m minitransformer hint tiny.double\n" in said
    assert "return 2 * x" not in said
    assert "solution tiny.double --peek" in said
    assert "looked at" not in run("progress")[1]
    code, said = run("solution", "tiny.double", "--peek")
    assert (code, "    return 2 * x\n" in said) == (0, True)
    assert "The book's answer was looked at." in " ".join(
        run("progress", "tiny")[1].split()
    ).replace("; the", ". The")
    code, said = run("solution", "tiny.total")
    assert (code, "return x.sum(dim=-1)" in said) == (0, True)
    assert "Yours stays as it is, in work/ch01_tiny.ipynb." in said


def test_a_check_of_all_chapters_ends_with_one_sum_and_one_next_step(run, project, write):
    from minitransformer.workbook.commands.generate import generate

    text = (project.solutions / "ch01_tiny.py").read_text()
    (project.solutions / "ch02_small.py").write_text(text.replace("tiny.", "small."))
    generate(project)
    run("start")
    solve(project, write, total="def total(x):\n    return x.sum(0)")
    code, said = run("check")
    assert code == 1
    assert "No answers yet in chapter 2.\n" in said
    assert "Together: 8 of 20 points; 3 of 8 exercises passed.\nNext: tiny.total" in said
    assert said.count("Next:") == said.count("A hint:") == 1


def test_a_command_is_never_broken_at_the_end_of_a_line():
    from minitransformer.workbook import report

    command = "python -m minitransformer hint attention.scores"
    for before in range(60):
        text = f"{'x' * before} {command}"
        assert command in report.wrapped(text, 60, "  ").splitlines()[-1]
    assert "\xa0" not in report.wrapped(f"Type {command} now", 60, "")


def test_a_long_piece_of_code_is_broken_and_what_follows_it_is_not_glued():
    from minitransformer.workbook import report

    text = f"it raised, in `{' '.join(['f(x)'] * 20)}`: 3. {'Words follow here, ' * 5}and `a in b`."
    shown = report.wrapped(text, 40, "")
    assert max(map(len, shown.splitlines())) <= 40
    assert "`a in b`" in shown


def test_columns_of_numbers_are_not_wrapped():
    from minitransformer.workbook import report

    row = "  " + "  ".join(["0.5"] * 15)
    text = f"expected\n{row}\nfound something else"
    assert report.wrapped(text, 40, "").splitlines()[1] == row


@pytest.mark.parametrize("root", [True, False])
def test_lab_opens_the_notebook_at_hand(run, project, monkeypatch, root):
    from minitransformer.workbook.commands import lab

    started = []
    monkeypatch.setattr(lab, "wait_for", lambda words: started.append(words) or 0)
    monkeypatch.setattr(lab, "is_root", lambda: root)
    monkeypatch.setattr(lab.importlib.util, "find_spec", lambda name: name)
    run("start")
    code, said = run("lab")
    assert code == 0
    assert started[0][-1] == str(project.work / "ch01_tiny.ipynb")
    assert ("--allow-root" in started[0]) == ("You are root" in said) == root


def test_only_a_terminal_is_told_what_is_being_graded(monkeypatch):
    from minitransformer.workbook import report

    def told(**kind):
        page = io.StringIO()
        with report.Doing(report.Console(file=page, width=80, **kind)) as doing:
            doing.at("tiny.double")
        return page.getvalue()

    monkeypatch.setenv("TERM", "xterm")
    assert "Grading tiny.double ..." in told(force_terminal=True)
    assert told() == ""
    monkeypatch.setenv("TERM", "dumb")
    assert told(force_terminal=True) == ""


def test_a_listing_fits_the_terminal_and_runs_where_it_is_piped():
    from minitransformer.workbook import report

    code = f"def f(x):\n    # {'word ' * 30}\n    return x"
    page = io.StringIO()
    report.listing(report.Console(file=page, width=60), code)
    assert page.getvalue() == f"{code}\n\n"
    page = io.StringIO()
    report.listing(report.Console(file=page, width=60, force_terminal=True, no_color=True), code)
    lines = re.sub(r"\x1b\[[^m]*m", "", page.getvalue()).splitlines()
    assert max(map(len, lines)) <= 60
    assert all(line.startswith("    # word") for line in lines[1:4])


def test_a_long_path_is_shown_by_its_end(tmp_path):
    from minitransformer.workbook import report

    assert report.shown(tmp_path / "work" / "a.ipynb", tmp_path, 60) == "work/a.ipynb"
    far = tmp_path.joinpath(*["folder"] * 20, "a.ipynb")
    assert report.shown(far, tmp_path / "work", 60) == ".../a.ipynb"
