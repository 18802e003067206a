from __future__ import annotations

import ast
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from gpu_agent import syntax
from gpu_agent.syntax import TRIES, parse

ROOT = Path(syntax.__file__).resolve().parents[1]


def test_one_tree_is_made_at_a_time(monkeypatch):
    alone, beside = threading.Lock(), []

    @contextmanager
    def only_one():
        free = alone.acquire(blocking=False)
        beside.append(not free)
        yield
        if free:
            alone.release()

    own = ast.parse

    def watched(*given):
        with only_one():
            return own(*given)

    monkeypatch.setattr(ast, "parse", watched)
    code = Path(ast.__file__).read_text()
    with ThreadPoolExecutor(8) as pool:
        trees = list(pool.map(lambda _: ast.dump(parse(code)), range(16)))
    assert set(trees) == {ast.dump(own(code))}
    assert beside == [False] * 16


def test_what_another_thread_spoils_is_made_again(monkeypatch):
    own, failures = ast.parse, [SystemError("AST constructor recursion depth mismatch")] * (TRIES - 1)

    def spoiled(*given):
        if failures:
            raise failures.pop()
        return own(*given)

    monkeypatch.setattr(ast, "parse", spoiled)
    assert ast.dump(parse("a = 1")) == ast.dump(own("a = 1"))
    failures += [SystemError("another")] * TRIES
    with pytest.raises(SystemError, match="another"):
        parse("a = 1")


def test_errors_pass_through_and_warnings_do_not():
    with pytest.raises(SyntaxError):
        parse("def")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parse(r"'\d'")


def test_nobody_parses_otherwise():
    found = [
        path.relative_to(ROOT).as_posix()
        for folder in ("app", "gpu_agent")
        for path in (ROOT / folder).rglob("*.py")
        if "ast.parse(" in path.read_text()
    ]
    assert found == ["gpu_agent/syntax.py"]
