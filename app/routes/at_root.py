"""Tells Streamlit's page that its server is at the root of the address.

On a page such as /compare Streamlit's browser code asks for a server below /compare first, is refused, waits a tenth of a
second and only then asks at the root. `window.__streamlit` is where a host says it, read before anything is asked.
"""

from __future__ import annotations

from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEAD = b"<head>"
SAID = b"<script>window.__streamlit = { BACKEND_BASE_URL: window.location.origin }</script>"
UNASKED = (b"accept-encoding", b"range", b"if-none-match", b"if-modified-since")
"""Nothing but the whole page, so that it can be written into."""


class AtRoot:
    """Puts SAID into each of `pages` (paths). They are sent as they are, not compressed: a few kilobytes. All else passes."""

    def __init__(self, app: ASGIApp, pages: Collection[str]) -> None:
        self.app, self.pages = app, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"].strip("/") in self.pages:
            asked = [(name, value) for name, value in scope["headers"] if name not in UNASKED]
            scope, send = scope | {"headers": asked}, Page(send).pass_on
        await self.app(scope, receive, send)


class Page:
    """One answer: kept until it is whole where it is a page."""

    def __init__(self, send: Send) -> None:
        self.send, self.body = send, b""
        self.start: Message | None = None

    async def pass_on(self, message: Message) -> None:
        if is_page(message):
            self.start = message
        elif self.start is None:
            await self.send(message)
        else:
            self.body += message.get("body", b"")
            if not message.get("more_body"):
                await self._whole(self.start)

    async def _whole(self, start: Message) -> None:
        body = self.body.replace(HEAD, HEAD + SAID, 1)
        headers = MutableHeaders(raw=list(start["headers"]))
        headers["content-length"] = str(len(body))
        for name in ("etag", "last-modified", "accept-ranges"):  # of the page as it was
            if name in headers:
                del headers[name]
        await self.send(start | {"headers": headers.raw})
        await self.send({"type": "http.response.body", "body": body})


def is_page(message: Message) -> bool:
    """Whether it begins an answer that is a page of HTML, and no failure or redirection."""
    if message["type"] != "http.response.start" or message["status"] != 200:
        return False
    return Headers(raw=list(message["headers"])).get("content-type", "").startswith("text/html")
