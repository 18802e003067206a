"""A lab that people sign in to, in a browser, with a provider on this machine: closed before, whole after, closed again."""

from __future__ import annotations

import base64
import json

import pytest

from app.sign_in.gate import ENDED, OPEN
from gpu_agent.models import Status
from tests.app.sign_in.addresses import addresses
from tests.gpu_agent.live import tiny_clip
from tests.stubs import oidc

from .codecs import PLAIN
from .conftest import running
from .programs import Lab
from .steps import dispatch, ready, results

pytestmark = pytest.mark.browser

ADA = {"email": "ada@example.com", "email_verified": True, "name": "Ada *Lovelace*"}
EVE = {"email": "eve@evil.example", "email_verified": True, "name": "Eve"}
REFUSED = ("401: ", "403: ", "status 401")
UPLOAD = """async (data) => {
    const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
    return (await fetch("/upload?name=mine.y4m", { method: "POST", body: bytes })).status;
}"""


@pytest.fixture
def provider():
    provider = oidc.Provider()
    yield provider
    provider.stop()


@pytest.fixture
def closed_lab(chromium, provider, tmp_path):
    lab = Lab(tmp_path, claude=False)
    section = {
        "redirect_uri": f"{lab.url}/oauth2callback",
        "cookie_secret": "of this test, and longer than it needs to be",
        "client_id": oidc.CLIENT,
        "client_secret": oidc.SECRET,
        "server_metadata_url": provider.metadata_url,
    }
    lab.app.environment |= {
        "CODEC_LAB_AUTH": json.dumps(section),
        "CODEC_LAB_SIGN_IN_ALLOWED": '["ada@example.com"]',
    }
    yield from running(lab)


def statuses(page, lab: Lab, more: tuple[str, ...] = ()) -> set[int]:
    """What every closed address answers with the cookies of this browser."""
    paths = [path for _, path in addresses() if path not in OPEN]
    return {page.request.get(lab.url + path, max_redirects=0).status for path in (*paths, *more)}


def sign_in(page) -> None:
    page.get_by_role("link", name="Sign in", exact=True).click()


def sign_out(page) -> None:
    page.get_by_test_id("stTopNavSection").click()
    page.get_by_text("Sign out").click()
    page.get_by_role("link", name="Sign in", exact=True).first.wait_for()


def test_closed_before_whole_after_and_closed_again(open_page, closed_lab, provider, tmp_path):
    lab, provider.person = closed_lab, ADA
    draft = lab.draft(PLAIN)
    page = open_page(lab, f"/?draft={draft}", expect=REFUSED)
    page.get_by_role("link", name="Sign in", exact=True).first.wait_for()
    assert page.locator("script").count() == page.locator("[data-testid]").count() == 0
    assert statuses(page, lab) == {401}

    sign_in(page)
    ready(page)
    assert f"draft={draft}" in page.url
    page.get_by_text("Ada *Lovelace*").first.wait_for()
    fetched = []
    page.on("response", lambda r: r.url.split("?")[0].endswith("preview.mp4") and fetched.append(r))
    run = dispatch(page, lab, draft)
    assert lab.ended(run).status is Status.SUCCEEDED
    results(page)
    video = fetched[0]
    assert video.status in (200, 206)
    page.get_by_role("button", name="Play").first.click()
    page.locator("video").first.evaluate(
        "v => v.currentTime > 0 || new Promise(played => v.addEventListener('timeupdate', played, {once: true}))"
    )
    assert page.locator("video").first.evaluate("v => v.readyState") >= 2
    part = page.request.get(video.url, headers={"Range": "bytes=0-9"})
    assert (part.status, len(part.body())) == (206, 10)
    away = (f"/export/{run}.zip", f"/comparison/report.json?with={run}", f"/artifacts/{run}/code.py")
    assert [page.request.get(lab.url + path).status for path in away] == [200] * 3
    clip = base64.b64encode(tiny_clip(tmp_path).read_bytes()).decode()
    assert page.evaluate(UPLOAD, clip) == 201

    kept = [c for c in page.context.cookies() if c["name"].startswith("_streamlit_user")]
    assert {c["httpOnly"] for c in kept} == {True}
    other = page.context.new_page()
    other.goto(f"{lab.url}/experiments")
    other.get_by_text("Search", exact=True).first.wait_for()
    sign_out(page)
    closed = (*away, video.url.removeprefix(lab.url))
    assert statuses(page, lab, closed) == {401}
    assert page.goto(video.url).status == 401  # not from the browser's cache either
    other.get_by_text("Archived").click()
    other.get_by_role("dialog").filter(has_text=ENDED).wait_for()
    other.close()  # it would go on asking
    page.context.add_cookies(kept)
    assert statuses(page, lab, closed) == {401}


def test_somebody_who_is_not_on_the_list_reads_one_sentence_and_sees_nothing(open_page, closed_lab, provider):
    lab, provider.person = closed_lab, None
    page = open_page(lab, "/experiments?archived=1", expect=REFUSED)
    sign_in(page)
    page.get_by_text("Signing in did not work.").first.wait_for()
    provider.person, provider.signer = ADA, oidc.new_key()  # not the provider's word
    with page.expect_navigation(url="**/?sign_in=failed"):
        sign_in(page)
    assert statuses(page, lab) == {401}
    provider.person, provider.signer = EVE, provider.key
    sign_in(page)
    page.get_by_text("You are signed in as eve@evil.example, and that address may not use this lab.").first.wait_for()
    assert page.locator("[data-testid]").count() == 0
    assert page.url.startswith(f"{lab.url}/experiments")  # the page that was asked for at first
    assert statuses(page, lab) == {403}
    page.get_by_role("link", name="Sign out").click()
    provider.person = ADA
    sign_in(page)
    page.get_by_text("Ada *Lovelace*").first.wait_for()
    ready(page)
    page.close()  # before the lab ends: a page that is still loading would say so
