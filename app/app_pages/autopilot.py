"""The autopilot: start a run with a budget, watch it search, steer it, and look into every attempt."""

from __future__ import annotations

import streamlit as st

from app.panels.agent import agent_notice
from app.panels.autopilot_live import live
from app.panels.autopilot_results import results
from app.panels.autopilot_runs import runs
from app.panels.autopilot_start import start_form
from app.services import services

s = services()


def all_runs() -> None:
    """The form for a new run, and the runs there are."""
    known = s.ledger.runs()
    st.subheader("Autopilot", anchor=False)
    st.markdown(
        "It goes through the lab's loop on its own and within a budget: choose a parent, ask Claude, check the reply, "
        "run it on the agent, measure, decide. What it learns goes back to Claude as evidence. Every attempt is kept, "
        "failed ones too, and the best one is measured on clips that Claude never sees."
    )
    started = start_form(s, expanded=not known)
    if started:
        st.query_params["run"] = started
        st.rerun()
    runs(s, known)


agent_notice(s)
wanted = st.query_params.get("run", "")
found = s.ledger.run(wanted) if wanted else None
if found is None:
    if wanted:
        st.info("There is no such run here. Pick one from the list, or start one.", icon=":material/search:")
    all_runs()
else:
    live(s, found)
    results(s, found)
