"""The main road in a browser: a starter, an edit, a run, its results, a rerun; everything linked with everything."""

from __future__ import annotations

import numpy as np
import pytest

from .codecs import NEGATIVE, PLAIN
from .programs import wait_for
from .steps import (
    click_frame,
    dispatch,
    new_run,
    open_draft,
    picture,
    pixels,
    ready,
    results,
    settled,
    table_rows,
    wait_marked,
)

pytestmark = pytest.mark.browser


def test_from_a_starter_to_a_rerun_that_says_it_is_the_same(open_page, lab):
    page, draft = open_draft(open_page, lab, "", {"frames": None})
    page.get_by_text("Empty").first.wait_for()
    page.get_by_role("button", name="Starters").click()
    page.get_by_text("Motion-compensated DCT").click()
    page.get_by_text("Keeps the contract").first.wait_for()
    page.locator(".cm-line", has_text="Motion-compensated DCT").first.wait_for()  # the finding may be there before it
    page.get_by_label("Frames", exact=True).fill("8")
    page.keyboard.press("Tab")
    page.get_by_role("textbox", name="Rates").fill("27 37")
    page.keyboard.press("Tab")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("# edited by a person")
    page.keyboard.press("Control+Enter")  # dispatches with the newest text
    first = new_run(lab, draft, None)
    page.get_by_text("Running: ").or_(page.get_by_text("Queued: ")).first.wait_for()
    page.get_by_text("point 1 of 2").or_(page.get_by_text("point 2 of 2")).first.wait_for(timeout=120_000)
    results(page)

    record = lab.ended(first)
    assert record.code.endswith("# edited by a person")
    assert (record.rates, record.clips[0].frames, record.origin.kind) == ([27, 37], 8, "starter")
    assert record.origin.note == "edited by hand"
    settled(page)
    assert page.get_by_text("Y-PSNR and SSIM").count() == 1
    page.get_by_role("button", name="Rerun").click()
    page.wait_for_url("**/experiment?id=*")
    second = page.url.split("id=")[1]
    same = lab.ended(second)
    results(page)
    assert [r.bitstream_sha256 for r in same.results] == [r.bitstream_sha256 for r in record.results]
    page.get_by_text("Same bitstreams as").first.wait_for()
    page.get_by_role("link", name="Rerun of").first.wait_for()

    page.get_by_role("link", name="All experiments").click()
    both = lambda: len([row for row in table_rows(page) if "Motion-compensated DCT" in row]) == 2
    wait_for(both, "both in the list", 30)  # the table of points stands until the page has changed


def draft_of(page) -> str:
    page.wait_for_url("**draft=*")
    return page.url.split("draft=")[1]


def test_player_and_chart_are_one(open_page, lab):
    page, draft = open_draft(open_page, lab, NEGATIVE)
    run = dispatch(page, lab, draft)
    results(page, 0)
    player = page.locator(".player")
    player.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    results(page, 2)
    page.locator(".badge[data-kind=exact]").wait_for()
    shown = pixels(page.locator(".stage")).astype(int)
    base = f"{lab.url}/artifacts/{run}/carphone/r4/frames/2"
    exact = [picture(page.request.get(f"{base}/{kind}.png").body()) for kind in ("source", "decoded")]
    for at, kind in ((0.25, 0), (0.75, 1)):  # the wipe stands in the middle: the source left of it, the decoded right
        here = [abs(patch(shown, at) - patch(e.astype(int), at)).max() for e in exact]
        assert here[kind] < 12 < here[1 - kind], f"at {at}: {here}"
    wait_marked(page, 2)

    page.locator(".player").focus()
    page.keyboard.press("r")  # loops: eight frames are over before anybody looks
    page.keyboard.press("Space")
    page.locator(".player:not([data-still])").wait_for()
    page.keyboard.press("Space")
    results(page)
    wait_marked(page, int(page.locator(".player").get_attribute("data-still")))  # the chart is drawn once more for it
    click_frame(page, 6)
    results(page, 6)
    wait_marked(page, 6)


def patch(picture: np.ndarray, across: float) -> np.ndarray:
    """Mean colour of a tenth of the picture, half way down."""
    h, w = picture.shape[:2]
    part = picture[int(h * 0.45) : int(h * 0.55), int(w * (across - 0.05)) : int(w * (across + 0.05))]
    return part.reshape(-1, 3).mean(axis=0)


def test_own_page_forks_annotates_and_compares_with_the_parent(open_page, lab):
    page, draft = open_draft(open_page, lab, PLAIN, {"rates": "4 8 16 32", "title": "Grand *parent*"})
    parent = dispatch(page, lab, draft)
    results(page)
    page.get_by_role("link", name="Own page").click()
    page.wait_for_url(f"**/experiment?id={parent}")
    page.get_by_role("link", name="All experiments").wait_for()  # its own page: the lab's has the heading too
    page.get_by_role("heading", name="Grand *parent*").first.wait_for()
    page.get_by_role("button", name="Title and notes").click()
    page.get_by_role("textbox", name="Notes").fill("Expected: *nothing*")
    page.get_by_role("button", name="Save").click()
    page.get_by_test_id("stMarkdown").get_by_text(
        "Expected: *nothing*"
    ).first.wait_for()  # as saved; the box has it already
    assert lab.store.get(parent).notes == "Expected: *nothing*"
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Open in lab").click()
    page.wait_for_url("**draft=*")
    ready(page)
    fork = draft_of(page)
    settled(page)
    assert page.get_by_role("textbox", name="Rates").input_value() == "4, 8, 16, 32"
    assert page.get_by_label("Frames", exact=True).input_value() == "8"
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("# forked")
    child = dispatch(page, lab, fork)
    results(page)
    record = lab.ended(child)
    assert (record.parent_id, record.origin.kind) == (parent, "fork")
    page.locator(".legend").get_by_text("(parent)").first.or_(
        page.get_by_text("Grand *parent* (parent)")
    ).first.wait_for()
    page.goto(f"{lab.url}/experiment?id={child}")
    results(page)
    page.get_by_text("Compare with the parent").click()
    page.get_by_text("needs as many bits as").first.wait_for()
    page.get_by_text("+# forked").first.wait_for()
