"""The player in a browser: which pixels are shown, when Python hears of it, what survives a rerun."""

from __future__ import annotations

import numpy as np
import pytest

from .conftest import FRAMES, RATES, pixels, told, wait_told
from .harness.videos import EXACT_MARK, GROUND, read_number
from .playing import STILL, ground_at, open_player, press, shown_numbers, stopped_at, wait_still

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("rate", RATES)
def test_frame_n_shown_is_frame_n_in_both_directions(open_page, rate):
    fps = RATES[rate]
    page = open_player(open_page, f"fps={fps.numerator}/{fps.denominator}&a=source{rate}.mp4&b=decoded{rate}.mp4")
    press(page, "s")
    there = [("ArrowRight", n) for n in range(1, 8)] + [(".", 8), ("Shift+ArrowRight", 18), ("Shift+Period", 28)]
    back = [("End", 59), (",", 58), ("ArrowLeft", 57), ("ArrowLeft", 56), ("Shift+ArrowLeft", 46), ("Home", 0)]
    for key, frame in there + back:
        press(page, key)
        wait_still(page, frame)
        assert shown_numbers(page) == (frame, frame), key
    wait_told(page, "frame", 0)


NAMES_WHAT_WAS_ASKED_FOR = """
const own = HTMLVideoElement.prototype.requestVideoFrameCallback;
HTMLVideoElement.prototype.requestVideoFrameCallback = function (then) {
  return own.call(this, (now, facts) => then(now, { mediaTime: this.paused ? this.currentTime : facts.mediaTime }));
};
"""


def test_frames_are_known_in_a_browser_that_names_the_time_asked_for(open_page):
    """As Firefox does after a seek, where Chromium names the first moment of the frame."""
    page = open_player(open_page, script=NAMES_WHAT_WAS_ASKED_FOR)
    for key, frame in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1)):
        press(page, key)
        wait_still(page, frame)
        assert page.locator(".badge").get_attribute("data-kind") == "preview"


SAYS_NOTHING_OF_FRAME_THREE_AT_FIRST = """
const own = HTMLVideoElement.prototype.requestVideoFrameCallback;
HTMLVideoElement.prototype.requestVideoFrameCallback = function (then) {
  const ask = () => own.call(this, (now, facts) => {
    const silent = Math.round(facts.mediaTime * 25) === 3 && !this.silent;
    if (silent) this.silent = true;
    return silent ? ask() : then(now, facts);
  });
  return ask();
};
"""


def test_a_picture_that_a_busy_browser_does_not_announce_is_no_stray(open_page):
    page = open_player(open_page, script=SAYS_NOTHING_OF_FRAME_THREE_AT_FIRST)
    press(page, "s", "ArrowRight", "ArrowRight")
    wait_still(page, 2)
    press(page, "ArrowRight")
    wait_still(page, 3)
    assert shown_numbers(page) == (3, 3)


TELLS_LATE_WHAT_A_PAUSE_SHOWS = """
const own = HTMLVideoElement.prototype.requestVideoFrameCallback;
window.order = [];
HTMLVideoElement.prototype.requestVideoFrameCallback = function (then) {
  return own.call(this, (now, facts) => {
    if (!this.paused) return then(now, facts);
    setTimeout(() => (order.push("shown"), then(now, facts)), 200);
  });
};
"""


def test_a_pause_stands_still_when_both_have_shown_its_frame_since(open_page):
    """Not on the word of the picture that was there before: the one that came after it may not have been announced."""
    page = open_player(open_page, script=TELLS_LATE_WHAT_A_PAUSE_SHOWS)
    press(page, "Space")
    number = page.locator(".number").element_handle()
    page.wait_for_function("number => Number(number.value) > 5", arg=number)
    page.locator(".player").evaluate("""player => {
      order.length = 0;
      new MutationObserver(() => player.dataset.still && order.push("still"))
        .observe(player, { attributeFilter: ["data-still"] });
    }""")
    press(page, "Space")
    stopped_at(page)
    assert page.evaluate("order")[:3] == ["shown", "shown", "still"]


def test_quick_steps_end_on_the_frame_they_name(open_page):
    page = open_player(open_page)
    press(page, "s", *["ArrowRight"] * 15, *["ArrowLeft"] * 4)
    wait_still(page, 11)
    assert shown_numbers(page) == (11, 11)
    wait_told(page, "frame", 11)


def test_wipe_shows_source_left_and_decoded_right_and_follows_pointer_and_keys(open_page):
    page = open_player(open_page)
    press(page, ".", ".")
    wait_still(page, 2)
    stage = page.locator(".stage")
    rgb = pixels(stage)
    assert [ground_at(rgb, x) for x in (0.05, 0.45, 0.55, 0.95)] == ["source", "source", "decoded", "decoded"]
    assert read_number(rgb) == 2

    box = stage.bounding_box()
    handle = page.locator(".handle").bounding_box()
    page.mouse.move(handle["x"] + handle["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    assert [ground_at(pixels(stage), x) for x in (0.1, 0.25, 0.9)] == ["source", "decoded", "decoded"]

    slider = page.get_by_role("slider", name="Place of the wipe")
    slider.focus()
    press(page, "End")
    assert slider.get_attribute("aria-valuenow") == "100"
    assert ground_at(pixels(stage), 0.9) == "source"
    press(page, "Home")
    assert ground_at(pixels(stage), 0.1) == "decoded"
    wait_still(page, 2)


def test_difference_of_a_clip_with_itself_is_black_at_any_gain(open_page):
    page = open_player(open_page, "b=source.mp4")
    press(page, "d", "]", "]", "]", "Shift+ArrowRight")
    wait_still(page, 10)
    assert page.locator(".gain select").input_value() == "32"
    rgb = pixels(page.locator(".stage"))
    assert rgb[int(rgb.shape[0] * 0.15) : -8, 8:-8].max() <= 1  # below the names, inside the rounded corners


def test_difference_is_amplified_by_the_gain(open_page):
    page = open_player(open_page)
    press(page, "d")
    strip = []
    for gain in (1, 2):
        page.locator(".gain select").select_option(str(gain))
        rgb = pixels(page.locator(".stage"))
        strip.append(rgb[int(rgb.shape[0] * 0.465), rgb.shape[1] // 2].astype(int))
    assert np.abs(strip[0] - [90, 0, 90]).max() <= 8
    assert np.abs(strip[1] - 2 * strip[0]).max() <= 2


def test_flip_shows_the_one_then_the_other(open_page):
    page = open_player(open_page)
    stage = page.locator(".stage")
    for key, side, label in (("x", "decoded", "b"), ("x", "source", "a"), ("b", "decoded", "b"), ("a", "source", "a")):
        press(page, key)
        rgb = pixels(stage)
        assert {ground_at(rgb, x) for x in (0.1, 0.5, 0.9)} == {side}
        assert page.locator(f".tag-{label}").is_visible()


def test_zoom_and_pan_stay_in_step_and_keep_the_place_under_the_pointer(open_page):
    page = open_player(open_page, "b=source.mp4")
    press(page, "s")
    before = pixels(page.locator(".pane.a"))
    box = page.locator(".pane.b").bounding_box()
    x, y = box["x"] + box["width"] * 0.125, box["y"] + box["height"] * 0.17  # in the yellow patch
    page.mouse.move(x, y)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -400)
    page.keyboard.up("Control")
    page.locator(".percent:not(:text-is('100%'))").wait_for()
    left, right = pixels(page.locator(".pane.a")), pixels(page.locator(".pane.b"))
    assert np.abs(before.astype(int) - left).mean() > 5
    at = (int(left.shape[0] * 0.17), int(left.shape[1] * 0.125))
    assert np.abs(left[at].astype(int) - [200, 200, 40]).max() < 12
    assert np.abs(right[at].astype(int) - [200, 200, 40]).max() < 12

    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 3, steps=3)
    page.mouse.up()
    press(page, "Alt+ArrowDown")
    panned = pixels(page.locator(".pane.a"))
    assert np.abs(left.astype(int) - panned).mean() > 5
    press(page, "s")
    left, right = pixels(page.locator(".pane.a")), pixels(page.locator(".pane.b"))
    inner = np.s_[int(left.shape[0] * 0.2) :, 4 : left.shape[1] - 4]
    assert np.abs(left[inner].astype(int) - right[inner]).mean() < 1.5

    press(page, *["+"] * 12)
    assert page.locator(".percent").text_content() == "1600%"
    press(page, "0")
    assert page.locator(".percent").text_content() == "100%"
    assert np.abs(before[inner].astype(int) - pixels(page.locator(".pane.a"))[inner]).mean() < 1


def test_zoomed_pixels_have_hard_edges(open_page):
    page = open_player(open_page, "exact")
    page.locator(".badge[data-kind=exact]").wait_for()
    press(page, "a", *["+"] * 8)
    rgb = pixels(page.locator(".stage"))
    down = rgb[:, rgb.shape[1] // 2].astype(int)  # from the ground into the bar code
    steps = np.abs(np.diff(down[8:-8], axis=0)).max(axis=1)
    assert (steps > 3).sum() == 1


def test_exact_frames_replace_the_preview_while_it_stands_still(open_page):
    page = open_player(open_page, "exact")
    badge = page.locator(".badge")
    press(page, "a", "Shift+ArrowRight")
    page.locator(".badge[data-kind=exact]").wait_for()
    assert badge.text_content() == "exact frame"
    for key, side in (("a", "source"), ("b", "decoded")):
        press(page, key)
        rgb = pixels(page.locator(".stage"))
        assert tuple(rgb[10, -20]) == EXACT_MARK[side]
        assert read_number(rgb) == 10

    press(page, "i", "Shift+ArrowRight", "o", "Space")  # in a loop: it plays for however long a look takes
    page.locator(".player[data-playing] .badge[data-kind=preview]").wait_for()
    assert badge.text_content() == "preview (lossy H.264)"
    press(page, "Space")
    page.locator(".badge[data-kind=exact]").wait_for()


def test_where_an_exact_frame_is_missing_the_preview_stays_and_says_so(open_page):
    page = open_player(open_page, "exact")
    page.locator(".badge[data-kind=exact]").wait_for()
    with page.expect_response("**/frames/59/decoded.png") as answer:
        press(page, "b", "End")
    assert answer.value.status == 404
    wait_still(page, 59)
    rgb = pixels(page.locator(".stage"))
    assert page.locator(".badge").text_content() == "preview (lossy H.264)"
    assert read_number(rgb) == 59
    assert np.abs(rgb[10, -20].astype(int) - GROUND["decoded"]).max() < 12


def test_a_frame_that_the_preview_lacks_is_not_passed_off_as_shown(open_page):
    page = open_player(open_page, f"frames={FRAMES + 10}")
    press(page, "End")
    page.locator(".badge", has_text=f"preview shows frame {FRAMES - 1}").wait_for()
    press(page, "Home")
    page.locator(".badge", has_text="preview (lossy H.264)").wait_for()


def test_exact_pixels_can_be_read_under_the_pointer(open_page):
    page = open_player(open_page, "exact")
    page.locator(".badge[data-kind=exact]").wait_for()
    box = page.locator(".stage").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 45.5 / 320, box["y"] + box["height"] * 30.5 / 180)
    assert page.locator(".pixel").text_content() == "45, 30  ·  RGB 200 200 40  |  200 200 40"


def test_python_hears_the_frame_after_a_pause_but_not_while_playing(open_page):
    page = open_player(open_page, "a=source_long.mp4&b=decoded_long.mp4&frames=250")
    press(page, "s")
    runs = told(page, "runs")
    press(page, "Space")
    number = page.locator(".number")
    page.wait_for_function("number => Number(number.value) > 40", arg=number.element_handle())
    assert told(page, "runs") == runs
    press(page, "Space")
    frame = stopped_at(page)
    assert frame > 40
    assert shown_numbers(page) == (frame, frame)
    wait_told(page, "frame", frame)


def test_the_follower_stays_with_the_leader(open_page):
    page = open_player(open_page, "a=source_long.mp4&b=decoded_long.mp4&frames=250")
    press(page, "Space")
    number = page.locator(".number").element_handle()
    page.wait_for_function("number => Number(number.value) > 10", arg=number)
    playing, apart = page.locator(".player").evaluate("""player => new Promise(done => {
        const [a, b] = player.querySelectorAll("video");
        b.currentTime += 0.12;
        const apart = [];
        const look = () => {
            apart.push(Math.abs(a.currentTime - b.currentTime));
            const [playing, late] = ["playing" in player.dataset, apart.slice(-30)];
            const close = late.length === 30 && Math.max(...late) < 0.04;
            playing && !close ? requestAnimationFrame(look) : done([playing, apart]);
        };
        look();
    })""")
    assert playing, apart
    assert apart[0] > 0.1
    press(page, "Space", "?")
    assert "on different frames" in page.locator(".drift").text_content()


def test_a_loop_stays_in_its_range(open_page):
    page = open_player(open_page)
    press(page, *["ArrowRight"] * 10)
    wait_still(page, 10)
    press(page, "i", *["Shift+ArrowRight"] * 2)
    wait_still(page, 30)
    press(page, "o")
    assert page.locator(".range span").text_content() == "10 – 30"
    press(page, "Space")
    seen = page.locator(".player").evaluate("""player => new Promise(done => {
        const [number, video] = [player.querySelector(".number"), player.querySelector(".a video")];
        const seen = new Set();
        let rounds = 0; // a busy browser may show few of their frames
        video.addEventListener("seeking", () => (rounds += 1));
        const look = () => {
            seen.add(Number(number.value));
            rounds < 4 ? requestAnimationFrame(look) : done([...seen]);
        };
        look();
    })""")
    assert min(seen) == 10
    assert max(seen) <= 30
    press(page, "u")
    assert page.locator(".range").is_hidden()


def test_playing_to_the_end_stops_on_the_last_frame_and_starts_over(open_page):
    page = open_player(open_page, "a=source_long.mp4&b=decoded_long.mp4&frames=250")
    press(page, "s", "End", "Shift+ArrowLeft")
    wait_still(page, 239)
    press(page, "Space")
    wait_still(page, 249)
    assert shown_numbers(page) == (249, 249)
    assert page.get_by_role("button", name="Play", exact=True).is_enabled()
    press(page, "Space")
    number = page.locator(".number").element_handle()
    page.wait_for_function("number => Number(number.value) < 200", arg=number)  # for eight seconds


def test_what_was_set_survives_reruns_and_another_rate_point(open_page):
    page = open_player(open_page)
    press(page, "s", "+", "+", "Shift+ArrowRight")
    wait_told(page, "frame", 10)
    loads = []
    page.on("request", lambda request: loads.append(request.url) if "/clips/" in request.url else None)
    runs = told(page, "runs")
    page.get_by_role("button", name="Rerun").click()
    wait_told(page, "runs", runs + 1)
    assert loads == []
    assert page.locator(".player").get_attribute("data-mode") == "side"
    assert page.locator(".percent").text_content() == "200%"

    page.locator(".player").focus()
    press(page, "0")
    page.get_by_text("Other point").click()
    wait_told(page, "runs", runs + 2)
    wait_still(page, 10)
    assert not any("decoded" in url for url in loads)
    page.locator(".player").focus()
    press(page, "ArrowRight")
    wait_still(page, 11)
    assert shown_numbers(page) == (11, 11)
    assert ground_at(pixels(page.locator(".pane.b")), 0.5) == "source"


def test_playing_goes_on_through_a_rerun_and_another_rate_point(open_page):
    page = open_player(open_page, "a=source_long.mp4&b=decoded_long.mp4&frames=250")
    press(page, "j", "j", "Space")  # for 40 seconds
    runs = told(page, "runs")
    page.get_by_role("button", name="Rerun").click()
    wait_told(page, "runs", runs + 1)
    assert page.get_by_role("button", name="Pause").is_visible()
    number = page.locator(".number").element_handle()
    at = int(page.locator(".number").input_value())
    page.wait_for_function("([number, at]) => Number(number.value) > at + 5", arg=[number, at])
    page.get_by_text("Other point").click()
    wait_told(page, "runs", runs + 2)
    at = int(page.locator(".number").input_value())
    page.wait_for_function("([number, at]) => Number(number.value) > at + 5", arg=[number, at])


def test_what_was_set_survives_going_away_and_coming_back(open_page):
    page = open_player(open_page)
    press(page, "d", "]", "Shift+ArrowRight")
    wait_told(page, "frame", 10)
    page.get_by_text("Hide", exact=True).click()
    page.locator(".player").wait_for(state="detached")
    page.get_by_text("Hide", exact=True).click()
    wait_still(page, 10)
    assert page.locator(".player").get_attribute("data-mode") == "difference"
    assert page.locator(".gain select").input_value() == "8"


def test_python_seeks_once_for_each_nonce(open_page):
    page = open_player(open_page)
    press(page, "s")
    button = page.get_by_role("button", name="Seek to 21")
    button.click()
    wait_still(page, 21)
    assert shown_numbers(page) == (21, 21)
    page.locator(".player").focus()
    press(page, "ArrowRight")
    wait_told(page, "frame", 22)
    runs = told(page, "runs")
    page.get_by_role("button", name="Rerun").click()
    wait_told(page, "runs", runs + 1)
    wait_still(page, 22)
    button.click()
    wait_still(page, 21)


def test_a_click_in_the_plot_seeks_and_worst_frame_goes_there(open_page):
    page = open_player(open_page, "series&two")
    box = page.locator(".plot canvas").bounding_box()
    across = 34 + (box["width"] - 34 - 7) * 25 / (FRAMES - 1)
    page.mouse.click(box["x"] + across, box["y"] + box["height"] / 2)
    wait_still(page, 25)
    assert "x264" in page.locator(".figures").text_content()
    worst = page.get_by_role("button", name="Worst of B")
    worst.click()
    wait_still(page, 37)
    worst.click()
    wait_still(page, 12)
    wait_told(page, "frame", 12)
    page.get_by_role("button", name="Worst of A").click()
    wait_still(page, 20)
    page.get_by_role("button", name="Widest gap").click()
    wait_still(page, 30)


def test_a_frame_number_can_be_typed(open_page):
    page = open_player(open_page)
    runs = told(page, "runs")
    press(page, "g")
    page.keyboard.type("33")
    press(page, "Enter")
    wait_still(page, 33)
    wait_told(page, "frame", 33)
    assert told(page, "runs") == runs + 1


@pytest.mark.parametrize(
    ("file", "reason"),
    [("missing.mp4", "the server answered 404"), ("damaged.mp4", "this browser cannot play the file")],
)
def test_a_video_that_fails_says_why_and_can_be_tried_again(open_page, clips, file, reason):
    page = open_page(f"player?b={file}")
    faults = page.locator(".faults")
    faults.wait_for()
    assert reason in faults.text_content()
    assert "Decoded, rate 27" in faults.text_content()
    assert page.get_by_role("button", name="Play", exact=True).is_disabled()
    page.route(f"**/clips/{file}", lambda route: route.fulfill(path=clips / "decoded.mp4", content_type="video/mp4"))
    page.get_by_role("button", name="Try again").click()
    page.locator(STILL).wait_for()
    assert faults.is_hidden()


def test_the_legend_is_shown_and_closed_by_key(open_page):
    page = open_player(open_page)
    legend = page.get_by_role("dialog", name="Keys of the player")
    press(page, "?")
    assert legend.get_by_text("side by side").is_visible()
    press(page, "Escape")
    assert legend.is_hidden()


def test_its_buttons_stay_on_one_line_from_900_pixels_on(open_page):
    page = open_player(open_page, "series&two&planes=three", viewport={"width": 1060, "height": 1000})
    assert page.locator(".player").bounding_box()["width"] == pytest.approx(900, abs=4)
    press(page, "i", "ArrowRight", "o", "e")  # the loop's ends and the different frames are told in the bar
    wait_still(page, 1, beside=2)
    for key in "wsdhx":
        press(page, key)
        for bar in ("top", "bottom"):
            lines = page.locator(f".bar.{bar}").evaluate("e => e.clientHeight / e.querySelector('button').offsetHeight")
            assert lines < 1.2, (key, bar)


@pytest.mark.parametrize("width", [600, 1280, 1800])
def test_it_fits_its_width_in_every_mode(open_page, width):
    page = open_player(open_page, "series&two&exact", viewport={"width": width, "height": 1000})
    for key in "wsdhx":
        press(page, key)
        over = page.locator(".player").evaluate("e => e.scrollWidth - e.clientWidth")
        assert over <= 0, key
        stage = page.locator(".stage").bounding_box()
        wanted = (2 if key == "s" else 1) * 320 / 180
        assert abs(stage["width"] / stage["height"] - wanted) < 0.03


def test_colours_follow_the_theme_when_it_changes(open_page):
    page = open_player(open_page, color_scheme="light")
    ground = "e => getComputedStyle(e).backgroundColor"
    light = page.locator(".player").evaluate(ground)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        "([e, light]) => getComputedStyle(e).backgroundColor !== light",
        arg=[page.locator(".player").element_handle(), light],
    )
    assert page.locator(".player[data-still='0']").is_visible()
