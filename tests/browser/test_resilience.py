"""What survives: a run through refresh and restarts, a draft through everything, the queue through an absent agent."""

from __future__ import annotations

import pytest

from gpu_agent.models import Status

from .codecs import PLAIN, SLOW
from .programs import wait_for
from .steps import dispatch, open_draft, ready, results, settled

pytestmark = pytest.mark.browser


def test_a_run_is_found_again_after_a_refresh_and_is_cancelled(open_page, lab):
    page, draft = open_draft(open_page, lab, SLOW)
    run = dispatch(page, lab, draft)
    page.get_by_text("Running: ").first.wait_for()
    box = page.get_by_test_id("stChatInputTextArea")
    box.click()
    page.keyboard.type("typed slowly while the run is polled", delay=70)  # two seconds and more of polls
    assert box.input_value() == "typed slowly while the run is polled"
    waiting = lab.draft(PLAIN)
    second = open_page(lab, f"/?draft={waiting}")
    ready(second)
    queued = dispatch(second, lab, waiting)
    second.get_by_text("Queued: 1 experiment ahead of it.").first.wait_for()

    page.reload()
    page.get_by_text("Running: ").first.wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Cancelled", exact=False).first.wait_for()
    assert lab.ended(run).status is Status.CANCELLED
    assert lab.ended(queued).status is Status.SUCCEEDED
    results(second)


def test_a_run_and_a_draft_outlive_the_lab(open_page, lab):
    page, draft = open_draft(
        open_page,
        lab,
        SLOW,
        expect=("ERR_", "WebSocket", "_stcore", "dynamically imported", "from server", "not responding"),
    )
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("# kept")
    page.get_by_role("textbox", name="Title").fill("Outlives the lab")
    page.keyboard.press("Tab")
    wait_for(lambda: lab.saved_draft(draft).form["title"] == "Outlives the lab", "the saved form", 30)
    run = dispatch(page, lab, draft)
    page.get_by_text("Running: ").first.wait_for()
    lab.app.stop()
    lab.app.start()
    lab.app.wait()
    page.goto(f"{lab.url}/?draft={draft}")
    ready(page)
    page.get_by_role("heading", name="Outlives the lab").first.wait_for()
    page.get_by_text("Running: ").first.wait_for()
    assert "# kept" in lab.saved_draft(draft).text
    assert page.get_by_role("textbox", name="Title").input_value() == "Outlives the lab"
    page.get_by_role("link", name="Experiments", exact=True).click()
    page.get_by_test_id("stDataFrame").wait_for()
    page.get_by_role("link", name="Lab", exact=True).click()
    page.wait_for_url(f"**draft={draft}")
    ready(page)
    page.get_by_role("button", name="Cancel").click()
    assert lab.ended(run).status is Status.CANCELLED


def says_the_agent_is_away(page) -> int:
    page.reload()
    ready(page)
    return page.get_by_text("The agent does not answer. You can go on writing").count()


def test_without_the_agent_work_is_queued_and_starts_when_it_is_back(open_page, lab):
    lab.agent.stop()
    try:
        page, draft = open_draft(open_page, lab, PLAIN)
        wait_for(lambda: says_the_agent_is_away(page), "the notice; the lab may have heard of the agent a moment ago")
        run = dispatch(page, lab, draft)
        page.get_by_text("The agent is down; the experiment starts when it is back.").first.wait_for()
        assert lab.store.get(run).status is Status.QUEUED
    finally:
        lab.agent.start()
        lab.agent.wait()
    results(page)
    assert lab.ended(run).status is Status.SUCCEEDED


def test_what_is_being_typed_stays_as_the_agent_goes(open_page, lab):
    page, draft = open_draft(open_page, lab, PLAIN)
    box = page.get_by_test_id("stChatInputTextArea")
    box.click()
    page.keyboard.type("half a thought")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")

    def noticed() -> int:
        length = len(lab.saved_draft(draft).text)
        page.keyboard.type("#")  # once typing pauses, the page is drawn again and hears of the agent
        wait_for(lambda: len(lab.saved_draft(draft).text) > length, "what was typed", 30)
        settled(page)
        return page.get_by_text("The agent does not answer. You can go on writing").count()

    lab.agent.stop()
    try:
        wait_for(noticed, "the notice")
        page.keyboard.type(" and on")
        wait_for(lambda: lab.saved_draft(draft).text.endswith("# and on"), "what was typed on", 30)
        settled(page)
        assert box.input_value() == "half a thought"
    finally:
        lab.agent.start()
        lab.agent.wait()


def test_a_lab_without_key_and_agent_says_what_to_do(open_page, bare_lab):
    page = open_page(bare_lab)
    ready(page)
    page.get_by_text("Claude needs an API key. Set ANTHROPIC_API_KEY").first.wait_for()
    assert page.get_by_test_id("stChatInputTextArea").is_disabled()
    page.wait_for_url("**draft=*")
    first = bare_lab.saved_draft(page.url.split("draft=")[1])
    assert "def encode(video, rate):" in first.text  # something to run is there from the first
    assert first.origin["kind"] == "starter"
    page.get_by_role("button", name="Dispatch").click()
    page.get_by_text("Queued: next in line.").first.wait_for()
    page.goto(f"{bare_lab.url}/experiments")
    page.get_by_text("The agent does not answer.").first.wait_for()
    page.get_by_test_id("stDataFrame").wait_for()
