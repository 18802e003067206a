import math

import pytest

from gpu_agent.measure.bdrate import Curve, bd_rate, bd_rate_over_clips, curve_from, sentence

QUALITIES = (30.0, 33.5, 36.0, 39.5, 41.0)
RATES = (100.0, 220.0, 410.0, 900.0, 1300.0)
ANCHOR = Curve(RATES, QUALITIES)


def scaled(factor):
    return Curve([rate * factor for rate in RATES], QUALITIES)


@pytest.mark.parametrize(("factor", "percent"), [(1, 0), (0.5, -50), (1.31, 31), (10, 900)])
def test_a_curve_at_a_constant_ratio_has_that_ratio(factor, percent):
    result = bd_rate(ANCHOR, scaled(factor))
    assert result.percent == pytest.approx(percent, abs=1e-9)
    assert result.akima == pytest.approx(percent, abs=1e-9)
    assert (result.overlap, result.low, result.high) == (1.0, 30.0, 41.0)


def test_pchip_of_a_known_pair():
    """Figures of the JCT-VC spreadsheet kind: integrals of PCHIP through log10 rate, done by hand with scipy."""
    from scipy.interpolate import PchipInterpolator

    test = Curve((120.0, 200.0, 390.0, 1000.0), (31.0, 33.0, 37.0, 40.5))
    a, b = (PchipInterpolator(c.qualities, [math.log10(r) for r in c.rates]) for c in (ANCHOR, test))
    expected = 100 * (10 ** ((b.integrate(31, 40.5) - a.integrate(31, 40.5)) / 9.5) - 1)
    assert bd_rate(ANCHOR, test).percent == pytest.approx(expected, abs=1e-9)


def test_points_may_come_in_any_order():
    shuffled = Curve(RATES[::-1], QUALITIES[::-1])
    assert bd_rate(ANCHOR, shuffled).percent == pytest.approx(0)


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        (Curve(RATES[:3], QUALITIES[:3]), "the codec has 3 rate points; BD-rate needs 4"),
        (Curve((), ()), "the codec has 0 rate points"),
        (Curve(RATES, (30, 33, 32, 39, 41)), "the quality of the codec does not rise with its rate: 33.0000 at 220"),
        (Curve(RATES, (30, 33, 33, 39, 41)), "does not rise"),
        (Curve((100, 100, 200, 300), (30, 31, 32, 33)), "does not rise"),
        (Curve(RATES, (38, 41, 44, 47, 50)), "only 25% of the codec's quality range"),
        (Curve(RATES, (50, 51, 52, 53, 54)), "only 0% of the codec's quality range"),
        (Curve((0, 1, 2, 3), (30, 31, 32, 33)), "a point without a rate or a quality"),
        (Curve((1, 2, 3, 4), (30, 31, 32, math.nan)), "a point without a rate or a quality"),
        (Curve((1, 2, 3, 4), (30, 31, 32, math.inf)), "a point without a rate or a quality"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_the_reason(test, reason):
    result = bd_rate(ANCHOR, test)
    assert result.percent is None
    assert reason in result.reason


def test_a_bad_anchor_is_named_as_the_anchor():
    assert "the anchor has 2 rate points" in bd_rate(Curve(RATES[:2], QUALITIES[:2]), ANCHOR).reason


def test_a_codec_inside_a_wide_anchor_is_compared_over_its_own_range():
    narrow = Curve((300.0, 350.0, 400.0, 450.0), (35.0, 35.6, 36.1, 36.5))
    result = bd_rate(ANCHOR, narrow)
    assert result.percent is not None
    assert (result.low, result.high) == (35.0, 36.5)


def test_over_clips_it_is_the_mean_of_the_clips():
    both = bd_rate_over_clips({"a": ANCHOR, "b": ANCHOR}, {"a": scaled(1.1), "b": scaled(1.3)})
    assert both.percent == pytest.approx(20)
    assert both.per_clip == pytest.approx({"a": 10, "b": 30})
    assert both.reason is None


def test_one_refused_clip_refuses_the_mean_and_keeps_the_rest():
    result = bd_rate_over_clips({"a": ANCHOR}, {"a": scaled(2), "b": ANCHOR})
    assert result.percent is None
    assert result.reason == "b: the anchor is not measured"
    assert result.per_clip == {"a": pytest.approx(100), "b": None}
    assert bd_rate_over_clips({}, {}).reason == "no clip was measured"


@pytest.mark.parametrize(
    ("percent", "words"),
    [
        (31.2, "needs 31 % more bits than x264 medium at equal PSNR"),
        (-12.4, "needs 12 % fewer bits than x264 medium at equal PSNR"),
        (-0.3, "needs as many bits as x264 medium at equal PSNR"),
        (320, "needs 4.2 times the bits of x264 medium at equal PSNR"),
    ],
)
def test_the_sentence(percent, words):
    assert sentence(percent, "x264 medium") == words


def test_codec_and_anchor_curves_leave_out_what_the_cap_made_equal():
    points = [(400, 60.0), (100, 40.0), (300, 60.0), (50, None), (200, 50.0)]
    assert curve_from(points) == Curve([100, 200, 300], [40.0, 50.0, 60.0])
    assert curve_from([(1, None)]) == Curve([], [])
