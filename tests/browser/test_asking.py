"""The measurement goes back to Claude, and a better codec comes: from an experiment's page to the verdict on a hypothesis."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpu_agent.models import Status

from .codecs import PLAIN
from .programs import wait_for
from .steps import dispatch, open_draft, ready, say, settled, wait_value

pytestmark = pytest.mark.browser

CURVE = PLAIN.replace("RATES = (4, 16)", "RATES = (2, 4, 8, 16)")


def review(page):
    return page.get_by_role("button", name="Review in editor")


def turn_ended(page) -> None:
    """The page is drawn once more as a reply ends, with the box enabled: not in between, nor before it was disabled."""
    box = page.get_by_test_id("stChatInputTextArea")

    def ended() -> bool:
        settled(page)
        return box.is_enabled()

    wait_for(ended, "the end of the turn")


def test_improving_an_experiment_ends_with_a_verdict_on_what_was_expected(open_page, lab):
    page, draft = open_draft(open_page, lab, CURVE)
    parent = lab.ended(dispatch(page, lab, draft))
    assert parent.status is Status.SUCCEEDED
    page.goto(f"{lab.url}/experiment?id={parent.id}")
    page.get_by_text("Y-PSNR and SSIM").first.wait_for()
    page.get_by_role("button", name="Ask Claude").click()
    page.get_by_placeholder("Anything in particular?").fill("Mind the still areas")
    page.get_by_role("button", name="Ask Claude to improve this").click()  # what was typed is taken with the click

    review(page).wait_for()  # the lab, with a draft and a conversation of its own
    page.get_by_text("Mind the still areas").first.wait_for()
    content = lab.asked_claude()[-1]["body"]["messages"][-1]["content"]
    kinds = [block["type"] for block in content]
    assert kinds == ["text"] + ["text", "image"] * (len(kinds) // 2)
    assert "image" in kinds
    row = parent.results[0]
    for part in (CURVE, f"- rate {row.rate:g}: {row.kbps:.1f} kbit/s", "### Where the bits go", "Mind the still areas"):
        assert part in content[0]["text"]
    page.get_by_text("Show what Claude got").click()
    page.get_by_text("Where the bits go").first.wait_for()
    page.locator("[data-testid=stImage] img").first.wait_for()

    review(page).click()
    page.get_by_role("button", name="Accept all").first.wait_for()
    opened = page.url.partition("draft=")[2]
    assert lab.saved_draft(opened).baseline == CURVE  # the diff is against what the person had
    page.get_by_role("button", name="Accept all").click()
    wait_for(lambda: (d := lab.saved_draft(opened)).baseline == d.text, "the accepted diff", 30)
    wait_value(page, "Hypothesis", "a wider dead zone")  # the form is drawn after the editor
    child = lab.ended(dispatch(page, lab, opened))
    assert (child.parent_id, child.hypothesis.bd_rate, child.hypothesis.by) == (parent.id, -3, "claude")
    assert child.summary.judgement.verdict == "borne_out", child.summary
    said = page.get_by_text("Expected 3.0")
    borne_out = lambda: ["fewer: borne out." in text for text in said.all_text_contents()] == [True]
    wait_for(borne_out, "the verdict", 60)


def test_a_conversation_is_opened_again_after_a_new_one_and_branched(open_page, lab):
    page, draft = open_draft(open_page, lab, PLAIN)
    say(page, "The first of my thoughts")
    review(page).wait_for()
    page.get_by_role("button", name="New chat").click()
    page.get_by_text("For example:").first.wait_for()
    page.get_by_role("button", name="Chats").click()
    page.get_by_role("button", name="The first of my thoughts").first.click()
    page.get_by_role("button", name="Branch").first.wait_for()
    first = lab.saved_draft(draft).conversation_id
    page.get_by_role("button", name="Branch").click()
    page.get_by_text("copied").first.wait_for()
    branch = lab.saved_draft(draft).conversation_id
    assert branch != first
    say(page, "Another way on")
    wait_for(lambda: review(page).count() == 2, "the answer in the branch", 60)
    turn_ended(page)
    sent = lab.asked_claude()[-1]["body"]["messages"]
    assert [m["role"] for m in sent] == ["user", "assistant", "user"]
    assert {b["type"] for b in sent[1]["content"]} == {"text"}  # the thinking is bound to the other conversation

    page.get_by_role("button", name="Chats").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as markdown").click()
    text = Path(download.value.path()).read_text()
    assert "The first of my thoughts" in text
    assert "Another way on" in text
    title = page.get_by_role("textbox", name="Title of this conversation")
    title.fill("The better way")
    title.press("Enter")
    wait_for(lambda: lab.chats.get(branch).title == "The better way", "the new title", 30)
    page.reload()
    ready(page)
    page.get_by_text("Another way on").first.wait_for()
    page.get_by_role("button", name="Chats").click()
    wait_value(page, "Title of this conversation", "The better way")
