"""What can be done with an experiment: rerun, open in the lab, rename, note, archive."""

from __future__ import annotations

import streamlit as st

from app.agent_client import AgentError
from app.dispatch import dispatch_rerun
from app.drafts import Draft
from app.panels import press
from app.panels.ask_claude import ask_claude
from app.panels.draft import draft_from
from app.results.contender import Pick, write_picks
from app.services import Services
from gpu_agent.models import Experiment


def actions(services: Services, experiment: Experiment, key: str, *, draft: Draft | None = None) -> None:
    """A row of buttons, always the same ones so that nothing moves when a run ends. `draft`: the lab's own, where there
    is nothing to open and Claude is asked in its conversation."""
    ended = experiment.status.terminal
    with st.container(horizontal=True, vertical_alignment="center", key=f"actions-{key}"):
        ask_claude(services, experiment, key, draft)
        press.button(
            "Rerun",
            key=f"rerun-{key}",
            icon=":material/replay:",
            disabled=not ended,
            help="Exactly this code, clips, rates and limits again" if ended else "It is still running",
        )
        if press.taken(f"rerun-{key}"):
            rerun(services, experiment)
        if draft is not None:
            st.page_link(
                "app_pages/experiment.py",
                label="Own page",
                icon=":material/open_in_new:",
                query_params={"id": experiment.id},
                help="A page with a link that can be shared",
            )
        elif st.button(
            "Open in lab",
            key=f"fork-{key}",
            icon=":material/science:",
            help="Edit this code; the new experiment remembers its parent",
        ):
            open_in_lab(services, experiment)
        st.page_link(
            "app_pages/compare.py",
            label="Compare",
            icon=":material/compare_arrows:",
            query_params={"with": write_picks(beside(services, experiment))},
            help="Beside its parent and x264, and whatever else you choose",
        )
        with st.popover("Title and notes", icon=":material/edit_note:", key=f"annotate-{key}"):
            annotate(services, experiment, key)
        label = "Unarchive" if experiment.archived else "Archive"
        if st.button(
            label,
            key=f"archive-{key}",
            icon=":material/unarchive:" if experiment.archived else ":material/archive:",
            type="tertiary",
            disabled=not ended,
            help="Archived experiments leave the list; nothing is deleted",
        ):
            services.store.annotate(experiment.id, archived=not experiment.archived)
            st.rerun()


def beside(services: Services, experiment: Experiment) -> list[Pick]:
    """What an experiment is compared with until a person chooses: its parent and x264."""
    parent = experiment.parent_id if experiment.parent_id and services.store.get(experiment.parent_id) else None
    own = [Pick("experiment", key) for key in (parent, experiment.id) if key]
    return [*own, Pick("anchor", "x264-medium")]


def annotate(services: Services, experiment: Experiment, key: str) -> None:
    """A form, so that what is typed stays as it is until it is saved."""
    with st.form(f"annotate-form-{key}", border=False):
        title = st.text_input("Title", experiment.title, max_chars=200, key=f"title-{key}")
        notes = st.text_area(
            "Notes",
            experiment.notes,
            key=f"notes-{key}",
            max_chars=20_000,
            placeholder="What did you expect? What did you learn?",
        )
        if st.form_submit_button("Save", type="primary"):
            services.store.annotate(experiment.id, title=title.strip() or experiment.title, notes=notes)
            st.toast("Saved.", icon=":material/check:")
            st.rerun()


def rerun(services: Services, experiment: Experiment) -> None:
    """Dispatch the same again and go to where it can be watched."""
    try:
        done = dispatch_rerun(services.agent, services.store, experiment, services.away())
    except AgentError as e:
        st.error(str(e), icon=":material/block:")
        return
    if done.note:
        st.toast(done.note, icon=":material/cloud_off:")
    st.switch_page("app_pages/experiment.py", query_params={"id": done.experiment.id})


def open_in_lab(services: Services, experiment: Experiment) -> None:
    """A new draft from this code with the run form as it was, and the experiment as its parent."""
    draft = draft_from(services, experiment)
    st.switch_page("app_pages/lab.py", query_params={"draft": draft.id})
