from __future__ import annotations

import json
import math

import pytest

from app.charts.rd import rd_figure
from app.charts.series import Curve
from app.results.format import THIN


def trace(figure, name, xaxis="x"):
    return next(t for t in figure.data if t.meta == name and (t.xaxis or "x") == xaxis)


def test_points_are_rate_and_metric_in_order_of_rate(curve):
    mine = curve()
    figure = rd_figure([mine._replace(points=mine.points[::-1])])
    assert trace(figure, "Mine").x == (33.0, 61.0, 120.0, 212.0)
    assert trace(figure, "Mine").y == pytest.approx((30.3, 33.1, 36.0, 38.8))
    assert figure.layout.xaxis.type == "log"
    assert 10 ** figure.layout.xaxis.range[0] < 33 < 212 < 10 ** figure.layout.xaxis.range[1]
    assert figure.layout.xaxis.title.text == "Bit rate (kbit/s), logarithmic"
    assert figure.layout.yaxis.title.text.startswith("PSNR-YUV (dB)")
    assert "(6 Y + U + V) / 8" in figure.layout.yaxis.title.text


def test_linear_bits_per_sample_and_another_metric(curve):
    figure = rd_figure([curve()], "ssim", rate="bpp", log=False)
    assert figure.layout.xaxis.type == "linear"
    assert figure.layout.xaxis.title.text == "Bit rate (bits per luma sample)"
    assert trace(figure, "Mine").x[0] == pytest.approx(33 / 760)
    assert trace(figure, "Mine").y == (0.95,) * 4
    assert "Gaussian 11x11, sigma 1.5" in figure.layout.yaxis.title.text


def test_lines_tell_experiment_parent_and_anchor_apart(curve):
    figure = rd_figure([curve(), curve("Old", kind="parent"), curve("x264 medium", kind="anchor")])
    dashes = {t.meta: t.line.dash for t in figure.data}
    assert dashes == {"Mine": "solid", "Old": "solid", "x264 medium": "dash"}
    assert all("open" in s for s in trace(figure, "Old").marker.symbol)
    assert len({t.line.color for t in figure.data}) == 3
    assert figure.data[-1].meta in ("Mine", "Old"), "experiments are drawn above anchors"
    ranks = sorted(figure.data, key=lambda t: t.legendrank)
    assert [t.meta for t in ranks] == ["Mine", "Old", "x264 medium"]


def test_hover_says_what_one_would_quote(curve):
    text = trace(rd_figure([curve(vmaf=91.234)]), "Mine").hovertext[-1].replace(THIN, " ")
    for part in ("Mine", "carphone", "rate 22", "PSNR-YUV 38.80 dB", "212 kbit/s", "106 000 bytes"):
        assert part in text
    for part in ("0.2789 bpp", "Y-PSNR 37.90", "SSIM 0.9500", "VMAF 91.23", "encode 15.0 fps", "(6 Y + U + V) / 8"):
        assert part in text


def test_a_click_brings_name_clip_and_rate(curve):
    assert trace(rd_figure([curve()]), "Mine").customdata[-1] == ["Mine", "carphone", 22]


def test_facets_share_one_legend_entry_and_one_colour_a_series(curve):
    both = [curve(clip=c, name=n) for c in ("carphone", "bikes", "tall") for n in ("Mine", "Old")]
    figure = rd_figure(both)
    assert len(figure.data) == 6
    assert sorted(t.meta for t in figure.data if t.showlegend) == ["Mine", "Old"]
    assert len({t.line.color for t in figure.data if t.meta == "Mine"}) == 1
    assert [a.text for a in figure.layout.annotations] == ["carphone", "bikes", "tall"]
    assert figure.layout.xaxis.title.text is None
    assert figure.layout.xaxis2.title.text
    assert figure.layout.xaxis3.title.text
    assert len(rd_figure(both, clips=["bikes"]).data) == 2


def test_one_point_is_drawn_as_a_point(point):
    figure = rd_figure([Curve("Mine", "carphone", (point(),))])
    low, high = figure.layout.xaxis.range
    assert low < math.log10(212) < high
    assert figure.layout.showlegend is False


def test_lossless_has_its_own_marker_and_words(point):
    curve = Curve("Mine", "carphone", (point(), point(0, 5000, 60.0, True, psnr_yuv=60.0)))
    drawn = trace(rd_figure([curve]), "Mine")
    assert drawn.marker.symbol[1] == "star" != drawn.marker.symbol[0]
    assert "lossless, PSNR is shown at the 60 dB cap" in drawn.hovertext[1]
    assert "lossless" not in drawn.hovertext[0]


def test_nothing_to_draw_is_no_figure(curve):
    assert rd_figure([]) is None
    assert rd_figure([Curve("Mine", "carphone", ())]) is None
    assert rd_figure([curve()], "vmaf") is None
    assert rd_figure([curve()], clips=["bikes"]) is None


def test_a_curve_without_the_metric_is_named_in_the_legend(curve):
    figure = rd_figure([curve(vmaf=90.0), curve("Old", kind="parent")], "vmaf")
    assert [t.name for t in figure.data] == ["Mine", "Old (no VMAF)"]
    assert trace(figure, "Old").x == (None,)


def test_hostile_names_are_text(curve):
    figure = rd_figure([curve(name="<a href='javascript:x'>%{x}</a>")])
    assert "<a" not in figure.data[0].name + figure.data[0].hovertext[0]
    assert figure.data[0].hovertemplate is None


@pytest.mark.parametrize("dark", [False, True])
def test_the_figure_is_plain_json_without_nan(curve, dark):
    figure = rd_figure([curve(), curve("Old", vmaf=None)], dark=dark)
    assert "NaN" not in figure.to_json()
    assert json.loads(figure.to_json())["layout"]["template"]


def test_a_chart_s_colours_can_be_kept_in_another(curve):
    one, two = (rd_figure([curve()], slot_of={"Mine": slot}) for slot in (3, 5))
    assert one.data[0].line.color != two.data[0].line.color
