"""Why a run is not ranked, said where its results are; and how a person who has looked lets a held one be ranked."""

from __future__ import annotations

import streamlit as st

from app.results.format import escape_markdown
from app.services import Services
from gpu_agent.models import UNSAFE, Experiment

REASON = "What did you look at, and why is the figure real?"


def ranking_notice(services: Services, experiment: Experiment) -> None:
    """Nothing for a run that is ranked as any other."""
    if experiment.sandbox == UNSAFE:
        st.error(
            "UNSAFE MODE: this ran without a jail. Its figures are for developing the lab and are never ranked.",
            icon=":material/gpp_bad:",
        )
    if experiment.audit is None or not experiment.audit.held:
        return
    if experiment.released:
        released(services, experiment)
    else:
        held(services, experiment)


def held(services: Services, experiment: Experiment) -> None:
    found = [b for b in experiment.audit.badges if b.verdict == "bad"]
    why = " ".join(b.text for b in found)
    with st.container(border=True, key=f"held-{experiment.id}"):
        st.markdown(
            f":material/pan_tool: **Not ranked.** {escape_markdown(why)} Such a figure is a discovery or a mistake: "
            "look at the code, the badges and the decoded frames before it stands in a list."
        )
        with st.container(horizontal=True):
            with st.popover("Evidence", icon=":material/fact_check:"):
                st.json({b.name: b.evidence for b in experiment.audit.badges}, expanded=2)
            with (
                st.popover("Let it be ranked", icon=":material/verified:"),
                st.form(f"release-form-{experiment.id}", border=False),
            ):
                reason = st.text_area(REASON, key=f"release-reason-{experiment.id}", max_chars=2000)
                if st.form_submit_button("Let it be ranked", type="primary"):
                    if reason.strip():
                        services.store.annotate(experiment.id, released=reason.strip())
                        st.rerun()
                    st.warning("Say why first: the reason stays with the record.")


def released(services: Services, experiment: Experiment) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"released-{experiment.id}"):
        st.caption(
            f":material/verified: Ranked although the audit held it: {escape_markdown(experiment.released)}",
            width="content",
        )
        if st.button("Hold it again", type="tertiary", key=f"hold-{experiment.id}"):
            services.store.annotate(experiment.id, released="")
            st.rerun()
