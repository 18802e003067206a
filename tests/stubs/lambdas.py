"""The functions as Lambda loads them, and CloudFront before the dashboard as cdn.yaml makes it, over real HTTP.

Pages come from the function, by a recorded event of its URL; `/media/*` and `/code/*` come from the two buckets.
"""

from __future__ import annotations

import importlib
import json
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from botocore.exceptions import ClientError

FOLDER = Path(__file__).resolve().parents[2] / "infra" / "lambda"
EVENT = Path(__file__).with_name("function_url_event.json")
PASSED_ON = {"ContentType": "Content-Type", "ContentRange": "Content-Range", "ContentLength": "Content-Length"}


def load(name: str) -> ModuleType:
    """The module as it is imported from a function's root, anew, with all that it imports from there."""
    roots = {path.stem for path in FOLDER.iterdir()}
    theirs = lambda: [found for found in sys.modules if found.partition(".")[0] in roots]
    before = {found: sys.modules.pop(found) for found in theirs()}
    sys.path.insert(0, str(FOLDER))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(FOLDER))
        for found in theirs():
            del sys.modules[found]
        sys.modules.update(before)


def request(path: str, method: str = "GET", query: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The event of a function URL for this request."""
    event = json.loads(EVENT.read_text())
    event["rawPath"] = event["requestContext"]["http"]["path"] = path
    event["requestContext"]["http"]["method"] = method
    event["queryStringParameters"] = dict(query or {}) or None
    return event


@contextmanager
def distribution(function: ModuleType, s3: Any, videos: str, decoders: str) -> Iterator[str]:
    """The dashboard's address while it runs. `s3`: a client of the buckets' server."""

    class Edge(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            bucket = {"media": videos, "code": decoders}.get(url.path.split("/")[1])
            if bucket:
                self.stored(bucket, unquote(url.path[1:]))
                return
            found = function.handler(
                request(unquote(url.path), "GET", dict(parse_qsl(url.query))), SimpleNamespace(aws_request_id="r")
            )
            body = found["body"].encode()
            self.answer(found["statusCode"], found["headers"] | {"Content-Length": str(len(body))}, body)

        def stored(self, bucket: str, key: str) -> None:
            part = {"Range": self.headers["Range"]} if "Range" in self.headers else {}
            try:
                found = s3.get_object(Bucket=bucket, Key=key, **part)
            except ClientError as error:
                self.answer(error.response["ResponseMetadata"]["HTTPStatusCode"], {"Content-Length": "0"}, b"")
                return
            headers = {name: str(found[field]) for field, name in PASSED_ON.items() if field in found}
            status = 206 if "ContentRange" in found else 200
            self.answer(status, headers | {"Accept-Ranges": "bytes"}, found["Body"].read())

        def answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Edge)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
