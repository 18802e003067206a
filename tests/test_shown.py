from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.shown import MOST_CHARACTERS, PAGES, pytest_runtest_makereport, shown

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (tests/requirements.txt)")


class Page:
    url = "http://lab/autopilot"

    def __init__(self, text: str | None) -> None:
        self.text = text

    def evaluate(self, script: str) -> str:
        if self.text is None:
            raise playwright.Error("Target page has been closed")
        return "running"

    def locator(self, what: str) -> SimpleNamespace:
        return SimpleNamespace(inner_text=lambda timeout: self.text)


def test_a_page_tells_its_address_its_state_and_the_beginning_of_its_text():
    assert shown(Page("x" * 2 * MOST_CHARACTERS)) == ("http://lab/autopilot, script running", "x" * MOST_CHARACTERS)


def test_a_page_that_is_gone_says_so():
    assert shown(Page(None)) == ("http://lab/autopilot cannot be read", "Target page has been closed")


@pytest.mark.parametrize(
    ("when", "failed", "told"), [("call", True, 2), ("call", False, 0), ("setup", True, 0), ("teardown", True, 0)]
)
def test_every_page_of_a_test_that_failed_is_in_its_report(when, failed, told):
    item = SimpleNamespace(stash=pytest.Stash())
    item.stash[PAGES] = [Page("one"), Page("two")]
    report = SimpleNamespace(when=when, failed=failed, sections=[])
    asks = pytest_runtest_makereport(item, None)
    next(asks)
    with pytest.raises(StopIteration) as end:
        asks.send(report)
    assert end.value.value is report
    assert [text for _, text in report.sections] == ["one", "two"][:told]
