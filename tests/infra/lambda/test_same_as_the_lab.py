"""A function imports nothing of the lab, so it repeats some of its rules: the same records by both give the same figures."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from app.results.format import percent
from app.results.headline import best_point, best_points, headline_bd_rate
from app.results.leaderboard import anchors_there
from app.results.listing import listing_row
from gpu_agent.anchors import CATALOGUE
from gpu_agent.models import Audit, BDRate, Status, Summary
from gpu_agent.outline import outline_of
from tests.gpu_agent.factory import experiment, row
from tests.stubs.lambdas import load

from .conftest import finished

figures = load("dashboard.figures")
NAMES = [anchor.name for anchor in CATALOGUE]
ANCHORS = st.lists(st.sampled_from([*NAMES, "an-older-anchor", "svtav1-6"]), unique=True)
RATES = st.one_of(st.floats(-99, 400).map(lambda p: BDRate(percent=p)), st.just(BDRate(reason="no overlap")))
ROWS = st.builds(
    row,
    rate=st.integers(1, 60),
    psnr_y=st.sampled_from([31.0, 37.5]),
    psnr_yuv=st.sampled_from([32.0, 38.25]),
    bytes=st.sampled_from([900, 1000]),
    lossless=st.booleans(),
)


def rated(rates: dict[str, BDRate]):
    """A record as the ladders rate it: in the catalogue's order, what the catalogue does not know behind."""
    order = sorted(rates, key=lambda name: (NAMES.index(name) if name in NAMES else len(NAMES), name))
    summary = Summary(bd_rate={name: rates[name] for name in order})
    return experiment(summary=summary, status=Status.SUCCEEDED, results=[row()])


@given(st.dictionaries(st.sampled_from([*NAMES, "svtav1-6"]), RATES))
def test_the_anchor_to_quote_is_the_labs(rates):
    record = rated(rates)
    lab, ours = headline_bd_rate(record), figures.headline({"bd_rates": record.model_dump()["summary"]["bd_rate"]})
    if lab is None or lab.percent is None:
        assert ours is None
    else:
        assert (ours["anchor"], ours["percent"]) == (lab.anchor, lab.percent)


@given(ANCHORS)
def test_anchors_stand_in_the_order_of_the_labs_leaderboard(names):
    record = rated({name: BDRate(percent=1.0) for name in names})
    assert figures.anchors_in_order(names) == anchors_there([outline_of(record)])


def test_no_anchor_is_named_that_the_lab_does_not_have():
    assert list(figures.ANCHORS_FIRST) == NAMES


@given(st.lists(ROWS, min_size=1, max_size=6))
def test_the_best_point_is_the_labs(rows):
    assert figures.best_row([r.model_dump() for r in rows]) == best_point(rows).model_dump()


def test_who_may_lead_is_decided_as_in_the_lab():
    for sandbox in ("full", "basic", "unsafe"):
        for audit in (
            None,
            Audit(at="2026-11-22T13:00:00.000000Z", held=False),
            Audit(at="2026-11-22T13:00:00.000000Z", held=True),
        ):
            for released in ("", "looked at"):
                record = rated({}).model_copy(update={"sandbox": sandbox, "audit": audit, "released": released})
                assert figures.unranked(record.model_dump()) == record.unranked


def test_both_render_a_record_with_every_anchor_alike(store, dashboard):
    e = finished(store)
    rates = {a.name: BDRate(percent=-float(n), per_clip={"carphone": -float(n)}) for n, a in enumerate(CATALOGUE)}
    rates["x264-medium"] = BDRate(reason="the curves do not overlap")
    store.set_bd_rates(e.id, rates)
    record = store.get(e.id)
    body = dashboard(f"/experiment/{e.id}")["body"]
    table = body.split("Against the anchors")[1].split("</table>")[0]
    assert re.findall(r'<th scope="row">([^<]+)</th>', table) == ["x264-medium", *anchors_there([outline_of(record)])]
    shown = listing_row(record)
    text = percent(shown.bd_rate).split("\u202f")[0]
    assert f"{text} %</span><small>{shown.bd_rate_anchor}</small>" in dashboard("/")["body"]
    for point in best_points(record):
        assert f"Decoded at rate {point.rate}<" in body.split(f"<h4>{point.clip}</h4>")[1].split("<h4>")[0]
