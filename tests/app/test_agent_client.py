"""The client against a real agent, against none, and against something that is no agent."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from app.agent_client import AgentClient, AgentDown, AgentError
from gpu_agent.contract import EXAMPLE
from gpu_agent.models import ExperimentRequest, Status
from tests.gpu_agent.live import client_of, live_agent, start, tiny_clip, upload


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    folder = tmp_path_factory.mktemp("agent")
    with live_agent(folder / "data", jail=False) as agent:
        upload(client_of(agent), tiny_clip(folder))
        yield agent


@pytest.fixture
def stranger():
    """A server that answers whatever is set as `said` (status, bytes), or hangs up where that is None."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.server.said is None:
                return
            status, body = self.server.said
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.said = None
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_call_comes_back_typed(agent):
    client = client_of(agent)
    assert client.health().sandbox["available"] is False
    clips, default = client.clips()
    assert "tiny" in [c.name for c in clips]
    assert default
    e = start(client)
    assert client.get(e.id) == e
    assert client.queue_position(e.id) == 0
    assert client.page(limit=1, status=None) == ([e], None)
    seen = client.events(e.id)
    assert ([v.message for v in seen.events], seen.status, seen.queue_position) == (["queued"], Status.QUEUED, 0)
    again = client.rerun(e.id)
    assert again.rerun_of == e.id
    assert client.cancel(e.id).status is Status.CANCELLED
    assert client.queue_position(e.id) is None


def test_a_file_comes_as_its_bytes_or_as_the_agent_s_sentence(agent, stranger):
    with pytest.raises(AgentError, match="experiment") as refused:
        client_of(agent).artifact("no-such-experiment/carphone/r22/bitstream.clb")
    assert refused.value.status == 404
    stranger.said = (200, b"\x89PNG\xff")
    client = AgentClient(f"http://127.0.0.1:{stranger.server_address[1]}", lambda: None)
    assert client.artifact("id/a clip/r22/worst/frame1.png") == b"\x89PNG\xff"


def test_an_agent_that_refuses_is_quoted(agent):
    with pytest.raises(AgentError, match="There is no experiment nobody") as e:
        client_of(agent).get("nobody")
    assert (e.value.status, e.value.code) == (404, "not_found")
    with pytest.raises(AgentError, match="needs the agent's token") as e:
        AgentClient(agent.url, lambda: None).clips()
    assert (e.value.status, e.value.code) == (401, "unauthorized")
    assert AgentClient(agent.url, lambda: None).health().version


@pytest.mark.parametrize("odd", ["../health", "a/b", "x?y=1", "", "a b", "#", "%2e", "\u00e9\n"])
def test_an_id_from_a_link_stays_an_id(agent, odd):
    with pytest.raises(AgentError) as e:
        client_of(agent).get(odd)
    assert e.value.status == 404


def test_where_nobody_listens_the_agent_is_down():
    client = AgentClient("http://127.0.0.1:9", lambda: "t")
    for call in (client.health, client.clips, lambda: client.create(ExperimentRequest(code=EXAMPLE))):
        with pytest.raises(AgentDown, match=r"The agent at http://127\.0\.0\.1:9/? does not answer"):
            call()


@pytest.mark.parametrize(
    "said",
    [None, (200, b"<html>"), (502, b"Bad gateway"), (200, b"[]"), (200, b"{}"), (200, b'{"clips": 5}'), (200, b"\xff"),
     (200, b'{"version": 1}'), (200, b"null")],
)  # fmt: skip
def test_what_is_no_agent_counts_as_none(stranger, said):
    stranger.said = said
    client = AgentClient(f"http://127.0.0.1:{stranger.server_port}", lambda: "t")
    for call in (client.health, client.clips, lambda: client.get("x"), lambda: client.events("x"), client.page):
        with pytest.raises(AgentDown, match=r"agent"):
            call()


@pytest.mark.parametrize("body", [[], {}, {"error": "x"}, {"error": None}])
def test_an_error_without_a_sentence_tells_its_status(stranger, body):
    stranger.said = (418, json.dumps(body).encode())
    with pytest.raises(AgentError, match="HTTP 418"):
        AgentClient(f"http://127.0.0.1:{stranger.server_port}", lambda: "t").get("x")


def test_a_slow_agent_is_not_waited_for_for_ever(stranger):
    answer = threading.Event()
    stranger.RequestHandlerClass.do_GET = lambda self: answer.wait(30)
    try:
        with pytest.raises(AgentDown):
            AgentClient(f"http://127.0.0.1:{stranger.server_port}", lambda: "t", timeout=0.1).health()
    finally:
        answer.set()
