"""What cannot be read is refused in one sentence that says what it is and what to do."""

from __future__ import annotations

import json
import os

import pytest

from minitransformer.workbook.running import submission
from minitransformer.workbook.running.submission import Unreadable

CELL = {"cell_type": "code", "metadata": {}, "outputs": [], "source": "# exercise: tiny.double"}
PLAIN = json.dumps({"cells": [CELL], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def put(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# what it is -> (the file's name, its content, what must be said of it)
REFUSED = {
    "empty": ("a.ipynb", "", "a.ipynb is empty. A fresh copy:"),
    "nothing but zeros": ("a.ipynb", bytes(5000), "a.ipynb is empty"),
    "blank": ("a.py", " \n\n", "a.py is empty"),
    "half a file": ("a.ipynb", PLAIN[: len(PLAIN) // 2], "Was it saved only half?"),
    "a web page": ("a.ipynb", "\n<!DOCTYPE html>\n<html>", "press 'Download raw file'"),
    "a zip": ("a.ipynb", b"PK\x03\x04abc", "is a zip archive: unpack it first"),
    "a PDF": ("a.ipynb", b"%PDF-1.7 abc", "is a PDF: hand in the notebook"),
    "not text": (
        "a.ipynb",
        b'{"cells": "\xe9"}',
        "cannot be read as text of UTF-8 (at its byte 11)",
    ),
    "a merge": (
        "a.ipynb",
        PLAIN.replace('{"cells"', '<<<<<<< HEAD\n{"cells"\n=======\n') + "\n>>>>>>> theirs\n",
        "holds a merge that was not resolved (a line says '<<<<<<< HEAD')",
    ),
    "a list": ("a.ipynb", "[]", "is JSON, but not a notebook: it has no list of cells"),
    "cells of another form": ("a.ipynb", '{"cells": {}}', "it has no list of cells"),
    "an old format without cells": ("a.ipynb", '{"nbformat": 3}', "it has no list of cells"),
    "an old format of another form": (
        "a.ipynb",
        '{"nbformat": 3, "worksheets": [3]}',
        "it has no list of cells",
    ),
    "a nest": ("a.ipynb", "[" * 100_000, "is not a notebook: it is not JSON"),
    "a number without end": ("a.ipynb", "1" * 5000, "is not a notebook: it is not JSON"),
    "another language": ("a.R", "x <- 1", "Expected a notebook (.ipynb) or a script (.py), found"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_in_a_sentence(what, tmp_path):
    name, content, sentence = REFUSED[what]
    with pytest.raises(Unreadable) as raised:
        submission.read(put(tmp_path, name, content))
    said = str(raised.value)
    assert sentence in said
    assert len(said) < 400
    assert "\n" not in said


def test_a_file_that_is_too_large_is_not_even_opened(tmp_path, monkeypatch):
    path = put(tmp_path, "a.ipynb", PLAIN)
    os.truncate(path, 100_000_000)
    monkeypatch.setattr("pathlib.Path.read_bytes", lambda path: pytest.fail("it was opened"))
    with pytest.raises(Unreadable, match="has 100 MB; at most 50 MB are read"):
        submission.read(path)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path.mkdir(), "is a folder. Expected one notebook"),
        (lambda path: path.symlink_to(path), "is a link to a file that is not there"),
        (lambda path: path.symlink_to("nowhere"), "is a link to a file that is not there"),
        (lambda path: os.mkfifo(path), "but a device or a pipe"),
        (lambda path: path.with_name("b.ipynb").touch(), 'did you mean "b.ipynb"?'),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="no pipes, and links for the few, on Windows")
def test_what_is_no_file_is_named(tmp_path, make, sentence):
    make(tmp_path / "a.ipynb")
    with pytest.raises(Unreadable) as raised:
        submission.read(tmp_path / "a.ipynb")
    assert sentence in str(raised.value)


@pytest.mark.parametrize("step", ["exists", "stat", "read_bytes"])
def test_a_file_one_may_not_open_is_named(tmp_path, monkeypatch, step):
    def refuse(path, **_):
        raise PermissionError(13, "Permission denied")

    path = put(tmp_path, "a.ipynb", PLAIN)
    monkeypatch.setattr(f"pathlib.Path.{step}", refuse)
    with pytest.raises(Unreadable, match="ipynb cannot be read: Permission denied"):
        submission.read(path)
