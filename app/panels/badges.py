"""The audit of an experiment as plain badges, each with its reason on hover; and a column for the listing."""

from __future__ import annotations

import streamlit as st

from app.results.badges import HELP, badges
from app.results.format import escape_markdown
from gpu_agent.models import Experiment, Status

AUDIT_COLUMN = st.column_config.TextColumn("Audit", help=HELP, width=130)


def audit_badges(experiment: Experiment) -> None:
    """Nothing for a run that did not succeed; a word that the audit is to come for one that has none yet."""
    if experiment.status is not Status.SUCCEEDED:
        return
    if experiment.audit is None:
        st.caption(":material/policy: The audit begins when no codec runs.")
        return
    with st.container(horizontal=True, gap="small", key=f"audit-{experiment.id}"):
        for shown in badges(experiment.audit):
            st.badge(
                escape_markdown(shown.label), icon=shown.icon, color=shown.colour, help=escape_markdown(shown.reason)
            )
