"""The gate before the lab's real routes and Streamlit's: closed to strangers whatever is asked, open to those who may."""

from __future__ import annotations

import contextlib
import string

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from app import server
from app.sign_in import configured, gate, sign_in

from .addresses import addresses
from .conftest import ADA, ORIGIN, payload, signed, signed_before

STREAM = "wss://lab.example.com/_stcore/stream"
PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
VIDEO = {"Range": "bytes=0-1", "Sec-Fetch-Dest": "video"}
OTHERS = [
    {},
    {USER_COOKIE_NAME: "forged"},
    {USER_COOKIE_NAME: signed(payload(ADA), secret="another secret of more than 32 characters")},
    {USER_COOKIE_NAME: signed_before(90_000, payload(ADA))},
    {USER_COOKIE_NAME: signed(payload(ADA | {"email": "eve@example.com"}))},
    {USER_COOKIE_NAME: signed(payload(ADA | {"email_verified": False}))},
    {USER_COOKIE_NAME: signed("chunks-2")},
]
"""Nobody, forgers, a person whose sign-in is over, and people whom the provider knows and the lab does not."""


@pytest.fixture
def client(settings, monkeypatch):
    """A client of the lab's server as `serve` puts it together; behind the gate stands a page that says "inside"."""
    monkeypatch.setattr(configured, "is_authlib_installed", lambda: True)
    monkeypatch.setattr(gate, "generate_login_redirect_url", lambda provider: f"/auth/login?provider={provider}")

    async def inside(request):
        return PlainTextResponse("inside", headers={"Set-Cookie": "_streamlit_xsrf=1; Path=/"})

    async def callback(request):
        answer = RedirectResponse("/", 302)
        if "good" in request.query_params:
            answer.set_cookie(USER_COOKIE_NAME, signed(payload(ADA)), httponly=True, samesite="lax")
        else:
            answer.delete_cookie(USER_COOKIE_NAME)
        return answer

    async def stream(socket):
        await socket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await socket.send_text("to " + await socket.receive_text())

    made = settings(allowed_hosts=["lab.example.com", "localhost"])
    routes = [
        Route("/oauth2callback", callback),
        WebSocketRoute("/_stcore/stream", stream),
        Route("/{path:path}", inside, methods=["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]),
    ]
    app = Starlette(routes=routes, middleware=server.middleware(made, sign_in(made)))
    with TestClient(app, base_url=ORIGIN, follow_redirects=False) as client:
        yield client


@pytest.fixture
def ada(client):
    client.cookies.set(USER_COOKIE_NAME, signed(payload(ADA)))
    return client


# Strangers --------------------------------------------------------------------------------------------------------


def test_the_routes_are_all_there():
    paths = {path for _, path in addresses()}
    assert {"/artifacts/x", "/upload", "/export/x.zip", "/comparison/report.x", "/assets/x", "/health"} <= paths
    assert {"/blind/x/x/preview.mp4", "/blind/x/x/frames/7.png", "/_stcore/health", "/media/x", "/auth/login"} <= paths
    assert len(paths) > 20


@pytest.mark.parametrize("cookies", OTHERS)
def test_no_route_answers_whoever_may_not_come_in(client, cookies):
    """Every route of the lab and of Streamlit by each of its methods: one that is added is asked here too."""
    client.cookies.update(cookies)
    for methods, path in addresses():
        if path in gate.OPEN:
            continue
        for method in {*methods, "GET", "HEAD", "POST", "OPTIONS"}:
            for headers in ({}, PAGE, VIDEO) if method == "GET" else ({},):
                answer = client.request(method, path, headers=headers)
                assert answer.status_code in (401, 403), f"{method} {path}"
                assert "inside" not in answer.text
                assert answer.headers["cache-control"] == "no-store"
                assert answer.headers["vary"] == "Cookie"


def test_only_the_way_in_and_out_and_the_build_are_open(client):
    assert {"/sign-in", "/auth/login", "/auth/logout", "/oauth2callback", "/health"} == gate.OPEN
    for path in gate.OPEN:
        assert client.get(path).status_code in (200, 302), path


@pytest.mark.parametrize(
    "path",
    [
        "/health/",
        "//health",
        "/health/../artifacts/x",
        "/HEALTH",
        "/health%2f..",
        "/sign-in/x",
        "/%68ealth%00",
        "/auth/login/",
    ],
)
def test_what_only_begins_like_an_open_path_is_closed(client, path):
    assert client.get(path).status_code == 401


def test_people_get_a_page_and_programs_a_code(client):
    page = client.get("/experiment?id=1", headers=PAGE)
    assert page.status_code == 401
    assert page.headers["content-type"].startswith("text/html")
    assert 'href="/sign-in?to=%2Fexperiment%3Fid%3D1"' in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "link" not in page.headers  # no script of Streamlit's is loaded ahead of what is not shown
    assert client.get("/artifacts/x/y.json").json()["error"]["code"] == "sign_in"
    assert client.get("/_stcore/health").json()["error"]["message"] == gate.ENDED


def test_somebody_who_is_not_on_the_list_reads_one_sentence(client):
    client.cookies.set(USER_COOKIE_NAME, signed(payload(ADA | {"email": "eve@<b>.example"})))
    assert "no e-mail address" in client.get("/", headers=PAGE).text
    client.cookies.set(USER_COOKIE_NAME, signed(payload(ADA | {"email": "eve@example.com", "name": "<b>Eve"})))
    answer = client.get("/", headers=PAGE)
    assert answer.status_code == 403
    assert "You are signed in as eve@example.com, and that address may not use this lab." in answer.text
    assert 'href="/auth/logout"' in answer.text
    assert client.get("/artifacts/x/y").json()["error"]["code"] == "not_allowed"


def test_the_page_shows_no_path_as_markup(client):
    answer = client.get("/%22%3E%3Cscript%3E?%22%3E<script>", headers=PAGE)
    assert "<script" not in answer.text


@pytest.mark.parametrize("cookies", OTHERS)
def test_no_websocket_opens(client, cookies):
    client.cookies.update(cookies)
    refused(client, {"Origin": ORIGIN})


def refused(client, headers):
    with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect(STREAM, headers=headers):
        pass
    assert closed.value.code == 1008


# Those who may ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_whoever_may_comes_in(ada, method):
    answer = ada.request(method, "/artifacts/x", headers={"Range": "bytes=0-1", "Origin": ORIGIN})
    assert answer.status_code == 200
    assert answer.headers["vary"] == "Cookie"
    assert answer.headers["set-cookie"] == "_streamlit_xsrf=1; Path=/; Secure"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}]
)  # fmt: skip
def test_another_site_changes_nothing_with_her_cookie(ada, method, headers):
    assert ada.request(method, "/upload", headers=headers).status_code == 403


def test_another_site_does_not_sign_her_out(ada):
    assert ada.get("/auth/logout", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert ada.get("/").text == "inside"


def test_after_signing_out_a_copy_of_the_cookie_is_of_no_use(ada):
    other = signed(payload(ADA | {"name": "on another machine"}))
    assert ada.get("/auth/logout", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200
    assert ada.get("/").status_code == 401
    ada.cookies.clear()
    ada.cookies.set(USER_COOKIE_NAME, other)
    assert ada.get("/").text == "inside"


def test_nor_is_the_same_cookie_with_its_signature_written_otherwise(ada):
    """The last letter of 20 bytes in base64 has two bits that nobody reads."""
    cookie = ada.cookies[USER_COOKIE_NAME]
    letters = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    other = cookie[:-1] + letters[letters.index(cookie[-1]) ^ 1]
    ada.cookies.set(USER_COOKIE_NAME, other)
    assert ada.get("/").text == "inside"
    ada.cookies.set(USER_COOKIE_NAME, cookie)
    ada.get("/auth/logout")
    ada.cookies.set(USER_COOKIE_NAME, other)
    assert ada.get("/").status_code == 401


def test_a_host_that_is_not_the_labs_is_refused_before_anything(ada):
    assert ada.get("/", headers={"Host": "evil.example"}).status_code == 400


def test_her_websocket_opens_from_the_labs_own_pages_alone(ada):
    with ada.websocket_connect(STREAM, headers={"Origin": ORIGIN}) as socket:
        socket.send_text("you")
        assert socket.receive_text() == "to you"
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "http://localhost:8501"}, {}):
        refused(ada, headers)


def test_an_open_websocket_ends_with_the_sign_in(ada):
    with ada.websocket_connect(STREAM, headers={"Origin": ORIGIN}) as socket:
        ada.get("/auth/logout")
        socket.send_text("run it")
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
    assert closed.value.code == 1008


# The way in -------------------------------------------------------------------------------------------------------


def test_the_way_leads_back_to_where_she_wanted(client):
    begun = client.get("/sign-in", params={"to": "/experiment?id=1&q=a%20b"})
    assert begun.headers["location"] == "/auth/login?provider=default"
    cookie = begun.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "Path=/oauth2callback" in cookie
    assert "Secure" in cookie
    back = client.get("/oauth2callback?state=s&good=1")
    assert back.headers["location"] == "/experiment?id=1&q=a%20b"
    assert gate.TO not in client.cookies
    assert all("; Secure" in value for value in back.headers.get_list("set-cookie"))


@pytest.mark.parametrize(
    "to", ["//evil.example", "/\\evil.example", "https://evil.example", "evil.example", "/\tevil", "/ü", "/x\r\nSet-Cookie: a", "/" * 2000]
)  # fmt: skip
def test_but_never_to_another_site(client, to):
    client.get("/sign-in", params={"to": to})
    assert gate.TO not in client.cookies
    client.cookies.set(gate.TO, to.encode().hex() if "\r" in to or "ü" in to else to.replace("\t", "%09"))
    assert client.get("/oauth2callback?state=s&good=1").headers["location"] == "/"


def test_from_another_of_the_labs_names_it_starts_at_the_one_that_it_leads_back_to(client):
    """As through the tunnel: what is remembered under one name is not sent to the other."""
    begun = client.get("/sign-in?to=%2Fcompare", headers={"Host": "localhost:8501"})
    assert begun.headers["location"] == f"{ORIGIN}/sign-in?to=%2Fcompare"
    assert "set-cookie" not in begun.headers


@pytest.mark.parametrize("query", ["state=s", "error=access_denied&state=s"])
def test_a_try_that_came_to_nothing_is_said(client, query):
    back = client.get(f"/oauth2callback?{query}")
    assert back.headers["location"] == "/?sign_in=failed"
    page = client.get(back.headers["location"], headers=PAGE)
    assert "Signing in did not work" in page.text
    assert 'href="/sign-in?to="' in page.text


def test_coming_back_from_signing_out_is_no_failure(client):
    assert client.get("/oauth2callback").headers["location"] == "/"


def test_without_a_configuration_there_is_no_gate(settings):
    made = settings()
    app = Starlette(
        routes=[Route("/", lambda request: PlainTextResponse("inside"))], middleware=server.middleware(made)
    )
    with TestClient(app, base_url=ORIGIN) as client:
        assert client.get("/").text == "inside"
        assert "vary" not in client.get("/").headers
