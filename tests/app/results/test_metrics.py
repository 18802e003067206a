from __future__ import annotations

import math

from app.results.metrics import METRICS, metric, value_of
from gpu_agent.measure.series import DEFINITIONS


def test_every_metric_of_the_agent_is_described():
    assert set(DEFINITIONS) <= set(METRICS)
    assert all(m.variant and m.key == key for key, m in METRICS.items())


def test_a_metric_unknown_here_keeps_the_agent_s_name():
    assert metric("mine").label == "mine"


def test_only_finite_numbers_count_as_measured(row):
    measured = row(more={"a": 1, "b": True, "c": math.inf, "d": "4", "e": None})
    assert [value_of(measured, key) for key in "abcdef"] == [1, None, None, None, None, None]
    assert value_of(measured, "psnr_y") == 37.9
    assert value_of(measured, "vmaf") is None
