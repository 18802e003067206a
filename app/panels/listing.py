"""The table of experiments: one page of records, with open and rerun in each row and a selection to act on."""

from __future__ import annotations

import hashlib

import pandas as pd
import streamlit as st

from app.agent_client import AgentError
from app.dispatch import dispatch_rerun
from app.panels.badges import AUDIT_COLUMN
from app.results.badges import cell
from app.results.listing import HELP, ListingRow, listing_row
from app.services import Services
from gpu_agent.models import Experiment, Status

STATUS = {
    Status.QUEUED: "⏳ queued",
    Status.RUNNING: "▶ running",
    Status.SUCCEEDED: "✓ succeeded",
    Status.FAILED: "✗ failed",
    Status.CANCELLED: "– cancelled",
}
ROW, HEAD, TALLEST = 35, 38, 640
COLUMNS = {
    "title": st.column_config.TextColumn("Title", width=230),
    "status": st.column_config.TextColumn("Status", width=100),
    "audit": AUDIT_COLUMN,
    "clips": st.column_config.TextColumn("Clips", width=95),
    "psnr_y": st.column_config.NumberColumn("Y-PSNR (dB)", help=HELP["psnr_y"], format="%.2f"),
    "ssim": st.column_config.NumberColumn("SSIM", help=HELP["ssim"], format="%.4f"),
    "kbps": st.column_config.NumberColumn("kbit/s", help=HELP["kbps"], format="%.1f"),
    "bd_rate": st.column_config.NumberColumn("BD-rate (%)", help=HELP["bd_rate"], format="%+.1f"),
    "decoder_bytes": st.column_config.NumberColumn("Decoder (bytes)", help=HELP["decoder_bytes"], format="%d"),
    "origin": st.column_config.TextColumn("Origin", width=150),
    "created": st.column_config.DatetimeColumn("Created", format="distance", width=120),
    "notes": st.column_config.TextColumn("Notes", width=160),
    "id": st.column_config.TextColumn("Id", width=170),
}


def table_of(items: list[Experiment]) -> pd.DataFrame:
    """One row per record; columns that are empty on the whole page are left out."""
    data = pd.DataFrame([cells(e, listing_row(e)) for e in items])
    data["created"] = pd.to_datetime(data["created"], format="ISO8601")
    empty = [c for c in ("psnr_y", "ssim", "kbps", "bd_rate") if data[c].isna().all()]
    empty += [c for c in ("notes", "audit") if not data[c].any()]
    return data.drop(columns=empty)


def cells(experiment: Experiment, row: ListingRow) -> dict[str, object]:
    return {
        "title": row.title,
        "open": ":material/open_in_new: Open",
        "rerun": ":material/replay: Rerun" if row.status.terminal else None,
        "status": STATUS[row.status],
        "audit": cell(experiment),
        "clips": row.clips,
        "psnr_y": row.psnr_y,
        "ssim": row.ssim,
        "kbps": row.kbps,
        "bd_rate": row.bd_rate,
        "decoder_bytes": row.decoder_bytes,
        "origin": row.origin,
        "created": row.created_at,
        "notes": " ".join(experiment.notes.split())[:200],
        "id": row.id,
    }


def listing(services: Services, items: list[Experiment]) -> list[Experiment]:
    """Draw the table; returns the selected experiments, newest first.

    Clicks and selections come as positions, so they are mapped to ids against the very rows that were drawn: the
    table has another key, and so a fresh selection, as soon as its rows are others.
    """
    ids = [e.id for e in items]

    def rerun_clicked() -> None:
        st.session_state["rerun-said"] = rerun(services, ids[st.session_state["rerun-clicked"]["row"]])

    def open_clicked() -> None:
        st.session_state["open-experiment"] = ids[st.session_state["open-clicked"]["row"]]

    button = lambda key, clicked: st.column_config.ButtonColumn(
        "", width="small", type="tertiary", key=key, on_click=clicked
    )
    rows = hashlib.sha256(" ".join(ids).encode()).hexdigest()[:12]
    event = st.dataframe(
        table_of(items),
        key=f"experiments-{rows}",
        on_select="rerun",
        selection_mode="multi-row",
        hide_index=True,
        column_config=COLUMNS
        | {"open": button("open-clicked", open_clicked), "rerun": button("rerun-clicked", rerun_clicked)},
        height=min(TALLEST, HEAD + ROW * len(items)),
        alt="Experiments, newest first",
    )
    wanted = st.session_state.pop("open-experiment", None)
    if wanted:
        st.switch_page("app_pages/experiment.py", query_params={"id": wanted})
    said = st.session_state.pop("rerun-said", None)
    if said:
        st.toast(said, icon=":material/replay:")
    return [items[i] for i in sorted(event.selection.rows) if i < len(items)]


def rerun(services: Services, experiment_id: str) -> str:
    """Dispatch the same again; what to say about it."""
    chosen = services.store.get(experiment_id)
    if chosen is None:
        return "That experiment is not in the store any more."
    try:
        done = dispatch_rerun(services.agent, services.store, chosen, services.away())
    except AgentError as e:
        return str(e)
    return done.note or "Dispatched again; the rerun is at the top of the list."
