"""`minitransformer grade FOLDER --out RESULTS`: a class's submissions, graded into a gradebook.

Writes gradebook.csv, junit.xml, summary.txt, and for each student feedback/NAME.md and
gradescope/NAME/results.json. With --gradescope the folder is one student's, and results.json is all
that is written. Leaves out reading the submissions and grading them (`workbook/gradebook/`).
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from tqdm import tqdm

from minitransformer.workbook import report
from minitransformer.workbook.commands.check import add_limit, seed
from minitransformer.workbook.gradebook import (
    bundle,
    feedback,
    gradescope,
    junit,
    summary,
    table,
)
from minitransformer.workbook.gradebook.grading import Task, grade_class
from minitransformer.workbook.gradebook.marks import Gradebook, file_names
from minitransformer.workbook.project import COMMAND, Project, Unknown
from minitransformer.workbook.state import write_atomically


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = (
        "FOLDER holds a notebook a student (alice.ipynb), a folder a student, or what\n"
        "Moodle, Canvas or Gradescope hand out. A run that was ended goes on where it was.\n"
        "Exit code: 0 all graded, 1 something needs a look, 2 nothing could be done.\n"
        "What a grade means, and what it does not: the page 'Teach with this book'."
    )
    parser.add_argument("folder", type=Path, nargs="?", metavar="FOLDER", help="the submissions")
    parser.add_argument(
        "--out", type=Path, default=Path("results"), metavar="RESULTS", help="default: results"
    )
    parser.add_argument(
        "--topic",
        nargs="+",
        default=[],
        metavar="TOPIC",
        help="the chapters to grade (default: all of which something was handed in)",
    )
    parser.add_argument(
        "--seed",
        type=seed,
        help="of the random inputs (default: drawn at the first run, kept in RESULTS/seed.txt)",
    )
    parser.add_argument(
        "--jobs", type=many, metavar="N", help="how many at a time (default: one for each core)"
    )
    add_limit(parser)
    parser.add_argument(
        "--gradescope",
        action="store_true",
        help="inside Gradescope: FOLDER is one student's, write RESULTS/results.json",
    )
    parser.add_argument(
        "--bundle", type=Path, metavar="ZIP", help="make an autograder to upload to Gradescope"
    )


def many(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, found {text}")
    return number


def run(args: argparse.Namespace) -> int:
    out = report.console()
    project = Project.find()
    if args.bundle:
        return _bundle(out, project, args)
    if args.folder is None:
        raise Unknown(f"Which submissions? Expected a folder: {COMMAND} grade FOLDER")
    if args.out.resolve() == args.folder.resolve():
        raise Unknown(f"The results go to another folder than {args.folder}: --out RESULTS")
    if args.gradescope:
        return _one(project, args)
    try:
        book = _grade(project, args, args.out)
    except KeyboardInterrupt:
        report.say(out, "Stopped. What is graded is kept: the same command goes on from there.")
        return 130
    if not book.rows:
        raise Unknown(f"There is nothing to grade in {args.folder}: expected notebooks in it.")
    old = write(book, args.out)
    _end(out, book, args.out, old)
    return 1 if any(row.said for row in book.rows) else 0


def _one(project: Project, args: argparse.Namespace) -> int:
    """Gradescope's way: one student, and nothing left behind but the results."""
    with tempfile.TemporaryDirectory() as records:
        book = _grade(project, args, Path(records))
    (row,) = book.rows
    args.out.mkdir(parents=True, exist_ok=True)
    write_atomically(args.out / "results.json", gradescope.content(book, row))
    return 1 if row.said else 0


def _grade(project: Project, args: argparse.Namespace, out: Path) -> Gradebook:
    """Grade with a bar that names whose work was done last; plain lines where there is no terminal.

    `tqdm` shows nothing where standard error is no terminal.
    """
    plain = not sys.stderr.isatty() and not args.gradescope
    shape = "{bar:20} {n_fmt} of {total_fmt}, {remaining} left{postfix}"
    with tqdm(disable=None, ascii=" #", dynamic_ncols=True, leave=False, bar_format=shape) as bar:

        def begun(count: int, different: int, known: int, seed: int) -> None:
            files = f"{count} submission{'s' * (count != 1)} to grade with seed {seed}"
            before = f" ({known} were graded before)" if known else ""
            once = f" Those with the same code are graded once: {different}."
            text = f"{files}{before}.{once if different < count else ''}"
            text += " The book's own answers come first."
            if not args.gradescope:
                with tqdm.external_write_mode():
                    report.say(report.console(), text)
            bar.reset(different)

        def told(task: Task, done: int, count: int) -> None:
            bar.set_postfix_str(f"{task.names[0]}, {task.chapter.topic}"[:36], refresh=False)
            bar.update()
            if plain:
                names = "; ".join(task.names)  # a name may have a comma in it
                print(f"{done} of {count}: {names}, {task.chapter.topic}", flush=True)

        return grade_class(
            project,
            args.folder,
            out,
            topics=args.topic,
            seed=args.seed,
            jobs=args.jobs,
            limit=args.limit,
            whole=args.gradescope,
            begun=begun,
            told=told,
        )


def write(book: Gradebook, out: Path) -> list[str]:
    """Every file of a class's results, each written whole or not at all.

    The names of students' files that an earlier run wrote, and this one did not, are returned.
    """
    files = {"gradebook.csv": table.content(book), "junit.xml": junit.content(book)}
    said = io.StringIO()
    summary.show(Console(file=said, width=80, highlight=False), book)
    files["summary.txt"] = said.getvalue().encode(errors="replace")
    names = file_names(row.name for row in book.rows)
    for row in book.rows:
        name = names[row.name]
        files[f"feedback/{name}.md"] = feedback.text(book, row).encode(errors="replace")
        files[f"gradescope/{name}/results.json"] = gradescope.content(book, row)
    for name, content in files.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    there = [*out.glob("feedback/*.md"), *out.glob("gradescope/*/results.json")]
    return sorted({path.relative_to(out).as_posix() for path in there} - {*files})


def _end(out: Console, book: Gradebook, where: Path, old: list[str]) -> None:
    before = f"; {book.known} were graded before and have not changed" if book.known else ""
    many = f"{book.fresh} submission{'s' * (book.fresh != 1)}"
    report.say(out, f"Graded {many} with seed {book.seed}{before}.")
    summary.show(out, book)
    out.print()
    report.say(
        out,
        f"Written to {where}: gradebook.csv, junit.xml, summary.txt; a student each in feedback/ "
        "and gradescope/.",
    )
    if old:
        report.say(
            out,
            f"Kept from an earlier run, of nobody in this class as it is now: {', '.join(old)}.",
        )


def _bundle(out: Console, project: Project, args: argparse.Namespace) -> int:
    seed = bundle.write(project, args.bundle, args.topic, args.seed)
    report.say(
        out,
        f"{args.bundle}: upload it as the autograder of a programming assignment. It grades "
        f"{' and '.join(args.topic)} with seed {seed}, out of {bundle.worth(project, args.topic)}.",
    )
    return 0
