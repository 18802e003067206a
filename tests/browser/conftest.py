"""One lab with its agent for all browser tests, and pages that tell when anything leaves this machine or goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from gpu_agent.jail import Jail
from tests.chromium import launched
from tests.shown import PAGES, pytest_runtest_makereport  # noqa: F401

from .programs import Lab

REPLACED = ("/media/", "Download Button")
"""Streamlit's client asks whether the file of each download button is there, by the address of the run before where the
page was run again meanwhile; that file may be gone. The button itself always has the newest address."""


@pytest.fixture(scope="package")
def chromium():
    if not Jail().status().available:
        pytest.skip("there is no jail to run codecs in (bubblewrap)")
    with launched() as browser:
        yield browser


@pytest.fixture(scope="package")
def lab(chromium, tmp_path_factory) -> Iterator[Lab]:
    yield from running(Lab(tmp_path_factory.mktemp("lab")))


@pytest.fixture(scope="package")
def bare_lab(chromium, tmp_path_factory) -> Iterator[Lab]:
    """A lab without a key, whose agent was never started."""
    yield from running(Lab(tmp_path_factory.mktemp("bare"), claude=False, agent=False))


def running(lab: Lab) -> Iterator[Lab]:
    try:
        lab.start()
        yield lab
    finally:
        lab.stop()


@pytest.fixture
def open_page(chromium, request) -> Iterator[Callable]:
    """Opens a page of a lab. The test fails where a request left this machine or the browser reported an error.

    `expected`: parts of console messages and URLs that the test provokes; a URL is told as "404: http://…".
    """
    contexts, wrong, expected = [], [], []
    pages = request.node.stash.setdefault(PAGES, [])

    def note(kind: str, text: str) -> None:
        told = f"{kind}: {text}"
        if not any(part in told for part in (*expected, *REPLACED)):
            wrong.append(told)

    def open_(lab: Lab, path: str = "/", expect: tuple[str, ...] = (), **options):
        expected.extend(expect)
        context = chromium.new_context(**({"viewport": {"width": 1280, "height": 1000}} | options))
        contexts.append(context)
        page = context.new_page()
        pages.append(page)
        page.set_default_timeout(60_000)
        context.on("request", lambda r: urlsplit(r.url).hostname in ("127.0.0.1", None) or note("left", r.url))
        context.on("weberror", lambda e: note("error", str(e.error)))
        context.on(
            "console", lambda m: m.type == "error" and "Failed to load" not in m.text and note("console", m.text)
        )
        context.on("response", lambda r: r.status >= 400 and note(str(r.status), r.url))
        page.goto(lab.url + path)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert wrong == []
