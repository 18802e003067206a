"""Tells which groups of tests (pytest markers) did not run, and with `--strict-groups` fails when one of them did not.

Loaded by `./lab test` with `-p tests.plugin`. A skipped module counts for the group whose name is in its path.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import PurePath

import pytest

GROUPS = ("browser", "jail", "scanner", "gpu", "torch")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--strict-groups",
        default="",
        metavar="NAMES",
        help="comma-separated groups (markers) whose skipped tests fail the session",
    )


def pytest_configure(config: pytest.Config) -> None:
    strict = {name for name in config.getoption("--strict-groups").split(",") if name}
    unknown = strict - set(GROUPS)
    if unknown:
        raise pytest.UsageError(f"--strict-groups knows {', '.join(GROUPS)}, not {', '.join(sorted(unknown))}")
    config.pluginmanager.register(Groups(strict), "lab-groups")


class Groups:
    """Counts of this session by group: how many ran, how many were skipped and why."""

    def __init__(self, strict: set[str]) -> None:
        self.strict = strict
        self.ran: Counter[str] = Counter()
        self.skipped: dict[str, Counter[str]] = defaultdict(Counter)
        self.markers: dict[str, list[str]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.markers = {item.nodeid: [g for g in GROUPS if item.get_closest_marker(g)] for item in items}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            names = PurePath(report.nodeid.split("::")[0]).parts
            self._count([group for group in GROUPS if any(group in name for name in names)], report)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        groups = self.markers.get(report.nodeid, [])
        if report.skipped:
            self._count(groups, report)
        elif report.when == "call":
            self.ran.update(groups)

    def _count(self, groups: list[str], report: pytest.TestReport | pytest.CollectReport) -> None:
        where = report.longrepr
        reason = where[2].removeprefix("Skipped: ") if isinstance(where, tuple) else str(where)
        for group in groups:
            self.skipped[group][reason] += 1

    @property
    def forbidden(self) -> list[str]:
        return [group for group in GROUPS if group in self.strict and self.skipped[group]]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        """First of all wrappers, because the terminal's own prints the summary with the status that it finds."""
        if self.forbidden and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return (yield)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for group in GROUPS:
            reasons = self.skipped[group]
            if reasons:
                why = "; ".join(f"{count}: {reason}" for reason, count in reasons.items())
                line = f"Not run, {group}: {reasons.total()} skipped, {self.ran[group]} run ({why})"
                terminalreporter.write_line(line, red=group in self.strict, yellow=group not in self.strict)
        if self.forbidden:
            names = " and ".join(self.forbidden)
            terminalreporter.write_line(f"FAILED: skipped {names} tests fail here (--strict-groups).", red=True)
