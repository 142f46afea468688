"""SmolLM2 in plain NumPy, as chapter 04 shows it: taken from the page, counted, and compared."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from minitransformer import pretrained
from minitransformer.experiments.data import speeches
from minitransformer.weights import named

PAGE = Path(__file__).parents[1] / "chapters" / "ch04_block.md"
NAME = "smollm2-135m-instruct"
CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SENTENCE = "When Mary and John went to the store, John gave a drink to"


@pytest.fixture(scope="module")
def code() -> str:
    """The one cell of the page that begins with NumPy."""
    cells = CELL.findall(PAGE.read_text(encoding="utf-8"))
    (cell,) = [cell for cell in cells if cell.startswith("import numpy as np\n")]
    return cell


def test_it_is_under_80_lines(code):
    assert 20 < len(code.splitlines()) < 80


def test_it_knows_of_nothing_but_numpy(code):
    tree = ast.parse(code)
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(node) for node in imports] == ["import numpy as np"]
    made = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    made |= {
        arg.arg for node in ast.walk(tree) if isinstance(node, ast.arguments) for arg in node.args
    }
    made |= {
        arg.vararg.arg for arg in ast.walk(tree) if isinstance(arg, ast.arguments) and arg.vararg
    }
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    stored = {
        n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    assert names - made - stored == {"np", "range", "bool"}


@pytest.mark.slow
@torch.no_grad()
def test_its_logits_are_the_packages(code):
    model, tokenizer = pretrained.load(NAME), pretrained.load_tokenizer(NAME)
    arrays = {name: weight.numpy() for name, weight in named(model).items()}
    here: dict = {}
    exec(code, here)

    held_out = speeches(tokenizer, 20, 32, seed=1, held_out=True)
    theirs = model(held_out).numpy()
    for tokens, logits in zip(held_out.numpy(), theirs, strict=True):
        ours = here["forward"](tokens, arrays)
        assert ours.dtype == np.float32
        assert ours.shape == logits.shape
        assert np.abs(ours - logits).max() < 3e-4

    tokens = np.array(tokenizer.encode(SENTENCE))
    best = int(here["forward"](tokens, arrays)[-1].argmax())
    assert tokenizer.decode([best]) == " Mary"


@pytest.mark.slow
@torch.no_grad()
def test_a_wrong_model_is_told_apart(code):
    """Without the turning by position the same comparison fails."""
    model, tokenizer = pretrained.load(NAME), pretrained.load_tokenizer(NAME)
    arrays = {name: weight.numpy() for name, weight in named(model).items()}
    here: dict = {}
    exec(code, here)
    here["rotate"] = lambda x: x
    tokens = torch.tensor([tokenizer.encode(SENTENCE)])
    apart = np.abs(here["forward"](tokens[0].numpy(), arrays) - model(tokens)[0].numpy())
    assert apart.max() > 1
