"""Lineage: which experiment came from which, a family at a time, coloured by BD-rate; a click opens the experiment."""

from __future__ import annotations

import streamlit as st

from app.charts.lineage import lineage_figure
from app.panels.agent import agent_notice
from app.panels.plots import chart
from app.results.contender import LABELS
from app.results.format import plural
from app.results.leaderboard import anchors_there
from app.results.lineage import Family, families_of, kin, nodes_of, trimmed
from app.services import services

OFFERED = 200  # families that can be chosen here; an experiment's own page leads to any other

s = services()


def choose_family(found: list[Family], current: str | None) -> Family:
    """The one of the experiment in the URL, else the newest; any other can be chosen."""
    own = next((f for f in found if current in f.ids), found[0])
    found = list({f.ids[0]: f for f in [*found[:OFFERED], own]}.values())
    ids = [f.ids[0] for f in found]
    names = {f.ids[0]: f.name for f in found}
    chosen = st.selectbox(
        f"Family, newest of {len(found)} first" if len(found) > 1 else "Family",
        ids,
        index=ids.index(own.ids[0]),
        format_func=names.get,
        key=f"family-{current}",
        width=460,
    )
    return found[ids.index(chosen)]


def choose_anchor(names: list[str]) -> str | None:
    if not names:
        return None
    return st.selectbox(
        "Coloured by bits against",
        names,
        format_func=lambda n: LABELS.get(n, n),
        key="lineage-anchor",
        width=280,
        help="BD-rate on PSNR-YUV (PCHIP), mean over each experiment's own clips: compare colours of the same clips.",
    )


agent_notice(s)
outlines = s.outlines()
current = st.query_params.get("of")
with st.container(horizontal=True, vertical_alignment="bottom", key="lineage-controls"):
    anchor = choose_anchor(anchors_there(outlines))
    relations = kin(outlines, current)
    families = families_of(outlines, relations)
    family = choose_family(families, current) if families else None
if family is None:
    st.info(
        "No experiment has a child yet. Open one in the lab, change it and dispatch it: the new one remembers where it "
        "came from, and both stand here.",
        icon=":material/account_tree:",
    )
    st.page_link("app_pages/experiments.py", label="All experiments", icon=":material/table_rows:")
    st.stop()
if current and not any(current in f.ids for f in families):
    st.caption("The experiment that this page was opened for has neither parent nor child here.")
shown = trimmed(nodes_of(outlines, relations, family, anchor, current), current)
if shown.left_out:
    st.caption(
        f"The newest {len(shown.nodes)} with everything they came from; "
        f"{plural(shown.left_out, 'older experiment')} of this family {'is' if shown.left_out == 1 else 'are'} left out."
    )
event = chart(
    lineage_figure(shown.nodes, "BD-rate (%)", dark=st.context.theme.type == "dark"),
    key=f"lineage-{family.ids[0]}-{anchor}",
    on_select="rerun",
    selection_mode="points",
    alt="Family tree of experiments, parents on the left",
)
st.caption("A click on an experiment opens it. Grey: no BD-rate. A number after × counts a code's reruns.")
clicked = next((p["customdata"][0] for p in event.selection.points if p.get("customdata")), None)
if clicked:
    st.switch_page("app_pages/experiment.py", query_params={"id": clicked})
