"""The list of runs, newest first, each with what came of it."""

from __future__ import annotations

import streamlit as st

from app.autopilot.budget import standing_of
from app.autopilot.models import Run
from app.autopilot.progress import best_so_far
from app.autopilot.strategies import STRATEGIES
from app.charts.search import Curve, contest_figure
from app.panels.plots import chart
from app.results.format import DASH, escape_markdown, listed, short
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

    event = st.dataframe(
        rows,
        hide_index=True,
        key=f"autopilot-runs-{len(rows)}",
        on_select="rerun",
        selection_mode="multi-row",
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
    wanted = st.session_state.pop("open-run", None)
    if wanted:
        st.query_params["run"] = wanted
        st.rerun()
    chosen = [known[i] for i in sorted(event.selection.rows) if i < len(known)]
    if len(chosen) > 1:
        contest(services, chosen)
    elif len(known) > 1:
        st.caption("Tick two or more runs to see whose search got further for the same experiments or dollars.")


def contest(services: Services, chosen: list[Run]) -> None:
    """The best so far of several runs, over what each had used up by then."""
    over = st.segmented_control(
        "Over", ["Experiments", "Dollars"], default="Experiments", required=True, key="contest-over"
    )
    curves, unpriced = [], []
    for run in chosen:
        points = best_so_far(services.ledger.attempts(run.id, texts=False))
        if over == "Dollars" and any(p.dollars is None for p in points):
            unpriced.append(run.title)
            continue
        used = [(p.dollars or 0.0) if over == "Dollars" else p.experiments for p in points]
        strategy = STRATEGIES[run.settings.strategy].title
        name = f"{strategy}, seed {run.settings.seed}: {short(run.title, 40)} · {run.id[-4:]}"
        curves.append(Curve(name, [(x, p.best) for x, p in zip(used, points) if p.best is not None]))
    title = "Experiments" if over == "Experiments" else "Dollars, unknown bills at their most"
    figure = contest_figure(curves, title, st.context.theme.type == "dark")
    if figure is None:
        st.caption("None of these runs has a BD-rate yet.")
    else:
        chart(figure, key=f"contest-{over}", alt="Best BD-rate of each run")
    for said in unlike(chosen) + [f"What “{title}” cost is unknown." for title in unpriced]:
        st.caption(f":material/info: {escape_markdown(said)}")


def unlike(chosen: list[Run]) -> list[str]:
    """What keeps the comparison from being fair: the runs differ in more than strategy and seed."""
    plain = {"strategy", "seed", "gate", "repairs"}
    settings = [run.settings.model_dump(mode="json") for run in chosen]
    differ = [name for name in settings[0] if name not in plain and any(s[name] != settings[0][name] for s in settings)]
    words = [name.replace("_", " ") for name in differ]
    return (
        [f"These runs differ in {listed(words, 9)}, so that this is no fair contest of strategies."] if differ else []
    )


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
