"""The one sentence of an experiment, and for a failure what the agent and the codec said."""

from __future__ import annotations

import streamlit as st

from app.panels.badges import audit_badges
from app.results.format import escape_markdown
from app.results.verdict import verdict
from gpu_agent.models import Experiment, Status

BOXES = {
    "good": (st.success, ":material/check_circle:"),
    "bad": (st.error, ":material/error:"),
    "busy": (st.info, ":material/hourglass_top:"),
    "neutral": (st.info, ":material/info:"),
}


def verdict_box(experiment: Experiment) -> None:
    v = verdict(experiment)
    box, icon = BOXES[v.tone]
    box(v.markdown, icon=icon)
    audit_badges(experiment)
    if experiment.error:
        with st.expander(f"What the agent saw: {experiment.error.category}", expanded=True, icon=":material/report:"):
            st.code(experiment.error.message, language=None, wrap_lines=True, height=limited(experiment.error.message))
    if experiment.status is not Status.SUCCEEDED:
        codec_log(experiment)
    for warning in experiment.warnings:
        st.caption(f":material/warning: {escape_markdown(warning)}")


def codec_log(experiment: Experiment) -> None:
    """What the codec said, one click away. Beside the verdict of a run that went wrong, below the results of others."""
    if experiment.log.strip():
        with st.expander("Log of the codec", icon=":material/terminal:"):
            st.code(experiment.log, language=None, wrap_lines=True, height=limited(experiment.log))


def limited(text: str) -> int | str:
    """Long texts scroll in a box of their own."""
    return 360 if text.count("\n") > 15 or len(text) > 3000 else "content"
