"""What goes to Claude when a person asks: the wording of the turn, the code, and the evidence of what it measured."""

from __future__ import annotations

import sqlite3
from typing import Any

import streamlit as st

from app.claude.modes import said, wording
from app.claude.prompt import fresh, improve
from app.claude.store import Busy, Unknown
from app.drafts import Draft
from app.evidence import Evidence, Sources, describe
from app.panels.draft import draft_from
from app.services import Services
from gpu_agent.models import Experiment


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
) -> None:
    """One turn about an experiment, in the draft's conversation; without a draft a new one opens in the lab.

    ValueError with a sentence where the mode lacks something, NotSent where the turn could not be started.
    """
    seen = evidence(services, experiment, with_images and mode != "fresh")
    others = evidence(services, other, with_images) if mode == "cross" and other is not None else Evidence("", [])
    text = wording(mode, experiment, seen.text, wish, other, others.text)
    content = [*seen.content(text), *others.blocks]
    prompt = said(mode, experiment, wish, other)
    if draft is not None:
        start(services, draft, prompt, content, mode, experiment.id)
        st.rerun()
    opened = draft_from(services, experiment)
    start(services, opened, prompt, content, mode, experiment.id)
    st.switch_page("app_pages/lab.py", query_params={"draft": opened.id})


def evidence(services: Services, experiment: Experiment, with_images: bool = True) -> Evidence:
    """All that is known of an experiment; the agent is asked for pictures that were dropped."""
    parent = services.store.get(experiment.parent_id) if experiment.parent_id else None
    sources = Sources(services.artifacts, services.agent.artifact)
    return describe(experiment, parent=parent, sources=sources, with_images=with_images)


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
    try:
        if not draft.conversation_id:
            draft.conversation_id = services.chat.store.create().id
            services.drafts.update(draft.id, conversation_id=draft.conversation_id)
        services.chat.ask(
            draft.conversation_id,
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
    except Unknown as e:
        services.drafts.update(draft.id, conversation_id=None)
        raise NotSent("This conversation is not in the lab's file any more; send it again in a new one.") from e
    except (sqlite3.Error, OSError) as e:
        raise NotSent(f"The conversation cannot be stored ({e}); make room on the disk and send it again.") from e
