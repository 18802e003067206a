"""What the browser showed when a test failed, in the failure's own report: a time-out alone tells nothing."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGES: pytest.StashKey[list[Page]] = pytest.StashKey()
"""The pages that a test opened, in its own stash."""
MOST_CHARACTERS = 3000
STATE = "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState ?? 'gone'"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Imported by the conftest of each folder whose tests drive a browser."""
    report = yield
    if report.when == "call" and report.failed:
        report.sections += [shown(page) for page in item.stash.get(PAGES, [])]
    return report


def shown(page: Page) -> tuple[str, str]:
    """A title and the page's text, with whether its script runs."""
    from playwright.sync_api import Error  # a machine without it skips these tests

    try:
        state, text = page.evaluate(STATE), page.locator("body").inner_text(timeout=5000)
    except Error as e:
        return f"{page.url} cannot be read", e.message
    return f"{page.url}, script {state}", text[:MOST_CHARACTERS]
