"""Compiled functions: those that count no references work with those that do, and come back from numba's cache."""

from __future__ import annotations

import ast
import os
import subprocess
import sys

import pytest

from gpu_agent.codec_kit import warm

PROGRAM = """
import sys
sys.path.insert(0, {kit!r})
import numpy as np
from codec_kit.jit import kernel, lean


@lean
def total(row):
    s = 0
    for i in range(len(row)):
        s += row[i]
    return s


@kernel
def totals(plane, x, w):
    out = np.zeros(len(plane), np.int64)
    for y in range(len(plane)):
        out[y] = total(plane[y, x : x + w])
    return out


for _ in range(100):
    got = totals(np.arange(12).reshape(3, 4), 1, 2)
print(got.tolist(), sum(totals.stats.cache_hits.values()))
"""


def test_lean_functions_inside_others_are_the_same_from_the_cache(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(kit=str(warm.KIT.parent)))
    env = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    run = lambda: subprocess.run([sys.executable, program], env=env, capture_output=True, text=True, check=True).stdout
    assert run().split() == ["[3,", "11,", "19]", "0"]
    assert run().split() == ["[3,", "11,", "19]", "1"]


@pytest.mark.parametrize("path", sorted(warm.KIT.glob("*.py")), ids=lambda path: path.stem)
def test_no_compiled_function_calls_itself(path):
    """Loaded from numba's cache, one that does ends the interpreter."""
    for function in ast.walk(ast.parse(path.read_text())):
        if isinstance(function, ast.FunctionDef) and {"kernel", "lean"} & {
            d.id for d in function.decorator_list if isinstance(d, ast.Name)
        }:
            calls = {n.func.id for n in ast.walk(function) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
            assert function.name not in calls
