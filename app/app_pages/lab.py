"""The lab: Claude on one side, the codec on the other, the run below, then what it measured."""

from __future__ import annotations

from functools import partial

import streamlit as st

from app.components.reveal import reveal
from app.drafts import Draft
from app.panels import press
from app.panels.actions import actions
from app.panels.agent import agent_badge, agent_notice
from app.panels.arriving import arriving
from app.panels.ask_claude import fix_button
from app.panels.chat import chat_panel
from app.panels.draft import dispatch_draft, open_starter
from app.panels.editor import editor_panel
from app.panels.hypothesis import hypothesis_box
from app.panels.live import live_panel
from app.panels.ranking import ranking_notice
from app.panels.results import results_panel
from app.panels.run_form import RunChoice, limits_popover, run_form, upload_popover
from app.panels.verdict import verdict_box
from app.results.format import escape_markdown
from app.services import services
from gpu_agent.codecs import STARTERS

DISPATCH = "dispatch"
s = services()


def current_draft() -> Draft:
    """The draft of the URL, else the latest, else a first one with a starter in it, so that there is something to run."""
    wanted = st.query_params.get("draft") or st.session_state.get("draft")
    draft = (s.drafts.get(wanted) if wanted else None) or s.drafts.latest()
    if draft is None:
        draft = s.drafts.new()
        open_starter(s, draft, STARTERS[0])
        draft = s.drafts.get(draft.id) or draft
    st.session_state["draft"] = draft.id  # a tab comes back to its own draft from another page
    if st.query_params.get("draft") != draft.id:
        st.query_params["draft"] = draft.id
    return draft


def run_bar(draft: Draft, choice: RunChoice) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="run-bar"):
        press.button(
            "Dispatch", key=DISPATCH, type="primary", icon=":material/rocket_launch:", help="Ctrl+Enter in the editor"
        )
        limits_popover(draft, choice)
        upload_popover(s)
        st.space("stretch")
        agent_badge(s, live=is_live(draft))
    if press.taken(DISPATCH):
        refused = dispatch_draft(s, s.drafts.get(draft.id) or draft, choice)
        if refused:
            st.error(escape_markdown(refused), icon=":material/block:")
        else:
            st.session_state["revealed"] = s.drafts.get(draft.id).experiment_id
            st.rerun()


def is_live(draft: Draft) -> bool:
    run = s.store.get(draft.experiment_id) if draft.experiment_id else None
    return run is not None and not run.status.terminal


def outcome(draft: Draft) -> None:
    """The draft's latest experiment: live, then its results. Found again from the draft alone after any restart."""
    experiment = s.store.get(draft.experiment_id) if draft.experiment_id else None
    if experiment is None:
        st.caption("Press Dispatch: the agent runs the codec on real video, measures it, and the results appear here.")
        return
    st.subheader(escape_markdown(experiment.title), anchor=False)
    if not experiment.status.terminal:
        live_panel(s, experiment.id)
    else:
        verdict_box(experiment)
        ranking_notice(s, experiment)
    hypothesis_box(s, experiment)
    fix_button(s, experiment, draft)
    actions(s, experiment, f"lab-{experiment.id}", draft=draft)
    reveal(st.session_state.get("revealed"), key="reveal-outcome")
    if experiment.status.terminal:
        results_panel(s, experiment, "lab")
        arriving(s, experiment)


draft = current_draft()
agent_notice(s)
left, right = st.columns([5, 7], gap="medium")
with left:
    chat_panel(s, draft)
with right:
    editor_panel(s, draft, on_submit=partial(press.note, DISPATCH))
choice = run_form(s, s.drafts.get(draft.id) or draft)
run_bar(draft, choice)
outcome(s.drafts.get(draft.id) or draft)
