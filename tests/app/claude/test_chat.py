"""Stored conversations: append-only histories that the picky stub accepts whatever happened, and restarts."""

import threading

import pytest

from app.claude.chat import Chat
from app.claude.models import DEFAULT_MODEL
from app.claude.reply import Codec, read_codec
from app.claude.state import TurnStatus
from app.claude.store import Busy, ConversationStore, Unknown
from tests.stubs.messages_api import HttpError, Reply

from .conftest import WAIT, assert_append_only, sent


def test_thinking_goes_back_unchanged_over_many_turns(chat, say, stub):
    conversation = chat.store.create()
    for i in range(4):
        state = say(conversation, f"question {i}")
        assert state.status is TurnStatus.DONE, state.detail
        assert isinstance(read_codec(state), Codec)
    assert_append_only(stub)
    assert [m["role"] for m in sent(stub)] == ["user", "assistant"] * 3 + ["user"]
    assert sent(stub)[1]["content"][0]["type"] == "thinking"
    reads = [request["usage"]["cache_read_input_tokens"] for request in stub.requests]
    assert reads == sorted(reads)
    assert reads[1] > 1000


def test_it_goes_on_after_a_restart(chat, say, stub, connection, tmp_path):
    conversation = chat.store.create()
    say(conversation, "one")
    again = Chat(ConversationStore(tmp_path / "app.db"))
    turn = again.ask(conversation.id, "two", connection)
    assert turn.wait(WAIT)
    assert turn.snapshot().status is TurnStatus.DONE, turn.snapshot().detail
    assert_append_only(stub)
    assert again.conversation(conversation.id).turns[0].state == chat.conversation(conversation.id).turns[0].state


BROKEN = [
    Reply("Half a thou", chunk=4, fault="reset", after=2),
    Reply("Half a thou", thinking="Hm.", chunk=4, fault="overloaded", after=4),
    Reply("Too much  \n\n", thinking="Hm.", stop_reason="max_tokens"),
    Reply("I will not", thinking="Hm.", stop_reason="refusal"),
    Reply("Full", thinking="Hm.", stop_reason="model_context_window_exceeded"),
    Reply("\n \n", thinking="Hm."),
    Reply(thinking="Only thoughts.", stop_reason="max_tokens"),
    HttpError(400, "invalid_request_error"),
    HttpError(413, "request_too_large"),
]


@pytest.mark.parametrize("broken", BROKEN)
def test_the_next_request_is_valid_after_any_failure(chat, say, stub, broken):
    conversation = chat.store.create()
    assert say(conversation, "first").status is TurnStatus.DONE
    stub.queue(broken)
    failed = say(conversation, "second")
    assert failed.status is not TurnStatus.DONE
    for prompt in ("third", "fourth"):
        state = say(conversation, prompt)
        assert state.status is TurnStatus.DONE, state.detail
    assert_append_only(stub)
    turn = chat.conversation(conversation.id).turns[1]
    assert turn.state.text == failed.text
    assert turn.prompt == "second"
    texts = [b.get("text") for m in sent(stub) for b in m["content"]]
    assert ("second" in texts) == turn.remembered
    if turn.remembered:
        assert turn.state.text.rstrip() in texts


def test_a_refused_message_is_not_sent_again(chat, say, stub):
    conversation = chat.store.create()
    stub.queue(Reply("No.", stop_reason="refusal"))
    say(conversation, "bad words")
    say(conversation, "better words")
    assert "bad words" not in str(sent(stub))


def test_another_model_may_go_on(chat, say, stub):
    conversation = chat.store.create()
    say(conversation, "one")
    assert say(conversation, "two", model="claude-sonnet-5-5", effort="low").status is TurnStatus.DONE
    assert say(conversation, "three").status is TurnStatus.DONE
    models = [turn.state.model for turn in chat.conversation(conversation.id).turns]
    assert models == [DEFAULT_MODEL, "claude-sonnet-5-5", DEFAULT_MODEL]


def test_claude_gets_the_content_and_the_person_sees_the_prompt(chat, say, stub):
    conversation = chat.store.create()
    say(conversation, "improve it", content="improve it: CODE", kind="improve")
    assert sent(stub)[0]["content"] == [{"type": "text", "text": "improve it: CODE"}]
    turn = chat.conversation(conversation.id).turns[0]
    assert (turn.prompt, turn.kind) == ("improve it", "improve")


def test_a_running_turn_is_found_watched_and_stopped(chat, stub, connection):
    stub.queue(Reply("abcdefgh", chunk=4, fault="stall", after=1))
    conversation, some = chat.store.create(), threading.Event()
    chat.ask(conversation.id, "go", connection, on_event=lambda e: some.set() if e.kind == "text" else None)
    assert some.wait(WAIT)
    assert chat.conversation(conversation.id).turns[0].state.text == "abcd"
    with pytest.raises(Busy, match="still answering"):
        chat.ask(conversation.id, "and", connection)
    turn = chat.running(conversation.id)
    turn.cancel()
    assert turn.wait(WAIT)
    assert chat.running(conversation.id) is None
    stored = chat.store.get(conversation.id).turns[0].state
    assert (stored.status, stored.text) == (TurnStatus.STOPPED, "abcd")


def test_the_labs_end_stops_and_stores_every_turn(chat, stub, connection):
    stub.queue(Reply("ab", fault="stall", after=0), Reply("cd", fault="stall", after=0))
    ids = [chat.store.create().id for _ in range(2)]
    for id in ids:
        chat.ask(id, "go", connection)
    chat.stop_all()
    assert [chat.store.get(id).turns[0].state.status for id in ids] == [TurnStatus.STOPPED] * 2


@pytest.mark.parametrize("empty", ["", "  \n"])
def test_an_empty_message_is_refused(chat, connection, empty):
    conversation = chat.store.create()
    with pytest.raises(ValueError, match="empty"):
        chat.ask(conversation.id, empty, connection)
    assert chat.conversation(conversation.id).turns == ()


def test_an_unknown_conversation(chat, connection):
    with pytest.raises(Unknown):
        chat.ask("nonesuch", "hello", connection)
    with pytest.raises(Unknown):
        chat.conversation("nonesuch")


def test_a_turn_that_could_not_be_saved_does_not_block_the_conversation(chat, say, stub, monkeypatch):
    conversation, save = chat.store.create(), chat.store.save

    def full(turn_id, state):
        if not state.status.active:
            raise OSError("disk full")
        save(turn_id, state)

    monkeypatch.setattr(chat.store, "save", full)
    assert "could not be saved" in say(conversation, "one").error
    assert "could not be saved" in chat.conversation(conversation.id).turns[0].state.error
    monkeypatch.setattr(chat.store, "save", save)
    for prompt in ("two", "three"):
        assert say(conversation, prompt).status is TurnStatus.DONE
    assert_append_only(stub)
    assert chat.store.get(conversation.id).turns[0].state.status is TurnStatus.INTERRUPTED
