"""The chart on any curves: well-formed, inside its frame, with ticks that can be read."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from tests.stubs.lambdas import load

chart = load("dashboard.chart")
points = st.tuples(st.floats(0.001, 1e7), st.floats(0, 120))
names = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=60)


@given(st.dictionaries(names, st.lists(points, min_size=1, max_size=20), min_size=1, max_size=8))
def test_every_point_is_inside_the_frame(curves):
    svg = ElementTree.fromstring(chart.chart(curves))
    circles = list(svg.iter("circle"))
    assert len(circles) == sum(map(len, curves.values()))
    assert len(list(svg.iter("polyline"))) == len(curves)
    for circle in circles:
        assert chart.LEFT <= float(circle.get("cx")) <= chart.WIDTH - chart.END
        assert chart.TOP <= float(circle.get("cy")) <= chart.HEIGHT - chart.BOTTOM


@given(st.floats(0.001, 1e7), st.floats(1.2, 1e4))
def test_ticks_are_few_and_between_the_ends(low, times):
    found = chart.ticks(low, low * times)
    assert len(found) <= 9
    assert all(low <= tick <= low * times for tick in found)


def test_what_has_no_rate_or_no_figure_is_no_point():
    rows = [{"clip": "a", "kbps": 0, "psnr_yuv": 40.0}, {"clip": "a", "kbps": 10.0, "psnr_yuv": None}]
    assert chart.chart_section(rows) == ""
    assert chart.chart_section([*rows, {"clip": "a", "kbps": 10, "psnr_yuv": 40}]).count("<circle") == 1
