"""What comes next: starts, repairs, repeats, and what holds a run before money is spent for nothing."""

from __future__ import annotations

from tests.app.autopilot.codecs import CRASHING, padded, reply
from tests.stubs.messages_api import Reply


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


def test_three_answers_in_a_row_that_never_came_hold_the_run(bench):
    bench.start(experiments=1)
    bench.answer(*(Reply(reply(padded(30)), fault="eof", after=4) for _ in range(3)), padded(30))
    bench.until(lambda run: run.state == "paused")
    assert "3 requests in a row brought no answer" in bench.now.reason
    bench.ledger.wish(bench.run.id, "run")
    assert bench.until()[-1].verdict == "measured"


def test_a_reply_at_its_limit_of_tokens_is_mended(bench):
    bench.start(experiments=1)
    bench.answer(Reply(reply(padded(30))[:300], stop_reason="max_tokens"), padded(30))
    cut, mended = bench.until()
    assert (cut.verdict, mended.kind, mended.verdict) == ("broken_reply", "repair", "measured")


def test_starting_codecs_that_all_fail_hold_the_run_before_anything_is_paid(bench):
    bench.start(CRASHING, experiments=3)
    bench.answer(padded(30))
    bench.until(lambda run: run.state == "paused")
    assert "No starting codec could be measured: decode_error" in bench.now.reason
    assert bench.stub.requests == []
    bench.ledger.wish(bench.run.id, "run")
    assert bench.until()[1].kind == "fresh"
