"""A clip's own pictures and an anchor's points made again, over HTTP: what was measured is shown, and nothing else."""

from __future__ import annotations

import json
import shutil

import av
import cv2
import numpy as np
import pytest

from gpu_agent.anchors import AnchorCurve, anchor_named, planes_of_clip, point_key
from gpu_agent.anchors.point import measure_point
from gpu_agent.codec_kit.frames import VideoInfo, planes_of
from gpu_agent.measure import measure
from gpu_agent.measure.ffmpeg import executable
from gpu_agent.preview.png import to_rgb
from gpu_agent.road.ladders import curve_key
from tests.gpu_agent.live import Wire, ask

pytestmark = pytest.mark.jail
ANCHORS = {"x264-medium": 29, "mpeg4": 5, "svtav1-8": 36}
INFO = VideoInfo(32, 32, 8, 25)


@pytest.fixture(scope="module")
def clip(agent):
    return agent.tools.catalogue.get("tiny")


@pytest.fixture(scope="module")
def points(agent, clip, tmp_path_factory):
    """A measured point of each anchor on the first six frames, published as the ladders do."""
    planes = planes_of_clip(clip, agent.tools.catalogue.planes(clip), 6)
    found = {}
    for name, rate in ANCHORS.items():
        folder = tmp_path_factory.mktemp("anchor")
        found[name] = measure_point(anchor_named(name), rate, planes, folder, ffmpeg=executable()).point
        publish(agent, clip, name, found[name])
    return found


def publish(agent, clip, name, point):
    curve = AnchorCurve(
        anchor=name, label=name, clip=clip.name, clip_sha256=clip.sha256, frames=6, rates=[point.rate], points=[point]
    )
    agent.tools.artifacts.put_bytes(curve_key(clip.sha256, 6, name), curve.model_dump_json().encode())


def url_of(clip, name, point):
    return f"/artifacts/{point_key(clip.sha256, 6, name, point)}"


def grey(body):
    return cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_GRAYSCALE).reshape(-1)


@pytest.mark.parametrize("name", ANCHORS)
def test_an_anchor_s_point_is_made_again_as_it_was_measured(agent, clip, points, name, tmp_path):
    url, point = url_of(clip, name, points[name]), points[name]
    shutil.rmtree(agent.settings.cache)
    frames = [ask(agent, "GET", f"{url}/frames/{n}/decoded.planes.png") for n in range(6)]
    assert [f.status for f in frames] == [200] * 6, frames[0].body
    decoded = tmp_path / "decoded.yuv"
    decoded.write_bytes(b"".join(grey(f.body).tobytes() for f in frames))
    seen = measure(agent.tools.catalogue.planes(clip), decoded, INFO._replace(frames=6))
    assert (seen.psnr_y, seen.psnr_yuv) == pytest.approx((point.psnr_y, point.psnr_yuv))
    assert ask(agent, "GET", f"{url}/frames.json").json["psnr_y"] == pytest.approx(list(seen.series.psnr_y))
    stream = ask(agent, "GET", f"{url}/stream.{anchor_named(name).format}")
    assert len(stream.body) == point.bytes
    rgb = cv2.imdecode(np.frombuffer(ask(agent, "GET", f"{url}/frames/3/decoded.png").body, np.uint8), 1)[..., ::-1]
    assert np.array_equal(rgb, to_rgb(planes_of(grey(frames[3].body).tobytes(), INFO), clip.matrix, clip.full_range))
    assert ask(agent, "GET", f"{url}/frames/6/decoded.png").status == 404


def test_an_anchor_s_preview_plays_by_ranges(agent, clip, points, tmp_path):
    url = url_of(clip, "x264-medium", points["x264-medium"])
    with Wire(agent) as wire:
        whole = wire.ask("GET", f"{url}/preview.mp4")
        assert (whole.status, whole.headers["content-type"]) == (200, "video/mp4")
        part = wire.ask("GET", f"{url}/preview.mp4", Range="bytes=10-19")
        assert (part.status, part.body) == (206, whole.body[10:20])
    (tmp_path / "preview.mp4").write_bytes(whole.body)
    with av.open(str(tmp_path / "preview.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) == 6


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bytes": 12}, "12 were measured"),
        ({"psnr_u": 11.0}, "other frames than were measured"),
        ({"decoded_sha256": "0" * 64}, "other frames than were measured"),
    ],
)
def test_what_comes_out_otherwise_than_it_was_measured_is_not_shown(agent, clip, points, change, said):
    other = points["mpeg4"].model_copy(update={"rate": 8} | change)
    changed = points["mpeg4"].model_copy(update=change)
    publish(agent, clip, "mpeg4", changed)
    shutil.rmtree(agent.settings.cache)
    for file in ("preview.mp4", "frames/0/decoded.png", "frames.json"):
        answer = ask(agent, "GET", f"{url_of(clip, 'mpeg4', changed)}/{file}")
        assert (answer.status, answer.error) == (409, "not_the_same")
        assert said in answer.json["error"]["message"]
    assert ask(agent, "GET", f"{url_of(clip, 'mpeg4', other)}/preview.mp4").status == 404  # never measured
    publish(agent, clip, "mpeg4", points["mpeg4"])


def test_an_older_point_without_a_hash_is_known_by_its_figures(agent, clip, points):
    old = json.loads(points["mpeg4"].model_dump_json(exclude={"decoded_sha256"}))
    point = points["mpeg4"].model_validate(old)
    publish(agent, clip, "mpeg4", point)
    shutil.rmtree(agent.settings.cache)
    assert ask(agent, "GET", f"{url_of(clip, 'mpeg4', point)}/frames/0/decoded.png").status == 200


def test_the_source_s_exact_frame_and_its_samples(agent, clip):
    raw = agent.tools.catalogue.planes(clip).read_bytes()
    base = f"/artifacts/clips/{clip.sha256}/frames"
    samples = ask(agent, "GET", f"{base}/5/source.planes.png")
    assert grey(samples.body).tobytes() == raw[5 * INFO.frame_bytes : 6 * INFO.frame_bytes]
    rgb = cv2.imdecode(np.frombuffer(ask(agent, "GET", f"{base}/5/source.png").body, np.uint8), 1)[..., ::-1]
    assert np.array_equal(rgb, to_rgb(planes_of(grey(samples.body).tobytes(), INFO), clip.matrix, clip.full_range))
    assert ask(agent, "GET", f"{base}/8/source.png").status == 404


@pytest.mark.parametrize(
    "path", ["frames/0/decoded.png", "anchors/6/x264-medium/r29/0123456789ab/preview.mp4", "anchors/6/nobody/r2/0123456789ab/preview.mp4",
             "anchors/6/x264-medium.json/../x", "anchors/0/x264-medium/r29/0123456789ab/frames.json"],
)  # fmt: skip
def test_what_is_no_picture_of_the_clip_is_not_found(agent, clip, points, path):
    assert ask(agent, "GET", f"/artifacts/clips/{clip.sha256}/{path}").status == 404
