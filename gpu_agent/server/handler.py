"""One HTTP request: bounds, token, dispatch, and an answer whatever happens. What the calls do is in `routes`."""

from __future__ import annotations

import errno
import hmac
import io
import json
import logging
import mimetypes
import re
import socket
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import BaseModel

from ..clips import ClipError, ReadingUnavailable
from ..store import StoreError
from .errors import ApiError
from .patience import PatientReader
from .ranges import RangeNotSatisfiable, parse_range
from .routes import ROUTES, Reply

MAX_JSON = 4 << 20
CHUNK = 1 << 20
DRAIN = 1 << 16
LINGER = 16 << 20
log = logging.getLogger(__name__)


class Handler(BaseHTTPRequestHandler):
    """`server.agent` is the Agent. A client that is silent for `timeout` seconds, or does not get a whole request head
    across in that time, is dropped; one that has not shown the token, after `head_seconds`. One that leaves a body unsent
    that nobody wants is waited for `drain_seconds`."""

    protocol_version = "HTTP/1.1"
    server_version = "CodecLabAgent"
    sys_version = ""
    timeout = 60
    head_seconds = 5.0
    drain_seconds = 2.0
    disable_nagle_algorithm = True
    _unread: int | None = 0
    _told = _trusted = False

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self._patience = PatientReader(self.connection, self.timeout)
        self.rfile = io.BufferedReader(self._patience)

    def handle_one_request(self) -> None:
        self._wait(self.timeout if self._trusted else min(self.timeout, self.head_seconds))
        self._unread, self._told = 0, False
        super().handle_one_request()

    def finish(self) -> None:
        try:
            if self._unread != 0:
                self._linger()
        finally:
            self.server.heads.leave(self.connection)
        super().finish()

    def _wait(self, seconds: float) -> None:
        """What is read next has so long in all; of a client without the token it is dropped where others need room."""
        self._patience.within(seconds)
        if not self._trusted:
            self.server.heads.wait_for(self.connection)

    def do_GET(self) -> None:
        self._serve("GET")

    def do_HEAD(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def do_PUT(self) -> None:
        self._serve(self.command)

    do_DELETE = do_PATCH = do_OPTIONS = do_PUT

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the base class refuses (no HTTP, or too long a line or header), in the API's own form."""
        self._unread = None
        self.request_version = self.protocol_version  # a line that is none leaves it at 0.9, which has no headers
        phrase = HTTPStatus(code).phrase
        self._error(ApiError(code, phrase.lower().replace(" ", "_"), f"{message or phrase}."))

    def log_message(self, format: str, *args: Any) -> None:
        log.debug("%s %s", self.address_string(), format % args)

    def _serve(self, method: str) -> None:
        self._unread = self._content_length()
        self._trusted = self._has_token()
        self.server.heads.leave(self.connection)
        try:
            self._answer(self._dispatch(method))
        except ApiError as e:
            self._error(e)
        except ReadingUnavailable as e:
            self._error(ApiError(503, "sandbox_unavailable", str(e)))
        except ClipError as e:
            self._error(ApiError(400, "invalid_clip", str(e)))
        except StoreError as e:
            self._error(ApiError(503, "store_unavailable", str(e)))
        except TimeoutError:
            self._error(ApiError(408, "too_slow", "The body did not come in time; send the call again."))
        except ConnectionError:
            self.close_connection = True
        except Exception as e:
            log.exception("%s %s failed", method, self.path[:200])
            self._error(of_the_agent(e))

    def _dispatch(self, method: str) -> Reply:
        path, self.query = self._target()
        allowed: list[str] = []
        for route in ROUTES:
            match = route.pattern.fullmatch(path)
            if match is None:
                continue
            allowed.append(route.method)
            if route.method != method:
                continue
            if route.token:
                self._check_token()
            self._patience.deadline = None
            return route.call(self.server.agent, self, **match.groupdict())
        self._check_token()
        if allowed:
            message = f"{method} is not answered at {path[:200]}."
            raise ApiError(405, "method_not_allowed", message, {"Allow": ", ".join(allowed)})
        raise ApiError(404, "not_found", f"There is nothing at {path[:200]}.")

    def _target(self) -> tuple[str, dict[str, str]]:
        """The path, its escapes undone once, and the query's fields."""
        try:
            url = urlsplit(self.path)
            query = parse_qs(url.query, keep_blank_values=True, max_num_fields=20)
        except ValueError as e:
            raise ApiError(400, "invalid_request", f"The address is not one: {e}.") from e
        return unquote(url.path), {k: v[-1] for k, v in query.items()}

    def _has_token(self) -> bool:
        given = self.headers.get("Authorization", "")
        wanted = f"Bearer {self.server.agent.token}"
        return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())

    def _check_token(self) -> None:
        if not self._trusted:
            message = "This call needs the agent's token: Authorization: Bearer TOKEN."
            raise ApiError(401, "unauthorized", message, {"WWW-Authenticate": "Bearer"})

    # Bodies in --------------------------------------------------------------------------------------------------

    def _content_length(self) -> int | None:
        """Bytes of body still to read; None where the client did not say, or said two things."""
        said = set(self.headers.get_all("Content-Length", ["0"]))
        if len(said) != 1 or "Transfer-Encoding" in self.headers:
            return None
        length = said.pop().strip()
        return int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None

    def body_length(self) -> int:
        if self._unread is None:
            raise ApiError(411, "length_required", "Send the body with one Content-Length, and not in chunks.")
        return self._unread

    def json_body(self) -> dict[str, Any]:
        length = self.body_length()
        if length > MAX_JSON:
            raise ApiError(413, "too_large", f"The body has {length:,} bytes; at most {MAX_JSON:,} are read.")
        raw = self.read(length)
        if len(raw) < length:
            raise ApiError(400, "incomplete", f"The body broke off after {len(raw):,} of {length:,} bytes.")
        if not raw:
            return {}
        try:
            body = json.loads(raw)
        except (ValueError, RecursionError) as e:
            raise ApiError(400, "invalid_json", f"The body is not JSON: {e}.") from e
        if not isinstance(body, dict):
            raise ApiError(400, "invalid_json", "The body must be a JSON object.")
        return body

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
            self._wait(self.drain_seconds)
            try:
                self.read(self._unread)
            except OSError:
                self.close_connection = True

    def _linger(self) -> None:
        """Closing on bytes that were not read resets the connection, and the client may never see the answer: say that
        no more comes, and take what the client sends for a moment."""
        self._wait(self.drain_seconds)
        left = LINGER
        try:
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            while left > 0 and (data := self.rfile.read1(CHUNK)):
                left -= len(data)
        except OSError:
            pass

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
        """Where an answer is under way already, the client can only be told by the end of the connection."""
        if self._told:
            self.close_connection = True
            return
        body = {"error": {"code": error.code, "message": error.message}}
        try:
            self._answer(Reply(body, error.status, error.headers))
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _send_file(self, path: Path, headers: dict[str, str]) -> None:
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        try:
            file = path.open("rb")
        except FileNotFoundError:
            raise ApiError(404, "not_found", "This artifact was just dropped to make room; ask again.") from None
        with file:
            size = file.seek(0, 2)
            base = {"Content-Type": kind, "Accept-Ranges": "bytes", **headers}
            part = self._range(size)
            first, last = part or (0, size - 1)
            length = last - first + 1
            if part:
                base["Content-Range"] = f"bytes {first}-{last}/{size}"
            self._head(206 if part else 200, base | {"Content-Length": str(length)})
            if self.command != "HEAD":
                self._copy(file, first, length)

    def _range(self, size: int) -> tuple[int, int] | None:
        """A range counts for GET alone, and never with If-Range: no answer carries the validator it could name."""
        if self.command != "GET" or "If-Range" in self.headers:
            return None
        try:
            return parse_range(self.headers.get("Range"), size)
        except RangeNotSatisfiable:
            message = f"The range lies outside the file's {size:,} bytes."
            raise ApiError(416, "range_not_satisfiable", message, {"Content-Range": f"bytes */{size}"}) from None

    def _copy(self, file: BinaryIO, first: int, length: int) -> None:
        file.seek(first)
        while length > 0 and (data := file.read(min(CHUNK, length))):
            self.wfile.write(data)
            length -= len(data)
        if length:
            self.close_connection = True

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self._told = True
        self.close_connection = self.close_connection or self.server.crowded
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


def of_the_agent(error: Exception) -> ApiError:
    """What to say where the agent itself failed."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ApiError(507, "disk_full", "The agent's disk is full. Free some space and ask again.")
    return ApiError(500, "internal", "The agent failed on this call; its log says why.")
