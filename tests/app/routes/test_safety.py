"""What another page, on this machine or elsewhere, cannot do to the lab: around everything, without signing in."""

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from app.server import middleware
from app.settings import AppSettings

HOME = "http://localhost:8501"
STREAM = "ws://localhost:8501/_stcore/stream"
FOREIGN = ["http://localhost:9999", "http://127.0.0.1:8501", "https://evil.example", "null"]


async def stream(socket):
    await socket.accept()
    await socket.send_text("open")


@pytest.fixture
def lab(tmp_path):
    routes = [
        WebSocketRoute("/_stcore/stream", stream),
        Route("/act", lambda request: PlainTextResponse("done"), methods=["GET", "POST"]),
    ]
    around = middleware(AppSettings(data=tmp_path))
    with TestClient(Starlette(routes=routes, middleware=around), base_url=HOME) as client:
        yield client


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_page_of_another_origin_opens_no_websocket(lab, origin):
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        lab.websocket_connect(STREAM, headers={"Origin": origin}),
    ):
        pass
    assert closed.value.code == 1008


@pytest.mark.parametrize("headers", [{"Origin": HOME}, {}], ids=["own page", "a program"])
def test_the_labs_own_pages_and_programs_open_it(lab, headers):
    with lab.websocket_connect(STREAM, headers=headers) as socket:
        assert socket.receive_text() == "open"


@pytest.mark.parametrize("origin", FOREIGN)
def test_nor_does_it_change_anything(lab, origin):
    answer = lab.post("/act", headers={"Origin": origin})
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "cross_site"
    assert lab.get("/act", headers={"Origin": origin}).text == "done"
    assert lab.post("/act", headers={"Origin": HOME}).text == "done"
