"""A door before moto for programs that run on their own: what `TestedAws` answers within a test is answered here.

Everything else goes through to moto as it came. The wheels of each box are said to be in the bucket already, so that
pip is not asked for gigabytes.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from .conftest import Boxes

WHEELS = "w" * 64
DROPPED = {"connection", "transfer-encoding", "keep-alive", "content-length"}


class Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    boxes: Boxes
    behind: str
    dashboard: str
    """Where the dashboard answers, put in place of the address that moto makes up for CloudFront."""
    work: Callable[[], None]
    """What the agent on the worker does meanwhile; called whenever somebody looks how far a run is."""

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        own = self.own(body)
        if own is None:
            self.through(body)
        elif isinstance(own, bytes):
            self.reply(200, {"Content-Type": "binary/octet-stream"}, own)
        else:
            self.reply(200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(own).encode())

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer

    def own(self, body: bytes) -> dict[str, Any] | bytes | None:
        """What moto does not know; None for everything that it does."""
        if self.command == "GET" and "/by-requirements/" in self.path:
            return WHEELS.encode()
        if self.path.rstrip("/").endswith("/account-settings"):
            return {"AccountLimit": {"ConcurrentExecutions": 1000}}
        match self.headers.get("X-Amz-Target", "").split(".")[-1]:
            case "GetServiceQuota":
                return {"Quota": {"Value": 8.0}}
            case "DescribeInstanceInformation":
                return {"InstanceInformationList": [{"PingStatus": "Online"}]}
            case "SendCommand":
                call = json.loads(body)
                return {
                    "Command": {"CommandId": self.boxes.send(call["InstanceIds"][0], call["Parameters"]["commands"])}
                }
            case "Query":
                self.work()
            case "GetCommandInvocation":
                found = self.boxes.answers[json.loads(body)["CommandId"]]
                return {k: v for k, v in found.items() if k != "left"}
        return None

    def through(self, body: bytes) -> None:
        headers = {k: v for k, v in self.headers.items() if k.lower() not in {"connection", "expect"}}
        behind = http.client.HTTPConnection(urlsplit(self.behind).netloc, timeout=120)
        try:
            behind.request(self.command, self.path, body, headers)
            answer = behind.getresponse()
            found = re.sub(rb"https://\w+\.cloudfront\.net", self.dashboard.encode(), answer.read())
            self.reply(answer.status, dict(answer.getheaders()), found)
        finally:
            behind.close()

    def reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
        length = next((v for k, v in headers.items() if k.lower() == "content-length"), str(len(body)))
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in DROPPED:
                self.send_header(name, value)
        self.send_header("Content-Length", length if self.command == "HEAD" else str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def opened(boxes: Boxes, behind: str, work: Callable[[], None], dashboard: str) -> Iterator[str]:
    """The address of a door to moto at `behind`."""
    facts = {"boxes": boxes, "behind": behind, "work": staticmethod(work), "dashboard": dashboard}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Opened", (Door,), facts))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
