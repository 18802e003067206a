"""checkov's own environment, `.venv-checkov`: it needs older versions of what the lab runs on.

As a program it makes sure of it and says nothing but a problem, so that `./lab test` can run it beside its own
installation.
"""

from __future__ import annotations

import sys
from pathlib import Path

from infra.launcher.environment import Environment
from infra.launcher.terminal import Problem

FOLDER = ".venv-checkov"
REQUIREMENTS = "tests/requirements-checkov.txt"


def command(root: Path) -> list[str] | None:
    """How checkov is run in this checkout; None where its environment has not been made."""
    program = root / FOLDER / "bin" / "checkov"
    return [str(program.with_name("python")), str(program)] if program.exists() else None


def ensure(root: Path) -> None:
    """Raises Problem where it cannot be made."""
    Environment(root, FOLDER, silent=True).ensure(REQUIREMENTS)


if __name__ == "__main__":
    try:
        ensure(Path(__file__).resolve().parents[2])
    except Problem as problem:
        sys.exit(f"checkov could not be installed, so its test is skipped. {problem}")
