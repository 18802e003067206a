from __future__ import annotations

import pytest

from app.results.format import THIN
from app.results.hypothesis import told
from gpu_agent.models import Hypothesis, Judgement, Summary


@pytest.fixture
def hoping(experiment, curve):
    def make(bd_rate=-10.0, factor=0.96, **more):
        hope = Hypothesis(text="Skip blocks save bits", bd_rate=bd_rate)
        return experiment(curve(factor=factor), parent_id="p", hypothesis=hope, **more)

    return make


def said(e, parent=None) -> str:
    return told(e, parent).outcome.replace(THIN, " ")


def test_expected_and_measured_stand_in_one_sentence(hoping, experiment, curve):
    parent = experiment(curve())
    for factor, end, tone in (
        (0.96, "measured 4.0 % fewer: less than expected.", "neutral"),
        (0.8, "measured 20 % fewer: borne out.", "good"),
        (1.5, "measured 50 % more: not borne out.", "bad"),
        (1.0, "measured as many: not borne out.", "bad"),
    ):
        e = hoping(factor=factor)
        assert said(e, parent) == f"Expected 10 % fewer bits than its parent; {end}"
        assert told(e, parent).tone == tone


def test_what_cannot_be_said_is_said_with_its_reason(hoping, experiment, curve):
    assert said(hoping()) == (
        "Expected 10 % fewer bits than its parent; whether it was borne out cannot be said: "
        "its parent is not in the store any more."
    )
    assert said(hoping(status="failed")).endswith("cannot be said: the run failed.")
    assert said(hoping(status="running")).endswith("; not measured yet.")
    assert said(hoping(None, status="queued")) == "Not measured yet."
    assert said(hoping(None), experiment(curve())) == (
        "No figure was expected, so the lab does not judge it; measured 4.0 % fewer bits than its parent."
    )
    assert told(experiment(curve()), None) is None


def test_the_record_goes_first_and_is_made_up_for_where_it_could_not_say(hoping, experiment, curve):
    recorded = Summary(judgement=Judgement(verdict="refuted", measured=7.0))
    assert "measured 7.0 % more: not borne out" in said(hoping(summary=recorded), experiment(curve()))
    not_then = Summary(judgement=Judgement(verdict="unknown", reason="the parent is still running"))
    assert "measured 4.0 % fewer" in said(hoping(summary=not_then), experiment(curve()))
