"""Curves and per-frame series to draw."""

from __future__ import annotations

import pytest

from app.charts.series import Curve, Point


def make_point(rate=22, kbps=212.0, psnr=37.9, lossless=False, **metrics) -> Point:
    known = {"psnr_y": psnr, "psnr_yuv": psnr + 0.9, "ssim": 0.95} | metrics
    measured = {key: value for key, value in known.items() if value is not None}
    return Point(rate, kbps, kbps / 760, round(kbps * 500), measured, lossless, 15.0, 60.0)


def make_curve(name="Mine", clip="carphone", kind="experiment", factor=1.0, **metrics) -> Curve:
    points = ((37, 33.0, 29.4), (32, 61.0, 32.2), (27, 120.0, 35.1), (22, 212.0, 37.9))
    return Curve(name, clip, tuple(make_point(r, k * factor, p, **metrics) for r, k, p in points), kind)


@pytest.fixture
def point():
    return make_point


@pytest.fixture
def curve():
    return make_curve
