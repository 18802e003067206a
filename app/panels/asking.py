"""What goes to Claude when a person asks: the wording of the turn, the code, and the evidence of what it measured."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import streamlit as st

from app.agent_client import AgentClient
from app.claude.modes import said, wording
from app.claude.prompt import fresh, improve
from app.claude.store import Busy, Unknown
from app.drafts import Draft
from app.evidence import Evidence, Sources, describe
from app.panels.draft import draft_from
from app.services import Services
from gpu_agent.models import Experiment

PICTURE_SECONDS = 5.0


def send_wish(services: Services, draft: Draft, wish: str, with_code: bool | None = None) -> None:
    """A person's own words, with the code in the editor unless told otherwise."""
    along = st.session_state.get("claude-with-code", True) if with_code is None else with_code
    if along and draft.text.strip():
        run = services.store.get(draft.experiment_id) if draft.experiment_id else None
        run = run if run is not None and run.code == draft.text else None
        measured = evidence(services, run) if run is not None else Evidence("", [])
        content = measured.content(improve(wish, draft.text, measured.text))
        ask(services, draft, wish, content, "improve", run.id if run else None)
    else:
        ask(services, draft, wish, fresh(wish), "fresh")


def ask_about(
    services: Services,
    draft: Draft | None,
    experiment: Experiment,
    mode: str,
    wish: str = "",
    other: Experiment | None = None,
    with_images: bool = True,
    go_on: bool = True,
) -> None:
    """One turn about an experiment, in the draft's conversation; without a draft a new one opens in the lab.

    `go_on`: the new draft continues the conversation that the experiment came from, where there is one.
    ValueError with a sentence where the mode lacks something, NotSent where the turn could not be started.
    """
    with st.spinner("Gathering what was measured"):
        seen = evidence(services, experiment, with_images and mode != "fresh")
        others = evidence(services, other, with_images) if mode == "cross" and other is not None else Evidence("", [])
    text = wording(mode, experiment, seen.text, wish, other, others.text)
    content = [*seen.content(text), *others.blocks]
    prompt = said(mode, experiment, wish, other)
    if draft is not None:
        start(services, draft, prompt, content, mode, experiment.id)
        st.rerun()
    from_ = came_from(services, experiment) if go_on and mode != "fresh" else None
    conversation = begin(services, from_, prompt, content, mode, experiment.id)
    opened = draft_from(services, experiment)  # only now: a question that was not sent leaves no draft behind
    services.drafts.update(opened.id, conversation_id=conversation)
    st.switch_page("app_pages/lab.py", query_params={"draft": opened.id})


def came_from(services: Services, experiment: Experiment) -> str | None:
    """The conversation that brought the experiment's code, where it is still known."""
    known = experiment.origin.conversation_id
    try:
        return services.chat.store.get(known).id if known else None
    except Unknown:
        return None


def evidence(services: Services, experiment: Experiment, with_images: bool = True) -> Evidence:
    """All that is known of an experiment; the agent is asked for pictures that were dropped."""
    parent = services.store.get(experiment.parent_id) if experiment.parent_id else None
    sources = Sources(services.artifacts, fetching(services.agent))
    return describe(experiment, parent=parent, sources=sources, with_images=with_images)


def fetching(agent: AgentClient) -> Callable[[str], bytes]:
    """Asks for a picture with little patience, and for none after one that did not come: a page waits for it."""
    away: list[RuntimeError] = []

    def fetch(key: str) -> bytes:
        if away:
            raise away[0]
        try:
            return agent.artifact(key, timeout=PICTURE_SECONDS)
        except RuntimeError as e:
            away.append(e)
            raise

    return fetch


Content = str | list[dict[str, Any]]


class NotSent(Exception):
    """The question did not reach Claude; the sentence says why."""


def ask(services: Services, draft: Draft, prompt: str, content: Content, kind: str, about: str | None = None) -> None:
    """Start a turn and show it; the page then polls it. Words that could not be sent are kept beside the box."""
    try:
        start(services, draft, prompt, content, kind, about)
        st.session_state.pop("unsent", None)
    except NotSent as e:
        st.session_state["unsent"] = (prompt, str(e))
    st.rerun()


def start(services: Services, draft: Draft, prompt: str, content: Content, kind: str, about: str | None) -> None:
    """Start a turn in the draft's conversation, which is made where there is none."""
    conversation = begin(services, draft.conversation_id, prompt, content, kind, about)
    if conversation != draft.conversation_id:
        services.drafts.update(draft.id, conversation_id=conversation)


def begin(
    services: Services, conversation: str | None, prompt: str, content: Content, kind: str, about: str | None
) -> str:
    """Start a turn in this conversation, or in a new one where it is None or not there any more; returns its id."""
    try:
        conversation = known_or_new(services, conversation)
        services.chat.ask(
            conversation,
            prompt,
            services.connection,
            content=content,
            kind=kind,
            about=about,
            model=st.session_state.get("claude-model", services.settings.claude_model),
            effort=st.session_state.get("claude-effort", services.settings.claude_effort),
        )
    except Busy as e:  # another tab asked first
        raise NotSent(str(e)) from e
    except (sqlite3.Error, OSError) as e:
        raise NotSent(f"The conversation cannot be stored ({e}); make room on the disk and send it again.") from e
    return conversation


def known_or_new(services: Services, conversation: str | None) -> str:
    try:
        return services.chat.store.get(conversation).id if conversation else services.chat.store.create().id
    except Unknown:
        return services.chat.store.create().id
