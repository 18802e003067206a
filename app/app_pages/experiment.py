"""One experiment on a page of its own, at a URL that can be shared: live while it runs, then its results."""

from __future__ import annotations

import streamlit as st

from app.panels.actions import actions
from app.panels.agent import agent_notice
from app.panels.live import live_panel
from app.panels.results import results_panel, verdict_box
from app.results.format import ago, escape_markdown, short_id
from app.results.format import size as bytes_of
from app.results.listing import origin
from app.services import services
from gpu_agent.models import Experiment


def facts(experiment: Experiment) -> str:
    """One line of what the run was, in words."""
    clips = ", ".join(c.name for c in experiment.clips)
    parts = [
        origin(experiment),
        clips,
        f"{len(experiment.rates)} rate points",
        f"decoder {bytes_of(experiment.decoder_bytes)}",
    ]
    parts += [f"first {experiment.frames} frames"] if experiment.frames else []
    parts += [f"jail {experiment.sandbox}"] if experiment.sandbox else []
    return " · ".join([*parts, ago(experiment.created_at), short_id(experiment.id)])


def lineage(experiment: Experiment) -> None:
    with st.container(horizontal=True):
        for label, other in (("Parent", experiment.parent_id), ("Rerun of", experiment.rerun_of)):
            known = s.store.get(other) if other else None
            if known is not None:
                st.page_link(
                    "app_pages/experiment.py",
                    label=f"{label}: {escape_markdown(known.title)}",
                    icon=":material/account_tree:",
                    query_params={"id": known.id},
                )


s = services()
wanted = st.query_params.get("id", "")
found = s.store.get(wanted) if wanted else None
if found is None:
    st.info(
        "There is no such experiment here. Pick one from the list." if wanted else "Pick an experiment from the list.",
        icon=":material/search:",
    )
    st.page_link("app_pages/experiments.py", label="All experiments", icon=":material/table_rows:")
    st.stop()
agent_notice(s)
st.subheader(escape_markdown(found.title), anchor=False)
st.caption(facts(found))
lineage(found)
actions(s, found, f"own-{found.id}")
if found.notes:
    st.markdown(f"> {escape_markdown(found.notes)}")
if found.status.terminal:
    verdict_box(found)
    results_panel(s, found, "own")
else:
    live_panel(s, found.id)
with st.expander("Code and settings", icon=":material/code:"):
    st.code(found.code, language="python", line_numbers=True, height=420)
    st.json(
        {
            "limits": found.limits.model_dump(),
            "rates": found.rates,
            "clips": [c.model_dump() for c in found.clips],
            "code_sha256": found.code_sha256,
            "origin": found.origin.model_dump(exclude_none=True),
            "environment": found.environment,
        },
        expanded=1,
    )
