"""The champion: scores, audits, and whether what was gained holds on other clips."""

from __future__ import annotations

import pytest

from app.autopilot.champion import generalisation
from gpu_agent.models import Badge
from tests.app.autopilot.codecs import padded
from tests.app.autopilot.fakes import anchor


def test_an_audit_that_comes_later_takes_the_crown(bench):
    bench.start(padded(40), experiments=5)
    bench.answer(padded(30))
    bench.until(lambda run: run.champion == 2)
    record = bench.store.get(bench.attempts[1].experiments["full"])
    bad = Badge(name="deterministic", verdict="bad", text="Two decodes of the same bitstream differ.")
    bench.store.set_audit(record.id, record.audit.model_copy(update={"badges": [bad]}))
    bench.answer(padded(60))
    attempts = bench.until()
    assert bench.now.champion == 1
    assert "Two decodes" in attempts[1].barred


@pytest.mark.parametrize("name", ["bitstream_matters", "too_good", "fresh_clip", "code_size"])
def test_no_finding_of_the_audit_wears_the_crown(bench, name):
    bench.agent.bad["bytes(30)"] = Badge(name=name, verdict="bad", text="A finding.")
    bench.start(padded(40), experiments=3)
    bench.answer(padded(30))
    attempts = bench.until()
    assert bench.now.champion == 1
    assert (attempts[1].barred, attempts[1].crowned) == ("A finding.", False)
    assert attempts[1].score < attempts[0].score


def test_the_crown_waits_for_the_audit_as_long_as_patience_lasts(bench):
    bench.patience = 1000.0
    bench.again()
    retry = Badge(name="deterministic", verdict="unknown", text="Not yet.", evidence={"retry": True})
    bench.agent.bad["bytes(30)"] = retry
    bench.start(padded(40), experiments=3)
    bench.answer(padded(30))
    bench.until(lambda run: len(bench.attempts) == 2 and bench.attempts[1].phase == "rating")
    bench.step()
    assert bench.attempts[1].phase == "rating"
    record = bench.store.get(bench.attempts[1].experiments["full"])
    bench.store.set_audit(record.id, record.audit.model_copy(update={"badges": []}))
    bench.until()
    assert bench.now.champion == 2


def test_a_score_waits_for_the_anchor(bench):
    bench.patience, bench.curve_of = 1000.0, lambda *a: None
    bench.again()
    bench.start(padded(40), experiments=1)
    bench.until(lambda run: bench.attempts and bench.attempts[0].phase == "rating")
    bench.step()
    bench.curve_of = anchor
    assert bench.until()[0].score is not None


def test_a_champion_that_gains_on_search_clips_alone_is_flagged(bench):
    bench.agent.on_validation = lambda pad: 400 - pad
    bench.start(padded(40), experiments=5, validation_clips=["unseen"])
    bench.answer(padded(5))
    attempts = bench.until()
    best = next(a for a in attempts if a.number == bench.now.champion)
    held = generalisation(best, attempts)
    assert best.number == 2
    assert held.flagged
    assert held.gap > 0
    assert "it gains only on what Claude has seen" in held.sentence


def test_a_champion_that_fails_on_validation_clips_is_flagged(bench):
    bench.agent.fails_on = "unseen"
    bench.start(padded(40), experiments=2, validation_clips=["unseen"])
    attempts = bench.until()
    held = generalisation(attempts[0], attempts)
    assert held.flagged
    assert "It fails on validation clips: encode_error" in held.sentence
