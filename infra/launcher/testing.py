"""`./lab test`: everything the tests need, then ruff and pytest."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from infra.launcher import packages
from infra.launcher.environment import Environment, clean_environment
from infra.launcher.terminal import Problem, say

STRICT_GROUPS = "browser,jail"


def test(root: Path, arguments: Sequence[str]) -> int:
    """0 where lint, format and every test that ran passed. `--strict`: skipped browser or jail tests fail as well."""
    strict = "--strict" in arguments
    rest = [argument for argument in arguments if argument != "--strict"]
    for problem in (bubblewrap_problem(), packages.chromium_problem()):
        if problem:
            say(problem, error=True)
    python = Environment(root).ensure("requirements.txt", "tests/requirements.txt")
    run = lambda *command: subprocess.run([python, "-m", *command], cwd=root, env=environment()).returncode
    lint = run("ruff", "check", "--no-cache", ".")
    layout = run("ruff", "format", "--no-cache", "--check", ".")
    groups = ["--strict-groups", STRICT_GROUPS] if strict else []
    tests = run("pytest", "-p", "tests.plugin", *groups, *rest)
    for failed, what in ((lint, "ruff check"), (layout, "ruff format --check")):
        if failed:
            say(f"{what} found something, shown above the tests.", error=True)
    return tests or lint or layout


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
