"""What a real browser shows of a preview: the right frame at (n + 0.5) / fps, in the right colours."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from gpu_agent.codec_kit.frames import VideoInfo
from gpu_agent.preview import frame_png, make_preview
from tests.chromium import launched

from .conftest import clip_of

pytestmark = pytest.mark.browser

LOAD = """async data => {
    const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
    const video = document.createElement("video");
    video.muted = true; video.preload = "auto";
    const first = new Promise(done => video.requestVideoFrameCallback(done));
    video.src = URL.createObjectURL(new Blob([bytes], {type: "video/mp4"}));
    await new Promise((good, bad) => { video.oncanplaythrough = good; video.onerror = () => bad(video.error.message); });
    await first;
    window.video = video;
    return [video.videoWidth, video.videoHeight, video.duration];
}"""

SEEK = """async ([frame, fps, points]) => {
    const video = window.video;
    // "seeked" can come before the new picture is drawable; the frame callback comes with it, or is one of the picture
    // before. A video that has no such frame is drawn as it is after a while.
    const shown = new Promise(done => {
        const look = (_now, { mediaTime }) =>
            Math.round(mediaTime * fps) === frame ? done() : video.requestVideoFrameCallback(look);
        video.requestVideoFrameCallback(look);
        setTimeout(done, 20000);
    });
    video.currentTime = (frame + 0.5) / fps;
    await shown;
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth; canvas.height = video.videoHeight;
    const context = canvas.getContext("2d");
    context.drawImage(video, 0, 0);
    return points.map(([x, y]) => Array.from(context.getImageData(x, y, 1, 1).data.slice(0, 3)));
}"""


@pytest.fixture(scope="module")
def page() -> Iterator:
    with launched() as browser:
        yield browser.new_page()


def load(page, path: Path) -> tuple[int, int, float]:
    return page.evaluate(LOAD, base64.b64encode(path.read_bytes()).decode())


@pytest.mark.parametrize("fps", ["24000/1001", "25", "50", "60000/1001"])
def test_seeking_to_the_middle_of_frame_n_shows_frame_n(page, numbered, tmp_path, fps):
    planes, info = numbered(40, fps)
    make_preview(planes, info, tmp_path / "a.mp4", clip_facts=clip_of(info))
    width, height, duration = load(page, tmp_path / "a.mp4")
    assert (width, height) == (info.width, info.height)
    assert duration == pytest.approx(float(40 / info.fps), abs=0.001)
    blocks = [(8 + 16 * column, 8 + 16 * row) for row in (0, 1) for column in range(4)]
    # Backwards, neighbours and jumps: a player that shows the nearest key frame or a stale one would be caught.
    order = [1, 2, 0, 39, 38, 5, 20, 19, 21, 0, 39, *range(0, 40, 3)]
    shown = []
    for n in order:
        samples = page.evaluate(SEEK, [n, float(info.fps), blocks])
        shown.append(sum((rgb[1] > 128) << bit for bit, rgb in enumerate(samples)))
    assert shown == order


@pytest.mark.parametrize("matrix", ["bt601", "bt709"])
@pytest.mark.parametrize("full_range", [False, True])
def test_the_browser_shows_the_colours_of_the_exact_frame(page, tmp_path, matrix, full_range):
    info = VideoInfo(64, 32, 3, Fraction(25))
    patches = [(80, 110, 190), (150, 60, 110), (100, 180, 100), (200, 128, 128)]
    frame = [np.repeat(np.array([p[i] for p in patches], np.uint8), 16)[None].repeat(32, 0) for i in range(3)]
    planes = tmp_path / "a.yuv"
    planes.write_bytes((frame[0].tobytes() + frame[1][::2, ::2].tobytes() + frame[2][::2, ::2].tobytes()) * 3)
    facts = clip_of(info, matrix=matrix, full_range=full_range)
    make_preview(planes, info, tmp_path / "a.mp4", clip_facts=facts)
    png = np.frombuffer(frame_png(planes, None, info, 1, "source", facts=facts), np.uint8)
    exact = cv2.imdecode(png, cv2.IMREAD_COLOR)[..., ::-1]
    load(page, tmp_path / "a.mp4")
    points = [(8 + 16 * k, 16) for k in range(4)]
    shown = page.evaluate(SEEK, [1, 25, points])
    for (x, y), rgb in zip(points, shown):
        assert rgb == pytest.approx(exact[y, x].tolist(), abs=8)
