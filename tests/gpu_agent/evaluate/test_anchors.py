"""Anchors of `./lab eval`: which, what is said of them, and that nothing about them can spoil a run."""

from __future__ import annotations

import argparse
import threading
from types import SimpleNamespace

import pytest

from gpu_agent.anchors import CATALOGUE
from gpu_agent.clips import ClipError
from gpu_agent.evaluate import anchors
from gpu_agent.evaluate.anchors import DEFAULT, anchors_named, ladder, rate_against, verdict
from gpu_agent.measure import MeasureCancelled
from gpu_agent.models import BDRate, ClipRef
from tests.gpu_agent.anchors.conftest import clip_file  # noqa: F401 - a fixture
from tests.gpu_agent.factory import experiment, row

MPEG4 = anchors_named("mpeg4")


@pytest.fixture
def run(clip_file):  # noqa: F811
    """Rates the points against anchors on the tiny clip; the record afterwards."""
    planes, clip = clip_file

    def rated(names="mpeg4", points=((9000, 44.0), (5000, 40.0), (3000, 37.0), (1500, 33.0)), cancel=None):
        rows = [row("photo", i, kbps=kbps, psnr_yuv=db) for i, (kbps, db) in enumerate(points)]
        ref = ClipRef(name="photo", sha256=clip.sha256, frames=3)
        record = experiment(clips=[ref], results=rows, frames=3)
        catalogue = SimpleNamespace(planes=lambda c, cancel: planes)
        told = []
        folder = planes.parent / "anchors"
        rate_against(record, anchors_named(names), [clip], catalogue, folder, told.append, cancel or threading.Event())
        return record, told, folder

    return rated


def test_names_all_and_none():
    assert [a.name for a in anchors_named(DEFAULT)] == ["x264-medium", "x265-medium"]
    assert anchors_named("all") == list(CATALOGUE)
    assert anchors_named("none") == []
    assert [a.name for a in anchors_named("mpeg4,mjpeg,mpeg4")] == ["mpeg4", "mjpeg"]
    with pytest.raises(argparse.ArgumentTypeError, match="no anchor 'x266'; there are x264-medium, "):
        anchors_named("x264-medium,x266")


def test_an_anchor_is_measured_once_and_then_found(run, monkeypatch):
    record, told, folder = run()
    rate = record.summary.bd_rate["mpeg4"]
    assert rate.percent is not None, rate.reason
    assert told[-1].label == "MPEG-4 Part 2"
    assert len(list(folder.iterdir())) == 1
    again, told, _ = run()
    assert again.summary.bd_rate["mpeg4"] == rate
    assert told == []


def test_too_few_points_measure_no_anchor(run):
    record, told, folder = run(points=((5000, 40.0), (3000, 37.0)))
    rate = record.summary.bd_rate["mpeg4"]
    assert (rate.percent, rate.per_clip) == (None, {"photo": None})
    assert rate.reason == "photo: the codec has 2 rate points; BD-rate needs 4"
    assert told == []
    assert not folder.exists()


@pytest.mark.parametrize(
    "problem", [ClipError("The clip is gone."), OSError("disk full"), RuntimeError("No ffmpeg exe")]
)
def test_what_goes_wrong_with_an_anchor_is_its_reason(run, monkeypatch, problem):
    def broken(anchor, *_, **__):
        raise problem

    monkeypatch.setattr(anchors, "compute_curve", broken)
    rate = run()[0].summary.bd_rate["mpeg4"]
    assert rate.percent is None
    assert str(problem) in rate.reason


def test_a_cancel_keeps_the_anchors_that_are_whole(run, monkeypatch):
    real = anchors.compute_curve

    def second_is_cancelled(anchor, *args, **more):
        if anchor.name == "mjpeg":
            raise MeasureCancelled
        return real(anchor, *args, **more)

    monkeypatch.setattr(anchors, "compute_curve", second_is_cancelled)
    record, _, _ = run("mpeg4,mjpeg")
    assert record.summary.bd_rate["mpeg4"].percent is not None
    assert record.summary.bd_rate["mjpeg"].reason == "cancelled before it was measured"


def test_the_sentence_names_the_first_that_has_a_figure():
    rates = {
        "x264-medium": BDRate(reason="carphone: no overlap"),
        "x265-medium": BDRate(percent=31.2, per_clip={"a": 30.0, "b": 32.4}),
        "mjpeg": BDRate(percent=-60.0, per_clip={"a": -60.0}),
    }
    assert verdict(rates) == "It needs 31 % more bits than x265 medium at equal PSNR (mean over 2 clips)."
    assert verdict({"x264-medium": rates["x264-medium"]}) == "Not comparable with x264 medium: carphone: no overlap."
    assert verdict({}) is None
    assert ladder(rates) == [
        ("Motion JPEG", "-60.0 %", ""),
        ("x265 medium", "+31.2 %", ""),
        ("x264 medium", "–", "carphone: no overlap"),
    ]
