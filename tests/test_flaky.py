"""A browser test that fails once is run again and told; any other failure fails at once. Over two small real sessions."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

SUITE = """\
import pathlib
import pytest

def first_time(name):
    seen = pathlib.Path(__file__).with_name(name)
    new = not seen.exists()
    seen.touch()
    return new

@pytest.fixture
def late():
    assert not first_time("setup"), "the browser was late"

@pytest.fixture
def told():
    yield
    assert not first_time("teardown"), "the console told an error"

@pytest.mark.browser
def test_call():
    assert not first_time("call"), "the button was late"

@pytest.mark.browser
def test_setup(late): pass

@pytest.mark.browser
def test_teardown(told): pass

@pytest.mark.browser
def test_always(): assert False, "gone for good"

def test_without_a_browser():
    assert not first_time("plain"), "wrong once"
"""


@pytest.fixture(scope="module", params=["0", "2"], ids=["one process", "two workers"])
def answer(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("suite")
    (folder / "test_it.py").write_text(SUITE)
    command = [sys.executable, "-m", "pytest", "-p", "tests.plugin", "-c", ROOT / "pyproject.toml"]
    command += ["-n", request.param, "--strict-groups", "browser", "--rootdir", folder, folder]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    ("name", "when", "words"),
    [
        ("test_call", "call", "the button was late"),
        ("test_setup", "setup", "the browser was late"),
        ("test_teardown", "teardown", "the console told an error"),
    ],
)
def test_a_pass_counts_and_the_runs_end_tells_the_failure(answer, name, when, words):
    told = answer.stdout.partition(f"first failure of test_it.py::{name} ")[2]
    assert f'"), "{words}"\n' in told  # its trace
    told = re.findall(rf"^FLAKY test_it.py::{name} .*", answer.stdout, re.MULTILINE)
    assert told == [f"FLAKY test_it.py::{name} ({when}): passed when run again. AssertionError: {words}"]


def test_what_fails_twice_fails_and_is_no_flake(answer):
    assert answer.returncode == 1
    assert re.search(r"^FAILED \S*test_it.py::test_always\b", answer.stdout, re.MULTILINE)
    assert "FLAKY test_it.py::test_always" not in answer.stdout


def test_a_test_without_a_browser_is_not_run_again(answer):
    assert re.search(r"^FAILED \S*test_it.py::test_without_a_browser\b", answer.stdout, re.MULTILINE)
    assert re.search(r"^2 failed, \d passed, 4 rerun", answer.stdout.splitlines()[-1]), answer.stdout
