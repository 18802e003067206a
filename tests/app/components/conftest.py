"""The harness app in its own process and a browser to drive it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.chromium import launched
from tests.shown import PAGES, pytest_runtest_makereport  # noqa: F401

from .harness.videos import write_clip

FRAMES = 60
UNFADED = "[data-stale] { opacity: 1 !important; transition: none !important }"
RATES = {"23976": Fraction(24000, 1001), "25": Fraction(25), "50": Fraction(50), "5994": Fraction(60000, 1001)}


@pytest.fixture(scope="session")
def clips(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    for name, fps in RATES.items():
        for side in ("source", "decoded"):
            write_clip(folder / f"{side}{name}.mp4", side, FRAMES, fps)
    for side in ("source", "decoded"):
        shutil.copy(folder / f"{side}25.mp4", folder / f"{side}.mp4")
        write_clip(folder / f"{side}_long.mp4", side, 250, Fraction(25))
    (folder / "damaged.mp4").write_bytes(b"this is not a video" * 100)
    return folder


@pytest.fixture(scope="package")
def harness(clips, tmp_path_factory) -> Iterator[str]:
    """The URL of the running harness."""
    log = tmp_path_factory.mktemp("harness") / "log"
    root = Path(__file__).resolve().parents[3]
    module = "tests.app.components.harness.serve"
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(root)}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", module, str(clips)], stdout=out, stderr=out, env=environment, cwd=root
        )
    try:
        deadline = time.monotonic() + 60
        while not (said := re.search(r"URL: (http://127\.0\.0\.1:\d+)\s", log.read_text())):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the harness did not start:\n{log.read_text()}")
            time.sleep(0.1)
        yield said[1]
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="package")
def browser():
    with launched() as chromium:
        yield chromium


@pytest.fixture
def open_page(browser, harness, request) -> Iterator[Callable]:
    """Opens a page of the harness; the test fails where the page raised a JavaScript error."""
    contexts, errors = [], []
    pages = request.node.stash.setdefault(PAGES, [])

    def open_(path: str, script: str = "", **options):
        options.setdefault("viewport", {"width": 1280, "height": 1000})
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        pages.append(page)
        page.add_init_script(script)
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{harness}/{path}")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert errors == []


def told(page, name: str):
    """What the harness says about itself under this name."""
    return json.loads(page.get_by_test_id("told").text_content())[name]


def wait_told(page, name: str, value) -> None:
    """Wait until the harness says exactly this."""
    page.wait_for_function(
        """([name, value]) => {
            const element = document.querySelector("[data-testid=told]");
            return element && JSON.stringify(JSON.parse(element.textContent)[name]) === value;
        }""",
        arg=[name, json.dumps(value, ensure_ascii=False, separators=(",", ":"))],
    )


def pixels(locator) -> np.ndarray:
    """What the element looks like, as RGB, without the fading of what a rerun on its way may change."""
    png = locator.screenshot(animations="disabled", style=UNFADED)
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
