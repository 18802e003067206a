import threading

import pytest

from gpu_agent.anchors import CATALOGUE, cached_curve, compute_curve, ladder
from gpu_agent.anchors.catalogue import Anchor
from gpu_agent.anchors.records import AnchorCurve
from gpu_agent.measure import MeasureCancelled
from gpu_agent.measure.bdrate import bd_rate

QUICK = Anchor("quick", "Quick", "mpeg4", "-q:v {rate}", (2, 5, 10, 20), "m4v")


def test_the_catalogue_starts_with_x264_medium_and_every_curve_is_enough_for_bd_rate():
    assert CATALOGUE[0].name == "x264-medium"
    assert len({anchor.name for anchor in CATALOGUE}) == len(CATALOGUE)
    for anchor in CATALOGUE:
        assert len(anchor.rates) >= 4
        assert list(anchor.rates) == sorted(anchor.rates)
        assert "{rate}" in anchor.arguments


def test_a_curve_is_made_once_and_then_read(clip_file, tmp_path):
    source, clip = clip_file
    cache, steps = tmp_path / "anchors", []
    assert cached_curve(QUICK, clip, cache) is None
    made = compute_curve(QUICK, source, clip, cache, on_progress=steps.append)
    assert made.complete
    assert made.reason is None
    assert [point.rate for point in made.points] == [2, 5, 10, 20]
    assert made.versions["ffmpeg"]
    assert [point.kbps for point in made.points] == sorted((p.kbps for p in made.points), reverse=True)
    assert (steps[-1].label, steps[-1].point, steps[-1].points, steps[-1].frames_done) == ("Quick", 4, 4, 6)
    steps.clear()
    assert compute_curve(QUICK, source, clip, cache, on_progress=steps.append) == made
    assert cached_curve(QUICK, clip, cache) == made
    assert steps == []
    assert bd_rate(made.curve(), made.curve()).percent == pytest.approx(0)


def test_whatever_decides_the_figures_makes_another_curve(clip_file, tmp_path):
    source, clip = clip_file
    compute_curve(QUICK, source, clip, tmp_path)
    for anchor, other, frames in (
        (QUICK, clip, 3),
        (QUICK, clip.model_copy(update={"sha256": "0" * 64}), None),
        (QUICK, clip.model_copy(update={"fps": "50"}), None),
        (QUICK._replace(arguments="-q:v {rate} -g 1"), clip, None),
        (QUICK._replace(rates=(2, 5, 10, 21)), clip, None),
    ):
        assert cached_curve(anchor, other, tmp_path, frames=frames) is None
    assert cached_curve(QUICK, clip, tmp_path, frames=99) is not None  # as many as there are


def test_the_first_frames_alone(clip_file, tmp_path):
    source, clip = clip_file
    few = compute_curve(QUICK, source, clip, tmp_path, frames=2)
    assert few.frames == 2
    assert few.points[0].bytes < compute_curve(QUICK, source, clip, tmp_path).points[0].bytes


def test_a_cancelled_curve_keeps_its_points_and_goes_on(clip_file, tmp_path):
    source, clip = clip_file
    cancel, begun = threading.Event(), []

    def stop_in_the_third_point(progress):
        if progress.point == 3:
            cancel.set()

    with pytest.raises(MeasureCancelled):
        compute_curve(QUICK, source, clip, tmp_path, on_progress=stop_in_the_third_point, cancel=cancel)
    kept = cached_curve(QUICK, clip, tmp_path)
    assert len(kept.points) == 2
    assert not kept.complete
    whole = compute_curve(QUICK, source, clip, tmp_path, on_progress=lambda p: begun.append(p.point))
    assert whole.points[:2] == kept.points
    assert min(begun) == 3
    assert whole.complete


def test_a_damaged_cache_is_made_again(clip_file, tmp_path):
    source, clip = clip_file
    made = compute_curve(QUICK, source, clip, tmp_path)
    (file,) = tmp_path.glob("quick-*.json")
    file.write_text(file.read_text()[:100])
    assert cached_curve(QUICK, clip, tmp_path) is None
    again = compute_curve(QUICK, source, clip, tmp_path)
    assert [p.bytes for p in again.points] == [p.bytes for p in made.points]


def test_what_cannot_be_had_is_a_reason_and_is_tried_again(clip_file, tmp_path):
    source, clip = clip_file
    missing, refusing, fine = ladder(
        source,
        clip,
        tmp_path,
        anchors=[
            QUICK._replace(name="missing", encoder="libdaala"),
            QUICK._replace(name="refusing", label="Refusing", arguments="-profile:v nonsense"),
            QUICK,
        ],
    )
    assert missing.reason == "this ffmpeg has no libdaala"
    assert refusing.reason.startswith("Refusing failed at 2: ")
    assert "nonsense" in refusing.reason
    assert fine.complete
    assert sorted(path.name.split("-")[0] for path in tmp_path.glob("*.json")) == ["quick"]


def test_points_above_the_cap_are_left_out_of_the_curve(clip_file, tmp_path):
    source, clip = clip_file
    point = compute_curve(QUICK, source, clip, tmp_path).points[0]
    points = [
        point.model_copy(update={"kbps": kbps, "psnr_yuv": psnr, "vmaf": None})
        for kbps, psnr in ((900, 60.0), (700, 60.0), (400, 50.0), (200, 40.0))
    ]
    curve = AnchorCurve(anchor="a", label="A", clip="c", clip_sha256="0", frames=1, rates=[1, 2, 3, 4], points=points)
    assert list(curve.curve().rates) == [200, 400, 700]
    assert list(curve.curve("vmaf").rates) == []
