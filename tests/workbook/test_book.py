"""Building the book: what its cache is keyed on, the server, and the pages' small parts.

That the whole book builds and reads well is for tests/book.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from threading import Thread

import pytest

from minitransformer.book import build as book
from minitransformer.book import pages
from minitransformer.workbook.source import Exercise


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for folder in book.INGREDIENTS:
        (tmp_path / folder).mkdir()
    (tmp_path / "minitransformer" / "plots.py").write_text("x = 1")
    return tmp_path


def test_the_cache_is_keyed_on_everything_that_pages_compute_with(tree: Path) -> None:
    seen = [book.cache_path(tree)]
    (tree / "minitransformer" / "plots.py").write_text("x = 2")
    seen.append(book.cache_path(tree))
    for folder in book.INGREDIENTS:
        (tree / folder / "new").write_text("1")
        seen.append(book.cache_path(tree))
    (tree / "data" / "new").rename(tree / "data" / "old")
    seen.append(book.cache_path(tree))
    assert len(set(seen)) == len(seen)
    (tree / "minitransformer" / "__pycache__").mkdir()
    (tree / "minitransformer" / "__pycache__" / "plots.pyc").write_text("1")
    (tree / "README.md").write_text("not computed with")
    assert book.cache_path(tree) == seen[-1]


def test_only_the_last_caches_are_kept(tmp_path: Path) -> None:
    for age, name in enumerate(["now", "new", "older", "oldest"]):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    book._forget_old_caches(tmp_path / "now")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "now", "older"]


def test_the_pages_with_code_are_found_through_the_contents(tmp_path: Path) -> None:
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: a\nchapters:\n- file: b\n")
    (tmp_path / "a.md").write_text("words")
    for name in "bc":
        (tmp_path / f"{name}.md").write_text("```{code-cell} python\n1\n```")
    assert book.executed_pages(tmp_path) == [tmp_path / "b.md"]


@pytest.mark.slow
def test_a_page_that_fails_costs_itself_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in book.page_environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: a\nchapters:\n- file: b\n- file: c\n"
    )
    head = "---\nkernelspec: {name: python3, display_name: Python 3}\n---\n"
    for name, code in {"a": "1 / 0", "b": "import os; os._exit(1)", "c": "6 * 7"}.items():
        (tmp_path / f"{name}.md").write_text(f"{head}```{{code-cell}} python\n{code}\n```\n")
    assert book.execute_pages(tmp_path) == 1
    out, err = capsys.readouterr()
    assert "Running 3 page(s)" in out
    assert "Ran c.md" in out
    assert f"{tmp_path / 'a.md'} failed" in err
    assert "ZeroDivisionError" in err
    assert f"{tmp_path / 'b.md'} failed" in err
    assert "Kernel died" in err
    (tmp_path / "a.md").write_text("mended")
    (tmp_path / "b.md").write_text("mended")
    assert book.execute_pages(tmp_path) == 0
    assert "Running" not in capsys.readouterr().out


def test_a_taken_port_is_replaced_by_a_free_one(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("the book")
    with (
        book.open_server(tmp_path, 0) as first,
        book.open_server(tmp_path, first.server_port) as second,
    ):
        assert second.server_port != first.server_port
        thread = Thread(target=second.serve_forever)
        thread.start()
        with urllib.request.urlopen(f"http://127.0.0.1:{second.server_port}/") as answer:
            assert answer.read() == b"the book"
        second.shutdown()
        thread.join()


def test_a_browser_that_leaves_early_is_no_news(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with book.open_server(tmp_path, 0) as server:
        for error in (BrokenPipeError(), ValueError("a real mistake")):
            try:
                raise error
            except Exception:
                server.handle_error(None, ("127.0.0.1", 1))
    printed = capsys.readouterr().err
    assert "a real mistake" in printed
    assert "BrokenPipeError" not in printed


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is not a signal that can be sent there")
def test_the_server_prints_its_address_and_ends_at_ctrl_c(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from minitransformer.book import build as book; "
        f"raise SystemExit(book.serve(Path({str(tmp_path)!r}), 0))"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert "The book: http://localhost:" in process.stdout.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Closed." in rest
    assert errors == ""


def test_launch_links_follow_from_the_address_alone() -> None:
    assert pages.launch_links("", "ch03_attention") == {}
    assert pages.launch_links("https://github.com/ann/mini/", "ch03_attention") == {
        "Open in Colab": "https://colab.research.google.com/github/ann/mini/blob/main/"
        "exercises/ch03_attention.ipynb",
        "Open in Binder": "https://mybinder.org/v2/gh/ann/mini/main"
        "?labpath=exercises%2Fch03_attention.ipynb",
    }


def test_an_exercise_is_written_out_in_order() -> None:
    exercise = Exercise(
        id="demo.two",
        points=1,
        minutes=5,
        difficulty=2,
        needs=("demo.one", "other.three"),
        hints=("look", "think", "write"),
        header="",
        stub="def two():\n    raise NotImplementedError",
        solution="def two():\n    return 2",
        prose="# All\n\nFirst.\n\n## 2 · Two\nReturn *two*.",
        line=1,
    )
    text = pages.exercise_markdown(exercise)
    parts = [
        "(exercise:demo.two)=",
        "{admonition} Exercise 2 · Two",
        "`demo.two` · 1 point · 5 minutes · difficulty 2 of 3 · builds on "
        "[`demo.one`](#exercise:demo.one), `other.three`",
        "Return *two*.",
        "raise NotImplementedError",
        "{dropdown} Hint 1\nlook",
        "{dropdown} Hint 2\nthink",
        "{dropdown} Hint 3\nwrite",
        "{dropdown} Solution\n```python\ndef two():\n    return 2\n```",
        "`python -m minitransformer check demo.two`",
    ]
    places = [text.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)
    assert "First." not in text
