"""The other pages and the odd cases: links, titles that are traps, uploads, several clips, two tabs."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from gpu_agent.models import Status
from gpu_agent.store import Query
from tests.gpu_agent.factory import experiment, row

from .codecs import PLAIN
from .programs import wait_for
from .steps import click_cell, dispatch, open_draft, ready, results, settled, table_rows

pytestmark = pytest.mark.browser

HOSTILE = "<script>alert(1)</script> **bold** :smile: [link](http://evil.example) =cmd|' /C calc'!A0 " + "long " * 15


TICK, OPEN, RERUN = 16, 300, 375
"""Where in a row of the experiments' table to click, in pixels from the left."""


def write_video(path: Path, frames: int, width: int = 64, height: int = 48) -> None:
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for n in range(frames):
            image = np.full((height, width, 3), 20 * n % 255, np.uint8)
            image[: height // 2, n : n + 20] = 200
            for packet in stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")):
                out.mux(packet)
        for packet in stream.encode():
            out.mux(packet)


def test_titles_that_are_traps_are_shown_as_text(open_page, lab):
    record = experiment(title=HOSTILE[:200], status=Status.FAILED, notes="<img src=x onerror=alert(1)> $x$")
    assert lab.store.create(record)
    page = open_page(lab, f"/experiment?id={record.id}")
    heading = page.get_by_role("heading", level=3)
    heading.wait_for()
    assert (
        heading.inner_text().replace("\u200b", "").startswith("<script>alert(1)</script> **bold** :smile: [link](http")
    )
    assert page.locator("a[href*=evil]").count() == 0
    page.get_by_text("<img src=x onerror=alert(1)> $x$").first.wait_for()
    assert page.get_by_role("main").evaluate("e => e.scrollWidth <= e.clientWidth")
    page.get_by_role("button", name="Open in lab").click()
    ready(page)


def test_upload_of_a_video_and_of_garbage(open_page, lab, tmp_path):
    write_video(tmp_path / "my <b>clip.mp4", 1)
    (tmp_path / "garbage.mp4").write_bytes(b"this is no video" * 1000)
    page, draft = open_draft(open_page, lab, PLAIN, {"rates": "4"}, expect=("/upload",))
    page.get_by_role("button", name="Upload a clip").click()
    chooser = page.locator(".upload input[type=file]")
    chooser.set_input_files(tmp_path / "garbage.mp4")
    page.locator(".said.bad").filter(has_text="garbage").or_(
        page.locator(".said.bad").filter(has_text="video")
    ).wait_for()
    chooser.set_input_files(tmp_path / "my <b>clip.mp4")
    chosen = wait_for(lambda: (c := lab.saved_draft(draft).form["clips"]) != ["carphone"] and c, "the chosen clip", 30)
    assert len(chosen) == 2
    page.keyboard.press("Escape")
    run = lab.ended(dispatch(page, lab, draft))
    assert run.status is Status.SUCCEEDED
    assert [r.frames for r in run.results] == [8, 1]
    results(page)
    page.get_by_role("radio", name=chosen[1]).click()  # several clips: choose which to look at
    page.locator(".of").filter(has_text="/ 0").wait_for()
    results(page, 0)
    page.get_by_text("One rate point is a dot, not a curve").first.wait_for()


def test_two_tabs_keep_their_own_drafts(open_page, lab):
    one, first = open_draft(open_page, lab, PLAIN)
    two, second = open_draft(open_page, lab, PLAIN + "# the other\n")
    for page, mark in ((one, "# in one"), (two, "# in two")):
        page.locator(".cm-content").click()
        page.keyboard.press("Control+End")
        page.keyboard.type(mark)
    for page, draft, mark in ((one, first, "# in one"), (two, second, "# in two")):
        wait_for(lambda d=draft, m=mark: lab.saved_draft(d).text.endswith(m), mark, 30)
        page.get_by_role("link", name="Experiments", exact=True).click()
        page.wait_for_url("**/experiments")
        page.get_by_role("link", name="Lab", exact=True).click()
        page.wait_for_url(f"**draft={draft}")
        ready(page)


def test_a_run_whose_artifacts_are_gone_still_shows_its_figures(open_page, lab):
    points = [row(rate=22, artifacts={"frames": "carphone/r22/frames.json"}), row(rate=32, kbps=12.0, lossless=True)]
    record = experiment(status=Status.SUCCEEDED, results=points, title="Left behind", rates=[22, 32])
    assert lab.store.create(record)
    page = open_page(lab, f"/experiment?id={record.id}", expect=("/artifacts/",))
    page.get_by_text("The per-frame series of this run is not on this machine any more").first.wait_for()
    page.get_by_role("alert").filter(has_text="preview").or_(page.locator(".faults:not([hidden])")).first.wait_for()
    page.get_by_text("Points", exact=True).first.wait_for()
    page.get_by_role("radio", name="32").click()
    page.get_by_text("lossless").first.wait_for()


def test_rerun_in_one_click_from_the_list_and_comparing_two(open_page, lab):
    page, draft = open_draft(open_page, lab, PLAIN, {"rates": "4 8 16 32", "title": "From the list"})
    first = lab.ended(dispatch(page, lab, draft))
    page.goto(f"{lab.url}/experiments?q=From+the+list")
    click_cell(page, 0, RERUN)
    page.get_by_text("Dispatched again").first.wait_for()
    wait_for(lambda: [r.count("✓ succeeded") for r in table_rows(page)] == [1, 1], "the end of the rerun", 60)
    settled(page)
    rerun = lab.store.page(Query(1, text="From the list")).items[0]
    assert (rerun.rerun_of, rerun.summary.reproduction.same) == (first.id, True)
    click_cell(page, 0, TICK)
    page.get_by_text("1 experiment selected").first.wait_for()
    click_cell(page, 1, TICK)
    page.get_by_role("button", name="Compare").click()
    page.get_by_text("needs as many bits as").first.wait_for()
    page.get_by_text("The code is the same, letter for letter.").first.wait_for()
    page.goto(f"{lab.url}/experiments?q=From+the+list")
    click_cell(page, 0, OPEN)
    page.wait_for_url(f"**/experiment?id={rerun.id}")
    page.get_by_text("Same bitstreams as").first.wait_for()
