"""Steps that the player's tests share."""

from __future__ import annotations

import numpy as np

from .conftest import pixels
from .harness.videos import GROUND, read_number


def open_player(open_page, query: str = "", **options):
    page = open_page(f"player?{query}", **options)
    page.locator(".player[data-still]").wait_for()
    page.locator(".player").focus()
    return page


def wait_still(page, frame: int, beside: int | None = None) -> None:
    """Until A stands on this frame, and B on `beside`, where that is another."""
    beside = frame if beside is None else beside
    page.locator(f'.player[data-still="{frame}"][data-beside="{beside}"]').wait_for()


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
