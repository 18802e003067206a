"""Claude on Amazon Bedrock: the SDK's own client against the stub, signed or with a key, and every way to have neither."""

from __future__ import annotations

import logging
from dataclasses import replace
from decimal import Decimal

import pytest

from app.claude import errors
from app.claude.connection import BEDROCK_URL, Bedrock, Connection
from app.claude.state import TurnStatus
from app.connect import connection as connection_of
from app.settings import AppSettings
from tests.stubs.messages_api import HttpError, Reply

SECRET = "hush-hush-secret"


@pytest.fixture(autouse=True)
def no_aws(monkeypatch, tmp_path):
    """No credentials of the machine that runs the tests, and none of its role."""
    import os

    for name in list(os.environ):
        if name.startswith(("AWS_", "CODEC_LAB_", "ANTHROPIC_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    from anthropic.lib.aws._auth import _get_session

    _get_session.cache_clear()


@pytest.fixture
def signed(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)


@pytest.fixture
def bedrock(connection, stub) -> Connection:
    return replace(connection, api_key=None, bedrock=Bedrock("eu-west-1", base_url=stub.url), prices={})


def test_requests_are_signed_with_what_the_environment_has(bedrock, signed, stub, finish, caplog):
    caplog.set_level(logging.DEBUG)
    assert bedrock.ready
    state = finish(connection=bedrock).snapshot()
    assert state.status is TurnStatus.DONE, state.detail
    asked = stub.requests[0]
    sign = asked["headers"]["authorization"]
    assert sign.startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert "/eu-west-1/bedrock-mantle/aws4_request" in sign
    assert "x-api-key" not in asked["headers"]
    assert asked["body"]["model"] == "anthropic.claude-opus-5-5"
    assert state.model == "claude-opus-5-5"  # the lab's own name is what is kept
    assert state.cost is None  # nobody here knows Bedrock's prices
    assert SECRET not in caplog.text


def test_a_bedrock_key_needs_no_credentials(bedrock, stub, finish, caplog):
    caplog.set_level(logging.DEBUG)
    with_key = replace(bedrock, bedrock=replace(bedrock.bedrock, api_key=f" {SECRET}\n"))
    assert finish(connection=with_key).snapshot().status is TurnStatus.DONE
    assert stub.requests[0]["headers"]["authorization"] == f"Bearer {SECRET}"
    assert SECRET not in repr(with_key)
    assert SECRET not in caplog.text


def test_a_conversation_goes_on_with_its_thinking(bedrock, signed, chat, stub):
    conversation = chat.store.create()
    for prompt in ("one", "two", "three"):
        turn = chat.ask(conversation.id, prompt, bedrock)
        assert turn.wait()
        assert turn.snapshot().status is TurnStatus.DONE, turn.snapshot().detail
    kinds = {b["type"] for m in stub.requests[-1]["body"]["messages"] for b in m["content"]}
    assert kinds == {"text", "thinking"}


def test_without_credentials_a_sentence_says_how_to_get_some(bedrock, stub, finish):
    state = finish(connection=bedrock).snapshot()
    assert (state.status, state.error) == (TurnStatus.FAILED, errors.NO_AWS)
    assert stub.requests == []


def test_a_profile_that_is_not_there_is_a_sentence(bedrock, finish, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nonesuch")
    state = finish(connection=bedrock).snapshot()
    assert state.error == errors.NO_AWS
    assert "nonesuch" in state.detail


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (HttpError(401, "authentication_error"), "did not accept the credentials"),
        (HttpError(403, "permission_error"), "may not use claude-opus-5-5 on Amazon Bedrock"),
        (HttpError(404, "not_found_error"), "does not know the model claude-opus-5-5 in this region"),
        (HttpError(413, "request_too_large"), "too large"),
    ],
)
def test_refusals_speak_of_aws(bedrock, signed, stub, finish, reply, words):
    stub.queue(reply)
    state = finish(connection=bedrock).snapshot()
    assert words in state.error
    assert "ANTHROPIC_API_KEY" not in state.error


def test_a_passing_error_is_retried(bedrock, signed, stub, finish):
    stub.queue(HttpError(529), Reply("Well."))
    state = finish(connection=bedrock).snapshot()
    assert (state.status, state.attempt, state.text) == (TurnStatus.DONE, 2, "Well.")


def test_another_model_id_is_sent_as_it_stands(bedrock):
    assert bedrock.model_id("us.anthropic.claude-x-v1:0") == "us.anthropic.claude-x-v1:0"
    assert bedrock.model_id("claude-next") == "anthropic.claude-next"
    assert Connection("k").model_id("claude-next") == "claude-next"


def test_the_settings_choose_it(monkeypatch, tmp_path):
    monkeypatch.setattr("app.settings.CONFIG_FOLDER", tmp_path)
    assert connection_of(AppSettings()).bedrock is None
    monkeypatch.setenv("CODEC_LAB_CLAUDE_VIA", "bedrock")
    monkeypatch.setenv("CODEC_LAB_AWS_REGION", "eu-north-1")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", SECRET)
    settings = AppSettings()
    assert SECRET not in f"{settings!r} {settings.model_dump()}"
    found = connection_of(settings)
    assert (found.ready, found.bedrock.region, found.bedrock.api_key) == (True, "eu-north-1", SECRET)
    assert found.prices == {}
    monkeypatch.setenv("CODEC_LAB_BEDROCK_REGION", "us-west-2")
    monkeypatch.setenv("CODEC_LAB_PRICES", '{"claude-opus-5-5": {"input": 4.4, "output": 22}}')
    found = connection_of(AppSettings())
    assert found.prices["claude-opus-5-5"].input == Decimal("4.4")
    assert set(found.prices) == {"claude-opus-5-5"}


async def address(client) -> str:
    async with client:
        return str(client.base_url)


def test_the_address_follows_the_region_and_the_environment_is_not_asked(monkeypatch):
    import asyncio

    monkeypatch.setenv("ANTHROPIC_BEDROCK_MANTLE_BASE_URL", "http://elsewhere")
    made = Connection(bedrock=Bedrock("eu-west-1", "k")).make_client()
    assert asyncio.run(address(made)).rstrip("/") == BEDROCK_URL.format(region="eu-west-1")
