"""Static check of a codec against the contract: reads the syntax tree, never runs the code.

Used by the editor's lint gutter, by the reply parser and by the agent before a run. It answers with diagnostics a
person can act on; what only running can show is left to the smoke run.
"""

from __future__ import annotations

import ast
import math
import sys
from typing import Literal, NamedTuple

from .bare import NotBare, bare
from .contract import DEFAULT_RATES, LIBRARIES, MAX_RATES
from .models import Rate
from .syntax import parse

MAX_CODE_BYTES = 1_000_000


class Diagnostic(NamedTuple):
    """A finding at a line (1-based). An error stops a run, a warning does not."""

    line: int
    message: str
    severity: Literal["error", "warning"] = "error"


class Checked(NamedTuple):
    diagnostics: list[Diagnostic]
    rates: tuple[Rate, ...]

    @property
    def errors(self) -> list[Diagnostic]:
        return [d for d in self.diagnostics if d.severity == "error"]

    @property
    def ok(self) -> bool:
        return not self.errors

    @property
    def message(self) -> str:
        """All errors as one text, a line each."""
        return "\n".join(f"line {d.line}: {d.message}" for d in self.errors)


def check_code(code: str) -> Checked:
    """Check one codec module. Never raises on bad input."""
    if len(code.encode("utf-8", "replace")) > MAX_CODE_BYTES:
        return Checked([Diagnostic(1, f"the module is larger than {MAX_CODE_BYTES:,} bytes")], DEFAULT_RATES)
    if not code.strip():
        return Checked(
            [Diagnostic(1, "the module is empty: define encode(video, rate) and decode(packets, info)")], DEFAULT_RATES
        )
    try:
        tree = parse(code)
    except SyntaxError as e:
        return Checked([Diagnostic(e.lineno or 1, f"syntax: {e.msg}")], DEFAULT_RATES)
    except (ValueError, RecursionError, MemoryError) as e:
        return Checked([Diagnostic(1, f"the module cannot be parsed: {e or type(e).__name__}")], DEFAULT_RATES)
    found: list[Diagnostic] = []
    try:
        bare(code)
    except NotBare as e:
        found.append(Diagnostic(1, str(e)))
    functions = last_definitions(tree)
    for name, parameters in (("encode", ("video", "rate")), ("decode", ("packets", "info"))):
        found += check_function(functions.get(name), name, parameters)
    rates, problems = read_rates(tree)
    found += problems + check_imports(tree)
    return Checked(sorted(found), rates)


def last_definitions(tree: ast.Module) -> dict[str, ast.stmt]:
    """Module-level name to the statement that binds it last: functions, classes, assignments, imports."""
    bound: dict[str, ast.stmt] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound[node.name] = node
        elif isinstance(node, ast.Assign):
            bound.update({name.id: node for t in node.targets for name in ast.walk(t) if isinstance(name, ast.Name)})
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            bound[node.target.id] = node
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound.update({a.asname or a.name.split(".")[0]: node for a in node.names})
    return bound


def check_function(node: ast.stmt | None, name: str, parameters: tuple[str, str]) -> list[Diagnostic]:
    signature = f"{name}({', '.join(parameters)})"
    if node is None:
        return [Diagnostic(1, f"missing: def {signature} at module level")]
    if isinstance(node, ast.AsyncFunctionDef):
        return [Diagnostic(node.lineno, f"{name} is async: the contract is a plain generator, def {signature}")]
    if not isinstance(node, ast.FunctionDef):
        return []  # bound by assignment or import: only running can tell
    a = node.args
    positional = len(a.posonlyargs) + len(a.args)
    required = positional - len(a.defaults)
    enough = positional >= 2 or a.vararg is not None
    if required > 2 or not enough or any(d is None for d in a.kw_defaults):
        return [Diagnostic(node.lineno, f"{name} must accept two arguments: def {signature}")]
    return []


def read_rates(tree: ast.Module) -> tuple[tuple[Rate, ...], list[Diagnostic]]:
    """The codec's own rate points, which must be a literal so that they are known without running it."""
    node = last_definitions(tree).get("RATES")
    if node is None:
        return DEFAULT_RATES, [Diagnostic(1, f"no RATES: {DEFAULT_RATES} will be used", "warning")]
    rule = f"RATES must be a literal tuple of 1 to {MAX_RATES} different numbers, best quality first"
    try:
        value = ast.literal_eval(node.value)  # type: ignore[attr-defined]
        good = isinstance(value, tuple | list) and 1 <= len(value) <= MAX_RATES and len(set(value)) == len(value)
        good = good and all(type(r) in (int, float) and math.isfinite(r) for r in value)
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError, MemoryError):
        good = False
    return (tuple(value), []) if good else (DEFAULT_RATES, [Diagnostic(node.lineno, rule)])


def check_imports(tree: ast.Module) -> list[Diagnostic]:
    known = sys.stdlib_module_names | set(LIBRARIES)
    found = []
    for node in ast.walk(tree):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""] if not node.level else ["."]
        for name in names:
            root = name.split(".")[0]
            if root not in known:
                what = "relative imports have no package to refer to" if not root else f"{root} is not in the jail"
                found.append(Diagnostic(node.lineno, f"{what}; a codec may import {', '.join(LIBRARIES)}", "warning"))
    return found
