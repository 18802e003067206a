"""The routes over a real fake agent: an HTTP server on a free port that records what it is asked."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.blind import BlindTests
from app.routes.agent import AgentPipe
from app.routes.artifacts import ArtifactSource
from app.routes.blind import Blind
from app.server import middleware, routes
from app.settings import AppSettings
from gpu_agent.store.blind import LocalBlind
from tests.stubs.aws_fixtures import aws_settings, aws_url, credentials  # noqa: F401

BODY = bytes(range(256)) * 4


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.note()
        first, last = 0, len(BODY) - 1
        asked = self.headers.get("Range")
        if asked:
            first, last = (int(number) for number in asked.removeprefix("bytes=").split("-"))
        if "absent" in self.path:
            return self.answer(404, b'{"error": {"code": "not_found", "message": "There is no such artifact."}}')
        extra = {"Content-Range": f"bytes {first}-{last}/{len(BODY)}"} if asked else {}
        return self.answer(206 if asked else 200, BODY[first : last + 1], ETag='"of-the-agent"', **extra)

    do_HEAD = do_GET

    def do_POST(self):
        seen = self.note()
        length = int(self.headers["Content-Length"])
        if "huge" in self.path:
            self.rfile.read(length)
            return self.answer(413, b'{"error": {"code": "too_large", "message": "At most 1 GB."}}')
        while length and (data := self.rfile.read(min(length, 65_536))):
            length -= len(data)
            seen.received += len(data)
            self.server.first_bytes.set()
        return self.answer(201, b'{"name": "clip"}')

    def note(self):
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = SimpleNamespace(method=self.command, path=self.path, headers=headers, received=0)
        self.server.seen.append(seen)
        return seen

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "of=the-agent")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def agent():
    """`seen`: its requests; `first_bytes`: set when a part of an upload has come; `url`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen, server.first_bytes = [], threading.Event()
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def folder(tmp_path):
    """A local artifact folder with one experiment."""
    base = tmp_path / "artifacts" / "run-1" / "carphone" / "r22"
    base.mkdir(parents=True)
    (base / "preview.mp4").write_bytes(BODY)
    (base / "bitstream.clb").write_bytes(b"bits")
    (base / "frames.json").write_text("[1]")
    (base / "page.html").write_text("<script>alert(1)</script>")
    (base.parents[1] / "code.py").write_text("RATES = (1,)")
    (tmp_path / "secret").write_text("secret")
    return tmp_path / "artifacts"


@pytest.fixture
def serve(tmp_path):
    """A client of the routes as the server has them, over a folder and an agent's URL."""

    @contextmanager
    def begin(folder, url, assets=None, token="hush", store=None):
        pipe = AgentPipe(url, lambda: token)
        source = ArtifactSource(folder, pipe, store)
        around = middleware(AppSettings(data=tmp_path))
        blind = Blind(BlindTests(LocalBlind(tmp_path / "lab.db")), source)
        app = Starlette(routes=routes(assets or {}, source, blind=blind), middleware=around, lifespan=pipe.lifespan)
        with TestClient(app, base_url="http://localhost:8501") as client:
            yield client

    return begin


@pytest.fixture
def client(serve, folder, agent):
    with serve(folder, agent.url) as client:
        yield client
