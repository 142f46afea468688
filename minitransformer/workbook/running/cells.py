"""Running cells of code in a namespace of their own, and which of a learner's cells may run.

Leaves out where the code comes from, and what it can do to the process (`isolation.py`).
"""

from __future__ import annotations

import ast
import linecache
import re
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from minitransformer.workbook.kernel.earlier import HOOK
from minitransformer.workbook.source import defined


class Misplaced(Exception):
    """A cell that does not define its exercise, or does so twice."""


def namespace(name: str, resolve: Callable[[str], Any]) -> dict[str, Any]:
    """A fresh module's globals, in which `mine` asks `resolve`."""
    from minitransformer.workbook.kernel.earlier import mine

    module = ModuleType(name)
    sys.modules[name] = module  # dataclasses and pickle look their module up
    module.__dict__.update({"mine": mine, HOOK: resolve})
    return module.__dict__


def run(code: str, name: str, into: dict[str, Any], kind: str = "cell") -> None:
    """Run `code` as the cell called `name`, so that errors can show its lines."""
    code = without_commands(code)
    filename = f"<{kind} {name}>"
    linecache.cache[filename] = (len(code), None, code.splitlines(keepends=True), filename)
    exec(compile(code, filename, "exec", dont_inherit=True), into)


def define(code: str, id: str, into: dict[str, Any], kind: str = "cell") -> Any:
    """Run an exercise's cell; give what it defines under the exercise's name.

    Raises `Misplaced` if it does not define it, or does so twice.
    """
    name, code = id.rpartition(".")[2], without_commands(code)
    count = defined(_parse(code)).count(name)
    if count > 1:
        raise Misplaced(f"its cell defines {name} {count} times: keep one of them.")
    into.pop(name, None)
    run(code, id, into, kind)
    if name not in into:
        raise Misplaced(f"its cell does not define {name}: the function keeps its name.")
    return into[name]


def _parse(code: str) -> ast.Module:
    if "\0" in code:
        raise Misplaced(
            "its cell holds a null byte, which no Python has: delete the invisible character, or "
            "type the cell anew."
        )
    try:
        return ast.parse(code)
    except (RecursionError, MemoryError):  # both mean the depth
        raise Misplaced("its cell is nested too deeply for Python to read it.") from None


_COMMAND = re.compile(r"(?m)^([ \t]*)([%!?].*|[\w.]+\?{1,2})$")


def without_commands(code: str) -> str:
    """`code` without a notebook's own commands (`%time`, `!ls`, `x?`), which are not Python.

    Only where it is not Python as it stands: a line that begins with % may go on with another.
    """
    try:
        ast.parse(code)
    except SyntaxError:
        return _COMMAND.sub(r"\1pass  # \2", code)
    except (ValueError, RecursionError, MemoryError):
        pass
    return code


def only_defines(code: str) -> bool:
    """Whether a cell only defines: imports, functions, classes, constants."""
    try:
        body = ast.parse(without_commands(code)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return bool(body) and all(_defines(statement) for statement in body)


def _defines(statement: ast.stmt) -> bool:
    kinds = (
        ast.Import,
        ast.ImportFrom,
        ast.FunctionDef,
        ast.AsyncFunctionDef,
        ast.ClassDef,
    )
    if isinstance(statement, (*kinds, ast.Pass)):
        return True
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)  # a docstring
    if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        names = all(isinstance(target, ast.Name) for target in targets)
        return names and not any(isinstance(n, ast.Call) for n in ast.walk(statement.value))
    return False


def names_defined(code: str) -> set[str]:
    """Every name that a cell would bind at its top level, were it run."""
    try:
        tree = ast.parse(without_commands(code))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    bound = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return bound | set(defined(tree))
