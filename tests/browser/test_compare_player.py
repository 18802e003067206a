"""A real codec beside a real anchor: exact frames, the error map against the recorded figures, a blind trial."""

from __future__ import annotations

import base64
import json
import urllib.request

import numpy as np
import pytest

from app.agent_client import AgentClient
from gpu_agent.anchors import AnchorCurve
from gpu_agent.models import ExperimentRequest
from gpu_agent.road.ladders import curve_key
from tests.fingers import PHONE, Fingers

from .codecs import PLAIN
from .programs import wait_for
from .steps import CHART, click_in, picture, settled

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def run(lab):
    """A run whose clip and frames x264 has been measured on, and that curve."""
    client = AgentClient(lab.agent.url.removesuffix("/health"), lambda: (lab.data / "token").read_text().strip())
    made = client.create(ExperimentRequest(code=PLAIN, clips=["carphone"], frames=8, title="Plain"))
    record = lab.ended(made.id)
    assert record.status == "succeeded", record.error
    path = lab.data / "artifacts" / curve_key(record.clips[0].sha256, 8, "x264-medium")
    wait_for(path.is_file, "the anchor's curve")
    return record, AnchorCurve.model_validate_json(path.read_bytes())


def open_pair(open_page, lab, run, query: str = ""):
    record, _ = run
    page = open_page(
        lab,
        f"/compare?with={record.id},anchor:x264-medium&left={record.id}&right=anchor:x264-medium{query}",
        expect=("favicon",),
    )
    page.locator(".badge[data-kind=exact]").wait_for()
    page.locator(".player").focus()
    return page


def test_an_anchor_s_frames_are_seen_and_are_those_that_were_measured(open_page, lab, run):
    record, curve = run
    page = open_pair(open_page, lab, run, "&left-rate=16")
    row = next(r for r in record.results if r.rate == 16)
    nearest = min(curve.points, key=lambda p: abs(np.log(p.kbps / row.kbps)))
    page.get_by_text("Showing Plain at rate 16 against x264 medium at").first.wait_for()
    assert f"x264 medium, rate {nearest.rate}" in page.locator(".tag-b").text_content()

    page.keyboard.press("b")
    page.keyboard.press("ArrowRight")
    page.locator('.player[data-still="1"]').wait_for()
    page.locator(".badge[data-kind=exact]").wait_for()
    urls = page.evaluate("() => performance.getEntriesByType('resource').map(e => e.name)")
    exact = next(u for u in urls if "/anchors/" in u and u.endswith("/frames/1/decoded.png"))
    drawn = page.locator(".pane.b canvas").evaluate("canvas => canvas.toDataURL('image/png').split(',')[1]")
    assert np.array_equal(picture(base64.b64decode(drawn)), picture(page.request.get(exact).body()))

    with urllib.request.urlopen(
        lab.url + exact.removeprefix(lab.url).replace("frames/1/decoded.png", "frames.json")
    ) as a:
        series = json.load(a)["psnr_y"]
    assert np.mean(series) == pytest.approx(nearest.psnr_y)
    page.keyboard.press("h")  # x264 against the source, sample by sample
    page.locator(".heat-legend", has_text=f"B against source, luma: PSNR {series[1]:.2f} dB").wait_for()
    page.locator(".figures", has_text=f"x264 medium, rate {nearest.rate} {series[1]:.2f} dB").wait_for()


def click_point(page, name: str, nth: int) -> None:
    """Click a point of this curve in the rate-distortion chart."""
    figure = page.locator(CHART).filter(has_text="Bit rate (kbit/s)").first
    place = """(figure, [name, nth]) => {
        const { xaxis, yaxis } = figure._fullLayout;
        const points = figure.calcdata[figure.data.findIndex((t) => t.meta === name)];
        return [xaxis._offset + xaxis.c2p(points[nth].x), yaxis._offset + yaxis.c2p(points[nth].y)];
    }"""
    click_in(page, figure, place, [name, nth])


def test_a_click_on_a_curve_shows_that_point_on_its_side(open_page, lab, run):
    record, curve = run
    page = open_pair(open_page, lab, run)
    points = sorted(curve.points, key=lambda p: p.kbps)
    click_point(page, "x264 medium", len(points) - 1)
    page.locator(".tag-b", has_text=f"x264 medium, rate {points[-1].rate}").wait_for()
    page.wait_for_url(f"**right-rate={points[-1].rate}*")
    rows = sorted(record.results, key=lambda r: r.kbps)
    click_point(page, "Plain", 0)
    page.locator(".tag-a", has_text=f"Plain, rate {rows[0].rate:g}").wait_for()
    assert f"x264 medium, rate {points[-1].rate}" in page.locator(".tag-b").text_content()


def test_on_a_phone_charts_scroll_the_page_and_the_matrix_scrolls_in_itself(open_page, lab, run):
    record, _ = run
    page = open_page(lab, f"/compare?with={record.id},anchor:x264-medium,anchor:mjpeg", expect=("favicon",), **PHONE)
    matrix = page.locator(CHART).filter(has_text="… than")
    matrix.wait_for()
    page.wait_for_function("e => e.clientWidth >= 560", arg=matrix.element_handle())
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") == 390
    page.locator(".badge[data-kind=exact]").wait_for()
    settled(page)  # nothing moves any more by itself
    speeds, fingers = page.locator(CHART).filter(has_text="Encode speed"), Fingers(page)
    place = "e => [e.getBoundingClientRect().left, e.getBoundingClientRect().top]"
    for chart, way in ((speeds, (0, -150)), (matrix, (-120, 0))):
        chart.scroll_into_view_if_needed()
        before, box = chart.evaluate(place), chart.bounding_box()
        at = (200, box["y"] + box["height"] * 0.6)
        fingers.put(a=at)
        fingers.move(a=(at[0] + way[0], at[1] + way[1]))
        fingers.lift()
        moved = "([e, [x, y], [dx, dy]]) => { const r = e.getBoundingClientRect(); return dx ? r.left < x - 60 : r.top < y - 60 }"
        page.wait_for_function(moved, arg=[chart.element_handle(), before, way])
    assert not page.locator(f"{CHART} .modebar-btn").count()


def test_a_blind_trial_is_answered_and_nothing_names_the_sides(open_page, lab, run):
    page = open_pair(open_page, lab, run)
    page.get_by_text("Blind test", exact=True).click()
    asked = []
    page.get_by_role("button", name="Start the blind test").first.wait_for()
    settled(page)
    idle = "all => all.length === 2 && all.every((v) => v.readyState === 4 && v.networkState === v.NETWORK_IDLE)"
    videos = page.locator(".player video")
    wait_for(lambda: videos.evaluate_all(idle), "the player that names its sides to have all that it wants", 60)
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("button", name="Start the blind test").click()
    for number in (1, 2):
        page.get_by_text(f"Blind test, trial {number}", exact=True).first.wait_for()
        page.locator(".player[data-blind] .badge[data-kind=exact]").wait_for()
        page.locator(".player:not([data-blind])").wait_for(state="detached")
        page.wait_for_function("() => !document.querySelector('[data-stale=true]')")  # the buttons are this trial's
        assert [page.locator(f".tag-{side}").text_content() for side in "ab"] == ["A", "X"]
        page.get_by_role("button", name="X is A").click()
    page.get_by_text("Blind test, trial 3", exact=True).first.wait_for()
    media = [url for url in asked if ".mp4" in url or ".png" in url]
    assert media
    assert all("/blind/" in url for url in media)
    page.reload()
    page.get_by_text("Blind test, trial 3", exact=True).first.wait_for()
    page.get_by_role("button", name="Finish and show the result").click()
    page.get_by_text("of 2 answers correct").first.wait_for()
    page.locator(".tag-a", has_text="Plain").wait_for()


def test_the_lab_s_player_tells_the_samples_of_a_pixel(open_page, lab, run):
    record, _ = run
    page = open_page(lab, f"/experiment?id={record.id}")
    page.locator(".badge[data-kind=exact]").wait_for()
    page.locator(".player").focus()
    page.keyboard.press("p")
    page.locator(".magnifier", has_text="Y, U, V samples as decoded").wait_for()
    x, y = (
        int(n) for n in page.locator(".magnifier .said").text_content().split(":")[0].removeprefix("Pixel ").split(", ")
    )
    told = [text.split()[1::2] for text in page.locator(".magnifier .values").all_text_contents()]
    for kind, values in zip(("source", "decoded"), told):
        rate = record.results[0].rate
        body = page.request.get(f"{lab.url}/artifacts/{record.id}/carphone/r{rate:g}/frames/0/{kind}.planes.png").body()
        raw = picture(body)[..., 0]
        (height, width), flat = raw.shape, raw.reshape(-1)
        luma = height * 2 // 3 * width
        at = luma + y // 2 * (width // 2) + x // 2
        assert [int(v) for v in values] == [flat[y * width + x], flat[at], flat[at + luma // 4]]
