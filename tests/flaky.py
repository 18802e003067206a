"""A browser test that fails is run once more, and what passed only then is told at the run's end, with its failure.

One slow moment of a machine does not void a run, and no flake hides. Any other test fails at once. Loaded by
`tests.plugin`; the running again is pytest-rerunfailures'.
"""

from __future__ import annotations

import pytest

GROUP = "browser"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker(GROUP):
            item.add_marker(pytest.mark.flaky(reruns=1))


def flaky(stats: dict[str, list]) -> dict[str, pytest.TestReport]:
    """The first failure of each test that passed when it was run again."""
    failed = {report.nodeid for outcome in ("failed", "error") for report in stats.get(outcome, [])}
    first: dict[str, pytest.TestReport] = {}
    for report in stats.get("rerun", []):
        if report.nodeid not in failed:
            first.setdefault(report.nodeid, report)
    return first


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter):
    """Below all other plugins' words: these are a run's last lines."""
    answer = yield
    found = flaky(terminalreporter.stats)
    for nodeid, report in found.items():
        terminalreporter.write_sep("_", f"first failure of {nodeid}", yellow=True)
        report.toterminal(terminalreporter._tw)
    for nodeid, report in found.items():
        reason = getattr(getattr(report.longrepr, "reprcrash", None), "message", "").partition("\n")[0]
        terminalreporter.write_line(f"FLAKY {nodeid} ({report.when}): passed when run again. {reason}", yellow=True)
    return answer
