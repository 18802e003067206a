"""Whether a measurement bore a hypothesis out, judged against the parent on the same frames."""

from __future__ import annotations

import pytest

from gpu_agent.models import ClipRef, Hypothesis
from gpu_agent.road.expected import against, judge
from tests.app.results.conftest import make_curve, make_experiment


def hoping(bd_rate: float | None, factor: float = 0.9, **more):
    hypothesis = Hypothesis(text="It will be better", bd_rate=bd_rate)
    return make_experiment(make_curve(factor=factor), parent_id="parent", hypothesis=hypothesis, **more)


PARENT = make_experiment(make_curve())


@pytest.mark.parametrize(
    ("expected", "factor", "verdict"),
    [
        (-10, 0.9, "borne_out"),
        (-10, 0.904, "borne_out"),  # within half a percentage point
        (-10, 0.7, "borne_out"),  # better than expected
        (-10, 0.96, "partly"),
        (-10, 1.04, "refuted"),
        (5, 1.02, "borne_out"),  # it was meant to cost bits, for speed
        (5, 1.2, "refuted"),
        (0, 1.0, "borne_out"),
    ],
)
def test_the_verdict(expected, factor, verdict):
    found = judge(hoping(expected, factor), PARENT)
    assert found.verdict == verdict
    assert found.measured == pytest.approx(100 * (factor - 1), abs=1e-6)


def test_without_an_expected_figure_only_the_measured_one_is_said():
    found = judge(hoping(None), PARENT)
    assert (found.verdict, found.reason) == ("unknown", "no figure was expected")
    assert found.measured == pytest.approx(-10)


def test_what_cannot_be_said_has_a_reason():
    e = hoping(-10)
    assert judge(e.model_copy(update={"hypothesis": None}), PARENT) is None
    assert judge(e, None).reason == "its parent is not in the store any more"
    assert judge(e.model_copy(update={"parent_id": None}), None).reason == "it has no parent"
    running = PARENT.model_copy(update={"status": "running"})
    assert judge(e, running).reason == "the parent has no complete curve: it is still running"
    other = PARENT.model_copy(update={"clips": [ClipRef(name="carphone", sha256="1" * 64, frames=120)]})
    assert "different frames" in judge(e, other).reason
    few = PARENT.model_copy(update={"results": make_curve()[:2]})
    assert judge(e, few).reason == "carphone: the parent has 2 rate points; BD-rate needs 4"
    elsewhere = make_experiment(make_curve("bikes"), clips=["bikes"])
    assert judge(e, elsewhere).reason == "the two have no clip in common"


def test_a_mean_needs_a_figure_on_every_common_clip():
    both = ("carphone", "bikes")
    parent = make_experiment(make_curve() + make_curve("bikes"), clips=both)
    test = make_experiment(make_curve(factor=0.9) + make_curve("bikes", 1.1), clips=both)
    assert against(parent, test).mean == pytest.approx(0, abs=1e-6)
    short = make_experiment(make_curve(factor=0.9) + make_curve("bikes")[:1], clips=both)
    found = against(parent, short)
    assert (found.mean, found.clips["carphone"].percent) == (None, pytest.approx(-10))
    assert found.reason.startswith("bikes: ")
