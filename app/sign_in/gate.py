"""The gate before everything that the lab serves: who has not signed in, or may not use the lab, comes no further.

It lies around Streamlit's own answers too, its WebSocket included, and what is not named in OPEN is closed: a route
that somebody adds is behind it from the start.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.user_info import generate_login_redirect_url
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from app.routes.agent import failure
from app.routes.safety import POLICY_VIOLATION, cross_site
from app.sign_in import page
from app.sign_in.configured import CALLBACK, SignIn
from app.sign_in.cookie import claims_of, is_split

START, LOGIN, LOGOUT, HEALTH = "/sign-in", "/auth/login", "/auth/logout", "/health"
OPEN = frozenset({START, LOGIN, LOGOUT, CALLBACK, HEALTH})
"""What anybody may ask for: the way in, the way out, and which build answers. Compared whole, never as a beginning."""
ENDED = "You are not signed in, or no longer. Load the page again to sign in."
"""An open page of Streamlit shows this to its person too, within what it is answered."""
TO, TO_SECONDS, TO_LONGEST = "codec_lab_to", 900, 1500
FAILED = "sign_in=failed"
SPLIT = (
    "Your provider says more about you than fits into one cookie. Whoever runs this lab can ask it for less, by "
    'client_kwargs = { scope = "openid email" } in [auth].'
)


class Visitor(NamedTuple):
    """`refusal`: why a person who has signed in may not come in. Neither that nor `known`: a stranger."""

    known: bool
    refusal: str | None = None

    @property
    def allowed(self) -> bool:
        return self.known and self.refusal is None


STRANGER = Visitor(False)


class Gate:
    """ASGI middleware. Signed-out cookies are remembered while this process lives, so a copy of one is of no use."""

    def __init__(self, app: ASGIApp, sign_in: SignIn) -> None:
        self.app, self.sign_in = app, sign_in
        self.signed_out: set[bytes] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self.http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self.websocket(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self.app(scope, receive, send)

    def visitor(self, cookies: Mapping[str, str]) -> Visitor:
        if digest(cookies) in self.signed_out:
            return STRANGER
        claims = claims_of(cookies, self.sign_in.cookie_secret, self.sign_in.origin)
        if claims is not None:
            return Visitor(True, self.sign_in.people.refusal(claims))
        return Visitor(True, SPLIT) if is_split(cookies, self.sign_in.cookie_secret) else STRANGER

    # Pages and routes --------------------------------------------------------------------------------------------

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, path = Request(scope), scope["path"]
        if path == START:
            await self.start(request)(scope, receive, send)
            return
        if path == LOGOUT and cross_site(request):
            answer: Response = failure(403, "cross_site", "The lab takes this from its own pages only.")
            await answer(scope, receive, send)
            return
        visitor = self.visitor(request.cookies)
        if path not in OPEN and not visitor.allowed:
            await self.closed(request, visitor)(scope, receive, send)
            return

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.add_vary_header("Cookie")  # so that nothing of it comes from the browser's cache later
                if path == CALLBACK:
                    self.returned(request, headers)
                if path == LOGOUT and visitor.known:
                    self.signed_out.add(digest(request.cookies))
                if self.sign_in.https:
                    secure(message)
            await send(message)

        await self.app(scope, receive, answered)

    def start(self, request: Request) -> Response:
        """On to the provider. Where the person wanted to go waits in a cookie that only the way back is sent.

        From another of the lab's names it goes to the one that the provider leads back to first: cookies are one name's.
        """
        if request.url.hostname != urlsplit(self.sign_in.origin).hostname:
            query = f"?{request.url.query}" if request.url.query else ""
            return RedirectResponse(f"{self.sign_in.origin}{START}{query}", 302, {"Cache-Control": "no-store"})
        answer = RedirectResponse(generate_login_redirect_url("default"), 302, {"Cache-Control": "no-store"})
        to = request.query_params.get("to", "")
        if is_local(to):
            value = quote(to, safe="")
            answer.set_cookie(
                TO, value, TO_SECONDS, path=CALLBACK, httponly=True, samesite="lax", secure=self.sign_in.https
            )
        return answer

    def closed(self, request: Request, visitor: Visitor) -> Response:
        """401 or 403: a page for people, the shape of the agent's errors for programs."""
        status = 403 if visitor.known else 401
        sentence = visitor.refusal or ENDED
        if "text/html" not in request.headers.get("accept", ""):
            answer: Response = failure(status, "not_allowed" if visitor.known else "sign_in", sentence)
            answer.headers["Cache-Control"] = "no-store"
        elif visitor.known:
            answer = HTMLResponse(page.refused(sentence), status, page.HEADERS)
        else:
            query = request.url.query
            failed = query == FAILED
            to = "" if failed else request.url.path + (f"?{query}" if query else "")
            answer = HTMLResponse(page.stranger(self.sign_in.provider, to, failed), status, page.HEADERS)
        answer.headers["Vary"] = "Cookie"
        return answer

    def returned(self, request: Request, headers: MutableHeaders) -> None:
        """From the provider: on to where the person wanted to go, or back to the button with a word."""
        new = [value for value in headers.getlist("set-cookie") if value.startswith(f"{USER_COOKIE_NAME}=")]
        if not any(value.split(";")[0].removeprefix(f"{USER_COOKIE_NAME}=").strip('"') for value in new):
            if {"state", "error"} & set(request.query_params):
                headers["location"] = f"/?{FAILED}"
            return
        to = unquote(request.cookies.get(TO, ""))
        if is_local(to):
            headers["location"] = to
        headers.append("set-cookie", f'{TO}=""; HttpOnly; Max-Age=0; Path={CALLBACK}; SameSite=lax')

    # Streamlit's connection --------------------------------------------------------------------------------------

    async def websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Only from the lab's own pages, and only while the cookie it was opened with still counts."""
        connection = HTTPConnection(scope)
        cookies, over = connection.cookies, False
        if connection.headers.get("origin") != self.sign_in.origin or not self.visitor(cookies).allowed:
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return

        async def received() -> Message:
            nonlocal over
            message = await receive()
            if message["type"] == "websocket.receive" and not self.visitor(cookies).allowed:
                over = True
                await send({"type": "websocket.close", "code": POLICY_VIOLATION})
                return {"type": "websocket.disconnect", "code": POLICY_VIOLATION}
            return message

        async def sent(message: Message) -> None:
            if not over:
                await send(message)

        await self.app(scope, received, sent)


def digest(cookies: Mapping[str, str]) -> bytes:
    """Of what is signed, without the signature: that can be written in more than one way (base64's last bits)."""
    return hashlib.sha256(cookies.get(USER_COOKIE_NAME, "").rpartition(".")[0].encode()).digest()


def is_local(to: str) -> bool:
    """Whether it is a path of this lab: a browser reads `//` and `/\\` as the beginning of another host's name."""
    plain = all("!" <= character <= "~" and character != "\\" for character in to)
    return plain and to.startswith("/") and not to.startswith("//") and len(to) <= TO_LONGEST


def secure(message: Message) -> None:
    """Streamlit never marks its cookies so, because it does not know whether there is TLS before it."""
    message["headers"] = [
        (name, value + b"; Secure" if name.lower() == b"set-cookie" and b"; secure" not in value.lower() else value)
        for name, value in message["headers"]
    ]
