"""Recipes: how every file in checkpoints/ was made, and how to make it again.

So far recorded runs only: the claims of a chapter, measured for more seeds than a page has
time for. A recipe can be interrupted at any moment; what it has done is kept in the cache
folder, and the next run goes on from there.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

from tqdm import tqdm

from minitransformer.fetch import cache_dir
from minitransformer.names import nearest

ROOT = Path(__file__).parents[1]
CHECKPOINTS = ROOT / "checkpoints"

Measured = dict[str, dict[str, float]]  # a claim's id: {"ours": ..., "control": ...}


@dataclass(frozen=True)
class Recipe:
    """A recorded run of several seeds: what it is, what it costs, how one seed is measured."""

    about: str
    minutes: float  # on two cores of a laptop
    seeds: tuple[int, ...]
    prepare: Callable[[], Callable[[int], Measured]]


def claims_about_smollm2(topic: str) -> Callable[[], Callable[[int], Measured]]:
    """The claims of a chapter: what `experiments.<topic>.measure` finds in SmolLM2."""

    def prepare() -> Callable[[int], Measured]:
        from minitransformer import pretrained

        name = "smollm2-135m-instruct"
        model, tokenizer = pretrained.load(name), pretrained.load_tokenizer(name)
        experiment = import_module(f"minitransformer.experiments.{topic}")

        def measured(seed: int) -> Measured:
            rows = experiment.measure(seed, model, tokenizer)
            # The numbers alone: words may yet be mended.
            return {row.id: {"ours": row.ours, "control": row.control} for row in rows}

        return measured

    return prepare


RECIPES = {
    "tokenizer-seeds": Recipe(
        about="the claims of chapter 01 on documents of five seeds",
        minutes=2.0,
        seeds=(1, 2, 3, 4, 5),
        prepare=claims_about_smollm2("tokenizers"),
    ),
    "embeddings-seeds": Recipe(
        about="the claims of chapter 02 on data of five seeds",
        minutes=3.0,
        seeds=(11, 12, 13, 14, 15),
        prepare=claims_about_smollm2("embeddings"),
    ),
    "attention-seeds": Recipe(
        about="the claims of chapter 03 on data of five seeds",
        minutes=3.0,
        seeds=(1, 2, 3, 4, 5),
        prepare=claims_about_smollm2("attention"),
    ),
    "block-seeds": Recipe(
        about="the claims of chapter 04 on data of five seeds",
        minutes=3.0,
        seeds=(1, 2, 3, 4, 5),
        prepare=claims_about_smollm2("block"),
    ),
    "generation-seeds": Recipe(
        about="the claims of chapter 05 on texts of five seeds",
        minutes=4.0,
        seeds=(1, 2, 3, 4, 5),
        prepare=claims_about_smollm2("generation"),
    ),
}


def recorded(name: str) -> dict[str, Any]:
    """What a recipe recorded, as shipped in checkpoints/; raises KeyError for an unknown name."""
    find(name)
    return json.loads((CHECKPOINTS / f"{name}.json").read_text(encoding="utf-8"))


def find(name: str) -> Recipe:
    """The recipe of that name; raises KeyError, with the nearest names, if there is none."""
    if name not in RECIPES:
        raise KeyError(
            f'no recipe is called "{name}"{nearest(name, RECIPES)} '
            "(minitransformer recipe --list shows them all)"
        )
    return RECIPES[name]


def cook(name: str) -> Path:
    """Run a recipe to its end, from where it was left; returns the file it wrote."""
    recipe, code = find(name), commit()
    partial = cache_dir() / f"{name}.partial.json"
    begun = json.loads(partial.read_text(encoding="utf-8")) if partial.exists() else {}
    # What was measured by other code does not count.
    runs = begun["runs"] if begun.get("commit") == code else []
    done = {run["seed"] for run in runs}
    left = [seed for seed in recipe.seeds if seed not in done]
    measured = recipe.prepare()
    for seed in tqdm(left, desc=name, unit="seed", initial=len(done), total=len(recipe.seeds)):
        runs.append({"seed": seed, "rows": measured(seed)})
        write_json(partial, {"commit": code, "runs": runs})
    result = {
        "recipe": name,
        "commit": code,
        "date": date.today().isoformat(),
        "cpu": cpu(),
        "runs": sorted(runs, key=lambda run: run["seed"]),
    }
    path = CHECKPOINTS / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    write_json(path, result)
    partial.unlink(missing_ok=True)
    return path


def write_json(path: Path, value: Any) -> None:
    """Write a file that is there whole or not at all."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def commit() -> str:
    """The commit the code stands at, marked if what measures was changed since."""

    def git(*words: str) -> str:
        ran = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True)
        return ran.stdout.strip() if ran.returncode == 0 else ""

    measured_by = (":(glob)minitransformer/*.py", "minitransformer/experiments", "data")
    changed = git("status", "--porcelain", "--", *measured_by)
    return (git("rev-parse", "HEAD") or "unknown") + (" and changes" if changed else "")


def cpu() -> str:
    """The processor's name and the number of its cores."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text(encoding="utf-8").splitlines()
        models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        name = models[0] if models else name
    return f"{name}, {os.cpu_count()} cores"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `minitransformer recipe`."""
    parser.add_argument("name", nargs="?", help="the recipe to run")
    parser.add_argument("--list", action="store_true", help="say what each makes and costs")


def run(args: argparse.Namespace) -> int:
    """`minitransformer recipe`."""
    if args.list or args.name is None:
        for name, recipe in RECIPES.items():
            path = CHECKPOINTS / f"{name}.json"
            size = f"{path.stat().st_size / 1e3:.0f} kB" if path.exists() else "not made yet"
            print(f"{name}: {recipe.about}; about {recipe.minutes:g} minutes; {size}")
        return 0
    try:
        path = cook(args.name)
    except KeyError as error:
        print(error.args[0], file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nStopped; minitransformer recipe {args.name} goes on from here.", file=sys.stderr)
        return 130
    print(f"Wrote {path}")
    return 0
