"""Every failure is a sentence with the next step: by HTTP status, by how the reply ended, by what is set wrongly."""

from dataclasses import replace

import pytest

from app.claude.state import TurnStatus
from tests.stubs.messages_api import HttpError, Reply

TEXT = "Some answer.\n"
CREDIT = "Your credit balance is too low to access the Anthropic API."


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (HttpError(400, "invalid_request_error", "effort: what"), ["invalid (effort: what)", "choose another"]),
        (HttpError(400, "invalid_request_error", CREDIT), ["cannot pay", "add credit"]),
        (
            HttpError(400, "invalid_request_error", "prompt is too long: 1200000 tokens"),
            ["longer than Claude can read"],
        ),
        (HttpError(400, "invalid_request_error", "messages.3.content.0: Invalid `signature`"), ["history", "new conv"]),
        (HttpError(401, "authentication_error"), ["rejected the API key", "ANTHROPIC_API_KEY"]),
        (HttpError(402, "billing_error"), ["cannot pay", "add credit"]),
        (HttpError(403, "permission_error"), ["may not use", "choose another model"]),
        (HttpError(404, "not_found_error"), ["does not know the model claude-opus-5-5", "choose another model"]),
        (HttpError(413, "request_too_large"), ["too large", "shorten"]),
        (HttpError(413, raw="<html>nginx</html>"), ["too large", "shorten"]),
        (HttpError(418), ["HTTP 418", "check the settings"]),
    ],
)
def test_a_refused_request_is_a_sentence_with_the_next_step_and_not_retried(stub, finish, reply, words):
    stub.queue(reply)
    state = finish().snapshot()
    assert state.status is TurnStatus.FAILED
    assert all(word in state.error for word in words), state.error
    assert state.error.endswith(".")
    assert "<html>" not in state.error
    assert len(stub.requests) == 1


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_a_passing_error_is_retried(stub, finish, status):
    stub.queue(HttpError(status, raw="<html>bad gateway</html>"), Reply(TEXT))
    state = finish().snapshot()
    assert (state.status, state.attempt) == (TurnStatus.DONE, 2)


def test_without_a_key_nothing_is_sent_and_the_environment_is_not_asked(stub, finish, connection, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "from-the-environment")
    state = finish(connection=replace(connection, api_key=None)).snapshot()
    assert state.status is TurnStatus.FAILED
    assert "set ANTHROPIC_API_KEY" in state.error
    assert stub.requests == []


def test_a_wrong_key_and_an_unknown_model_by_the_services_own_answer(finish, connection):
    assert "rejected the API key" in finish(connection=replace(connection, api_key="invalid")).snapshot().error
    state = finish(model="claude-nonesuch-9").snapshot()
    assert "does not know the model claude-nonesuch-9" in state.error
    assert state.cost is None


def test_a_key_that_cannot_be_sent_is_a_sentence_and_not_shown(finish, connection):
    state = finish(connection=replace(connection, api_key="sk-secret\nx")).snapshot()
    assert state.status is TurnStatus.FAILED
    assert "check both settings" in state.error
    assert "secret" not in f"{state.error}{state.detail}{connection!r}"


def test_nobody_listens(finish, connection):
    state = finish(connection=replace(connection, base_url="http://127.0.0.1:1")).snapshot()
    assert state.status is TurnStatus.FAILED
    assert state.attempt == 5
    assert "check the network" in state.error


@pytest.mark.parametrize(
    ("reply", "status", "words"),
    [
        (Reply(TEXT, stop_reason="max_tokens"), TurnStatus.TRUNCATED, "limit of tokens"),
        (Reply(TEXT, stop_reason="model_context_window_exceeded"), TurnStatus.TRUNCATED, "new conversation"),
        (Reply(TEXT, stop_reason="pause_turn"), TurnStatus.TRUNCATED, "unexpected reason (pause_turn)"),
        (Reply(TEXT, stop_reason="refusal"), TurnStatus.REFUSED, "put it in other words"),
        (Reply(thinking="Hm."), TurnStatus.FAILED, "without an answer"),
        (Reply(" \n"), TurnStatus.FAILED, "without an answer"),
    ],
)
def test_a_reply_that_ends_otherwise_is_not_whole(stub, finish, reply, status, words):
    stub.queue(reply)
    state = finish().snapshot()
    assert state.status is status
    assert words in state.error
    assert state.content is None
    assert state.text == (reply.text or "")
    assert state.usage_final
    assert state.cost > 0


def test_a_refusal_says_why(stub, finish):
    details = {"type": "refusal", "category": "cyber", "explanation": "This could enable harm."}
    stub.queue(Reply("No", stop_reason="refusal", stop_details=details))
    assert "(This could enable harm)" in finish().snapshot().error
