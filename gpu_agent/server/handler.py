"""One HTTP request: bounds, token, dispatch, and an answer whatever happens. What the calls do is in `routes`."""

from __future__ import annotations

import hmac
import json
import logging
import mimetypes
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import BaseModel, ValidationError

from ..clips import ClipError
from ..store import StoreError
from .errors import ApiError
from .ranges import RangeNotSatisfiable, parse_range
from .routes import ROUTES, Reply

MAX_JSON = 4 << 20
CHUNK = 1 << 20
DRAIN = 1 << 16
log = logging.getLogger(__name__)


class Handler(BaseHTTPRequestHandler):
    """`server.agent` is the Agent. A silent client is dropped after `timeout` seconds."""

    protocol_version = "HTTP/1.1"
    server_version = "CodecLabAgent"
    sys_version = ""
    timeout = 60
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._serve("GET")

    def do_HEAD(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def log_message(self, format: str, *args: Any) -> None:
        log.debug("%s %s", self.address_string(), format % args)

    def _serve(self, method: str) -> None:
        self._unread = self._content_length()
        try:
            self._answer(self._dispatch(method))
        except ApiError as e:
            self._error(e)
        except ValidationError as e:
            self._error(ApiError(400, "invalid_request", sentence_of(e)))
        except ClipError as e:
            self._error(ApiError(400, "invalid_clip", str(e)))
        except StoreError as e:
            self._error(ApiError(503, "store_unavailable", str(e)))
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        except Exception:
            log.exception("%s %s failed", method, self.path[:200])
            self._error(ApiError(500, "internal", "The agent failed on this call; its log says why."))

    def _dispatch(self, method: str) -> Reply:
        url = urlsplit(self.path)
        path = unquote(url.path)
        self.query = {k: v[-1] for k, v in parse_qs(url.query, keep_blank_values=True, max_num_fields=20).items()}
        known = False
        for route in ROUTES:
            match = route.pattern.fullmatch(path)
            if match is None:
                continue
            known = True
            if route.method != method:
                continue
            if route.token:
                self._check_token()
            return route.call(self.server.agent, self, **match.groupdict())
        self._check_token()
        if known:
            raise ApiError(405, "method_not_allowed", f"{method} is not answered at {path[:200]}.")
        raise ApiError(404, "not_found", f"There is nothing at {path[:200]}.")

    def _check_token(self) -> None:
        given = self.headers.get("Authorization", "")
        wanted = f"Bearer {self.server.agent.token}"
        if not hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode()):
            raise ApiError(401, "unauthorized", "This call needs the agent's token: Authorization: Bearer TOKEN.")

    # Bodies in --------------------------------------------------------------------------------------------------

    def _content_length(self) -> int | None:
        """Bytes of body still to read; None where the client did not say."""
        try:
            length = int(self.headers.get("Content-Length", "0"))
        except ValueError:
            return None
        return None if length < 0 or "Transfer-Encoding" in self.headers else length

    def json_body(self) -> dict[str, Any]:
        if self._unread is None:
            raise ApiError(411, "length_required", "Send the body with a Content-Length.")
        if self._unread > MAX_JSON:
            raise ApiError(413, "too_large", f"The body has {self._unread:,} bytes; at most {MAX_JSON:,} are read.")
        raw = self.read(self._unread)
        if not raw:
            return {}
        try:
            body = json.loads(raw)
        except (ValueError, RecursionError) as e:
            raise ApiError(400, "invalid_json", f"The body is not JSON: {e}.") from e
        if not isinstance(body, dict):
            raise ApiError(400, "invalid_json", "The body must be a JSON object.")
        return body

    def body_length(self) -> int:
        if self._unread is None:
            raise ApiError(411, "length_required", "Send the body with a Content-Length.")
        return self._unread

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes of the body, never beyond it: the file-like face that uploads are streamed from."""
        left = self._unread or 0
        data = self.rfile.read(left if size < 0 else min(size, left))
        self._unread = left - len(data)
        if not data and left and size:
            self.close_connection = True
        return data

    def _finish_body(self) -> None:
        """A body that was not read would be taken for the next request: read a little, else close."""
        if self._unread is None or self._unread > DRAIN:
            self.close_connection = True
        elif self._unread:
            self.read(self._unread)

    # Answers out ------------------------------------------------------------------------------------------------

    def _answer(self, reply: Reply) -> None:
        self._finish_body()
        if isinstance(reply.body, Path):
            self._send_file(reply.body, reply.headers)
            return
        if isinstance(reply.body, bytes):
            data, kind = reply.body, reply.headers.get("Content-Type", "application/octet-stream")
        else:
            data, kind = dump(reply.body), "application/json"
        self._head(reply.status, {**reply.headers, "Content-Type": kind, "Content-Length": str(len(data))})
        if self.command != "HEAD":
            self.wfile.write(data)

    def _error(self, error: ApiError) -> None:
        try:
            self._answer(Reply({"error": {"code": error.code, "message": error.message}}, error.status))
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _send_file(self, path: Path, headers: dict[str, str]) -> None:
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        with path.open("rb") as file:
            size = file.seek(0, 2)
            base = {"Content-Type": kind, "Accept-Ranges": "bytes", **headers}
            try:
                part = parse_range(self.headers.get("Range"), size)
            except RangeNotSatisfiable:
                self._head(416, base | {"Content-Range": f"bytes */{size}", "Content-Length": "0"})
                return
            first, last = part or (0, size - 1)
            length = last - first + 1
            if part:
                base["Content-Range"] = f"bytes {first}-{last}/{size}"
            self._head(206 if part else 200, base | {"Content-Length": str(length)})
            if self.command != "HEAD":
                self._copy(file, first, length)

    def _copy(self, file: BinaryIO, first: int, length: int) -> None:
        file.seek(first)
        while length > 0 and (data := file.read(min(CHUNK, length))):
            self.wfile.write(data)
            length -= len(data)
        if length:
            self.close_connection = True

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store") if "Cache-Control" not in headers else None
        self.send_header("Connection", "close") if self.close_connection else None
        self.end_headers()


def dump(body: Any) -> bytes:
    if isinstance(body, BaseModel):
        return body.model_dump_json().encode()
    return json.dumps(body, allow_nan=False, default=lambda m: m.model_dump(mode="json")).encode()


def sentence_of(error: ValidationError) -> str:
    """The first problem of a body, by field."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(p) for p in first["loc"]) or "body"
    return f"{where}: {first['msg']}."
