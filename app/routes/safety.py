"""Which requests are refused as coming from another site, and the headers that every answer carries."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.routes.agent import failure

READING = ("GET", "HEAD", "OPTIONS")
POLICY_VIOLATION = 1008

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def policy(homes: Sequence[str] = ()) -> str:
    """The Content-Security-Policy of a page: it asks the lab and the `homes` of artifacts (origins), nobody else.

    So that no reply of Claude's, title or log can make the browser ask another host, and carry something there.
    """
    own = " ".join(("'self'", *homes))
    return "; ".join(
        (
            f"img-src {own} data: blob:",
            f"media-src {own} data: blob:",
            f"connect-src {own} data: blob:",
            "font-src 'self' data:",
            "frame-src 'self' blob:",
            "manifest-src 'self'",
            "frame-ancestors 'self'",
            "object-src 'none'",
            "base-uri 'self'",
        )
    )


class SecurityHeaders:
    """Sets HEADERS and the policy wherever a route has not set its own. `homes`: see `policy`."""

    def __init__(self, app: ASGIApp, homes: Sequence[str] = ()) -> None:
        self.app = app
        self.headers = HEADERS | {"Content-Security-Policy": policy(homes)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


class OwnPages:
    """Streamlit's WebSocket and everything that changes something are for pages of this origin, port included.

    Streamlit itself lets a page of any port of this machine open its WebSocket, and act in the lab through it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        acts = scope["type"] == "websocket" or (scope["type"] == "http" and scope["method"] not in READING)
        if not acts or not cross_site(HTTPConnection(scope)):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        else:
            await failure(403, "cross_site", "The lab takes this from its own pages only.")(scope, receive, send)


def cross_site(request: HTTPConnection) -> bool:
    """Whether a page of another origin made this request. Browsers say so in Sec-Fetch-Site or, older ones, in Origin;
    a program that sends neither is no page, and is not what this guards against."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return True
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host")
