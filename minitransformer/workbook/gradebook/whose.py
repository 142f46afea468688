"""Whose work a file is, told from its path: the forms in which teaching sites hand out submissions.

Leaves out what is in the file (`handed.py`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from pathlib import Path, PurePath
from typing import NamedTuple

import yaml

# Moodle: "Alice Smith_123_assignsubmission_file_", a folder or the beginning of a file's name.
_MOODLE = re.compile(r"^(?P<name>.+?)_(?P<number>\d+)_assignsubmission_")
# Canvas: "smithalice_LATE_12345_67890_ch03_attention.ipynb", student and submission.
_CANVAS = re.compile(r"^(?P<name>[^_]+)(?:_LATE)?_(?P<number>\d+)_\d+_")
METADATA = "submission_metadata.yml"  # Gradescope: beside its folders submission_12345


class Who(NamedTuple):
    """A student: two of one name are told apart by the site's number, where it has one."""

    name: str
    number: str = ""


def who(path: PurePath, slugs: Collection[str], exported: dict[str, str], whole: str) -> Who:
    """The student of a file, from its path below the folder of submissions.

    `exported` are Gradescope's names for its folders; `whole` is the name of the folder of
    submissions, for a file that is named after nothing but its chapter.

    >>> who(PurePath("alice/ch03_attention.ipynb"), ["ch03_attention"], {}, "class").name
    'alice'
    >>> who(PurePath("alice_12345_67890_ch03_attention-1.ipynb"), ["ch03_attention"], {}, "class")
    Who(name='alice', number='12345')
    """
    first = unicodedata.normalize("NFC", path.parts[0])  # zip files of macOS take letters apart
    if first in exported:
        return Who(exported[first], first)
    if found := _MOODLE.match(first) or _CANVAS.match(first):
        return Who(found["name"].strip(), found["number"])
    if len(path.parts) > 1:
        return Who(first)
    name = PurePath(first).stem
    for slug in slugs:
        name = re.sub(rf"[\s_-]*{re.escape(slug)}(?:[\s_-]*\(?\d+\)?)?[\s_-]*", " ", name)
    return Who(name.strip() or whole)


def from_a_site(name: str) -> bool:
    """Whether Moodle or Canvas gave a file this name."""
    return bool(_MOODLE.match(name) or _CANVAS.match(name))


def is_download(folder: Path) -> bool:
    """Whether a folder is what a teaching site's archive was unpacked into."""
    return (folder / METADATA).is_file() or any(from_a_site(p.name) for p in folder.iterdir())


def exported(folder: Path) -> dict[str, str]:
    """The names behind Gradescope's folders, if `folder` is one of its exports."""
    path = folder / METADATA
    if not path.is_file():
        return {}

    class Plain(yaml.SafeLoader):
        """Reads past the Ruby objects in it."""

    Plain.add_multi_constructor("!", lambda loader, suffix, node: None)
    try:
        read = yaml.load(path.read_text(encoding="utf-8"), Plain)
        found = {
            str(name): " & ".join(str(one[":name"]) for one in entry[":submitters"])
            for name, entry in read.items()
        }
    except (yaml.YAMLError, OSError, UnicodeDecodeError, AttributeError, KeyError, TypeError):
        return {}  # the folders keep their own names
    return {name: people for name, people in found.items() if people}


def titles(people: Iterable[Who]) -> dict[Who, str]:
    """What each is called in the gradebook: the number only where two share a name.

    >>> list(titles([Who("Li", "1"), Who("Li", "2"), Who("Ada", "3")]).values())
    ['Li (1)', 'Li (2)', 'Ada']
    """
    listed = list(dict.fromkeys(people))
    names = [one.name for one in listed]
    return {
        one: f"{one.name} ({one.number})" if names.count(one.name) > 1 and one.number else one.name
        for one in listed
    }


def alike(names: Iterable[str]) -> list[list[str]]:
    """Names that differ in capitals, accents, spaces or dots alone, or in a browser's "(1)".

    >>> alike(["Zoë Li", "Bo", "zoe_li", "Bo (1)"])
    [['Zoë Li', 'zoe_li'], ['Bo', 'Bo (1)']]
    """
    groups: dict[str, list[str]] = {}
    for name in names:
        bare = re.sub(r" ?\(\d\)$", "", name)
        letters = unicodedata.normalize("NFKD", bare).casefold()
        groups.setdefault("".join(c for c in letters if c.isalnum()), []).append(name)
    return [same for key, same in groups.items() if key and len(same) > 1]
