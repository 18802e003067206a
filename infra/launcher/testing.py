"""`./lab test`: everything the tests need, then ruff and pytest."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from infra.launcher import packages
from infra.launcher.environment import Environment, clean_environment, ensure_venv
from infra.launcher.terminal import Problem, say

STRICT_GROUPS = "browser,jail,scanner"
WORKERS = "logical"
"""One process a core; a later `-n 0` among the arguments runs all tests in one."""


def test(root: Path, arguments: Sequence[str]) -> int:
    """0 where lint, format and every test that ran passed. `--strict`: skipped browser, jail or scanner tests fail as well."""
    strict = "--strict" in arguments
    rest = [argument for argument in arguments if argument != "--strict"]
    for problem in (bubblewrap_problem(), packages.chromium_problem()):
        if problem:
            say(problem, error=True)
    ensure_venv()  # before two need it, because apt serves one at a time
    with scanner_beside(root):
        python = Environment(root).ensure("requirements.txt", "tests/requirements.txt")
    run = lambda *command: subprocess.run([python, "-m", *command], cwd=root, env=environment()).returncode
    lint = run("ruff", "check", "--no-cache", ".")
    layout = run("ruff", "format", "--no-cache", "--check", ".")
    groups = ["--strict-groups", STRICT_GROUPS] if strict else []
    tests = run("pytest", "-p", "tests.plugin", "-n", WORKERS, *groups, *rest)
    for failed, what in ((lint, "ruff check"), (layout, "ruff format --check")):
        if failed:
            say(f"{what} found something, shown above the tests.", error=True)
    return tests or lint or layout


@contextmanager
def scanner_beside(root: Path) -> Iterator[None]:
    """checkov's environment is made while the body runs, and is there at its end, or it is said why not."""
    command = [sys.executable, "-m", "infra.launcher.scanner"]
    process = subprocess.Popen(
        command, cwd=root, env=clean_environment(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        yield
        problem = process.communicate()[1].strip()
    finally:
        process.kill()
        process.wait()
    if problem:
        say(problem, error=True)


def bubblewrap_problem() -> str | None:
    """Tests run without bubblewrap too (the jail's are skipped then), so its absence is told and not raised."""
    try:
        packages.ensure_bubblewrap()
    except Problem as problem:
        return str(problem)
    return packages.jail_problem()


def environment() -> dict[str, str]:
    """Without the person's own settings and keys: what is tested must not depend on them, nor spend on them."""
    private = ("CODEC_LAB_", "ANTHROPIC_", "AWS_")
    return {name: value for name, value in clean_environment().items() if not name.startswith(private)}
