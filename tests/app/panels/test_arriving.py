"""A finished experiment is looked at again while something of it is to come, and not for ever."""

from types import SimpleNamespace

import pytest

from app.panels.arriving import arrived, pending
from gpu_agent.models import Audit, BDRate, Status, now
from gpu_agent.road.perceptual import expected
from tests.gpu_agent.factory import experiment, row


def services(anchors=None, down=False):
    return SimpleNamespace(health=lambda: None if down else SimpleNamespace(anchors=anchors))


def whole(**changes):
    e = experiment(status=Status.SUCCEEDED, results=[row(more={"missing": {"ms_ssim": "too small"}})])
    return e.model_copy(update={"audit": Audit(at=now())} | changes)


WAITING = [row(more={"missing": expected("on")})]


@pytest.mark.parametrize(
    ("changes", "anchors", "down", "expected_"),
    [
        ({}, None, False, False),
        ({"audit": None}, None, False, True),
        ({"results": WAITING}, None, False, True),
        ({}, {"label": "x264"}, False, True),
        ({"audit": None, "results": WAITING}, None, True, False),
        ({"audit": None, "status": Status.FAILED}, None, False, False),
    ],
)
def test_it_is_pending_only_while_an_agent_will_bring_something(changes, anchors, down, expected_):
    assert pending(services(anchors, down), whole(**changes)) is expected_


def test_each_thing_that_joins_is_a_change():
    e = whole(results=WAITING, audit=None)
    states = {arrived(e)}
    states.add(arrived(whole(audit=None)))
    states.add(arrived(whole()))
    rated = whole()
    rated.summary = rated.summary.model_copy(update={"bd_rate": {"x264-medium": BDRate(percent=1.0)}})
    states.add(arrived(rated))
    assert len(states) == 4
    assert arrived(e) == arrived(e.model_copy(update={"notes": "what a person writes is no news"}))
    rated.summary.bd_rate["vvenc-fast"] = BDRate(percent=1.0)
    assert arrived(rated) in states, "an anchor that no chart shows unasked is no reason to draw the page anew"
