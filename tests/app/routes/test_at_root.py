from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse, HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from app.routes.at_root import HEAD, SAID, AtRoot

PAGE = "<html><head><title>é</title></head><body>The tag &lt;head> and <head> once more</body></html>".encode()


@pytest.fixture
def client(tmp_path):
    (tmp_path / "index.html").write_bytes(PAGE)
    page = lambda request: FileResponse(tmp_path / "index.html", headers={"Cache-Control": "no-cache"})
    gone = lambda request: HTMLResponse(PAGE, status_code=404)
    routes = [Route("/gone", gone), Route("/{page:path}", page)]
    inside = [Middleware(AtRoot, pages={"", "compare", "gone"}), Middleware(GZipMiddleware, minimum_size=1)]
    return TestClient(Starlette(routes=routes, middleware=inside))


@pytest.mark.parametrize("path", ["/", "/compare", "/compare?with=a"])
def test_a_page_is_told_where_its_server_is_before_its_scripts(client, path):
    answer = client.get(path)
    assert answer.content == PAGE.replace(HEAD, HEAD + SAID, 1)
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["cache-control"] == "no-cache"


def test_what_a_browser_kept_of_the_page_as_it_was_is_not_taken_for_the_page(client):
    kept = client.get("/elsewhere").headers
    answer = client.get("/compare", headers={"If-None-Match": kept["etag"], "If-Modified-Since": kept["last-modified"]})
    assert answer.status_code == 200
    assert SAID in answer.content
    assert not {"etag", "last-modified", "accept-ranges"} & set(answer.headers)


def test_a_part_of_a_page_is_not_sent(client):
    answer = client.get("/compare", headers={"Range": "bytes=0-3"})
    assert (answer.status_code, answer.content) == (200, PAGE.replace(HEAD, HEAD + SAID, 1))


@pytest.mark.parametrize("path", ["/elsewhere", "/gone"])
def test_other_paths_and_failures_pass_as_they_are(client, path):
    assert client.get(path).content == PAGE


def test_only_reading_a_page_is_answered_so(client):
    answer = client.head("/compare")
    assert answer.content == b""
    assert "etag" in answer.headers
