"""What goes to Claude when a person asks: the wording of the turn, the draft and what its run measured."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.claude.prompt import fix, fresh, improve
from app.claude.store import Busy
from app.drafts import Draft
from app.evidence import Evidence, Sources, describe
from app.services import Services
from gpu_agent.models import Experiment


def send_wish(services: Services, draft: Draft, wish: str, with_code: bool | None = None) -> None:
    """A person's own words, with the code in the editor unless told otherwise."""
    along = st.session_state.get("claude-with-code", True) if with_code is None else with_code
    if along and draft.text.strip():
        run = services.store.get(draft.experiment_id) if draft.experiment_id else None
        measured = evidence(services, run) if run is not None and run.code == draft.text else Evidence("", [])
        ask(services, draft, wish, measured.content(improve(wish, draft.text, measured.text)), "improve")
    else:
        ask(services, draft, wish, fresh(wish), "fresh")


def ask_fix(services: Services, draft: Draft, failed: Experiment) -> None:
    message = failed.error.message if failed.error else ""
    category = failed.error.category if failed.error else "lost"
    ask(services, draft, "Fix the failed run.", fix(failed.code, category, message, failed.log), "fix")


def evidence(services: Services, experiment: Experiment, with_images: bool = True) -> Evidence:
    """All that is known of an experiment; the agent is asked for pictures that were dropped."""
    parent = services.store.get(experiment.parent_id) if experiment.parent_id else None
    sources = Sources(services.artifacts, services.agent.artifact)
    return describe(experiment, parent=parent, sources=sources, with_images=with_images)


def ask(services: Services, draft: Draft, prompt: str, content: str | list[dict[str, Any]], kind: str) -> None:
    """Start a turn and show it; the page then polls it."""
    if not draft.conversation_id:
        draft.conversation_id = services.chat.store.create().id
        services.drafts.update(draft.id, conversation_id=draft.conversation_id)
    try:
        services.chat.ask(
            draft.conversation_id,
            prompt,
            services.connection,
            content=content,
            kind=kind,
            model=st.session_state.get("claude-model", services.settings.claude_model),
            effort=st.session_state.get("claude-effort", services.settings.claude_effort),
        )
    except Busy as e:  # another tab asked first
        st.toast(str(e), icon=":material/hourglass_top:")
    st.rerun()
