"""Whole runs: an agent that measures at once, and a scripted Claude with codecs of known quality."""

from __future__ import annotations

from decimal import Decimal

from gpu_agent.models import Status
from tests.stubs.messages_api import Reply

from .codecs import CHEATING, CRASHING, ENDLESS, padded, reply, reworded
from .fakes import billed, told


def test_better_worse_broken_duplicate_cheating_and_endless_codecs(bench):
    bench.start(padded(40), strategy="chain", experiments=40, plateau=6, repairs=1)
    bench.answer(
        padded(30), "I would rather not.", padded(25), reworded(padded(30)), padded(900), CRASHING, padded(60),
        CHEATING, ENDLESS, padded(35), padded(33), padded(32),
    )  # fmt: skip
    attempts = bench.until()
    assert told(attempts) == [
        ("start", [], "measured"),
        ("improve", [1], "measured"),
        ("improve", [2], "broken_reply"),
        ("repair", [3], "measured"),
        ("improve", [4], "duplicate"),
        ("improve", [4], "dominated"),
        ("improve", [4], "failed"),
        ("repair", [7], "measured"),
        ("improve", [8], "measured"),
        ("improve", [8], "failed"),
    ]
    assert bench.now.champion == 4
    assert bench.now.reason == "Plateau: the last 6 attempts brought no better champion."
    assert attempts[8].score < attempts[3].score
    assert "Uses library codec: cv2.imencode" in attempts[8].barred
    assert attempts[4].experiments == {}
    assert "attempt 2" in attempts[4].said
    assert list(attempts[5].experiments) == ["probe"]
    assert attempts[9].category == "timeout"
    assert sum(a.dollars or 0 for a in attempts) == billed(bench) > 0
    assert len(bench.stub.requests) == 9


def test_hours_count_active_time_alone(bench):
    bench.start(padded(40), hours=1.0)
    bench.answer(padded(30))
    bench.until(lambda run: run.state == "running" and len(bench.attempts) > 1)
    bench.loop.course.run.seconds = 3601.0
    bench.until()
    assert bench.now.reason == "The budget of 1 hours is used up."


def test_a_pause_finishes_what_is_under_way_and_begins_nothing(bench):
    bench.start(padded(40), experiments=9)
    bench.answer(padded(30), padded(20))
    bench.agent.hold = True
    bench.until(lambda run: bench.attempts and bench.attempts[0].phase == "running")
    bench.ledger.wish(bench.run.id, "pause")
    bench.step()
    assert bench.now.state == "running"
    bench.agent.hold = False
    bench.agent.finish(bench.attempts[0].experiments["full"])
    bench.until(lambda run: run.state == "paused")
    assert [a.verdict for a in bench.attempts] == ["measured"]
    assert bench.stub.requests == []
    bench.ledger.wish(bench.run.id, "run")
    bench.until(lambda run: len(bench.attempts) == 3)


def test_the_admin_apis_pause_holds_every_run(bench):
    bench.held = "All runs are paused."
    bench.start(padded(40), experiments=1)
    bench.until(lambda run: run.state == "paused")
    assert bench.now.reason == "All runs are paused."
    assert bench.attempts == []
    bench.held = None
    assert bench.until()[0].verdict == "measured"
    assert bench.now.champion == 1


def test_a_stop_ends_a_reply_at_once_and_what_it_may_have_cost_is_bounded(bench):
    bench.start(dollars=Decimal(5))
    bench.answer(Reply(reply(padded(30)), chunk=4, delay=0.05))
    bench.until(lambda run: any(t.snapshot().text for t in bench.around.asking._turns.values()))
    bench.ledger.wish(bench.run.id, "stop")
    (only,) = bench.until()
    assert (only.verdict, only.request) == ("stopped", "open")
    assert only.at_most == only.reserved
    assert only.reply
    assert bench.now.reason == "Stopped by a person."
    assert bench.stub.gone.wait(10)


def test_a_stop_cancels_the_experiment_that_runs(bench):
    bench.start(padded(40), experiments=3)
    bench.agent.hold = True
    bench.until(lambda run: bench.attempts and bench.attempts[0].phase == "running")
    bench.ledger.wish(bench.run.id, "stop")
    (only,) = bench.until()
    assert only.verdict == "stopped"
    assert bench.store.get(only.experiments["full"]).status is Status.CANCELLED
    bench.ledger.wish(bench.run.id, "run")
    assert bench.now.wish == "stop"
