"""Which tests share a worker, over the paths of this suite and over a small real session with two workers."""

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from tests import parallel

ROOT = Path(__file__).resolve().parents[1]


def test_a_module_is_a_unit_and_a_folder_that_shares_something_slow_is_one():
    assert parallel.unit("tests/gpu_agent/test_check.py::test_a[x::y]") == "tests/gpu_agent/test_check.py"
    assert parallel.unit("tests/browser/test_road.py::test_a") == parallel.unit("tests/browser/test_pages.py::test_b")


@pytest.mark.parametrize("name", sorted({*parallel.TOGETHER, *parallel.FIRST}))
def test_what_is_named_is_there(name):
    assert (ROOT / name).is_file() or list((ROOT / name).glob("test_*.py"))


def test_the_longest_are_begun_first():
    ids = ["tests/a/test_a.py::test", f"{parallel.FIRST[1]}/test_b.py::test", f"{parallel.FIRST[0]}/test_c.py::test"]
    assert sorted(ids, key=parallel.rank) == ids[::-1]


MODULE = """\
import os, pytest

@pytest.mark.parametrize("n", range(6))
def test_where(n, worker_id, tmp_path_factory):
    path = tmp_path_factory.getbasetemp().parent / "where"
    with path.open("a") as file:
        file.write(f"{__name__} {worker_id}\\n")
"""


def test_two_workers_share_the_modules_and_no_module_is_split(tmp_path):
    for name in "abcd":
        (tmp_path / f"test_{name}.py").write_text(MODULE)
    command = [sys.executable, "-m", "pytest", "-p", "tests.plugin", "-c", ROOT / "pyproject.toml", "-n", "2"]
    command += ["--rootdir", tmp_path, "--basetemp", tmp_path / "temp", tmp_path]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert answer.returncode == 0, answer.stdout
    assert re.search(r"\b24 passed", answer.stdout)
    workers = defaultdict(set)
    for line in (tmp_path / "temp" / "where").read_text().splitlines():
        module, worker = line.split()
        workers[module].add(worker)
    assert sorted(workers) == ["test_a", "test_b", "test_c", "test_d"]
    assert all(len(found) == 1 for found in workers.values())
    assert set().union(*workers.values()) == {"gw0", "gw1"}
