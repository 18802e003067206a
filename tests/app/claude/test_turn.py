"""One turn with the real SDK against the stub: whole replies, each way to break, retries and stopping."""

import threading
from dataclasses import replace

import pytest

from app.claude.connection import Retry
from app.claude.models import Usage, cost
from app.claude.state import TurnStatus
from tests.stubs.messages_api import HttpError, Reply

from .conftest import WAIT

TEXT = "Zwei Bilder, ein Unterschied: é🎬.\n" * 8


@pytest.mark.parametrize(("chunk", "split"), [(1, 0), (7, 3), (10_000, 0), (16, 1)])
def test_text_and_thinking_stream_in_pieces_and_arrive_whole(stub, finish, chunk, split):
    stub.queue(Reply(TEXT, thinking="Plan first. 🎞", chunk=chunk, split_bytes=split, unknown=True))
    events = []
    state = finish(on_event=events.append).snapshot()
    assert state.status is TurnStatus.DONE
    assert state.error is None
    assert (state.text, state.thinking) == (TEXT, "Plan first. 🎞")
    assert "".join(e.text for e in events if e.kind == "text") == TEXT
    assert [e.text for e in events if e.kind == "status"] == ["connecting", "thinking", "writing", "done"]
    assert [block["type"] for block in state.content] == ["thinking", "text"]
    assert state.content[0]["signature"]
    assert state.request_id.startswith("req_stub")


def test_the_request_is_what_current_models_accept(stub, finish):
    finish()
    body = stub.requests[0]["body"]
    assert body["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert body["output_config"] == {"effort": "high"}
    assert body["system"][0]["cache_control"] == body["cache_control"] == {"type": "ephemeral"}
    assert "tools" not in body
    assert stub.requests[0]["headers"]["authorization"] == "Bearer test-key"


def test_tokens_and_dollars_count_cache_reads(stub, finish):
    first, second = finish("x" * 4000).snapshot(), finish("x" * 4000).snapshot()
    assert first.usage.cache_read == 0
    assert first.usage.cache_write > 1000
    assert second.usage.cache_read == first.usage.cache_write
    assert second.usage.cache_write == 0
    assert second.usage.thinking > 0
    assert second.cost == cost(second.usage, "claude-opus-5-5") < first.cost
    billed = [Usage.from_api(request["usage"]) for request in stub.requests]
    assert [first.usage, second.usage] == billed


@pytest.mark.parametrize("fault", ["overloaded", "api", "reset", "truncate", "eof", "badjson", "stall"])
def test_a_stream_that_breaks_keeps_its_text_and_is_not_retried(stub, finish, connection, fault):
    stub.queue(Reply(TEXT, chunk=10, fault=fault, after=3))
    state = finish(connection=replace(connection, silence_seconds=5 if fault == "stall" else 20)).snapshot()
    assert state.status is TurnStatus.FAILED
    assert state.text == TEXT[:30]
    assert state.content is None
    assert "what arrived is kept, so ask for the rest" in state.error
    assert not state.usage_final
    assert state.usage.input_total > 0
    assert len(stub.requests) == 1


@pytest.mark.parametrize("fault", ["overloaded", "api", "reset", "truncate", "eof", "badjson", "nostart"])
def test_a_stream_that_breaks_before_any_text_is_tried_again(stub, finish, fault):
    stub.queue(Reply(TEXT, thinking="First try.", fault=fault, after=1), Reply(TEXT, thinking="Second try."))
    state = finish().snapshot()
    assert state.status is TurnStatus.DONE
    assert state.attempt == 2
    assert (state.thinking, state.text) == ("Second try.", TEXT)
    broken, whole = stub.requests[0]["usage"], stub.requests[1]["usage"]
    seen = whole["input_tokens"] + whole["cache_read_input_tokens"] + whole["cache_creation_input_tokens"]
    if fault != "nostart":  # what the first attempt is known to have cost is counted
        seen += broken["input_tokens"] + broken["cache_read_input_tokens"] + broken["cache_creation_input_tokens"]
    assert state.usage.input_total == seen


def test_waiting_for_an_overloaded_service_can_be_seen(stub, begin, connection):
    stub.queue(HttpError(529, "overloaded_error", headers={"retry-after": "100"}))
    waiting = threading.Event()
    turn = begin(on_event=lambda e: waiting.set() if e.text == "waiting" else None)
    assert waiting.wait(WAIT)
    state = turn.snapshot()
    assert state.status is TurnStatus.WAITING
    assert "overloaded" in state.notice
    assert "2 of 5" in state.notice
    assert 0 < state.retry_in <= 100
    turn.cancel()
    assert turn.wait(WAIT)
    assert turn.snapshot().status is TurnStatus.STOPPED
    assert len(stub.requests) == 1


@pytest.mark.parametrize(
    "header",
    [
        {"retry-after-ms": "5"},
        {"retry-after": "0.005"},
        {"retry-after": "Thu, 01 Jan 2026 00:00:00 GMT"},
        {"retry-after": "soon"},
    ],
)
def test_retry_after_is_honoured_in_every_form(stub, finish, connection, header):
    stub.queue(HttpError(429, "rate_limit_error", headers=header), Reply(TEXT))
    hour = Retry(first=0.01 if header == {"retry-after": "soon"} else 3600, longest=3600)
    assert finish(connection=replace(connection, retry=hour)).snapshot().status is TurnStatus.DONE


def test_a_wait_that_is_asked_for_but_too_long_is_told_instead(stub, finish):
    stub.queue(HttpError(429, "rate_limit_error", headers={"retry-after": "4000"}))
    state = finish().snapshot()
    assert state.status is TurnStatus.FAILED
    assert "rate limit" in state.error
    assert len(stub.requests) == 1


def test_retries_end(stub, finish):
    stub.queue(*[HttpError(529, "overloaded_error")] * 9)
    state = finish().snapshot()
    assert state.status is TurnStatus.FAILED
    assert "overloaded" in state.error
    assert len(stub.requests) == 5


def test_stop_ends_a_stream_at_once_and_keeps_the_text(stub, begin):
    stub.queue(Reply(TEXT, chunk=10, fault="stall", after=2))
    ten = threading.Event()
    saved = []
    turn = begin(on_event=lambda e: ten.set() if e.kind == "text" and turn_text(e) else None, on_end=saved.append)
    assert ten.wait(WAIT)
    turn.cancel()
    state = turn.snapshot()
    assert state.status is TurnStatus.STOPPED
    assert state.text == TEXT[: len(state.text)] != ""
    assert turn.wait(WAIT)
    assert [s.status for s in saved] == [TurnStatus.STOPPED]
    assert turn.snapshot().text == state.text
    turn.cancel()
    assert turn.snapshot() == saved[0]


def turn_text(event) -> bool:
    return bool(event.text)


def test_stop_hangs_up(stub, begin):
    stub.queue(Reply("z" * 100_000, chunk=1, delay=0.001))
    some = threading.Event()
    turn = begin(on_event=lambda e: some.set() if e.kind == "text" else None)
    assert some.wait(WAIT)
    turn.cancel()
    assert stub.gone.wait(WAIT)
    assert len(turn.snapshot().text) < 100_000


def test_stop_before_the_answer_begins(stub, begin):
    stub.queue(Reply(TEXT, fault="stall", after=0))
    turn = begin()
    turn.cancel()
    assert turn.wait(WAIT)
    state = turn.snapshot()
    assert (state.status, state.text) == (TurnStatus.STOPPED, "")


def test_checkpoints_come_while_text_arrives_and_a_failing_one_ends_nothing(stub, begin):
    stub.queue(Reply(TEXT, chunk=10, fault="stall", after=2))
    kept, twice = [], threading.Event()

    def checkpoint(state):
        kept.append(state)
        if len(state.text) == 20:
            twice.set()
        raise OSError("disk full")

    turn = begin(on_checkpoint=checkpoint, checkpoint_seconds=0.01)
    assert twice.wait(WAIT)
    assert kept[-1].status is TurnStatus.WRITING
    assert kept[-1].text == TEXT[:20]
    turn.cancel()
    assert turn.wait(WAIT)


def test_a_reply_that_cannot_be_saved_says_so_and_stays(finish):
    def full(state):
        raise OSError("disk full")

    state = finish(on_end=full).snapshot()
    assert state.status is TurnStatus.DONE
    assert "could not be saved (disk full)" in state.error
    assert state.text


def test_an_observer_that_fails_does_not_end_the_reply(finish):
    def broken(event):
        raise RuntimeError("page is gone")

    assert finish(on_event=broken).snapshot().status is TurnStatus.DONE
