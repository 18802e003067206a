"""The player on two sides: one stepped alone, error maps and pixel values from exact samples, what a blind test hides."""

from __future__ import annotations

import base64

import cv2
import numpy as np
import pytest

from .conftest import pixels, wait_told
from .harness.videos import HEIGHT, WIDTH, samples
from .playing import open_player, press, shown_numbers, stopped_at, wait_still, wait_text

pytestmark = pytest.mark.browser
STOPS = np.array([(0, 0, 0), (80, 18, 123), (183, 55, 121), (252, 137, 97), (252, 253, 191)], float)


def luma(number: int, kind: str) -> np.ndarray:
    return samples(number, kind)[:HEIGHT].astype(int)


def coloured(levels: np.ndarray) -> np.ndarray:
    """The error map's colours, interpolated between the stops."""
    at = levels / 255 * (len(STOPS) - 1)
    return np.stack([np.interp(at, range(len(STOPS)), STOPS[:, k]) for k in range(3)], -1)


def heat_pixels(page) -> np.ndarray:
    """The map as the browser drew it, before any scaling."""
    data = page.locator(".heat canvas").evaluate("canvas => canvas.toDataURL('image/png').split(',')[1]")
    return cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def test_one_side_steps_alone_and_the_offset_is_said_and_reset(open_page):
    page = open_player(open_page)
    press(page, "s", "Shift+ArrowRight")
    wait_still(page, 10)
    apart = page.locator(".apart")
    assert apart.is_hidden()
    for key, shown, said in (
        ("e", (10, 11), "A 10, B 11 (+1)"),
        ("e", (10, 12), "A 10, B 12 (+2)"),
        ("Shift+E", (11, 12), "A 11, B 12 (+1)"),
        ("ArrowRight", (12, 13), "A 12, B 13 (+1)"),
        ("q", (12, 12), None),
        ("q", (12, 11), "A 12, B 11 (−1)"),
        ("Shift+Q", (11, 11), None),
        ("Shift+Q", (10, 11), "A 10, B 11 (+1)"),
    ):
        press(page, key)
        wait_still(page, *shown)
        assert shown_numbers(page) == shown, key
        assert apart.is_visible() == (said is not None)
        if said:
            assert said in apart.text_content()
            assert f"frame {shown[1]}" in page.locator(".tag-b").text_content()
    page.get_by_role("button", name="Both on the same frame again").click()
    wait_text(page, ".tag-b", "Decoded, rate 27")
    wait_still(page, 10)
    assert shown_numbers(page) == (10, 10)
    wait_told(page, "frame", 10)


def test_an_offset_stays_while_playing_and_at_both_ends(open_page):
    page = open_player(open_page, "a=source_long.mp4&b=decoded_long.mp4&frames=250")
    press(page, "s", *["e"] * 9)
    wait_text(page, ".apart", "A 0, B 9")
    press(page, "Space")
    number = page.locator(".number").element_handle()
    page.wait_for_function("number => Number(number.value) > 30", arg=number)
    press(page, "Space")
    at = stopped_at(page)
    assert shown_numbers(page) == (at, at + 9)
    press(page, "End")
    wait_still(page, 249)
    assert shown_numbers(page) == (249, 249)
    press(page, "v", "Home", *["Shift+E"] * 3)
    wait_still(page, 3, 0)
    assert shown_numbers(page) == (3, 0)
    press(page, "Space")
    page.wait_for_function("number => Number(number.value) > 20", arg=number)
    press(page, "Space")
    at = stopped_at(page)
    assert shown_numbers(page) == (at, at - 3)


def test_the_exact_frames_of_an_offset_are_each_side_s_own(open_page):
    page = open_player(open_page, "exact")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/frames/" in request.url else None)
    with page.expect_response("**/frames/2/decoded.png"):
        press(page, "s", "e", "e")
    page.locator(".badge[data-kind=exact]").wait_for()
    assert shown_numbers(page) == (0, 2)
    assert not any("/frames/2/source.png" in url for url in asked)


def test_the_error_map_is_that_of_the_exact_samples(open_page):
    page = open_player(open_page, "exact&planes=three")
    press(page, "Shift+ArrowRight")
    wait_still(page, 10)
    select = page.locator(".heat-pair select")
    press(page, "h")
    pairs = {"a-source": ("source", "original"), "b-source": ("decoded", "original"), "a-b": ("source", "decoded")}
    for pair, gain in (("b-source", 4), ("a-b", 4), ("a-source", 1)):
        select.select_option(pair)
        page.locator(".gain select").select_option(str(gain))
        one, two = (luma(10, kind) for kind in pairs[pair])
        error = np.abs(one - two)
        psnr = 10 * np.log10(255**2 / np.mean(error.astype(float) ** 2))
        y, x = np.unravel_index(error.argmax(), error.shape)
        wait_text(page, ".heat-legend", f"PSNR {psnr:.2f} dB, largest error {error.max()} levels at {x}, {y}")
        drawn = heat_pixels(page)
        assert drawn.shape == (HEIGHT, WIDTH, 3)
        assert np.abs(drawn - coloured(np.minimum(255, error * gain))).max() <= 0.5

    page.locator(".player").focus()
    press(page, "e")  # each side against the source of its own frame
    select.select_option("b-source")
    error = np.abs(luma(11, "decoded") - luma(11, "original"))
    wait_text(page, ".heat-legend", f"largest error {error.max()} levels")
    assert np.abs(heat_pixels(page) - coloured(np.minimum(255, error))).max() <= 0.5


def test_the_error_map_of_a_side_with_the_source_has_one_pair_and_needs_samples(open_page):
    page = open_player(open_page, "exact&planes=two")
    press(page, "h")
    assert page.locator(".heat-pair option").all_text_contents() == ["A against B"]
    wait_text(page, ".heat-legend", "A against B, luma: PSNR")
    press(page, "r", "Space")  # in a loop: the last frames have no samples
    wait_text(page, ".heat-legend", "Pause for the error map")
    assert page.locator(".heat canvas").is_hidden()
    gone = open_player(open_page, "exact&planes=gone")
    press(gone, "h")
    wait_text(gone, ".heat-legend", "There are no exact samples here")
    assert gone.locator(".heat canvas").is_hidden()


def test_the_magnifier_tells_the_samples_of_both_sides(open_page):
    page = open_player(open_page, "exact&planes=two")
    press(page, "s", "Shift+ArrowRight", "e", "p")
    wait_text(page, ".apart", "A 10, B 11")
    for pane, (x, y) in ((".pane.a", (45, 30)), (".pane.b", (101, 77))):
        box = page.locator(pane).bounding_box()
        page.mouse.move(box["x"] + box["width"] * (x + 0.5) / WIDTH, box["y"] + box["height"] * (y + 0.5) / HEIGHT)
        wait_text(page, ".magnifier .said", f"Pixel {x}, {y}: Y, U, V samples as decoded")
        told = [v.split() for v in page.locator(".magnifier .values").all_text_contents()]
        for said, (number, kind) in zip(told, ((10, "source"), (11, "decoded"))):
            raw = samples(number, kind).reshape(-1)
            at = WIDTH * HEIGHT + (y // 2) * (WIDTH // 2) + x // 2
            want = raw[y * WIDTH + x], raw[at], raw[at + WIDTH * HEIGHT // 4]
            assert said == ["Y", str(want[0]), "U", str(want[1]), "V", str(want[2])]


def test_the_magnifier_falls_back_to_rgb_and_tells_nothing_of_a_preview(open_page):
    page = open_player(open_page, "exact")
    page.locator(".badge[data-kind=exact]").wait_for()
    page.get_by_role("button", name="Magnifier").click()
    box = page.locator(".stage").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 45.5 / 320, box["y"] + box["height"] * 30.5 / 180)
    wait_text(page, ".magnifier .said", "Pixel 45, 30: R, G, B of the exact picture")
    assert page.locator(".magnifier .values").all_text_contents() == ["R 200  G 200  B 40"] * 2
    middle = pixels(page.locator(".magnifier canvas").first)[66, 66]
    assert middle.tolist() == [200, 200, 40]
    page.locator(".player").focus()
    press(page, "End")  # no exact frame there
    wait_still(page, 59)
    wait_text(page, ".magnifier .said", "only lossy previews here")
    assert page.locator(".magnifier .values").all_text_contents() == ["–", "–"]


def test_two_fingers_pan_both_sides_when_zoomed_and_scroll_the_page_otherwise(open_page):
    page = open_player(open_page, "b=source.mp4")
    shift = "e => [e.style.getPropertyValue('--shift-x'), e.style.getPropertyValue('--shift-y')]"
    player = page.locator(".player")
    box = page.locator(".stage").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.wheel(40, 30)
    assert player.evaluate(shift) == ["0.0000%", "0.0000%"]
    press(page, "s", "+", "+")
    before = pixels(page.locator(".pane.a"))
    x, y = player.evaluate(shift)
    page.mouse.wheel(60, 20)
    page.wait_for_function("([e, x]) => e.style.getPropertyValue('--shift-x') !== x", arg=[player.element_handle(), x])
    assert player.evaluate(shift)[1] != y
    left, right = pixels(page.locator(".pane.a")), pixels(page.locator(".pane.b"))
    inner = np.s_[int(left.shape[0] * 0.2) :, 4 : left.shape[1] - 4]
    assert np.abs(left.astype(int) - before).mean() > 3
    assert np.abs(left[inner].astype(int) - right[inner]).mean() < 1.5


def test_what_is_typed_is_no_shortcut(open_page):
    page = open_player(open_page, "series")
    press(page, "Shift+ArrowRight")
    wait_still(page, 10)
    page.get_by_label("Note").click()
    page.keyboard.type("dehqps.,?")
    press(page, "ArrowLeft", "Home")
    assert page.get_by_label("Note").input_value() == "dehqps.,?"
    page.locator(".number").focus()
    press(page, "d", "h", "ArrowLeft")
    player = page.locator(".player")
    assert player.get_attribute("data-mode") == "wipe"
    assert player.get_attribute("data-still") == "10"
    assert page.locator(".apart").is_hidden()
    assert page.locator(".legend").is_hidden()


def test_a_blind_player_has_nothing_that_tells_the_sides_apart_but_the_eye(open_page):
    page = open_player(open_page, "exact&planes=two&blind")
    page.locator(".badge[data-kind=exact]").wait_for()
    for key in ("d", "h", "p"):
        press(page, key)
        assert page.locator(".player").get_attribute("data-mode") == "wipe"
    box = page.locator(".stage").bounding_box()
    page.mouse.move(box["x"] + 50, box["y"] + 50)
    assert (
        page.locator(".pixel, .magnifier, [data-mode=heat], [data-mode=difference]").locator("visible=true").count()
        == 0
    )
    assert page.get_by_role("button", name="Magnifier").is_hidden()
    press(page, "b")
    assert page.locator(".player").get_attribute("data-mode") == "flip"


def test_figures_that_the_browser_fetches_itself_are_plotted_when_they_come(open_page):
    page = open_player(open_page, "fetched")
    wait_text(page, ".figures", "Elsewhere 40.00 dB")
    press(page, "m")
    wait_still(page, 7)
    wait_text(page, ".figures", "Elsewhere 30.00 dB")


def test_why_loading_takes_a_while_is_said_until_it_has_loaded(open_page, clips):
    page, held = open_page("player?b=missing.mp4"), []
    page.locator(".faults").wait_for()
    page.route("**/clips/missing.mp4", lambda route: held.append(route))
    with page.expect_request("**/clips/missing.mp4"):
        page.get_by_role("button", name="Try again").click()
    page.locator(".spinner", has_text="Decoded is made again.").wait_for()
    held[0].fulfill(path=clips / "decoded.mp4", content_type="video/mp4")
    page.locator(".player[data-still='0']").wait_for()
    page.locator(".spinner").wait_for(state="hidden")


@pytest.mark.parametrize("width", [600, 1280])
def test_map_and_magnifier_stay_within_the_stage(open_page, width):
    page = open_player(open_page, "exact&planes=three", viewport={"width": width, "height": 1000})
    press(page, "s", "p")
    wait_text(page, ".magnifier .said", "Y, U, V")
    stage, panel = (page.locator(name).bounding_box() for name in (".stage", ".magnifier"))
    assert stage["y"] <= panel["y"]
    assert panel["x"] >= stage["x"]
    assert panel["y"] + panel["height"] <= stage["y"] + stage["height"]
