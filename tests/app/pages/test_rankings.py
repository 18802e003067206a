"""The leaderboard's and the lineage's pages: empty, ranked, held, families, hostile titles."""

from __future__ import annotations

import ast

import pytest

from app.components import soon
from app.server import ENTRY
from gpu_agent.models import Audit, Badge, BDRate, Status, Summary
from tests.gpu_agent.factory import experiment, row

from .test_compare import CLIP, made, points, texts

DOCUMENTED = (ast.Module, ast.FunctionDef, ast.ClassDef)
HELD = Audit(
    at="2026-01-01T00:00:00Z", held=True, badges=[Badge(name="too_good", verdict="bad", text="By a wide margin.")]
)


def rated(services, title: str, percent: float | None, **changes):
    record = made(services, title, **changes)
    services.store.set_bd_rates(
        record.id, {"x264-medium": BDRate(percent=percent, reason=None if percent is not None else "too few points")}
    )
    return record


def test_an_empty_leaderboard_teaches_what_to_do(open_page):
    assert "Nothing to rank yet" in texts(open_page("leaderboard"))


def test_the_best_lead_and_held_and_unrated_ones_are_apart_with_the_reason(open_page, services):
    rated(services, "Good", -30.0)
    rated(services, "<b>Worse</b>", 12.0, code="RATES = (1,)\n# worse", code_sha256="1" * 64)
    held = rated(services, "Unbelievable", -90.0, code="RATES = (1,)\n# held", code_sha256="2" * 64)
    services.store.set_audit(held.id, HELD)
    rated(services, "Short", None, code="RATES = (1,)\n# short", code_sha256="3" * 64)
    test = open_page("leaderboard")
    board, apart, unrated = (frame.value for frame in test.dataframe)
    assert list(board["title"]) == ["Good", "<b>Worse</b>"]
    assert list(board["rank"]) == [1, 2]
    assert "“Good” leads 2 codecs on carphone (8): it needs 30 % fewer bits than x264 medium." in texts(test)
    assert list(apart["why"]) == ["By a wide margin."]
    assert list(unrated["why"]) == ["too few points"]


def test_the_ranking_stands_before_the_chart(open_page, services, monkeypatch):
    rated(services, "Good", -30.0)
    monkeypatch.setattr(soon, "soon", lambda key: False)
    test = open_page("leaderboard")
    assert list(test.dataframe[0].value["title"]) == ["Good"]
    assert "Bits against decode time" not in texts(test)
    monkeypatch.setattr(soon, "soon", lambda key: True)
    assert "Bits against decode time" in texts(open_page("leaderboard"))


def test_reruns_are_one_row(open_page, services):
    for _ in range(3):
        rated(services, "Same", -3.0)
    test = open_page("leaderboard")
    (frame,) = test.dataframe
    assert list(frame.value["runs"]) == [3]
    assert "“Same” is the only codec on carphone (8): it needs 3.0 % fewer bits than x264 medium." in texts(test)


def test_the_address_holds_the_choice(open_page, services):
    rated(services, "Good", -30.0)
    other = [CLIP.model_copy(update={"frames": 4})]
    rated(services, "Shorter", -3.0, clips=other, code="RATES = (1,)\n# s", code_sha256="1" * 64)
    test = open_page("leaderboard", clips="carphone (4)", cost="Decoder size")
    assert list(test.dataframe[0].value["title"]) == ["Shorter"]
    assert "Decoder size" in str(test.query_params)


@pytest.mark.parametrize("page", [ENTRY, *sorted(ENTRY.parent.glob("app_pages/*.py"))], ids=lambda path: path.stem)
def test_pages_say_nothing_but_what_they_mean_to(page):
    """Streamlit shows a string that stands alone in a page's script, where it is no docstring."""
    bodies = [node.body for node in ast.walk(ast.parse(page.read_text())) if isinstance(node, DOCUMENTED)]
    strings = [
        line.value.value
        for body in bodies
        for line in body[1:]
        if isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)
    ]
    assert bodies
    assert not strings


def test_an_odd_query_is_no_error(open_page, services):
    rated(services, "Good", -30.0)
    test = open_page("leaderboard", clips="nonsense", anchor="h266", cost="beauty")
    assert not test.error
    assert len(test.dataframe) == 1


def test_lineage_without_a_child_teaches_what_to_do(open_page, services):
    made(services, "Alone")
    assert "No experiment has a child yet" in texts(open_page("lineage"))


def test_the_family_of_the_url_is_chosen(open_page, services):
    a = rated(services, "First root", 3.0)
    rated(services, "Its child", 2.0, parent_id=a.id)
    b = made(services, "Second root")
    child = made(services, "Other child", parent_id=b.id, status=Status.FAILED, factor=None)
    test = open_page("lineage", of=a.id)
    family = next(box for box in test.selectbox if box.label.startswith("Family"))
    assert family.options[family.index].startswith("First root · 2 experiments")
    test = open_page("lineage", of=child.id)
    family = next(box for box in test.selectbox if box.label.startswith("Family"))
    assert family.options[family.index].startswith("Second root")


def test_a_circle_in_the_data_is_drawn(open_page, services):
    one = experiment(status=Status.SUCCEEDED, results=points(), clips=[CLIP], summary=Summary())
    two = experiment(status=Status.SUCCEEDED, results=[row()], parent_id=one.id)
    services.store.create(one.model_copy(update={"parent_id": two.id}))
    services.store.create(two)
    test = open_page("lineage", of=one.id)
    assert not test.error
    assert any(box.label.startswith("Family") for box in test.selectbox)
