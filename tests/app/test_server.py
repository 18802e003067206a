"""The server as Streamlit is given it, and once for real: pages, health, routes and headers on one port."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest
import streamlit.config

from app.routes.health import build_hash
from app.server import HEAVY, configuration, flat
from app.settings import AppSettings

ROOT = Path(__file__).resolve().parents[2]

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}
SERVE = """\
import sys
from pathlib import Path
from app.server import serve
from app.settings import AppSettings
serve(AppSettings(), {"server.py": Path("app/server.py")})
"""


def test_tables_become_dotted_names():
    assert dict(flat({"a": 1, "b": {"c": {"d": 2}, "e": [3]}})) == {"a": 1, "b.c.d": 2, "b.e": [3]}


def test_what_is_loaded_ahead_is_there():
    assert [name for name in HEAVY if importlib.util.find_spec(name) is None] == []


def test_streamlit_knows_every_option_of_the_file():
    options = configuration(AppSettings(app_port=9123, app_host="127.0.0.2"))
    assert set(options) <= set(streamlit.config._config_options_template)
    assert (options["server.port"], options["server.address"]) == (9123, "127.0.0.2")


def test_nothing_is_reported_watched_or_shown_that_should_not_be():
    options = configuration(AppSettings())
    assert options["browser.gatherUsageStats"] is False
    assert options["server.fileWatcherType"] == "none"
    assert options["client.showErrorDetails"] == "none"


@pytest.fixture
def server(tmp_path):
    """The real server on a free port, until the test ends."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "artifacts" / "run-1").mkdir(parents=True)
    (tmp_path / "artifacts" / "run-1" / "frames.json").write_text("[1, 2]")
    variables = {"CODEC_LAB_APP_PORT": str(port), "CODEC_LAB_DATA": str(tmp_path), "CODEC_LAB_APP_HOST": "127.0.0.1"}
    process = subprocess.Popen([sys.executable, "-c", SERVE], cwd=ROOT, env=os.environ | variables)
    url = f"http://127.0.0.1:{port}"
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            httpx2.get(f"{url}/_stcore/health", trust_env=False)
            break
        except httpx2.TransportError:
            time.sleep(0.05)
    yield url, process
    process.kill()
    process.wait()


def test_pages_and_routes_share_the_port_and_sigterm_ends_it(server):
    url, process = server
    with httpx2.Client(base_url=url, trust_env=False, timeout=60) as http:
        assert http.get("/_stcore/health").text == "ok"
        assert http.get("/health").json() == {"build": build_hash()}
        page = http.get("/")
        assert "<!DOCTYPE html>" in page.text or "<!doctype html>" in page.text
        assert page.headers["x-frame-options"] == "SAMEORIGIN"
        part = http.get("/artifacts/run-1/frames.json", headers={"Range": "bytes=0-1"})
        assert (part.status_code, part.text) == (206, "[1")
        assert http.get("/assets/server.py").status_code == 200
        assert http.get("/artifacts/run-1/%2e%2e/%2e%2e/lab.db").status_code == 400
        assert http.get("/", headers={"Host": "evil.example"}).status_code == 400
        other_port = {"Origin": "http://127.0.0.1:9"} | UPGRADE
        assert http.get("/_stcore/stream", headers=other_port).status_code == 403
        with http.stream("GET", "/_stcore/stream", headers={"Origin": url} | UPGRADE) as own:
            assert own.status_code == 101
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) in (0, -signal.SIGTERM, 128 + signal.SIGTERM)
