"""The autopilot in a browser: start it, watch it, steer it, approve a candidate, look into it, stop."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

import pytest

from app.autopilot.ledger import Ledger
from gpu_agent.models import Status
from tests.app.autopilot.codecs import reply

from .codecs import PLAIN
from .programs import Lab, wait_for
from .steps import CHART, click_in

pytestmark = pytest.mark.browser


@pytest.fixture
def autopilot(lab: Lab) -> Iterator[Ledger]:
    lab.autopilot.start()
    yield Ledger(lab.data / "autopilot.db")
    lab.autopilot.stop()


def answer(lab: Lab, *replies: dict) -> None:
    body = json.dumps({"replies": replies}).encode()
    request = urllib.request.Request(f"{lab.stub_url}/__stub__/queue", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as done:
        assert done.status == 200


def clear(page, label: str) -> None:
    """Empty a field of several choices, and wait until the page knows."""
    field = page.locator("[data-testid=stMultiSelect]").filter(has_text=label)
    field.get_by_role("button", name="Clear all").click()
    field.locator("span[data-baseweb=tag]").first.wait_for(state="detached")


def test_start_watch_steer_and_stop(open_page, lab, autopilot):
    words = "Whole planes, deflated.\n\nExpected: about as many bits, because nothing is predicted."
    other = reply(PLAIN.replace("// rate", "// max(1, rate)"), words)
    slow = {"text": other, "chunk": 2, "delay": 0.5}  # until it is stopped
    answer(lab, {"text": reply(PLAIN, words)}, slow)
    page = open_page(lab, "/autopilot")
    page.get_by_text("No run yet.").first.wait_for()
    page.get_by_label("Goal", exact=True).fill("Plain planes, but smaller.")
    page.get_by_label("Frames", exact=True).fill("4")
    page.get_by_label("Frames", exact=True).press("Tab")
    clear(page, "Start from")
    clear(page, "Validation clips")
    page.get_by_text("$5.00 is enough for about").first.wait_for()
    page.get_by_role("button", name="More options").click()
    page.get_by_text("Ask me before each run").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url("**/autopilot?run=*")
    run = page.url.split("run=")[1]

    page.get_by_text("Attempt 1 waits for your approval: Plain planes").first.wait_for(timeout=120_000)
    page.get_by_role("textbox", name="Steer").fill("Leave the header as it is.")
    page.get_by_role("button", name="Send").click()
    page.get_by_text("Leave the header as it is.").first.wait_for()
    page.get_by_role("button", name="Approve").click()
    wait_for(
        lambda: len(autopilot.attempts(run)) > 1 and autopilot.attempts(run)[1].request == "begun",
        "the second request",
        240,
    )
    page.get_by_text("Attempt 2 (improvement): Claude is working on it").first.wait_for()
    first = autopilot.attempts(run)[0]
    assert lab.store.get(first.experiments["full"]).status is Status.SUCCEEDED
    question = "\n".join(b.get("text", "") for b in lab.asked_claude()[-1]["body"]["messages"][-1]["content"])
    assert "Leave the header as it is." in question
    assert "Plain planes, but smaller." in question

    tree = page.locator(CHART).last
    place = """(figure) => {
        const { xaxis, yaxis } = figure._fullLayout;
        const of = (trace, n) => (trace.customdata ?? []).map(([id]) => ({ id, at: figure.calcdata[n][0] }));
        const nodes = figure.data.flatMap(of); // one trace for each state: here one node in each
        const first = nodes.find((node) => node.id === "1");
        return nodes.length === 2 ? [xaxis._offset + xaxis.c2p(first.at.x), yaxis._offset + yaxis.c2p(first.at.y)] : null;
    }"""
    click_in(page, tree, place)
    page.get_by_text("Attempt 1: Plain planes").first.wait_for()
    page.get_by_role("tab", name="Exchange with Claude").click()
    page.get_by_text("Whole planes, deflated.").first.wait_for()

    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("Stopped by a person.").first.wait_for()
    ended = autopilot.run(run)
    assert ended.state == "ended"
    second = autopilot.attempts(run)[1]
    assert (second.verdict, second.request) == ("stopped", "open")
    page.get_by_role("link", name="Full run").click()
    page.wait_for_url(f"**/experiment?id={first.experiments['full']}")
