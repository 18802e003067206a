"""The same codec in other words: a hash of the syntax tree without what does not run.

Comments, formatting, docstrings and the names of a function's own variables do not count. Parameters keep their names,
because calls may use them.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator

from gpu_agent.syntax import parse

from .models import Attempt

Function = ast.FunctionDef | ast.AsyncFunctionDef


def tree_sha256(code: str) -> str | None:
    """None where the code cannot be parsed."""
    try:
        text = ast.dump(Renamed().visit(without_docstrings(parse(code))))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def same_as(tree: str | None, attempts: Iterable[Attempt]) -> Attempt | None:
    """The first attempt with this tree that was run."""
    return next((a for a in attempts if tree and a.tree_sha256 == tree and a.experiments), None)


def without_docstrings(tree: ast.AST) -> ast.AST:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | Function):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:] or [ast.Pass()]
    return tree


class Renamed(ast.NodeTransformer):
    """Numbers the variables that each function binds, in the order of their appearance."""

    def __init__(self) -> None:
        self._scopes: list[dict[str, str]] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self._scopes.append({name: name for name in parameters(node)})
        self.generic_visit(node)
        self._scopes.pop()
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        known = next((scope[node.id] for scope in reversed(self._scopes) if node.id in scope), node.id)
        return ast.copy_location(ast.Name(known, node.ctx), node)

    def _function(self, node: Function) -> ast.AST:
        kept = parameters(node) | declared(node)
        names = [n for n in bound(node) if n not in kept]
        # A parameter hides an outer variable of its name.
        own = {name: name for name in kept} | {
            name: f"v{len(self._scopes)}_{index}" for index, name in enumerate(dict.fromkeys(names))
        }
        self._scopes.append(own)
        self.generic_visit(node)
        self._scopes.pop()
        return node


def parameters(node: Function | ast.Lambda) -> set[str]:
    a = node.args
    named = [*a.posonlyargs, *a.args, *a.kwonlyargs, *(x for x in (a.vararg, a.kwarg) if x)]
    return {arg.arg for arg in named}


def declared(node: Function) -> set[str]:
    """Names that `global` or `nonlocal` take from outside."""
    return {name for n in ast.walk(node) if isinstance(n, ast.Global | ast.Nonlocal) for name in n.names}


def bound(node: Function) -> Iterator[str]:
    """Names assigned in this function, not in one inside it, in order of the text."""
    inside = [n for n in ast.walk(node) if n is not node and isinstance(n, Function | ast.Lambda | ast.ClassDef)]
    skip = {id(m) for n in inside for m in ast.walk(n)}
    found = [
        n for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and id(n) not in skip
    ]
    yield from (n.id for n in sorted(found, key=lambda n: (n.lineno, n.col_offset)))
