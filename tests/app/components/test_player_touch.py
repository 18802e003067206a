"""The player under fingers: real touches through Chromium's DevTools, told by what is drawn and where the videos stand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.fingers import PHONE, Fingers

from .conftest import FRAMES, pixels, told, wait_told
from .playing import STILL, ground_at, press, settle, stopped_at, wait_still, wait_text

pytestmark = pytest.mark.browser


@pytest.fixture
def touched(open_page):
    """Opens the player; gives the page, its fingers, and a function from fractions of an element to the page."""

    def open_(query: str = "", **options):
        page = open_page(f"player?{query}", **(PHONE | options))
        page.locator(STILL).wait_for()
        settle(page)
        page.locator(".stage").evaluate("e => e.scrollIntoView({block: 'center'})")

        def at(across: float, down: float, selector: str = ".stage"):
            box = page.locator(selector).bounding_box()
            return box["x"] + box["width"] * across, box["y"] + box["height"] * down

        return page, Fingers(page), at

    return open_


def zoom_of(page) -> tuple[float, float, float]:
    """Scale, and the point of the picture in the middle of its pane, from the style that draws it."""
    read = "e => ['--zoom', '--shift-x', '--shift-y'].map(n => parseFloat(e.style.getPropertyValue(n)))"
    scale, *shift = page.locator(".player").evaluate(read)
    return scale, *((50 - value) / 100 / scale for value in shift)


def wipe_of(page) -> int:
    return int(page.locator(".handle").get_attribute("aria-valuenow"))


def scrolled(page) -> float:
    return page.locator(".stage").evaluate("e => e.getBoundingClientRect().top")


def test_a_finger_drags_the_wipe_and_the_pictures_follow(touched):
    page, fingers, at = touched()
    fingers.put(a=at(0.5, 0.3))
    fingers.move(a=at(0.8, 0.3))
    fingers.lift()
    assert wipe_of(page) == 80
    seen = pixels(page.locator(".stage"))
    assert [ground_at(seen, across) for across in (0.3, 0.6, 0.77, 0.86)] == ["source"] * 3 + ["decoded"]
    assert not page.locator(".player[data-playing]").count()


def test_a_finger_that_goes_up_scrolls_the_page_and_leaves_the_wipe(touched):
    page, fingers, at = touched("series&two", viewport={"width": 390, "height": 500})
    before = scrolled(page)
    fingers.put(a=at(0.7, 0.6))
    fingers.move(a=(at(0.7, 0.6)[0], at(0.7, 0.6)[1] - 120))
    fingers.lift()
    page.wait_for_function("([e, before]) => e.getBoundingClientRect().top < before - 40",
                           arg=[page.locator(".stage").element_handle(), before])  # fmt: skip
    assert wipe_of(page) == 50
    assert not page.locator(".player[data-playing]").count()


def test_a_tap_plays_and_the_next_stops_on_a_frame(touched):
    page, fingers, at = touched("a=source_long.mp4&b=decoded_long.mp4&frames=250")
    fingers.tap(at(0.7, 0.3))
    page.locator(".player[data-playing]").wait_for()
    page.wait_for_function("e => Number(e.value) >= 10", arg=page.locator(".scrub").element_handle())
    fingers.tap(at(0.7, 0.3))
    wait_told(page, "frame", stopped_at(page))
    assert told(page, "frame") >= 10
    assert wipe_of(page) == 50


@pytest.mark.parametrize("way", [(0.2, 0.0), (0.0, 0.3)])
def test_two_fingers_pinch_both_pictures_in_step_whichever_way_they_go(touched, way):
    page, fingers, at = touched("b=source.mp4")
    dx, dy = way
    before = scrolled(page)
    fingers.put(a=at(0.4 - dx / 4, 0.5 - dy / 4), b=at(0.4 + dx / 4, 0.5 + dy / 4))
    fingers.move(a=at(0.4 - dx, 0.5 - dy), b=at(0.4 + dx, 0.5 + dy))
    fingers.lift()
    scale, x, y = zoom_of(page)
    assert scale == pytest.approx(4, abs=0.05)
    assert (x, y) == pytest.approx((0.4 + 0.1 / 4, 0.5), abs=0.01), "what was between the fingers stays there"
    wait_text(page, "[data-do=fit]", f"{round(scale * 100)}%")
    assert wipe_of(page) == 50
    assert scrolled(page) == before
    press_on(page, "s")
    left, right = (pixels(page.locator(f".pane.{side}")) for side in "ab")
    inner = np.s_[int(left.shape[0] * 0.4) :, 4 : left.shape[1] - 4]  # below the names
    assert np.abs(left[inner].astype(int) - right[inner]).mean() < 3


def press_on(page, key: str) -> None:
    page.locator(".player").focus()
    press(page, key)


def test_zoomed_a_finger_moves_the_picture_and_after_a_pinch_the_one_that_is_left_does(touched):
    page, fingers, at = touched()
    fingers.put(a=at(0.4, 0.5), b=at(0.6, 0.5))
    fingers.move(a=at(0.3, 0.5), b=at(0.7, 0.5))
    fingers.lift("b")
    scale, x, y = zoom_of(page)
    assert (scale, x, y) == pytest.approx((2, 0.5, 0.5), abs=0.02)
    fingers.move(a=at(0.4, 0.6))
    fingers.lift("a")
    assert zoom_of(page) == pytest.approx((2, 0.45, 0.45), abs=0.02)
    fingers.put(a=at(0.3, 0.3))
    fingers.move(a=at(0.5, 0.3))
    fingers.lift()
    assert zoom_of(page)[1] == pytest.approx(0.35, abs=0.03)
    assert wipe_of(page) == 50
    assert not page.locator(".player[data-playing]").count()
    fingers.put(a=at(0.5, 0.5))  # on the handle
    fingers.move(a=at(0.3, 0.5))
    fingers.lift()
    assert wipe_of(page) == 30


def test_a_finger_on_the_plot_seeks_where_it_is_lifted_or_drawn_to(touched):
    page, fingers, at = touched("series&two")
    page.locator(".plot canvas").evaluate("e => e.scrollIntoView({block: 'center'})")
    width = page.locator(".plot canvas").bounding_box()["width"]
    on = lambda frame: at((34 + (width - 41) * frame / (FRAMES - 1)) / width, 0.5, ".plot canvas")
    fingers.tap(on(25))
    wait_still(page, 25)
    fingers.put(a=on(30))
    fingers.move(a=on(50))
    fingers.lift()
    wait_still(page, 50)


def test_with_the_magnifier_a_tap_names_the_pixel(touched):
    page, fingers, at = touched("exact&planes=two")
    page.locator(".badge[data-kind=exact]").wait_for()
    press_on(page, "p")
    fingers.tap(at(80.5 / 320, 90.5 / 180))
    wait_text(page, ".magnifier .said", "Pixel 80, 90:")
    assert not page.locator(".player[data-playing]").count()


@pytest.mark.parametrize("query", ["series&two&exact&planes=three", "blind&exact"])
def test_on_a_phone_nothing_is_cut_off_and_every_button_is_large_enough(touched, query):
    page, _, _ = touched(query)
    for key in "wsdhx":
        press_on(page, key)
        player = page.locator(".player")
        assert player.evaluate("e => e.scrollWidth - e.clientWidth") <= 0, key
        edges = player.evaluate(
            """e => [...e.querySelectorAll('.bar button, .bar select, .bar input, .badge')]
                .filter(b => b.offsetWidth).map(b => [b.getBoundingClientRect(), b.textContent])
                .filter(([r]) => r.left < 0 || r.right > innerWidth).map(([, text]) => text)"""
        )
        assert edges == [], key
    heights = page.locator(".player").evaluate(
        "e => [...e.querySelectorAll('.bar button')].filter(b => b.offsetWidth).map(b => b.offsetHeight)"
    )
    assert min(heights) >= 36
