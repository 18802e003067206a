from __future__ import annotations

from fractions import Fraction

from app.charts.speedrate import speed_rate_figure


def test_encode_and_decode_over_rate_with_real_time(curve):
    figure = speed_rate_figure([curve(), curve("x264 medium", kind="anchor", factor=0.5)], Fraction(25))
    mine = [t for t in figure.data if t.name == "Mine"]
    assert [t.y[0] for t in mine] == [15.0, 60.0]
    assert mine[0].x == (33.0, 61.0, 120.0, 212.0)
    assert figure.data[1].line.dash == "dash"
    assert [s.y0 for s in figure.layout.shapes] == [25.0, 25.0]
    assert "real time" in figure.layout.yaxis.title.text


def test_without_times_there_is_no_figure(curve):
    untimed = curve()._replace(points=tuple(p._replace(encode_fps=None, decode_fps=None) for p in curve().points))
    assert speed_rate_figure([untimed]) is None
    half = curve()._replace(points=tuple(p._replace(encode_fps=None) for p in curve().points))
    assert speed_rate_figure([half]) is not None
