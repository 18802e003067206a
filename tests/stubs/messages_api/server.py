"""The stub's HTTP server.

`POST /v1/messages` is the API. For tests in other processes: `POST /__stub__/queue` with `{"replies": [{"text": …} or
{"status": …}]}`, `GET /__stub__/requests` (each with `body`, `outcome` and the `usage` it would be billed for),
`POST /__stub__/reset`, `GET /__stub__/health`.
"""

from __future__ import annotations

import copy
import itertools
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .checks import Bad, check_request
from .history import PromptCache, prefix_digest, tokens
from .markers import Markers
from .replies import HttpError, Reply
from .stream import EventStream

numbers = itertools.count(1)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args: Any) -> None:
        pass

    @property
    def stub(self) -> Stub:
        return self.server.stub  # type: ignore[attr-defined]

    def do_GET(self) -> None:
        self.request_id = f"req_stub_{next(numbers):06d}"
        if self.path == "/__stub__/health":
            self._json(200, {"ok": True})
        elif self.path == "/__stub__/requests":
            self._json(200, {"requests": self.stub.requests})
        else:
            self._error(404, "not_found_error", f"Not found: {self.path}")

    def do_POST(self) -> None:
        self.request_id = f"req_stub_{next(numbers):06d}"
        headers = {name.lower(): value for name, value in self.headers.items()}
        raw = self.rfile.read(int(headers.get("content-length") or 0))
        path = self.path.partition("?")[0]
        try:
            body = json.loads(raw or b"{}")
        except ValueError:
            return self._error(400, "invalid_request_error", "The request body is not valid JSON")
        if path == "/__stub__/queue":
            self.stub.queue(*(HttpError(**r) if "status" in r else Reply(**r) for r in body["replies"]))
            return self._json(200, {"ok": True})
        if path == "/__stub__/reset":
            self.stub.reset()
            return self._json(200, {"ok": True})
        if path != "/v1/messages":
            return self._error(404, "not_found_error", f"Not found: {path}")
        return self._messages(headers, body)

    def _messages(self, headers: dict[str, str], body: dict[str, Any]) -> None:
        record = {"headers": headers, "body": copy.deepcopy(body), "id": self.request_id, "outcome": "refused"}
        self.stub.requests.append(record)
        try:
            check_request(headers, body)
        except Bad as e:
            return self._error(e.status, e.type, str(e))
        reply = self.stub.next_reply(body)
        if isinstance(reply, HttpError):
            record["outcome"] = str(reply.status)
            if reply.raw is not None:
                return self._send(reply.status, reply.raw.encode(), "text/html", reply.headers)
            return self._error(reply.status, reply.type, reply.message, reply.headers)
        message = self._message(body, reply)
        record["outcome"], record["usage"] = reply.fault or "ok", message["usage"]
        time.sleep(reply.first_delay)
        try:
            if not body.get("stream"):
                return self._json(200, message)
            kind = "text/event-stream; charset=utf-8"
            self._start(200, {"content-type": kind, "cache-control": "no-cache", "transfer-encoding": "chunked"})
            EventStream(self, reply, self.request_id).send(message)
        except ConnectionError:
            record["outcome"], self.close_connection = "client went away", True
            self.stub.gone.set()
        return None

    def _message(self, body: dict[str, Any], reply: Reply) -> dict[str, Any]:
        content: list[dict[str, Any]] = []
        if reply.thinking is not None:
            shown = (body.get("thinking") or {}).get("display") == "summarized"
            signature = f"{body['model']}:{prefix_digest(body, body['messages'])}"
            thinking = reply.thinking if shown else ""
            content.append({"type": "thinking", "thinking": thinking, "signature": signature})
        if reply.text is not None:
            content.append({"type": "text", "text": reply.text})
        read, written, plain = self.stub.cache.count(body)
        thought = tokens(reply.thinking)
        usage = {
            "input_tokens": plain,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": read,
            "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
            "output_tokens": tokens(reply.text) + thought,
            "output_tokens_details": {"thinking_tokens": thought},
        }
        identity = {"id": f"msg_stub{next(numbers):08d}", "type": "message", "role": "assistant"}
        reasons = {"stop_reason": reply.stop_reason, "stop_sequence": None, "stop_details": reply.stop_details}
        return {**identity, "model": body["model"], "content": content, **reasons, "usage": usage}

    def _start(self, status: int, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        for name, value in {"date": self.date_time_string(), "request-id": self.request_id, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, status: int, data: bytes, kind: str, headers: dict[str, str]) -> None:
        self._start(status, {"content-type": kind, "content-length": str(len(data)), **headers})
        self.wfile.write(data)

    def _json(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(value).encode(), "application/json", headers or {})

    def _error(self, status: int, type: str, message: str, headers: dict[str, str] | None = None) -> None:
        error = {"type": type, "message": message}
        self._json(status, {"type": "error", "error": error, "request_id": self.request_id}, headers)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError | ValueError):  # ValueError: the reset fault closed it
            super().handle_error(request, client_address)


class Stub:
    """The server in a thread. `requests` holds every request; `gone` is set when a client hung up on a stream."""

    def __init__(self, port: int = 0, host: str = "127.0.0.1"):
        self.server = Server((host, port), Handler)
        self.server.stub = self  # type: ignore[attr-defined]
        self.url = f"http://{host}:{self.server.server_address[1]}"
        self._lock = threading.Lock()
        self.released, self.gone = threading.Event(), threading.Event()
        self.reset()

    def __enter__(self) -> Stub:
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    def reset(self) -> None:
        with self._lock:
            self._queue: list[Reply | HttpError] = []
            self.requests: list[dict[str, Any]] = []
            self.cache, self._markers = PromptCache(), Markers()

    def queue(self, *replies: Reply | HttpError) -> None:
        with self._lock:
            self._queue.extend(replies)

    def next_reply(self, body: dict[str, Any]) -> Reply | HttpError:
        with self._lock:
            return self._queue.pop(0) if self._queue else self._markers.reply(body)
