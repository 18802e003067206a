"""The lab's page without agent and key: a starter to run, a form that remembers, dispatch into the queue."""

from __future__ import annotations

import time

import streamlit as st

from app.drafts import Draft
from app.panels import run_form
from gpu_agent.contract import EXAMPLE
from gpu_agent.models import Clip, Status
from tests.gpu_agent.factory import experiment, row


def button(test, label: str):
    return next(b for b in test.button if b.label == label)


def clip(name: str) -> Clip:
    size = {"width": 176, "height": 144, "visible_width": 176, "visible_height": 144}
    return Clip(name=name, title=name, origin="upload", sha256="0" * 64, frames=8, fps="25", seconds=0.32, **size)


def field(elements, label: str):
    return next(e for e in elements if e.label == label)


def test_the_first_visit_has_something_to_run_and_says_how_to_set_a_key(open_page, services):
    test = open_page("lab")
    draft = services.drafts.latest()
    assert "def encode(video, rate):" in draft.text
    assert test.query_params["draft"] == draft.id
    assert any("Claude needs an API key" in e.value for e in test.info)
    assert test.chat_input[0].disabled


def test_the_form_is_kept_with_the_draft_and_dispatch_queues(open_page, services):
    services.drafts.save(Draft("d1", text=EXAMPLE, form={"clips": ["carphone"], "frames": 8}))
    test = open_page("lab", draft="d1")
    field(test.text_input, "Rates").set_value("4, 8 16").run()
    field(test.text_input, "Title").set_value("First try").run()
    again = open_page("lab", draft="d1")
    assert field(again.text_input, "Rates").value == "4, 8 16"
    button(again, "Dispatch").click().run()
    (queued,) = services.store.waiting()
    record = services.store.get(queued)
    assert (record.title, record.rates, record.frames) == ("First try", [4, 8, 16], 8)
    assert services.drafts.get("d1").experiment_id == queued
    assert any("Queued: next in line" in e.value for e in again.markdown)


def test_a_press_counts_where_the_next_run_cuts_its_own_short(open_page, services, monkeypatch):
    """A person presses and types on: the run of the press comes no further than to the button."""
    services.drafts.save(Draft("d1", text=EXAMPLE, form={"clips": ["carphone"]}))
    test = open_page("lab", draft="d1")
    with monkeypatch.context() as patch:
        patch.setattr(run_form, "limits_popover", lambda *drawn: st.stop())
        button(test, "Dispatch").click().run()
    assert services.store.waiting() == []
    field(test.text_input, "Title").set_value("Typed on").run()
    (queued,) = services.store.waiting()
    assert services.store.get(queued).title == "Typed on"
    test.run()
    assert services.store.waiting() == [queued]


def test_an_uploaded_clip_stays_chosen_whatever_the_browser_still_says(open_page, services):
    clips = [clip("carphone"), clip("mine")]
    services._clips = (time.monotonic(), clips, ["carphone"])
    services.drafts.save(Draft("d1", text=EXAMPLE, form={"clips": ["carphone"]}))
    test = open_page("lab", draft="d1")
    said = test._tree.get_widget_states()
    test.session_state["uploaded-clip"] = "mine"
    test.run()
    assert services.drafts.get("d1").form["clips"] == ["carphone", "mine"]
    test._run(said)  # a click on its way before the browser has heard of the new clip
    assert services.drafts.get("d1").form["clips"] == ["carphone", "mine"]


def test_what_cannot_be_dispatched_is_said(open_page, services):
    services.drafts.save(Draft("d1", text="def encode(video, rate): yield b''", form={"clips": ["carphone"]}))
    test = open_page("lab", draft="d1")
    button(test, "Dispatch").click().run()
    assert "missing: def decode" in test.error[0].value
    services.drafts.update("d1", text=EXAMPLE)
    field(test.text_input, "Rates").set_value("fast").run()
    button(test, "Dispatch").click().run()
    assert "“fast” is none" in test.error[0].value
    assert services.store.waiting() == []


def test_a_fork_takes_code_rates_frames_and_limits_along(open_page, services):
    record = experiment(status=Status.SUCCEEDED, results=[row()], rates=[5, 50], frames=4)
    record = record.model_copy(update={"limits": record.limits.model_copy(update={"wall_seconds": 77})})
    services.store.create(record)
    test = open_page("experiment", id=record.id)
    button(test, "Open in lab").click().run()
    draft = services.drafts.latest()
    assert (draft.text, draft.parent_id) == (record.code, record.id)
    assert draft.form["rates"] == "5, 50"
    assert draft.form["frames"] == 4
    assert draft.form["limits"]["wall_seconds"] == 77
