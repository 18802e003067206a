"""Tells which groups of tests (pytest markers) did not run, and with `--strict-groups` fails when one of them did not.

Loaded by `./lab test` with `-p tests.plugin`. A skipped module counts for the group whose name is in its path.
Reports carry their groups, since with pytest-xdist what counts them is another process than what collected them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import PurePath

import pytest

pytest_plugins = ("tests.parallel", "tests.flaky")
GROUPS = ("browser", "jail", "scanner", "gpu", "torch")
PROPERTY = "group"


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

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            item.user_properties += [(PROPERTY, group) for group in GROUPS if item.get_closest_marker(group)]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            names = PurePath(report.nodeid.split("::")[0]).parts
            self._count([group for group in GROUPS if any(group in name for name in names)], report)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        groups = [value for name, value in report.user_properties if name == PROPERTY]
        if report.skipped:
            self._count(groups, report)
        elif report.when == "call" and report.outcome != "rerun":
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
