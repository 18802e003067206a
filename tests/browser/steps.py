"""What a person does and sees on the lab's pages, as functions of a Playwright page."""

from __future__ import annotations

import cv2
import numpy as np

from .programs import Lab, wait_for

CHART = "[data-testid=stPlotlyChart] .js-plotly-plot"


def open_draft(open_page, lab: Lab, code: str, form: dict | None = None, **options):
    """The lab's page on a new draft with this code; returns the page and the draft's id."""
    draft = lab.draft(code, **(form or {}))
    page = open_page(lab, f"/?draft={draft}", **options)
    ready(page)
    return page, draft


def ready(page) -> None:
    """The editor is there and the form below it is drawn."""
    page.locator(".cm-content").wait_for()
    page.get_by_role("button", name="Dispatch").first.wait_for()


def settled(page) -> None:
    """No script runs, and nothing is left of what was drawn before. Whoever did something waits first for what that
    brings, or for its address: the page runs only when the server has heard of it."""
    page.wait_for_function(
        """() => document.querySelector("[data-testid=stApp]")?.dataset.testScriptState === "notRunning"
            && !document.querySelector("[data-stale=true]")"""
    )


def wait_value(page, name: str, part: str) -> None:
    """The field of this name holds this; all of it where that is empty."""
    field = page.get_by_role("textbox", name=name)
    wait_for(lambda: part in field.input_value() if part else not field.input_value(), f"{part!r} in {name}", 60)


def dispatch(page, lab: Lab, draft: str) -> str:
    """Press the button; returns the experiment's id."""
    before = lab.saved_draft(draft).experiment_id
    page.get_by_role("button", name="Dispatch").first.click()  # the old one may stand below it for a moment
    return new_run(lab, draft, before)


def new_run(lab: Lab, draft: str, before: str | None) -> str:
    def other() -> str | None:
        now = lab.saved_draft(draft).experiment_id
        return now if now != before else None

    return wait_for(other, "the draft's new experiment", 30)


def results(page, frame: int | None = None) -> None:
    """The results are drawn, with the player standing on a frame. A page that was just left is gone first."""
    page.wait_for_function("() => !document.querySelector('[data-stale=true]')")  # it may be polled without a pause
    page.locator(".player[data-still]" if frame is None else f'.player[data-still="{frame}"]').wait_for(timeout=120_000)


def say(page, text: str) -> None:
    """Send a message to Claude."""
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill(text)
    box.press("Enter")


def pixels(locator) -> np.ndarray:
    """What the element looks like now, as RGB."""
    return picture(locator.screenshot())


def picture(png: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def marked_frame(page) -> int | None:
    """The frame that the per-frame chart marks."""
    return page.evaluate(
        """selector => {
            const figures = [...document.querySelectorAll(selector)];
            const shapes = figures.flatMap((f) => f.layout?.shapes ?? []);
            const mark = shapes.find((s) => s.name === "current-frame");
            return mark ? mark.x0 : null;
        }""",
        CHART,
    )


def wait_marked(page, frame: int) -> None:
    wait_for(lambda: marked_frame(page) == frame, f"the chart to mark frame {frame}", 30)


def click_in(page, figure, place: str, arg: object = None) -> None:
    """Click into a figure where `place` says, in pixels from its left top: JavaScript from the figure and `arg`;
    null where that is not drawn yet. What is drawn above the figure, and its own next drawing, may still move it; the
    figure of the run before is stale until the new one is whole."""
    find = f"""async (figures, arg) => {{
        figures[0]?.scrollIntoView({{ block: "center", behavior: "instant" }});
        for (let frame = 0; frame < 20; frame++) await new Promise(requestAnimationFrame);
        if (figures.length !== 1 || !figures[0].isConnected || figures[0].closest("[data-stale=true]")) return null;
        const at = ({place})(figures[0], arg), box = figures[0].getBoundingClientRect();
        return at && [box.x + at[0], box.y + at[1]];
    }}"""
    found = [None, None]

    def stands() -> bool:
        found[:] = found[1], figure.evaluate_all(find, arg)
        return found[1] is not None and found[0] == found[1]

    wait_for(stands, "the figure to stand still", 60)
    page.mouse.move(*found[1])
    page.mouse.click(*found[1])


def click_frame(page, frame: int) -> None:
    """Click a frame's point in the lower row of the per-frame chart."""
    figure = page.locator(CHART).filter(has_text="Bits per frame")
    place = """(figure, frame) => {
        const { xaxis2, yaxis2 } = figure._fullLayout;
        const trace = figure.data.find((t) => t.yaxis === "y2");
        const values = trace.y.bdata === undefined ? trace.y : figure.calcdata[figure.data.indexOf(trace)].map((p) => p.y);
        return [xaxis2._offset + xaxis2.d2p(frame), yaxis2._offset + yaxis2.d2p(values[frame])];
    }"""
    click_in(page, figure, place, frame)


def table_rows(page) -> list[str]:
    """The rows of the experiments' table, from the accessible copy of its canvas."""
    rows = page.get_by_test_id("stDataFrame").first.locator("table[role=grid] tbody tr")
    rows.first.wait_for(state="attached")
    return rows.evaluate_all("rows => rows.map((r) => r.textContent)")


def click_cell(page, row: int, across: int) -> None:
    """Click into a row of the experiments' table, `across` pixels from its left."""
    place = "(canvas, [row, across]) => [across, 36 + 35 * row + 17]"
    click_in(page, page.get_by_test_id("data-grid-canvas").first, place, [row, across])
