"""Debian's Chromium under Playwright, for the fixtures of the browser tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"


@contextmanager
def launched() -> Iterator[Browser]:
    """A running browser; skips the test where there is none.

    A fixture that holds it has the scope of its package or module, never of the session: while one Playwright runs in
    a thread no second can start there, and nothing else may run an event loop.
    """
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (tests/requirements.txt)")
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed (Debian's package is called chromium)")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()
