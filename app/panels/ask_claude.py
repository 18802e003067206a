"""Ask Claude about an experiment: what for, in which words, with which pictures."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from app.claude.modes import MODES, modes_for
from app.drafts import Draft
from app.panels.asking import NotSent, ask_about, came_from
from app.results.format import ago, escape_markdown, short
from app.services import Services
from gpu_agent.models import Experiment, Status
from gpu_agent.store import Query

OTHERS = 100
"""Experiments to choose from for crossing, newest first."""
NO_KEY = "Claude is not set up yet; the chat in the lab says how."
BUSY = "Claude is still answering in this conversation; wait for the end or stop it there."


class Wanted(NamedTuple):
    """What the form holds when its button is pressed. `other` is the id of the experiment to cross with."""

    mode: str
    wish: str
    other: str | None
    pictures: bool
    go_on: bool


def ask_claude(services: Services, experiment: Experiment, key: str, draft: Draft | None) -> None:
    """A popover. `draft`: of the lab's page, whose conversation gets the turn; None: a new draft opens in the lab.

    A fragment, so that choosing a mode does not draw the whole page again. What was pressed is sent by the page's own
    run: a fragment that leaves the page would be drawn into the next one.
    """
    wanted = st.session_state.pop(f"ask-wanted-{key}", None)
    problem = send(services, draft, experiment, key, wanted) if wanted else None
    if problem:
        st.session_state[f"ask-{key}"] = True

    @st.fragment(key=f"ask-claude-{key}")
    def panel() -> None:
        if f"ask-wanted-{key}" in st.session_state:
            st.rerun()
        popover = st.popover("Ask Claude", icon=":material/psychology_alt:", key=f"ask-{key}", on_change="rerun")
        if popover.open:
            with popover:
                form(services, experiment, key, draft)
                if problem:
                    st.error(escape_markdown(problem), icon=":material/edit:")

    with st.container(width="content"):
        panel()


def send(services: Services, draft: Draft | None, experiment: Experiment, key: str, wanted: Wanted) -> str | None:
    """Ask, and go to where the answer comes; what was typed goes only then. A sentence where it could not be sent."""
    other = services.store.get(wanted.other) if wanted.other else None
    asked = st.session_state.get(f"asked-{key}", 0)
    st.session_state[f"asked-{key}"] = asked + 1
    try:
        ask_about(services, draft, experiment, wanted.mode, wanted.wish, other, wanted.pictures, wanted.go_on)
    except (ValueError, NotSent) as e:
        st.session_state[f"asked-{key}"] = asked
        return str(e)
    return None


def fix_button(services: Services, experiment: Experiment, draft: Draft | None = None) -> None:
    """Of a failed run the likeliest wish, in one click."""
    if experiment.status is not Status.FAILED or not services.connection.ready:
        return
    busy = answering(services, draft)
    if st.button(
        "Ask Claude to fix it",
        type="primary",
        icon=":material/healing:",
        key=f"fix-{experiment.id}",
        disabled=busy,
        help=BUSY if busy else None,
    ):
        try:
            ask_about(services, draft, experiment, "fix")
        except NotSent as e:
            st.error(escape_markdown(str(e)), icon=":material/hourglass_top:")


def answering(services: Services, draft: Draft | None) -> bool:
    return bool(draft and draft.conversation_id and services.chat.running(draft.conversation_id))


def form(services: Services, experiment: Experiment, key: str, draft: Draft | None) -> None:
    modes = modes_for(experiment)
    chosen = st.segmented_control(
        "What for",
        modes,
        default=modes[0],
        required=True,
        format_func=lambda m: f"{MODES[m].icon} {MODES[m].label}",
        key=f"ask-mode-{key}",
        label_visibility="collapsed",
    )
    mode = MODES[chosen]
    st.caption(mode.help)
    if chosen == "cross":
        other_experiment(services, experiment, key)
    wish = f"wish-{key}-{st.session_state.get(f'asked-{key}', 0)}"
    st.text_area("In your words", placeholder=mode.hint, key=wish, height=90, label_visibility="collapsed")
    pictures = False
    if experiment.results and chosen != "fresh":
        pictures = st.toggle(
            "With pictures of the worst blocks",
            True,
            key=f"ask-pictures-{key}",
            help="Up to four crops, each with source, decoded and error",
        )
    go_on = False
    if draft is None and chosen != "fresh" and came_from(services, experiment):
        go_on = st.toggle(
            "Go on in the conversation that it came from",
            True,
            key=f"ask-go-on-{key}",
            help="Claude then remembers what was said there. Off: a new conversation.",
        )
    if draft is not None and draft.text != experiment.code:
        st.caption(
            "The editor holds other code by now. Claude gets the code of this run; its answer is compared with the "
            "editor's."
        )
    busy, ready = answering(services, draft), services.connection.ready
    st.button(
        f"Ask Claude to {mode.button}",
        type="primary",
        icon=mode.icon,
        key=f"ask-send-{key}",
        disabled=busy or not ready,
        help=BUSY if busy else None,
        on_click=want,
        args=(key, chosen, wish, pictures, go_on),
    )
    if not ready:
        st.caption(NO_KEY)


def want(key: str, mode: str, wish: str, pictures: bool, go_on: bool) -> None:
    """Before the run that sends it: the words as they are now, and the popover closes."""
    state = st.session_state
    state[f"ask-wanted-{key}"] = Wanted(mode, state.get(wish) or "", state.get(f"ask-other-{key}"), pictures, go_on)
    state[f"ask-{key}"] = False


def other_experiment(services: Services, experiment: Experiment, key: str) -> None:
    """The second parent, of those that succeeded."""
    found = services.store.page(Query(limit=OTHERS, status=Status.SUCCEEDED)).items
    names = {e.id: f"{short(e.title, 60)} · {ago(e.created_at)}" for e in found if e.id != experiment.id}
    if not names:
        st.caption("There is no other experiment that succeeded to cross this one with.")
        return
    st.selectbox(
        "Cross it with",
        list(names),
        index=None,
        format_func=lambda name: names[name],
        key=f"ask-other-{key}",
        placeholder="Choose an experiment",
    )
