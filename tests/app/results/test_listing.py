from __future__ import annotations

import pytest

from app.results.listing import ORIGINS, listing_row
from gpu_agent.models import BDRate, Origin, Summary


def test_a_row_shows_the_best_point_and_the_bd_rate(experiment, curve):
    summary = Summary(bd_rate={"x264 medium": BDRate(percent=31.2)})
    shown = listing_row(experiment(curve(), summary=summary, parent_id="p"))
    assert (shown.psnr_y, shown.ssim, shown.kbps) == (37.9, 0.956, 212.0)
    assert (shown.bd_rate, shown.bd_rate_anchor, shown.bd_rate_reason) == (31.2, "x264 medium", None)
    assert (shown.clips, shown.decoder_bytes, shown.points, shown.parent_id) == ("carphone", 2311, 4, "p")
    assert shown.missing is None


def test_several_clips_are_the_mean_of_their_best_points(experiment, curve, row):
    rows = [*curve(), row("bikes", 22, 812.0, 33.9, 0.9), row("bikes", 27, 100.0, 30.0, 0.8)]
    shown = listing_row(experiment(rows, clips=("carphone", "bikes", "c", "d")))
    assert shown.psnr_y == pytest.approx(35.9)
    assert shown.kbps == pytest.approx(512.0)
    assert shown.clips == "carphone, bikes and 2 more"


@pytest.mark.parametrize("status", ["queued", "running", "failed", "cancelled"])
def test_only_a_finished_run_has_figures(experiment, curve, status):
    summary = Summary(bd_rate={"x264 medium": BDRate(percent=-50)})
    shown = listing_row(experiment(curve(), status=status, summary=summary))
    assert (shown.psnr_y, shown.ssim, shown.kbps, shown.bd_rate) == (None, None, None, None)
    assert shown.missing


def test_a_refused_bd_rate_brings_its_reason(experiment, row):
    shown = listing_row(experiment([row()], summary=Summary(bd_rate={"mjpeg": BDRate(reason="one point")})))
    assert (shown.bd_rate, shown.bd_rate_reason) == (None, "one point")


def test_among_equal_quality_the_smaller_point_is_best(experiment, row):
    assert listing_row(experiment([row(kbps=300), row(kbps=212), row(kbps=250)])).kbps == 212


def test_lossless_beats_the_cap_and_is_flagged(experiment, row):
    exact = row(kbps=5000, psnr=60.0, psnr_yuv=60.0, lossless=True)
    shown = listing_row(experiment([row(kbps=100, psnr=60.0), exact]))
    assert shown.lossless
    assert shown.kbps == 5000


def test_origin_names_model_or_starter(experiment):
    claude = Origin(kind="claude", model="claude-opus-5-5")
    assert listing_row(experiment(origin=claude)).origin == "Claude (claude-opus-5-5)"
    assert listing_row(experiment(origin=Origin(kind="starter", starter="wavelet"))).origin == "Starter (wavelet)"
    kinds = Origin.model_fields["kind"].annotation.__args__
    assert {listing_row(experiment(origin=Origin(kind=k))).origin for k in kinds} == set(ORIGINS.values())
