"""From the list to a comparison, its matrix and report, and along the family tree: as a person does it."""

from __future__ import annotations

import pytest

from app.drafts import Drafts
from gpu_agent.archive import open_archive
from gpu_agent.models import Status

from .codecs import PLAIN
from .programs import Lab, wait_for
from .steps import CHART, click_cell, click_in, dispatch, open_draft, results, table_rows
from .test_pages import TICK

pytestmark = pytest.mark.browser


def ran(open_page, lab: Lab, code: str, title: str, parent: str | None = None):
    page, draft = open_draft(open_page, lab, code, {"rates": "4 8 16 32", "title": title})
    if parent:
        Drafts(lab.data / "app.db").update(draft, parent_id=parent)
    record = lab.ended(dispatch(page, lab, draft))
    assert record.status is Status.SUCCEEDED, record.error
    assert record.parent_id == parent
    return record


def click_node(page, title: str) -> None:
    """Click an experiment in the family tree."""
    figure = page.locator(CHART).filter(has_text=title)
    figure.wait_for()
    place = """(figure, title) => {
        const { xaxis, yaxis } = figure._fullLayout;
        const trace = figure.data.find((t) => t.text?.some?.((s) => s.startsWith(title)));
        const n = trace.text.findIndex((s) => s.startsWith(title));
        const points = figure.calcdata[figure.data.indexOf(trace)];
        return [xaxis._offset + xaxis.d2p(points[n].x), yaxis._offset + yaxis.d2p(points[n].y)];
    }"""
    click_in(page, figure, place, title)


def test_from_the_list_to_a_comparison_its_report_and_the_family_tree(open_page, lab, tmp_path):
    parent = ran(open_page, lab, PLAIN, "Pair root")
    child = ran(open_page, lab, PLAIN + "# another line\n", "Pair child", parent.id)
    page = open_page(lab, "/experiments?q=Pair", accept_downloads=True)
    wait_for(lambda: len(table_rows(page)) == 2, "both in the list", 30)
    click_cell(page, 0, TICK)
    page.get_by_text("1 experiment selected").first.wait_for()
    click_cell(page, 1, TICK)
    page.get_by_role("button", name="Compare").click()
    page.wait_for_url("**/compare?with=*")

    sentence = "“Pair child” needs as many bits as “Pair root” at equal PSNR on carphone."
    matrix = page.locator(CHART).filter(has_text="… than")
    for _ in range(2):  # the choice is in the address, so that it survives a refresh
        page.get_by_text(sentence).first.wait_for()
        matrix.wait_for()
        wait_for(lambda: matrix.locator(".textpoint").all_text_contents() == ["0.0\u202f%"] * 2, "the figures", 30)
        page.get_by_text("# another line").first.wait_for()
        page.reload()

    with page.expect_download() as report:
        page.get_by_role("link", name="Report (HTML)").click()
    report.value.save_as(tmp_path / "report.html")
    told = (tmp_path / "report.html").read_text()
    assert "Pair child" in told
    assert told.count("data:image/png;base64") >= 3, "source and both decoded, exact"
    alone = open_page(lab, "/health")  # a tab whose requests are watched, with the lab's network off
    alone.context.set_offline(True)
    alone.goto((tmp_path / "report.html").as_uri())
    alone.locator(".js-plotly-plot .main-svg").first.wait_for()
    assert alone.locator("img").evaluate_all("all => all.every((i) => i.complete && i.naturalWidth === 176)")

    page.goto(f"{lab.url}/experiment?id={child.id}")
    results(page)
    with page.expect_download() as whole:
        page.get_by_role("link", name="Everything (zip)").click()
    whole.value.save_as(tmp_path / "whole.zip")
    with open_archive(tmp_path / "whole.zip") as archive:
        assert archive.record.id == child.id
        assert archive.missing == []
    page.get_by_role("link", name="Family tree").click()
    page.wait_for_url(f"**/lineage?of={child.id}")
    click_node(page, "Pair root")
    page.wait_for_url(f"**/experiment?id={parent.id}")
    page.get_by_role("heading", name="Pair root").first.wait_for()
