"""The comparison of two follows the same rule for capped points as anchors, hypotheses and the compare page do."""

from app.panels.compare import between
from gpu_agent.measure.bdrate import bd_rate, curve_from

COARSE = [(100.0, 34.0), (200.0, 38.0), (400.0, 43.0), (800.0, 49.0), (1600.0, 60.0), (2400.0, 60.0)]


def test_points_that_the_cap_made_equal_count_once():
    finer = [(rate * 0.8, quality) for rate, quality in COARSE]
    percent, reason = between(COARSE, finer)
    assert reason is None
    assert percent == bd_rate(curve_from(COARSE), curve_from(finer)).percent
    assert abs(percent + 20) < 0.5
