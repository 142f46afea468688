"""Small changes to a function, each of which should make it wrong: `mutants(code)`.

One change at a time, to the body of the code's first function: its docstring and its signature
stay. Leaves out running the mutants (`survey.py`), changes to more than one place at once, and
what is the same to Python: the factors of a product the other way round, `1 + n` for `n + 1`.
"""

from __future__ import annotations

import ast
import copy
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

Variants = Iterator[ast.AST | None]  # None: leave the node out

_OPERATORS: dict[type, list[type]] = {
    ast.Add: [ast.Sub, ast.Mult],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div, ast.Add],
    ast.Div: [ast.Mult, ast.Sub],
    ast.FloorDiv: [ast.Div, ast.Mult, ast.Mod],
    ast.Mod: [ast.FloorDiv],
    ast.Pow: [ast.Mult, ast.Div],
    ast.MatMult: [ast.Mult],
    ast.Lt: [ast.LtE, ast.Gt, ast.GtE],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.Lt, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.And: [ast.Or],
    ast.Or: [ast.And],
}
_METHODS = [
    {"amax", "amin", "mean", "sum"},
    {"max", "min"},
    {"repeat_interleave", "repeat"},
    {"softmax", "log_softmax"},
    {"exp", "log"},
    {"argmax", "argmin"},
    {"zeros_like", "ones_like"},
    {"triu", "tril"},
]


@dataclass(frozen=True)
class Mutant:
    change: str  # "x = x - 1  ->  x = x + 1", and the like
    code: str


def mutants(code: str) -> list[Mutant]:
    """Every mutant of the code's first function, without repetitions.

    >>> for mutant in mutants("def f(x): return -x"): print(mutant.change)
    return -x  ->  return None
    return -x  ->  return x
    """
    tree = ast.parse(code)
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef))
    has_docstring = ast.get_docstring(function) is not None
    original = ast.unparse(tree)
    found: dict[str, Mutant] = {}
    for statement in function.body[has_docstring:]:
        for node in ast.walk(statement):
            for variant in variants(node, names(function)):
                text = _with(tree, node, variant)
                if text != original and text not in found and _compiles(text):
                    found[text] = Mutant(_change(original, text), text)
    return list(found.values())


def names(function: ast.FunctionDef) -> list[str]:
    """The parameters and local names, in order of appearance."""
    parameters = [argument.arg for argument in function.args.args]
    stored = [n.id for n in ast.walk(function) if _is_name(n, ast.Store)]  # type: ignore[attr-defined]
    return list(dict.fromkeys(parameters + stored))


def variants(node: ast.AST, known: list[str]) -> Variants:
    """What may stand in the place of `node`."""
    if isinstance(node, (ast.operator, ast.cmpop, ast.boolop)):
        yield from (other() for other in _OPERATORS.get(type(node), []))
    elif isinstance(node, ast.BinOp):
        yield from (node.left, node.right)
        if not _commutes(node):
            yield ast.BinOp(node.right, node.op, node.left)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Constant):
        yield from (ast.Constant(value) for value in _constants(node.value))
    elif isinstance(node, ast.Call):
        yield from _calls(node)
    elif isinstance(node, ast.Attribute):
        for group in _METHODS:
            if node.attr in group:
                yield from (
                    ast.Attribute(node.value, other, node.ctx)
                    for other in sorted(group - {node.attr})
                )
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        if node.id in known:
            yield from (ast.Name(other, node.ctx) for other in known if other != node.id)
        elif node.id in ("min", "max"):
            yield ast.Name("max" if node.id == "min" else "min", node.ctx)
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        yield node.value
    elif isinstance(node, ast.Slice):
        for edge in ("lower", "upper", "step"):
            if getattr(node, edge) is not None:
                yield ast.Slice(**{e: getattr(node, e) for e in node._fields if e != edge})
    elif isinstance(node, ast.Tuple):
        yield from (ast.Tuple(elements, node.ctx) for elements in _rows(node.elts))
    elif isinstance(node, (ast.If, ast.IfExp)):
        for test in (ast.UnaryOp(ast.Not(), node.test), ast.Constant(True), ast.Constant(False)):
            yield type(node)(test, node.body, node.orelse)
    if isinstance(node, ast.Return):
        yield ast.Return(ast.Constant(None))
    elif isinstance(node, ast.Continue):
        yield from (ast.Break(), ast.Pass())
    elif isinstance(node, ast.Break):
        yield from (ast.Continue(), ast.Pass())
    elif isinstance(node, ast.stmt) and not isinstance(node, ast.Pass):
        yield ast.Pass()


def _constants(value: object) -> Iterator[object]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, (int, float)):
        yield from (value + 1, value - 1)
    elif isinstance(value, str):
        arrow = value.find("->")
        if arrow < 0:
            yield value + "_"
            return
        inputs, output = value[:arrow], value[arrow + 2 :]  # an einsum
        for i in range(len(output)):
            yield f"{inputs}->{output[:i]}{output[i + 1 :]}"
            for j in range(i + 1, len(output)):
                swapped = list(output)
                swapped[i], swapped[j] = swapped[j], swapped[i]
                yield f"{inputs}->{''.join(swapped)}"
        for i, letter in enumerate(inputs):
            if letter.isalpha() and inputs.count(letter) > 1:  # no longer tied to its namesake
                yield f"{inputs[:i]}Z{inputs[i + 1 :]}->{output}"


def _calls(call: ast.Call) -> Variants:
    if isinstance(call.func, ast.Attribute):
        yield call.func.value  # x.exp() -> x
    for argument in call.args:  # f(x) -> x
        yield argument.value if isinstance(argument, ast.Starred) else argument
    for args in _rows(call.args):
        yield ast.Call(call.func, args, call.keywords)
    for i in range(len(call.keywords)):
        yield ast.Call(call.func, call.args, call.keywords[:i] + call.keywords[i + 1 :])


def _rows(row: list[ast.expr]) -> Iterator[list[ast.expr]]:
    """A row with two of its members exchanged, or one left out."""
    for i in range(len(row)):
        yield row[:i] + row[i + 1 :]
        for j in range(i + 1, len(row)):
            swapped = list(row)
            swapped[i], swapped[j] = swapped[j], swapped[i]
            yield swapped


def _commutes(node: ast.BinOp) -> bool:
    """Whether Python gives the same for the two operands exchanged, whatever they are.

    A product may be of tensors, numbers, or a text and a number; a sum may join lists, unless one
    of the two is a number.
    """
    if isinstance(node.op, ast.Mult):
        return True
    sides = (node.left, node.right)
    number = any(isinstance(s, ast.Constant) and isinstance(s.value, (int, float)) for s in sides)
    return isinstance(node.op, ast.Add) and number


def _compiles(code: str) -> bool:
    """Whether a mutant is Python at all; one that is not proves nothing of a grader."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what will hardly run, such as "text"(x)
        try:
            compile(code, "<mutant>", "exec")
        except SyntaxError:
            return False
    return True


def _is_name(node: ast.AST, context: type) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, context)


def _with(tree: ast.Module, node: ast.AST, variant: ast.AST | None) -> str:
    """The code of `tree` with `variant` in the place of `node`."""
    clones: dict[int, ast.AST] = {}
    clone = copy.deepcopy(tree, clones)
    target = clones[id(node)]

    class Swap(ast.NodeTransformer):
        def visit(self, here: ast.AST) -> ast.AST | None:
            return copy.deepcopy(variant) if here is target else self.generic_visit(here)

    return ast.unparse(ast.fix_missing_locations(Swap().visit(clone)))


def _change(before: str, after: str) -> str:
    """The lines in which two versions differ."""
    old, new = before.splitlines(), after.splitlines()
    while old and new and old[0] == new[0]:
        old, new = old[1:], new[1:]
    while old and new and old[-1] == new[-1]:
        old, new = old[:-1], new[:-1]
    return "  ->  ".join("; ".join(line.strip() for line in lines) for lines in (old, new))
