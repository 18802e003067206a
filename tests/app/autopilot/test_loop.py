"""The loop step by step: an agent that measures at once, and a scripted Claude with codecs of known quality."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.agent_client import AgentError
from app.claude.models import Price, Usage, cost
from gpu_agent.models import Badge, Status
from gpu_agent.store import Query
from tests.stubs.messages_api import HttpError, Reply, Stub

from .codecs import CHEATING, CRASHING, ENDLESS, padded, reply, reworded
from .fakes import Bench


@pytest.fixture
def bench(tmp_path):
    with Stub() as stub:
        made = Bench(tmp_path, stub)
        yield made
        made.around.asking.stop_all()


def told(attempts):
    return [(a.kind, a.parents, a.verdict) for a in attempts]


def billed(bench) -> Decimal:
    sent = [r for r in bench.stub.requests if "usage" in r]
    return sum((cost(Usage.from_api(r["usage"]), r["body"]["model"]) for r in sent), Decimal(0))


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


def test_experiments_know_their_parents_their_model_and_their_attempt(bench):
    bench.start(padded(40), experiments=3)
    bench.answer(reply(padded(30), "Less padding.\n\nExpected: -10 % bits, because the padding goes."))
    start, child = bench.until()
    record = bench.store.get(child.experiments["full"])
    assert record.parent_id == start.experiments["full"]
    assert (record.origin.kind, record.origin.model) == ("autopilot", "claude-opus-5-5")
    assert record.origin.note == f"{bench.run.id}/2"
    assert record.hypothesis.bd_rate == -10
    assert record.code_sha256 == child.code_sha256
    assert record.code == child.code == padded(30)
    assert child.agent_seconds == 3.0


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


def test_best_of_n_asks_the_very_same_each_time(bench):
    bench.start(padded(40), strategy="best_of", experiments=6, repairs=0)
    bench.answer(padded(30), "no code", padded(35))
    attempts = bench.until()
    assert {a.prompt for a in attempts[1:]} == {attempts[1].prompt}
    assert {tuple(a.parents) for a in attempts[1:]} == {(1,)}


def test_repairs_of_repairs_end(bench):
    bench.start(padded(40), experiments=6, repairs=2)
    bench.answer(
        CRASHING, CRASHING.replace("tables", "other tables"), CRASHING.replace("tables", "more"), padded(30), padded(20)
    )
    attempts = bench.until()
    assert [a.kind for a in attempts[1:5]] == ["improve", "repair", "repair", "improve"]
    assert "the tables do not fit" in bench.asked(1)
    assert "decode_error" in bench.asked(1)


def test_a_broken_reply_is_mended_in_its_own_conversation(bench):
    bench.start(experiments=2)
    bench.answer("````python codec\nx = 1\n````", padded(30))
    bench.until()
    messages = bench.stub.requests[1]["body"]["messages"]
    assert [m["role"] for m in messages] == ["user", "assistant", "user"]
    assert messages[1]["content"][0]["text"] == "````python codec\nx = 1\n````"
    assert "missing: def encode(video, rate)" in messages[2]["content"][0]["text"]


# Budgets ---------------------------------------------------------------------------------------------------------------


def test_experiments_never_pass_their_budget_and_the_champion_keeps_its_validation(bench):
    bench.start(padded(40), experiments=6, validation_clips=["unseen"])
    bench.answer(*(padded(30 - n) for n in range(9)))
    attempts = bench.until()
    assert "The budget of 6 experiments is used up" in bench.now.reason
    records = bench.store.page(Query(50)).items
    assert len(records) == sum(len(a.experiments) for a in attempts) <= 6
    best = next(a for a in attempts if a.number == bench.now.champion)
    assert best.validation_score is not None


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


def test_hours_count_active_time_alone(bench):
    bench.start(padded(40), hours=1.0)
    bench.answer(padded(30))
    bench.until(lambda run: run.state == "running" and len(bench.attempts) > 1)
    bench.loop.course.run.seconds = 3601.0
    bench.until()
    assert bench.now.reason == "The budget of 1 hours is used up."


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


# What goes wrong -------------------------------------------------------------------------------------------------------


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


def test_three_answers_in_a_row_that_never_came_hold_the_run(bench):
    bench.start(experiments=1)
    bench.answer(*(Reply(reply(padded(30)), fault="eof", after=4) for _ in range(3)), padded(30))
    bench.until(lambda run: run.state == "paused")
    assert "3 requests in a row brought no answer" in bench.now.reason
    bench.ledger.wish(bench.run.id, "run")
    assert bench.until()[-1].verdict == "measured"


def test_a_refusal_is_told_and_asked_again(bench):
    bench.start(experiments=1)
    bench.answer(Reply("No.", stop_reason="refusal"), padded(30))
    refused, again = bench.until()
    assert (refused.verdict, refused.request) == ("unanswered", "settled")
    assert "declined" in refused.said
    assert again.verdict == "measured"


def test_a_reply_at_its_limit_of_tokens_is_mended(bench):
    bench.start(experiments=1)
    bench.answer(Reply(reply(padded(30))[:300], stop_reason="max_tokens"), padded(30))
    cut, mended = bench.until()
    assert (cut.verdict, mended.kind, mended.verdict) == ("broken_reply", "repair", "measured")


def test_an_agent_that_is_down_finds_the_experiment_when_it_is_back(bench):
    bench.start(padded(40), experiments=1)
    bench.agent.down = True
    bench.until(lambda run: bench.attempts and bench.attempts[0].phase == "running")
    (waiting,) = bench.store.page(Query(5)).items
    assert waiting.status is Status.QUEUED
    bench.agent.down = False
    e = bench.store.get(waiting.id)
    assert e.id == bench.attempts[0].experiments["full"]


def test_an_agent_that_refuses_holds_the_run_with_its_sentence(bench):
    bench.start(padded(40), experiments=1)
    bench.agent.refuses = AgentError("There is no clip tiny.", "invalid_request", 400)
    bench.until(lambda run: run.state == "paused")
    assert "There is no clip tiny." in bench.now.reason
    bench.agent.refuses = None
    bench.ledger.wish(bench.run.id, "run")
    assert bench.until()[0].verdict == "measured"


def test_starting_codecs_that_all_fail_hold_the_run_before_anything_is_paid(bench):
    bench.start(CRASHING, experiments=3)
    bench.answer(padded(30))
    bench.until(lambda run: run.state == "paused")
    assert "No starting codec could be measured: decode_error" in bench.now.reason
    assert bench.stub.requests == []
    bench.ledger.wish(bench.run.id, "run")
    assert bench.until()[1].kind == "fresh"


def test_a_full_queue_is_waited_for(bench):
    bench.start(padded(40), experiments=1)
    bench.agent.refuses = AgentError("5000 experiments wait already.", "queue_full", 429)
    for _ in range(4):
        bench.step()
    assert bench.now.state == "running"
    bench.agent.refuses = None
    assert bench.until()[0].verdict == "measured"


# A person ----------------------------------------------------------------------------------------------------------------


def test_a_candidate_waits_for_the_click_where_that_is_asked(bench):
    bench.start(padded(40), experiments=3, gate=True, repairs=0)
    bench.answer(padded(30), padded(20))
    bench.until(lambda run: len(bench.attempts) == 2 and bench.attempts[1].phase == "approval")
    bench.step()
    assert bench.attempts[1].experiments == {}
    bench.ledger.say(bench.run.id, "reject", "too slow", attempt=2)
    bench.until(lambda run: len(bench.attempts) == 3 and bench.attempts[2].phase == "approval")
    assert bench.attempts[1].said == "Rejected by a person: too slow."
    bench.ledger.say(bench.run.id, "approve", attempt=3)
    attempts = bench.until()
    assert [a.verdict for a in attempts] == ["measured", "rejected", "measured"]


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


# The champion ------------------------------------------------------------------------------------------------------------


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
    from .fakes import anchor

    bench.curve_of = anchor
    assert bench.until()[0].score is not None


def test_a_champion_that_gains_on_search_clips_alone_is_flagged(bench):
    from app.autopilot.champion import generalisation

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
    from app.autopilot.champion import generalisation

    bench.agent.fails_on = "unseen"
    bench.start(padded(40), experiments=2, validation_clips=["unseen"])
    attempts = bench.until()
    held = generalisation(attempts[0], attempts)
    assert held.flagged
    assert "It fails on validation clips: encode_error" in held.sentence


def test_an_experiment_that_the_agent_lost_holds_the_run(bench):
    bench.start(padded(40), experiments=5)
    bench.answer(padded(30).replace("import zlib", "import zlib\n# gone()"), padded(20))
    bench.until(lambda run: run.state == "paused")
    assert "The agent lost the experiment of attempt 2" in bench.now.reason
    assert len(bench.stub.requests) == 1
    bench.ledger.wish(bench.run.id, "run")
    bench.until()
    assert bench.attempts[2].kind == "improve"


# A new process -----------------------------------------------------------------------------------------------------------


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


def test_a_new_process_finds_its_experiments_again(bench):
    bench.start(padded(40), experiments=1)
    bench.agent.hold = True
    bench.until(lambda run: bench.attempts and bench.attempts[0].phase == "running")
    wanted = bench.attempts[0].experiments["full"]
    bench.again()
    bench.step()
    bench.agent.finish(wanted)
    (only,) = bench.until()
    assert (only.experiments["full"], only.verdict) == (wanted, "measured")
    assert len(bench.store.page(Query(9)).items) == 1


def test_an_experiment_that_was_written_down_and_never_dispatched_is_dispatched(bench):
    bench.start(padded(40), experiments=1)
    bench.until(lambda run: bench.attempts and bench.attempts[0].phase == "reply")
    attempt = bench.attempts[0]
    attempt.phase, attempt.stage, attempt.experiments = "running", "full", {"full": "261125-120000-abcdef01"}
    bench.ledger.put(attempt)
    bench.again()
    (only,) = bench.until()
    assert only.verdict == "measured"
    assert bench.store.get("261125-120000-abcdef01").status is Status.SUCCEEDED


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
    from dataclasses import replace

    bench.connection = replace(bench.connection, prices={"claude-opus-5-5": Price.of("1000", "5000")})
    bench.again()
    bench.start(dollars=Decimal(1))
    bench.until()
    assert "no room" in bench.now.reason
    assert bench.stub.requests == []
