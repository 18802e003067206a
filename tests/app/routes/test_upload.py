"""Uploads pass through to the agent as they come, and only from the lab's own pages."""

import asyncio

import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette

from app.routes.agent import AgentPipe
from app.routes.artifacts import ArtifactSource
from app.server import routes

OWN = {"Origin": "http://localhost:8501", "Sec-Fetch-Site": "same-origin"}


def test_a_clip_reaches_the_agent_with_its_name_and_the_token(client, agent):
    answer = client.post("/upload", params={"name": "my clip & é.mp4"}, content=b"x" * 300_000, headers=OWN)
    assert (answer.status_code, answer.json()) == (201, {"name": "clip"})
    seen = agent.seen[0]
    assert seen.path == "/clips?name=my%20clip%20%26%20%C3%A9.mp4"
    assert seen.received == 300_000
    assert seen.headers["content-length"] == "300000"
    assert "transfer-encoding" not in seen.headers
    assert seen.headers["authorization"] == "Bearer hush"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:9999"},
        {"Origin": "null"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_other_sites_are_refused(client, agent, headers):
    answer = client.post("/upload?name=a.mp4", content=b"x", headers=headers)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "cross_site"
    assert agent.seen == []


def test_a_host_name_that_is_not_ours_is_refused(client, agent):
    rebound = {"Host": "evil.example:8501", "Origin": "http://evil.example:8501", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/upload?name=a.mp4", content=b"x", headers=rebound).status_code == 400
    assert client.get("/artifacts/run-1/code.py", headers=rebound).status_code == 400
    assert agent.seen == []


@pytest.mark.parametrize("query", ["", "?name=", "?name=%20", f"?name={'a' * 201}"])
def test_a_clip_needs_a_name(client, agent, query):
    answer = client.post(f"/upload{query}", content=b"x", headers=OWN)
    assert answer.status_code == 400
    assert agent.seen == []


def test_a_body_of_unknown_length_is_refused(client, agent):
    answer = client.post("/upload?name=a.mp4", content=iter([b"x"]), headers=OWN)
    assert answer.status_code == 411
    assert agent.seen == []


def test_the_agents_refusal_is_passed_on(client):
    answer = client.post("/upload?name=huge.mp4", content=b"x", headers=OWN)
    assert answer.status_code == 413
    assert answer.json()["error"]["message"] == "At most 1 GB."


def test_only_post_uploads(client):
    assert client.get("/upload?name=a.mp4").status_code == 405


def test_the_agent_has_the_first_bytes_before_the_last_are_sent(agent):
    """Over a real server, because the test client hands over bodies whole."""
    length, part = 8 << 20, b"x" * (1 << 20)

    async def body():
        yield part
        assert await asyncio.to_thread(agent.first_bytes.wait, 30), "nothing passed on while the upload ran"
        for _ in range(length // len(part) - 1):
            yield part

    async def scene():
        pipe = AgentPipe(agent.url, lambda: "hush")
        source = ArtifactSource(None, pipe)
        app = Starlette(routes=routes({}, source), lifespan=pipe.lifespan)
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        async with httpx2.AsyncClient(trust_env=False, timeout=60) as http:
            url = f"http://127.0.0.1:{port}/upload?name=a.mp4"
            answer = await http.post(url, content=body(), headers={"Content-Length": str(length)})
        server.should_exit = True
        await task
        return answer

    assert asyncio.run(scene()).status_code == 201
    assert agent.seen[0].received == length
