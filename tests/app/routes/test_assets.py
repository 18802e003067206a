"""Assets: the known names only, checked again unless the URL carries a version."""

import pytest


@pytest.fixture
def assets(serve, agent, tmp_path):
    (tmp_path / "editor.js").write_text("export default 1")
    (tmp_path / "other.js").write_text("not known")
    known = {"editor.js": tmp_path / "editor.js", "gone.css": tmp_path / "gone.css"}
    with serve(None, agent.url, known) as client:
        yield client


def test_a_known_asset_is_a_script_that_is_checked_again(assets):
    answer = assets.get("/assets/editor.js")
    assert (answer.status_code, answer.text) == (200, "export default 1")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert assets.get("/assets/editor.js", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_a_version_lets_the_browser_keep_it(assets):
    assert "immutable" in assets.get("/assets/editor.js?v=1a2b").headers["cache-control"]


@pytest.mark.parametrize("name", ["other.js", "gone.css", "..%2fsecret", "editor.js%00"])
def test_nothing_else_is_served(assets, name):
    assert assets.get(f"/assets/{name}").status_code == 404


def test_every_answer_carries_the_security_headers(assets):
    for answer in (assets.get("/assets/editor.js"), assets.get("/nowhere")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        policy = answer.headers["content-security-policy"]
        for kind in ("img-src", "media-src", "connect-src"):
            assert f"{kind} 'self' data: blob:" in policy.split("; ")
        assert {"frame-ancestors 'self'", "object-src 'none'", "base-uri 'self'"} <= set(policy.split("; "))
