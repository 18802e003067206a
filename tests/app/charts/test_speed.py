from __future__ import annotations

from fractions import Fraction

from app.charts.speed import Speed, speed_figure, speeds_of
from app.results.format import THIN


def test_a_pair_of_bars_for_each_rate_point(curve):
    figure = speed_figure(speeds_of(curve()))
    encode, decode = figure.data
    assert (encode.name, decode.name) == ("Encode", "Decode")
    assert encode.x == (15.0,) * 4
    assert decode.x == (60.0,) * 4
    assert figure.layout.yaxis.ticktext == ("rate 37", "rate 32", "rate 27", "rate 22")
    assert encode.text[0].replace(THIN, " ") == "15.0 fps"


def test_real_time_is_a_line_when_near_and_words_when_far(curve):
    near = speed_figure(speeds_of(curve()), fps=Fraction(30000, 1001))
    assert float(near.layout.shapes[0].x0) == float(Fraction(30000, 1001))
    assert near.layout.xaxis.range[0] == 0
    far = speed_figure([Speed("slow", 0.4, 1.2)], fps=Fraction(25))
    assert not far.layout.shapes
    assert "real time is 25" in far.layout.xaxis.title.text
    assert far.layout.xaxis.range[1] < 2


def test_the_line_of_real_time_is_inside_the_plot():
    figure = speed_figure([Speed("a", 20, 20)], fps=Fraction(25))
    assert figure.layout.xaxis.range[1] > 25


def test_what_was_not_timed_is_said_and_nothing_timed_is_no_figure():
    figure = speed_figure([Speed("a", None, 20.0), Speed("b", None, None)])
    assert figure.data[0].text == ("not timed",)
    assert figure.data[0].x == (None,)
    assert speed_figure([]) is None
    assert speed_figure([Speed("b", None, None)]) is None
