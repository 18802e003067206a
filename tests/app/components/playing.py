"""Steps that the player's tests share."""

from __future__ import annotations

import numpy as np

from .conftest import pixels
from .harness.videos import GROUND, read_number

STILL = ".player[data-still]:not(:has(.badge[data-kind=stray]))"
"""Both videos have put the frame on screen that is named: a busy browser may do so a moment after it has sought it."""


def open_player(open_page, query: str = "", **options):
    """The player of a new page, and nothing of the page that may still move it."""
    page = open_page(f"player?{query}", **options)
    page.locator(STILL).wait_for()
    settle(page)
    page.locator(".player").focus()
    return page


def settle(page) -> None:
    """Until the script has run, each element has its own code and the fonts are there."""
    page.locator(
        "[data-testid=stApp][data-test-script-state=notRunning]:not(:has([data-testid=stSkeleton]))"
    ).wait_for()
    page.evaluate("() => document.fonts.ready.then(() => {})")


def wait_still(page, frame: int, beside: int | None = None) -> None:
    """Until A stands on this frame, and B on `beside`, where that is another."""
    beside = frame if beside is None else beside
    page.locator(f'{STILL}[data-still="{frame}"][data-beside="{beside}"]').wait_for()


def stopped_at(page) -> int:
    """Where A stands once it does, after it has played."""
    return int(page.locator(f"{STILL}:not([data-playing])").get_attribute("data-still"))


def press(page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def shown_numbers(page) -> tuple[int, int]:
    """What the pixels of both panes say, side by side."""
    return read_number(pixels(page.locator(".pane.a"))), read_number(pixels(page.locator(".pane.b")))


def ground_at(rgb: np.ndarray, across: float) -> str:
    """Which clip is seen in the quiet strip between the dots and the bar code."""
    pixel = rgb[int(rgb.shape[0] * 0.465), int(rgb.shape[1] * across)].astype(int)
    return min(GROUND, key=lambda side: np.abs(pixel - GROUND[side]).sum())


def wait_text(page, selector: str, text: str) -> None:
    page.locator(selector, has_text=text).wait_for()
