"""The editor in a browser: no keystroke is lost, only a revision replaces the text, the diff edits what Python has."""

from __future__ import annotations

import pytest

from gpu_agent.contract import EXAMPLE

from .conftest import told, wait_told
from .harness.codec import BASELINE

pytestmark = pytest.mark.browser


def open_editor(open_page, query: str = "", **options):
    page = open_page(query, **options)
    page.locator(".cm-content").wait_for()
    return page


def at_end(page) -> None:
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")


def type_line(page, text: str) -> None:
    at_end(page)
    page.keyboard.type(text)


def rerun(page) -> str:
    """Click the page's button; returns what Python had of the text by then. More runs may follow, of what was typed."""
    before = told(page, "clicked")
    page.get_by_role("button", name="Rerun").click()
    page.wait_for_function(
        "n => JSON.parse(document.querySelector('[data-testid=told]').textContent).clicked.length > n",
        arg=len(before),
    )
    return told(page, "clicked")[len(before)]


def test_typing_reaches_python_and_survives_reruns(open_page):
    page = open_editor(open_page)
    type_line(page, "# one")
    wait_told(page, "text", EXAMPLE + "# one")
    wait_told(page, "draft", EXAMPLE + "# one")
    rerun(page)
    type_line(page, " two, and rc")
    assert rerun(page) == EXAMPLE + "# one two, and rc"
    assert told(page, "text") == EXAMPLE + "# one two, and rc"
    assert "# one two, and rc" in page.locator(".cm-content").inner_text()


def test_typing_goes_on_while_python_reruns(open_page):
    page = open_editor(open_page)
    at_end(page)
    words = "# a rather long comment whose typing takes several reruns of the script " * 2
    page.keyboard.type(words, delay=12)
    wait_told(page, "text", EXAMPLE + words)


def test_a_click_right_after_typing_has_the_newest_text(open_page):
    page = open_editor(open_page)
    type_line(page, "# last keys")
    assert rerun(page) == EXAMPLE + "# last keys"


def test_ctrl_enter_submits_the_newest_text_once(open_page):
    page = open_editor(open_page)
    type_line(page, "# go")
    page.keyboard.press("Control+Enter")
    wait_told(page, "submits", [EXAMPLE + "# go"])
    assert told(page, "text") == EXAMPLE + "# go"
    rerun(page)
    assert told(page, "submits") == [EXAMPLE + "# go"]


def test_only_another_revision_replaces_the_text_and_undo_takes_it_back(open_page):
    page = open_editor(open_page)
    type_line(page, "# mine")
    wait_told(page, "text", EXAMPLE + "# mine")
    page.get_by_role("button", name="Replace").click()
    wait_told(page, "text", "# revision 1\n" + EXAMPLE)
    page.locator(".cm-line", has_text="# revision 1").wait_for()
    page.locator(".cm-content").click()
    page.keyboard.press("Control+z")
    wait_told(page, "text", EXAMPLE + "# mine")


def test_text_cursor_and_history_survive_going_away(open_page):
    page = open_editor(open_page)
    at_end(page)
    page.keyboard.insert_text("# kept")  # one step to undo, however slowly keys come
    page.get_by_text("Hide").click()
    page.locator(".cm-content").wait_for(state="detached")
    page.get_by_text("Hide").click()
    page.locator(".cm-content").wait_for()
    wait_told(page, "text", EXAMPLE + "# kept")
    last = len(EXAMPLE.splitlines()) + 1
    assert page.locator(".position").text_content() == f"Line {last}, column 7"
    page.locator(".cm-content").focus()
    page.keyboard.type("!")
    wait_told(page, "text", EXAMPLE + "# kept!")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    wait_told(page, "text", EXAMPLE)


def test_text_survives_a_page_switch(open_page):
    page = open_editor(open_page)
    type_line(page, "# over there")
    page.get_by_role("link", name="Player").click(delay=80)  # as long as a person's click
    page.locator(".player").wait_for()
    page.get_by_role("link", name="Editor").click()
    page.locator(".cm-content").wait_for()
    wait_told(page, "text", EXAMPLE + "# over there")
    wait_told(page, "draft", EXAMPLE + "# over there")
    assert "# over there" in page.locator(".cm-content").inner_text()


def test_rejecting_a_change_puts_the_baseline_back_into_the_text(open_page):
    page = open_editor(open_page)
    page.get_by_text("Diff", exact=True).click()
    page.locator(".changes .count", has_text="2 changes").wait_for()
    page.locator(".cm-chunkButtons button[name=reject]").first.click()
    wait_told(page, "text", EXAMPLE.replace("RATES = (2, 4, 8, 16)", "RATES = (3, 6)"))
    assert page.locator(".changes .count").text_content() == "1 change"
    page.get_by_role("button", name="Reject all").click()
    wait_told(page, "text", BASELINE)
    assert page.locator(".changes .count").text_content() == "No changes"


def test_accepting_a_change_leaves_the_text_and_moves_the_baseline(open_page):
    page = open_editor(open_page)
    page.get_by_text("Diff", exact=True).click()
    page.locator(".changes .count", has_text="2 changes").wait_for()
    page.locator(".cm-chunkButtons button[name=accept]").first.click()
    wait_told(page, "baseline", BASELINE.replace("RATES = (3, 6)", "RATES = (2, 4, 8, 16)"))
    assert told(page, "text") == EXAMPLE
    page.get_by_text("Diff", exact=True).click()
    page.locator(".changes").wait_for(state="hidden")
    page.get_by_text("Diff", exact=True).click()
    page.locator(".changes .count", has_text="1 change").wait_for()
    page.get_by_role("button", name="Accept all").click()
    wait_told(page, "baseline", EXAMPLE)
    assert told(page, "text") == EXAMPLE


HELD = """
window.held = null; // or a list: what Python says is kept back
window.release = () => {
    const all = window.held;
    window.held = null;
    for (const [socket, data] of all) socket.dispatchEvent(new MessageEvent("message", { data }));
};
const Own = WebSocket;
window.WebSocket = class extends Own {
    constructor(...given) {
        super(...given);
        this.addEventListener("message", (event) => {
            if (window.held === null) return;
            event.stopImmediatePropagation();
            window.held.push([this, event.data]);
        });
    }
};
"""


def test_a_change_accepted_before_python_has_answered_the_one_before_stays_accepted(open_page):
    page = open_editor(open_page, script=HELD)
    page.get_by_text("Diff", exact=True).click()
    page.locator(".changes .count", has_text="2 changes").wait_for()
    page.evaluate("() => { window.held = []; }")
    accept = page.locator(".cm-chunkButtons button[name=accept]")
    accept.first.click()
    page.wait_for_function("""() => held.map(([, data]) => new TextDecoder().decode(data))
        .some((said) => said.includes('data-testid="told"') && !said.includes("RATES = (3, 6)"))""")
    accept.first.evaluate("""button => {
        button.dispatchEvent(new MouseEvent("mousedown", { bubbles: true, cancelable: true }));
        release();
    }""")
    wait_told(page, "baseline", EXAMPLE)
    page.locator(".changes .count", has_text="No changes").wait_for()
    assert told(page, "text") == EXAMPLE


def test_problems_of_the_contract_check_appear_in_the_gutter_and_are_counted(open_page):
    page = open_editor(open_page)
    assert page.locator(".cm-lint-marker").count() == 0
    type_line(page, "import requests\ndef encode(video): pass")
    page.locator(".problems", has_text="1 error, 1 warning").wait_for()
    assert page.locator(".cm-lint-marker-error").count() == 1
    assert page.locator(".cm-lint-marker-warning").count() == 1
    page.locator(".cm-lint-marker-error").hover()
    page.get_by_text("encode must accept two arguments").wait_for()


def test_read_only_takes_no_typing_and_no_submit(open_page):
    page = open_editor(open_page)
    page.get_by_text("Read only", exact=True).click()
    page.locator(".hint", has_text="read only").wait_for()
    type_line(page, "# no")
    page.keyboard.press("Control+Enter")
    rerun(page)
    assert told(page, "text") == EXAMPLE
    assert told(page, "submits") == []
    page.get_by_text("Read only", exact=True).click()
    page.locator(".hint", has_text="Enter to dispatch").wait_for()
    type_line(page, "# yes")
    wait_told(page, "text", EXAMPLE + "# yes")


def test_search_fold_and_indent_work(open_page):
    page = open_editor(open_page)
    page.locator(".cm-content").click()
    page.keyboard.press("Control+f")
    page.locator(".cm-search input[name=search]").focus()
    page.keyboard.type("zlib")
    page.locator(".cm-searchMatch").first.wait_for()
    page.keyboard.press("Escape")
    page.locator(".cm-foldGutter span[title='Fold line']").first.click()
    page.locator(".cm-foldPlaceholder").wait_for()
    type_line(page, "def f():")
    page.locator(".cm-line").last.locator("span", has_text="def").wait_for()  # the parser, which indents, came so far
    page.keyboard.press("Enter")
    page.keyboard.type("pass")
    wait_told(page, "text", EXAMPLE + "def f():\n    pass")


def test_colours_follow_the_theme_when_it_changes(open_page):
    page = open_editor(open_page, color_scheme="light")
    type_line(page, "# kept")
    ground = "e => getComputedStyle(e).backgroundColor"
    light = page.locator(".cm-editor").evaluate(ground)
    page.emulate_media(color_scheme="dark")
    page.locator(".editor[data-theme=dark]").wait_for()
    assert page.locator(".cm-editor").evaluate(ground) != light
    assert (
        page.locator(".cm-editor")
        .evaluate("e => getComputedStyle(e.querySelector('.cm-scroller')).fontFamily")
        .lower()
        .count("mono")
    )
    assert "# kept" in page.locator(".cm-content").inner_text()
    page.emulate_media(color_scheme="light")
    page.locator(".editor[data-theme=light]").wait_for()
    assert page.locator(".cm-editor").evaluate(ground) == light


def test_a_bundle_that_does_not_load_says_so_and_can_be_tried_again(open_page, browser, harness):
    page = browser.new_page()
    page.route("**/assets/**", lambda route: route.abort())
    page.goto(harness)
    page.get_by_text("did not load").wait_for()
    page.unroute("**/assets/**")
    page.get_by_role("button", name="Try again").click()
    page.locator(".cm-content").wait_for()
    assert page.get_by_label("Codec, Python").inner_text().startswith('"""Difference')
    page.close()
