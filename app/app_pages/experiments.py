"""All experiments, newest first: filter, search, rerun in one click, open, compare two, archive."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.agent_client import AgentError
from app.dispatch import dispatch_rerun
from app.panels.agent import agent_badge, agent_notice
from app.panels.badges import AUDIT_COLUMN
from app.panels.compare import compare_panel
from app.results.badges import cell
from app.results.format import plural
from app.results.listing import HELP, ListingRow, listing_row
from app.services import services
from gpu_agent.models import Experiment, Status
from gpu_agent.store import Query

PAGE = 50
STATUS_ICONS = {
    Status.QUEUED: "⏳ queued",
    Status.RUNNING: "▶ running",
    Status.SUCCEEDED: "✓ succeeded",
    Status.FAILED: "✗ failed",
    Status.CANCELLED: "– cancelled",
}
s = services()


def filters() -> Query:
    """The filter row; its state is in the URL."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Search", key="q", bind="query-params", type="search", placeholder="title, id, clip or note", width=300
        )
        statuses = [s.value for s in Status]
        status = st.selectbox(
            "Status", statuses, index=None, placeholder="any", key="status", bind="query-params", width=150
        )
        archived = st.toggle("Archived", key="archived", bind="query-params")
        st.space("stretch")
        agent_badge(s)
    before = pager(f"{text}|{status}|{archived}")
    return Query(PAGE, before[-1] if before else None, Status(status) if status else None, text or None, archived)


def pager(query: str) -> list[str]:
    """The cursors of the pages walked through so far; they start anew with another filter."""
    if st.session_state.get("pager-of") != query:
        st.session_state["pager-of"], st.session_state["pager"] = query, []
    return st.session_state["pager"]


def row_of(row: ListingRow) -> dict[str, object]:
    return {
        "title": row.title,
        "status": STATUS_ICONS[row.status],
        "clips": row.clips,
        "psnr_y": row.psnr_y,
        "ssim": row.ssim,
        "kbps": row.kbps,
        "bd_rate": row.bd_rate,
        "decoder_bytes": row.decoder_bytes,
        "origin": row.origin,
        "created": row.created_at,
        "id": row.id,
        "rerun": ":material/replay: Rerun" if row.status in DONE else None,
    }


DONE = {Status.SUCCEEDED, Status.FAILED, Status.CANCELLED}
COLUMNS = {
    "title": st.column_config.TextColumn("Title", width="medium", pinned=True),
    "status": st.column_config.TextColumn("Status", width="small"),
    "audit": AUDIT_COLUMN,
    "clips": st.column_config.TextColumn("Clips", width="small"),
    "psnr_y": st.column_config.NumberColumn("Y-PSNR (dB)", help=HELP["psnr_y"], format="%.2f"),
    "ssim": st.column_config.NumberColumn("SSIM", help=HELP["ssim"], format="%.4f"),
    "kbps": st.column_config.NumberColumn("kbit/s", help=HELP["kbps"], format="%.1f"),
    "bd_rate": st.column_config.NumberColumn("BD-rate (%)", help=HELP["bd_rate"], format="%+.1f"),
    "decoder_bytes": st.column_config.NumberColumn("Decoder (bytes)", help=HELP["decoder_bytes"], format="%d"),
    "origin": st.column_config.TextColumn("Origin", width="small"),
    "created": st.column_config.DatetimeColumn("Created", format="distance"),
    "id": st.column_config.TextColumn("Id", width="small"),
}


def listing(items: list[Experiment]) -> list[Experiment]:
    """The table; returns the selected experiments. Positions are mapped to ids at once."""
    rows = [listing_row(e) for e in items]
    data = pd.DataFrame([row_of(r) for r in rows])
    data.insert(2, "audit", [cell(e) for e in items])
    data["created"] = pd.to_datetime(data["created"])
    if data["bd_rate"].isna().all():
        data = data.drop(columns="bd_rate")

    def rerun_clicked() -> None:
        clicked = st.session_state["rerun-clicked"]
        chosen = items[clicked["row"]]
        try:
            done = dispatch_rerun(s.agent, s.store, chosen)
        except AgentError as e:
            st.session_state["rerun-said"] = str(e)
            return
        st.session_state["rerun-said"] = done.note or f"Dispatched again: {chosen.title}"

    button = st.column_config.ButtonColumn(
        "", width="small", type="tertiary", key="rerun-clicked", on_click=rerun_clicked
    )
    event = st.dataframe(
        data,
        key=f"experiments-{items[0].id}-{len(items)}",
        on_select="rerun",
        selection_mode="multi-row",
        hide_index=True,
        column_config=COLUMNS | {"rerun": button},
        height=min(640, 38 + 35 * len(items)),
        alt="Experiments, newest first",
    )
    said = st.session_state.pop("rerun-said", None)
    if said:
        st.toast(said, icon=":material/replay:")
    return [items[i] for i in event.selection.rows if i < len(items)]


def selected_actions(chosen: list[Experiment]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="selected-actions"):
        if len(chosen) == 1:
            if st.button("Open", type="primary", icon=":material/open_in_new:"):
                st.switch_page("app_pages/experiment.py", query_params={"id": chosen[0].id})
            if st.button("Open in lab", icon=":material/science:"):
                from app.panels.actions import open_in_lab

                open_in_lab(s, chosen[0])
        done = [e for e in chosen if e.status.terminal]
        if done and st.button("Unarchive" if all(e.archived for e in done) else "Archive", icon=":material/archive:"):
            for e in done:
                s.store.annotate(e.id, archived=not all(x.archived for x in done))
            st.rerun()
        st.caption(f"{plural(len(chosen), 'experiment')} selected")
    if len(chosen) == 2:
        compare_panel(s, chosen[1], chosen[0])


def pages(more: str | None) -> None:
    cursors = st.session_state["pager"]
    if not cursors and more is None:
        return
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        if st.button("Newer", icon=":material/chevron_left:", disabled=not cursors):
            cursors.pop()
            st.rerun()
        st.caption(f"Page {len(cursors) + 1}")
        if st.button("Older", icon=":material/chevron_right:", icon_position="right", disabled=more is None):
            cursors.append(more)
            st.rerun()


def empty(query: Query) -> None:
    if query.text or query.status or query.archived:
        st.info("No experiment matches. Loosen the search or the filters.", icon=":material/search_off:")
        return
    st.info(
        "No experiments yet. Open a starter codec in the lab, press Dispatch, and its measurements appear here.",
        icon=":material/science:",
    )
    st.page_link("app_pages/lab.py", label="Go to the lab", icon=":material/science:")


agent_notice(s)


@st.fragment(run_every=3.0 if st.session_state.get("watching") else None, key="listing")
def body() -> None:
    query = filters()
    page = s.store.page(query)
    st.session_state["watching"] = any(not e.status.terminal for e in page.items)
    if not page.items:
        empty(query)
        return
    chosen = listing(page.items)
    pages(page.next)
    if chosen:
        selected_actions(chosen)
    else:
        st.caption("Select a row to open it, two to compare them.")


body()
