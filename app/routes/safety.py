"""Which requests are refused as coming from another site, and the headers that every answer carries."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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


def cross_site(request: Request) -> bool:
    """Whether a page of another origin made this request. Browsers say so in Sec-Fetch-Site or, older ones, in Origin;
    a program that sends neither is no page, and is not what this guards against."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return True
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host")
