"""A run that was expected to be better says in its record whether it was."""

from __future__ import annotations

import pytest

from gpu_agent.models import Hypothesis
from tests.gpu_agent.live import run

pytestmark = pytest.mark.jail


def test_the_record_says_whether_the_hypothesis_was_borne_out(client):
    parent = run(client, rates=(2, 4, 8, 16))
    hope = Hypothesis(text="Nothing changes", bd_rate=0)
    child = run(client, rates=(2, 4, 8, 16), parent_id=parent.id, hypothesis=hope)
    assert child.hypothesis == hope
    assert (child.summary.judgement.verdict, child.summary.judgement.reason) == ("borne_out", None), child.summary
    assert child.summary.judgement.measured == pytest.approx(0)
    failed = run(client, "def encode(", parent_id=parent.id, hypothesis=hope)
    assert (failed.hypothesis, failed.summary.judgement) == (hope, None)
