from __future__ import annotations

from app.charts.series import curves_of, point_of, series_names
from tests.app.results.conftest import make_curve, make_experiment, make_row


def test_an_experiment_gives_a_curve_a_clip_in_order_of_rate():
    e = make_experiment(make_curve("bikes") + make_curve(), clips=("carphone", "bikes"))
    found = curves_of(e, kind="parent")
    assert [(c.name, c.clip, c.kind) for c in found] == [
        ("Wavelet, second try", "carphone", "parent"),
        ("Wavelet, second try", "bikes", "parent"),
    ]
    assert [p.kbps for p in found[0].points] == [33.0, 61.0, 120.0, 212.0]
    assert curves_of(make_experiment()) == []


def test_a_point_has_only_what_was_measured():
    point = point_of(make_row(more={"ms_ssim": 0.98, "note": "x", "flag": True}))
    assert point.metrics["ms_ssim"] == 0.98
    assert point.metrics["psnr_yuv"] == 38.775
    assert {"vmaf", "note", "flag"}.isdisjoint(point.metrics)


def test_same_titles_get_different_names():
    a, b = make_experiment(id="260101-000000-aaaaaaaa"), make_experiment(id="260101-000000-bbbbbbbb")
    other = make_experiment(title="Other")
    assert series_names([a, b, other]) == ["Wavelet, second try · aaaaaaaa", "Wavelet, second try · bbbbbbbb", "Other"]
