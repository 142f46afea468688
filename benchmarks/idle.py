"""What the taps cost while nobody looks: `python -m benchmarks.idle FOLDER THREADS`.

The package is copied and every tap is deleted from the copy: `tap("q", value)` becomes `value`.
The two then take turns, on the real model and on one of as many layers that is so narrow that
what is left is mostly Python: there the difference can be seen, and it is the same number of
calls. Prints one line of JSON; times are seconds of one pass.
"""

from __future__ import annotations

import ast
import importlib
import json
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parents[1] / "minitransformer"
COPY = "tapless"


class Delete(ast.NodeTransformer):
    """Takes the taps out of a module, and lets it import its neighbours from the copy."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "tap":
            return node.args[1]
        if isinstance(node.func, ast.Attribute) and ast.unparse(node.func) == "tap.at":
            return node.func.value
        if isinstance(node.func, ast.Attribute) and ast.unparse(node.func) == "tap.wants":
            return ast.Constant(False)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        if node.module and node.module.partition(".")[0] == PACKAGE.name:
            node.module = node.module.replace(PACKAGE.name, COPY, 1)
        return node


def without_taps(source: str) -> str:
    """A module's source with its taps deleted.

    >>> without_taps('q = tap("q", self.f(x, tap.at("f"))) if tap.wants("q") else x')
    'q = self.f(x, tap) if False else x'
    """
    return ast.unparse(Delete().visit(ast.parse(source)))


def write_copy(folder: Path) -> None:
    """The package without its taps, under `folder`."""
    (folder / COPY).mkdir()
    for path in PACKAGE.glob("*.py"):
        text = without_taps(path.read_text(encoding="utf-8"))
        (folder / COPY / path.name).write_text(text, encoding="utf-8")


def alternate(one: Any, other: Any, tokens: Any, seconds: float) -> tuple[list[float], list[float]]:
    """Run two models by turns for so many seconds; the times of each."""
    times: tuple[list[float], list[float]] = ([], [])
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times[0]) < 5:
        for model, taken in zip((one, other), times, strict=True):
            started = time.perf_counter()
            model(tokens)
            taken.append(time.perf_counter() - started)
    return times


def main() -> None:
    import torch

    folder, threads = sys.argv[1], int(sys.argv[2])
    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)
    with tempfile.TemporaryDirectory() as temporary:
        write_copy(Path(temporary))
        sys.path.insert(0, temporary)
        ours, tapless = (importlib.import_module(name) for name in (PACKAGE.name, COPY))
        loader = importlib.import_module(f"{PACKAGE.name}.pretrained")
        real = loader.load(folder)
        found: dict[str, Any] = {}

        def pair(config: Any, weights: Any) -> tuple[Any, Any]:
            made = [
                package.Transformer(package.Config(**vars(config))) for package in (ours, tapless)
            ]
            for model in made:
                model.load_state_dict(weights, assign=True)
                model.eval()
            return made[0], made[1]

        narrow = replace(
            real.config, d_model=4, n_heads=1, n_kv_heads=1, d_head=4, d_mlp=4, d_vocab=8, n_ctx=8
        )
        one, other = pair(narrow, ours.Transformer(narrow).state_dict())
        single = torch.zeros(1, 1, dtype=torch.int64)
        with_taps, without = alternate(one, other, single, seconds=6)
        found["taps"] = statistics.median(with_taps) - statistics.median(without)
        one, other = pair(real.config, real.state_dict())
        for positions in (1, 128):
            tokens = torch.arange(positions)[None] + 1000
            assert torch.equal(one(tokens), other(tokens))
            with_taps, without = alternate(one, other, tokens, seconds=6)
            found[f"forward_{positions}"] = statistics.median(without)
    sites = len(ours.Transformer.run_with_cache(one, tokens)[1])
    print(json.dumps({**found, "sites": sites, "layers": real.config.n_layers}))


if __name__ == "__main__":
    main()
