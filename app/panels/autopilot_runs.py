"""The list of runs, newest first, each with what came of it."""

from __future__ import annotations

import streamlit as st

from app.autopilot.budget import standing_of
from app.autopilot.models import Run
from app.autopilot.strategies import STRATEGIES
from app.results.format import DASH
from app.services import Services

STATES = {
    "waiting": "⏳ waiting",
    "running": "▶ running",
    "paused": "⏸ paused",
    "ended": "✓ ended",
}


def runs(services: Services, known: list[Run]) -> None:
    if not known:
        st.caption("No run yet. The first one appears here, and stays.")
        return
    st.markdown("**Runs**")
    rows = [row(services, run) for run in known]

    def open_clicked() -> None:
        st.session_state["open-run"] = known[st.session_state["open-run-clicked"]["row"]].id

    st.dataframe(
        rows,
        hide_index=True,
        key="autopilot-runs",
        placeholder=DASH,
        height="content" if len(rows) < 12 else 480,
        column_config={
            "open": st.column_config.ButtonColumn(
                "", width="small", type="tertiary", key="open-run-clicked", on_click=open_clicked
            ),
            "Title": st.column_config.TextColumn(width=260),
            "BD-rate (%)": st.column_config.NumberColumn(format="%+.1f", help="The champion's, on the search clips"),
            "Known bill ($)": st.column_config.NumberColumn(format="%.4f"),
            "Created": st.column_config.DatetimeColumn(format="distance"),
            "Why": st.column_config.TextColumn(width=320),
        },
    )
    chosen = st.session_state.pop("open-run", None)
    if chosen:
        st.query_params["run"] = chosen
        st.rerun()


def row(services: Services, run: Run) -> dict[str, object]:
    attempts = services.ledger.attempts(run.id, texts=False)
    standing = standing_of(attempts, run.seconds)
    best = next((a for a in attempts if a.number == run.champion), None)
    return {
        "Title": run.title,
        "open": ":material/open_in_new: Open",
        "State": STATES[run.state],
        "Strategy": STRATEGIES[run.settings.strategy].title,
        "Attempts": len(attempts),
        "Experiments": standing.experiments,
        "Known bill ($)": float(standing.spent),
        "BD-rate (%)": best.score if best else None,
        "Created": run.created_at,
        "Why": run.reason or "",
    }
