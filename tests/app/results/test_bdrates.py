from __future__ import annotations

import bjontegaard
import pytest

from app.results.bdrates import QUALITIES, Rated, rated, table
from app.results.format import THIN

from .anchored import anchor_curve


def test_every_measure_has_its_figure_with_akima_beside(curve):
    rows = {"carphone": curve(factor=0.5)}
    anchors = {"carphone": anchor_curve(curve())}
    for quality in ("psnr_yuv", "psnr_y", "ssim"):
        found = rated(rows, anchors, quality)
        assert found.percent == pytest.approx(-50, abs=1e-6)
        assert found.akima == pytest.approx(-50, abs=1e-6)
        assert not found.doubtful
    missing = rated(rows, anchors, "vmaf")
    assert (missing.percent, missing.reason) == (None, "carphone: the codec has 0 rate points; BD-rate needs 4")


def test_the_figures_are_the_package_s(curve):
    own, other = curve(factor=0.7), curve()
    for r, shift in zip(own, (0.4, 0.1, -0.2, 0.3)):
        r.psnr_y += shift
    ends = lambda rows: zip(*sorted((r.kbps, r.psnr_y) for r in rows))
    found = rated({"carphone": own}, {"carphone": anchor_curve(other)}, "psnr_y")
    for method, value in (("pchip", found.percent), ("akima", found.akima)):
        assert value == pytest.approx(float(bjontegaard.bd_rate(*ends(other), *ends(own), method, False)))
    assert found.percent != found.akima


def test_a_mean_needs_every_clip(curve):
    rows = {"carphone": curve(factor=0.5), "bikes": curve("bikes")}
    whole = {"carphone": anchor_curve(curve()), "bikes": anchor_curve(curve("bikes"))}
    assert rated(rows, whole, "psnr_yuv").percent == pytest.approx(-25)
    part = rated(rows, {"carphone": whole["carphone"]}, "psnr_yuv")
    assert (part.percent, part.akima, part.reason) == (None, None, "bikes: the anchor is not measured")
    whole["bikes"].points.pop()
    assert rated(rows, whole, "psnr_yuv").percent is None
    assert rated({}, whole, "psnr_yuv").reason == "no clip was measured"


def test_the_table_says_why_a_figure_is_missing_or_doubtful(curve):
    (line,) = table({"carphone": curve(factor=0.5)}, {"x264 medium": {"carphone": anchor_curve(curve())}})
    assert list(line) == ["Anchor", "PSNR-YUV", "Y-PSNR", "SSIM", "VMAF", "Note"]
    assert line["Y-PSNR"].replace(THIN, " ") == "−50 % · −50 %"
    assert line["VMAF"] == "–"
    assert line["Note"] == "VMAF: carphone: the codec has 0 rate points; BD-rate needs 4"
    assert len(QUALITIES) == 4
    assert Rated(10.0, 16.0, None).doubtful
    assert not Rated(10.0, 14.0, None).doubtful
