"""What was expected of an experiment, and whether its measurement bore it out."""

from __future__ import annotations

import streamlit as st

from app.results.format import escape_markdown
from app.results.hypothesis import told
from app.services import Services
from gpu_agent.models import Experiment

BADGES = {
    "borne_out": ("Borne out", ":material/check:", "green"),
    "partly": ("Partly borne out", ":material/trending_flat:", "orange"),
    "refuted": ("Not borne out", ":material/close:", "red"),
    "unknown": ("Not judged", ":material/question_mark:", "gray"),
}
BY = {"person": "by hand", "claude": "Claude"}


def hypothesis_box(services: Services, experiment: Experiment) -> None:
    """Nothing where nothing was expected."""
    parent = services.store.get(experiment.parent_id) if experiment.parent_id and experiment.hypothesis else None
    found = told(experiment, parent)
    if found is None or experiment.hypothesis is None:
        return
    with st.container(border=True, key=f"hypothesis-{experiment.id}", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("**Hypothesis**", width="content")
            st.caption(BY[experiment.hypothesis.by], width="content")
            if found.judgement is not None:
                label, icon, colour = BADGES[found.judgement.verdict]
                st.badge(label, icon=icon, color=colour)
        st.markdown(escape_markdown(found.expected).replace("\n", "  \n"))
        st.caption(escape_markdown(found.outcome))
