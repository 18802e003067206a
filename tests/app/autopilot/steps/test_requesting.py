"""Requests to Claude: what they say, what they may cost, and what becomes of them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from app.claude.models import Price
from tests.app.autopilot.codecs import CRASHING, padded, reply
from tests.app.autopilot.fakes import billed
from tests.stubs.messages_api import HttpError, Reply


def test_claude_reads_the_goal_the_parent_its_measurements_what_was_tried_and_what_a_person_said(bench):
    bench.start(padded(40), experiments=5, goal="Half of the bits.")
    bench.ledger.say(bench.run.id, "steer", "Try a wavelet.")
    bench.answer(padded(30), padded(20))
    bench.until(lambda run: len(bench.attempts) == 3 and bench.attempts[2].request == "settled")
    first, second = bench.asked(0), bench.asked(1)
    for part in ("Half of the bits.", "bytes(40)", "Try a wavelet.", "tiny"):
        assert part in first
    assert "bytes(30)" in second
    assert "2: Padded by 30: +" in second or "2: Padded by 30: -" in second
    assert "Try a wavelet." in second
    assert [a.steers for a in bench.attempts] == [[], [1], []]
    assert bench.stub.requests[0]["body"]["system"] == bench.stub.requests[1]["body"]["system"]
    assert bench.stub.requests[1]["usage"]["cache_read_input_tokens"] > 1000


def test_validation_clips_reach_no_question(bench):
    bench.start(padded(40), experiments=9, validation_clips=["unseen"])
    bench.answer(padded(30), CRASHING, padded(20))
    attempts = bench.until()
    assert [a.number for a in attempts if "validation" in a.experiments] == [1, 2, 4]
    asked = " ".join(bench.asked(n) for n in range(len(bench.stub.requests)))
    assert "unseen" not in asked
    assert "(validation)" not in asked
    assert all(a.experiments["validation"] not in asked for a in attempts if "validation" in a.experiments)


def test_dollars_never_pass_their_budget_and_the_last_replies_are_kept_short(bench):
    most = Decimal("0.26")
    bench.start(padded(40), dollars=most)
    bench.answer(*(padded(30 - n) for n in range(20)))
    attempts = bench.until()
    assert "no room for another request" in bench.now.reason
    spent = sum(a.dollars or 0 for a in attempts)
    assert spent == billed(bench)
    assert 0 < spent <= most
    earlier = Decimal(0)
    for a in attempts:
        assert earlier + (a.reserved or 0) <= most
        earlier += a.dollars or 0
    longest = [r["body"]["max_tokens"] for r in bench.stub.requests]
    assert max(longest) < 64_000
    assert longest == sorted(longest, reverse=True)


def test_a_price_that_is_unknown_refuses_a_budget_in_dollars(bench):
    bench.start(padded(40), dollars=Decimal(5), model="claude-haiku-5-5")
    bench.until(lambda run: run.state == "paused")
    assert "price of claude-haiku-5-5 is unknown" in bench.now.reason
    assert bench.stub.requests == []


def test_a_price_that_is_unknown_is_said_and_other_budgets_hold(bench):
    bench.start(padded(40), experiments=2, model="claude-haiku-5-5")
    bench.answer(padded(30))
    attempts = bench.until()
    assert [a.dollars for a in attempts] == [None, None]
    assert bench.loop.course.standing().unpriced == 1


def test_an_overloaded_service_is_asked_again_without_a_new_attempt_and_costs_nothing(bench):
    bench.start(experiments=1)
    bench.answer(HttpError(529, "overloaded_error"), HttpError(429, "rate_limit_error"), padded(30))
    (only,) = bench.until()
    assert (only.tries, only.verdict) == (3, "measured")
    assert only.dollars == billed(bench)


def test_a_rejected_key_holds_the_run_and_a_resume_goes_on(bench):
    bench.start(experiments=1)
    bench.answer(HttpError(401, "authentication_error"), padded(30))
    bench.until(lambda run: run.state == "paused")
    assert "rejected the API key" in bench.now.reason
    assert bench.now.wish == "pause"
    bench.ledger.wish(bench.run.id, "run")
    (only,) = bench.until()
    assert only.verdict == "measured"


def test_a_reply_that_breaks_off_is_bounded_and_asked_again(bench):
    bench.start(experiments=1)
    bench.answer(Reply(reply(padded(30)), fault="reset", after=4), padded(30))
    broken, again = bench.until()
    assert (broken.verdict, broken.request) == ("unanswered", "open")
    assert broken.dollars < broken.at_most == broken.reserved
    assert (again.repeats, again.verdict) == (1, "measured")
    assert sum(a.dollars for a in (broken, again)) <= billed(bench) <= broken.at_most + again.dollars


def test_a_refusal_is_told_and_asked_again(bench):
    bench.start(experiments=1)
    bench.answer(Reply("No.", stop_reason="refusal"), padded(30))
    refused, again = bench.until()
    assert (refused.verdict, refused.request) == ("unanswered", "settled")
    assert "declined" in refused.said
    assert again.verdict == "measured"


def test_a_new_process_repeats_a_lost_request_as_a_new_attempt_and_says_what_it_may_have_cost(bench):
    bench.start(padded(40), dollars=Decimal(5), experiments=3)
    bench.answer(Reply(reply(padded(30)), first_delay=0.3), padded(30))
    bench.until(lambda run: len(bench.attempts) == 2)
    lost = bench.around.asking.turn(bench.attempts[1])
    bench.again()
    attempts = bench.until()
    assert [(a.request, a.verdict) for a in attempts[1:]] == [("lost", "lost"), ("settled", "measured")]
    assert attempts[1].dollars is None
    assert attempts[1].at_most == attempts[1].reserved
    assert (attempts[2].repeats, attempts[2].parents) == (2, [1])
    assert "at most $" in attempts[1].said
    assert bench.loop.course.standing().open == attempts[1].at_most
    lost.wait(10)


def test_a_service_that_ends_in_order_keeps_what_had_arrived(bench):
    bench.start(dollars=Decimal(5))
    bench.answer(Reply(reply(padded(30)), chunk=4, delay=0.05))
    bench.until(lambda run: any(t.snapshot().text for t in bench.around.asking._turns.values()))
    bench.around.asking.stop_all()
    bench.loop.interrupt()
    (only,) = bench.attempts
    assert (only.verdict, only.request) == ("lost", "open")
    assert only.reply
    bench.again()
    bench.answer(padded(30))
    bench.until(lambda run: len(bench.attempts) == 2)
    assert bench.attempts[1].repeats == 1


def test_prices_of_the_settings_are_the_ones_that_count(bench):
    bench.connection = replace(bench.connection, prices={"claude-opus-5-5": Price.of("1000", "5000")})
    bench.again()
    bench.start(dollars=Decimal(1))
    bench.until()
    assert "no room" in bench.now.reason
    assert bench.stub.requests == []
