"""The plugin that tells which groups were not run: over a small real session of pytest."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

SESSION = """\
import pytest

@pytest.mark.browser
@pytest.mark.skipif(True, reason="no Chromium")
def test_page(): assert False

@pytest.mark.jail
def test_jail(): assert True

@pytest.mark.gpu
def test_device(): pytest.skip("no GPU")

def test_of_no_group(): pytest.skip("not today")

def test_plain(): assert True
"""


@pytest.fixture
def session(tmp_path):
    """Run the small session (or another) with options; the answer of pytest."""

    def run(*options, name="test_it.py", text=SESSION):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        command = [sys.executable, "-m", "pytest", "-p", "tests.plugin", "-c", ROOT / "pyproject.toml"]
        command += ["--rootdir", tmp_path, *options, tmp_path / name]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)

    return run


def test_groups_that_were_not_run_are_told_with_the_reason_and_pass(session):
    answer = session()
    assert answer.returncode == 0
    lines = answer.stdout.splitlines()
    assert "Not run, browser: 1 skipped, 0 run (1: no Chromium)" in lines
    assert "Not run, gpu: 1 skipped, 0 run (1: no GPU)" in lines
    assert "Not run, jail" not in answer.stdout
    assert "not today" not in answer.stdout
    assert lines[-1].startswith("2 passed, 3 skipped")


def test_a_strict_groups_skipped_tests_fail_the_session(session):
    answer = session("--strict-groups", "browser,jail")
    assert answer.returncode == 1
    assert "FAILED: skipped browser tests fail here" in answer.stdout
    assert answer.stdout.splitlines()[-1].startswith("2 passed, 3 skipped")


def test_strict_groups_that_ran_pass(session):
    assert session("--strict-groups", "jail").returncode == 0


def test_a_module_that_is_skipped_whole_counts_for_the_group_in_its_path(session):
    text = "import pytest\npytest.skip('no Chromium', allow_module_level=True)\n"
    answer = session("--strict-groups", "browser", name="browser/test_pages.py", text=text)
    assert answer.returncode == 1
    assert "Not run, browser: 1 skipped, 0 run (1: no Chromium)" in answer.stdout


def test_a_failure_stays_a_failure(session):
    assert session("--strict-groups", "browser", text="def test(): assert False").returncode == 1


def test_an_unknown_group_is_wrong_usage(session):
    answer = session("--strict-groups", "brwoser")
    assert answer.returncode == 4
    assert "--strict-groups knows browser, jail, scanner, gpu, torch, not brwoser" in answer.stderr
