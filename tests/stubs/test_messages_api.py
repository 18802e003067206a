"""The stub itself: what it refuses, what it says out of process, and that its default codec works."""

import re
import subprocess
import sys

import anthropic
import httpx2
import pytest

from gpu_agent.check import check_code
from tests.app.claude.test_prompt import module_of, random_video
from tests.stubs.messages_api import Stub
from tests.stubs.messages_api.markers import answer, codec

ASK = {"model": "claude-opus-5-5", "max_tokens": 100, "messages": [{"role": "user", "content": "x"}]}


@pytest.fixture
def client():
    with Stub() as stub, anthropic.Anthropic(api_key="k", base_url=stub.url, max_retries=0) as made:
        yield made


@pytest.mark.parametrize("turn", [1, 2, 9])
def test_the_default_codec_works_and_differs_from_turn_to_turn(turn, monkeypatch):
    code, video = codec(turn), random_video()
    assert check_code(code).diagnostics == []
    assert code != codec(turn + 1)
    module = module_of(code, monkeypatch)
    packets = list(module["encode"](video, 4))
    decoded = list(module["decode"](packets, video.info))
    assert [plane.shape for frame in decoded for plane in frame] == [p.shape for frame in video for p in frame]
    assert max(abs(a.astype(int) - b).max() for f, g in zip(decoded, video) for a, b in zip(f, g)) <= 4


@pytest.mark.parametrize(("kind", "ok"), [("crash", True), ("endless", True), ("syntax", False), ("missing", False)])
def test_the_broken_codecs_are_broken_where_they_should_be(kind, ok):
    text = answer(codec(1), kind)
    code = re.search(r"````python codec\n(.*?)````\n", text, re.S)[1]
    assert check_code(code).ok == ok
    assert code != codec(1)


def picture(**changes) -> list[dict]:
    """A user message with a picture, or what is none."""
    source = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="} | changes
    return [{"role": "user", "content": [{"type": "image", "source": source}]}]


def test_a_picture_is_taken(client):
    assert client.messages.create(**{**ASK, "messages": picture()}).content


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "not supported for this model"),
        ({"tool_choice": {"type": "any"}, "tools": []}, "forced tool use"),
        ({"output_config": {"effort": "extreme"}}, "output_config.effort"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "first message"),
        ({"messages": [*ASK["messages"], {"role": "assistant", "content": "x"}]}, "prefill"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": " "}]}]}, "non-whitespace"),
        ({"messages": picture(data="no base64!")}, "Invalid base64"),
        ({"messages": picture(data="bm8gcGljdHVyZQ==")}, "Could not process image"),
        ({"messages": picture(media_type="image/tiff")}, "media_type"),
        ({"extra_body": {"nonesuch": 1}}, "Extra inputs"),
    ],
)
def test_requests_that_the_api_refuses(client, change, words):
    with pytest.raises(anthropic.BadRequestError, match=re.escape(words)):
        client.messages.create(**{**ASK, **change})


def test_a_thinking_block_is_bound_to_what_came_before(client):
    first = client.messages.create(**ASK)
    answer = {"role": "assistant", "content": [block.to_dict() for block in first.content]}
    more = {"role": "user", "content": "more"}
    assert client.messages.create(**{**ASK, "messages": [*ASK["messages"], answer, more]}).content
    edited = [{"role": "user", "content": "edited"}, answer, more]
    with pytest.raises(anthropic.BadRequestError, match="Invalid `signature`"):
        client.messages.create(**{**ASK, "messages": edited})


def test_it_runs_in_a_process_of_its_own_and_takes_orders_over_http():
    command = [sys.executable, "-m", "tests.stubs.messages_api", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        url = process.stdout.readline().split()[-1]
        assert httpx2.get(f"{url}/__stub__/health").json() == {"ok": True}
        httpx2.post(f"{url}/__stub__/queue", json={"replies": [{"status": 529}, {"text": "queued"}]})
        with anthropic.Anthropic(api_key="k", base_url=url, max_retries=0) as client:
            with pytest.raises(anthropic.InternalServerError):
                client.messages.create(**ASK)
            assert client.messages.create(**ASK).content[0].text == "queued"
            marked = {**ASK, "messages": [{"role": "user", "content": "x [[stub status=429 times=1]]"}]}
            with pytest.raises(anthropic.RateLimitError):
                client.messages.create(**marked)
            assert "python codec" in client.messages.create(**marked).content[1].text
        seen = httpx2.get(f"{url}/__stub__/requests").json()["requests"]
        assert [request["outcome"] for request in seen] == ["529", "ok", "429", "ok"]
        assert seen[1]["usage"]["output_tokens"] > 0
        httpx2.post(f"{url}/__stub__/reset", json={})
        assert httpx2.get(f"{url}/__stub__/requests").json() == {"requests": []}
    finally:
        process.terminate()
        process.communicate()
