"""One experiment on a page of its own, at a URL that can be shared: live while it runs, then its results."""

from __future__ import annotations

import streamlit as st

from app.components import soon
from app.panels.actions import actions
from app.panels.agent import agent_notice
from app.panels.arriving import arriving
from app.panels.ask_claude import fix_button
from app.panels.blind import blind_results
from app.panels.compare import compare_panel
from app.panels.hypothesis import hypothesis_box
from app.panels.live import live_panel
from app.panels.points import everything
from app.panels.ranking import ranking_notice
from app.panels.results import results_panel
from app.panels.verdict import verdict_box
from app.results.format import ago, escape_markdown, listed, plural, short
from app.results.format import size as bytes_of
from app.results.listing import origin
from app.services import services
from gpu_agent.models import Experiment, Status


def facts(experiment: Experiment) -> str:
    """One line of what the run was, in words."""
    parts = [
        origin(experiment),
        listed([c.name for c in experiment.clips]),
        plural(len(experiment.rates), "rate point"),
        decoder(experiment),
    ]
    parts += [f"first {plural(experiment.frames, 'frame')}"] if experiment.frames else []
    parts += [f"jail {experiment.sandbox}"] if experiment.sandbox else []
    return escape_markdown(" · ".join([*parts, ago(experiment.created_at), experiment.id]))


def decoder(experiment: Experiment) -> str:
    """The decoder's size, alone and with what it uses of the kit where that is known."""
    alone, whole = experiment.decoder_bytes, experiment.decoder_kit_bytes
    return f"decoder {bytes_of(alone)}" + (f" ({bytes_of(whole)} with the kit)" if whole not in (None, alone) else "")


def lineage(experiment: Experiment) -> None:
    """The way back to the list, and to the experiments that this one came from."""
    with st.container(horizontal=True, key="lineage"):
        st.page_link("app_pages/experiments.py", label="All experiments", icon=":material/arrow_back:")
        run, _, attempt = (experiment.origin.note or "").partition("/")
        if experiment.origin.kind == "autopilot" and attempt:
            st.page_link(
                "app_pages/autopilot.py",
                label=f"Autopilot, attempt {attempt}",
                icon=":material/autoplay:",
                query_params={"run": run, "attempt": attempt},
            )
        for label, other in (("Parent", experiment.parent_id), ("Rerun of", experiment.rerun_of)):
            known = s.store.get(other) if other else None
            if known is not None:
                st.page_link(
                    "app_pages/experiment.py",
                    label=f"{label}: {escape_markdown(short(known.title, 60))}",
                    icon=":material/account_tree:",
                    query_params={"id": known.id},
                )
        st.page_link(
            "app_pages/lineage.py",
            label="Family tree",
            icon=":material/family_history:",
            query_params={"of": experiment.id},
        )


def against_parent(experiment: Experiment) -> None:
    """The comparison with the parent, made when it is asked for."""
    parent = s.store.get(experiment.parent_id) if experiment.parent_id else None
    if parent is None or Status.SUCCEEDED not in (parent.status, experiment.status):
        return
    if st.toggle("Compare with the parent", key=f"against-{experiment.id}"):
        with st.container(border=True, key="against-parent"):
            compare_panel(parent, experiment, f"parent-{experiment.id}")


def code_and_settings(experiment: Experiment) -> None:
    with st.expander("Code and settings", icon=":material/code:"):
        st.code(experiment.code, language="python", line_numbers=True, height=420)
        st.json(
            {
                "rates": experiment.rates,
                "limits": experiment.limits.model_dump(),
                "clips": [c.model_dump() for c in experiment.clips],
                "code_sha256": experiment.code_sha256,
                "origin": experiment.origin.model_dump(exclude_none=True),
                "environment": experiment.environment,
            },
            expanded=1,
        )


@st.fragment(key="experiment-below")
def below(experiment: Experiment) -> None:
    """What is asked for now and then: drawn when the first screen stands."""

    def rest() -> None:
        if experiment.status.terminal:
            blind_results(s, experiment)
            against_parent(experiment)
            everything(experiment, f"own-{experiment.id}")
        code_and_settings(experiment)

    soon.below(rest, key=f"experiment-drawn-{experiment.id}")


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
lineage(found)
st.subheader(escape_markdown(found.title), anchor=False)
st.caption(facts(found))
actions(s, found, f"own-{found.id}")
if found.notes:
    with st.container(border=True, key="notes"):
        st.markdown(escape_markdown(found.notes).replace("\n", "  \n"))
if found.status.terminal:
    verdict_box(found)
    ranking_notice(s, found)
    hypothesis_box(s, found)
    fix_button(s, found)
    results_panel(s, found, "own")
    arriving(s, found)
else:
    live_panel(s, found.id)
    hypothesis_box(s, found)
below(found)
