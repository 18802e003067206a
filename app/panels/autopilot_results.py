"""What a run has found: champion, best so far, Pareto chart, lineage, the chosen attempt, the ledger."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.autopilot.champion import generalisation
from app.autopilot.models import Attempt, Run
from app.autopilot.progress import best_so_far, gain, nodes, row
from app.autopilot.strategies.archive import front
from app.charts.lineage import lineage_figure
from app.charts.search import Candidate, Point, best_figure, pareto_figure
from app.panels.autopilot_attempt import attempt_view
from app.panels.plots import chart
from app.results.format import DASH, escape_markdown, percent, short
from app.services import Services

TALLEST = 620


def results(services: Services, run: Run) -> None:
    attempts = services.ledger.attempts(run.id, texts=False)
    if not attempts:
        st.caption("Charts, lineage and ledger appear with the first attempt.")
        return
    dark = st.context.theme.type == "dark"
    champion(run, attempts)
    with st.container(key="autopilot-charts"):
        left, right = st.columns(2, gap="medium")
        with left:
            best_chart(run, attempts, dark)
        with right:
            pareto_chart(run, attempts, dark)
    lineage(run, attempts, dark)
    shown = next((a for a in attempts if a.number == chosen()), None)
    if shown is None:
        st.caption("Click a node or a point to see its code, its measurements and the exchange with Claude.")
    else:
        attempt_view(services, run, attempts, shown.number)
    ledger_table(run, attempts)


def chosen() -> int | None:
    """The attempt that is looked into; it is in the URL."""
    number = st.query_params.get("attempt", "")
    return int(number) if number.isdecimal() else None


def champion(run: Run, attempts: list[Attempt]) -> None:
    best = next((a for a in attempts if a.number == run.champion), None)
    if best is not None:
        held = generalisation(best, attempts)
        parts = [f"Champion: attempt {best.number}, {best.title or 'untitled'}", gain(best, attempts)]
        head = ": ".join(part for part in parts if part)
        words = f"**{escape_markdown(head)}.** "
        words += escape_markdown(
            held.sentence if run.settings.validation_clips else f"{percent(best.score)} on search clips."
        )
        if held.flagged:
            st.warning(words, icon=":material/flag:")
        else:
            st.success(words, icon=":material/trophy:")
    unranked = [a for a in attempts if a.verdict == "measured" and a.score is None]
    if best is None and unranked:
        why = short(unranked[-1].score_reason or "no reason is recorded", 300).rstrip(".")
        st.info(
            escape_markdown(f"Nothing is ranked yet: {why}. Claude is told so with its next question."),
            icon=":material/rule:",
        )
    better = [a for a in attempts if a.barred and a.score is not None and (best is None or a.score < best.score)]
    for a in better[:3]:
        st.caption(
            f":material/gavel: {escape_markdown(f'Attempt {a.number} measured {percent(a.score)} and is not ranked: {a.barred}')}"
        )


def best_chart(run: Run, attempts: list[Attempt], dark: bool) -> None:
    points = best_so_far(attempts)
    priced = bool(points) and all(p.dollars is not None for p in points)
    with st.container(horizontal=True, vertical_alignment="center", key="best-head"):
        st.markdown("**Best so far**", width="content")
        over = st.segmented_control(
            "Over",
            ["Experiments", "Dollars"] if priced else ["Experiments"],
            default="Experiments",
            required=True,
            key=f"best-over-{run.id}",
            label_visibility="collapsed",
        )
    by_dollars = over == "Dollars"
    drawn = [
        Point(p.number, (p.dollars or 0.0) if by_dollars else p.experiments, p.score, p.best, p.title, p.barred)
        for p in points
    ]
    title = "Dollars, unknown bills at their most" if by_dollars else "Experiments"
    figure = best_figure(drawn, title, dark)
    if figure is None:
        st.caption("Nothing has a BD-rate yet.")
        return
    take_click(run, clickable(figure, f"best-{run.id}-{over}", "Best BD-rate so far"), "best")


def pareto_chart(run: Run, attempts: list[Attempt], dark: bool) -> None:
    measured = [a for a in attempts if a.verdict == "measured" and a.score is not None and a.decode_ms]
    on_front = {a.number for a in front([a for a in measured if not a.barred])}
    st.markdown("**Bits against decode time**")
    figure = pareto_figure(
        [
            Candidate(
                a.number,
                a.score,
                a.decode_ms,
                a.title or "",
                a.cell or "",
                a.number in on_front,
                bool(a.barred),
                a.number == run.champion,
            )
            for a in measured
        ],
        dark,
    )
    if figure is None:
        st.caption("Nothing has a BD-rate yet.")
        return
    take_click(run, clickable(figure, f"pareto-{run.id}", "BD-rate against decode time"), "pareto")


def lineage(run: Run, attempts: list[Attempt], dark: bool) -> None:
    st.markdown("**Lineage**")
    figure = lineage_figure(nodes(attempts, run.champion, chosen()), "Bits against the first (%)", dark=dark)
    if figure is None:
        return
    tall = (figure.layout.height or 0) > TALLEST
    with st.container(height=TALLEST if tall else "content", border=False, key="lineage-box"):
        take_click(run, clickable(figure, f"lineage-{run.id}", "Lineage of the attempts"), "lineage")


def clickable(figure: Any, key: str, alt: str) -> Any:
    return chart(figure, key=key, on_select="rerun", selection_mode="points", alt=alt)


def take_click(run: Run, event: Any, where: str) -> None:
    """A newly clicked point of a chart becomes the chosen attempt."""
    points = event.selection.points if event and event.selection else []
    clicked = next((p["customdata"][0] for p in points if p.get("customdata")), None)
    seen = f"autopilot-clicked-{where}-{run.id}"
    if clicked == st.session_state.get(seen):
        return
    st.session_state[seen] = clicked
    if clicked is not None:
        st.query_params["attempt"] = str(clicked)
        st.rerun()


def ledger_table(run: Run, attempts: list[Attempt]) -> None:
    st.markdown("**Ledger**")
    columns = {
        "number": st.column_config.NumberColumn("#", width=40),
        "kind": st.column_config.TextColumn("Kind", width=110),
        "parents": st.column_config.TextColumn("Parents", width=70),
        "title": st.column_config.TextColumn("Title", width=220),
        "verdict": st.column_config.TextColumn("Verdict", width=110),
        "score": st.column_config.NumberColumn("BD-rate (%)", format="%+.1f", help="Search clips, against x264 medium"),
        "validation": st.column_config.NumberColumn(
            "Validation (%)", format="%+.1f", help="Clips that Claude never sees"
        ),
        "decode_ms": st.column_config.NumberColumn("Decode (ms)", format="%.1f", help="A frame"),
        "cell": st.column_config.TextColumn("Cell", width=130, help="Band of bit rates and family of the transform"),
        "tokens_in": st.column_config.NumberColumn("Tokens in", format="localized"),
        "tokens_out": st.column_config.NumberColumn("Tokens out", format="localized"),
        "dollars": st.column_config.NumberColumn("Dollars", format="%.4f", help="The known bill"),
        "at_most": st.column_config.NumberColumn("At most ($)", format="%.4f", help="Where the bill is not known"),
        "claude_seconds": st.column_config.NumberColumn("Claude (s)", format="%.1f"),
        "agent_seconds": st.column_config.NumberColumn("Agent (s)", format="%.1f"),
        "experiments": st.column_config.NumberColumn("Runs", width=55, help="Experiments on the agent"),
        "model": st.column_config.TextColumn("Model"),
        "reason": st.column_config.TextColumn("Why these parents", width=260),
        "said": st.column_config.TextColumn("What came of it", width=380),
        "code_sha256": st.column_config.TextColumn("Code", help="The first digits of its SHA-256"),
    }
    rows = [row(a) for a in reversed(attempts)]
    empty = [name for name in columns if all(r[name] is None for r in rows)]
    event = st.dataframe(
        [{name: value for name, value in r.items() if name not in empty} for r in rows],
        hide_index=True,
        key=f"ledger-{run.id}-{len(rows)}",
        on_select="rerun",
        selection_mode="single-row",
        column_config=columns,
        placeholder=DASH,
        height="content" if len(rows) < 14 else 520,
    )
    picked = next(iter(event.selection.rows), None)
    clicked = rows[picked]["number"] if picked is not None and picked < len(rows) else None
    seen = f"autopilot-clicked-ledger-{run.id}"
    if clicked != st.session_state.get(seen):
        st.session_state[seen] = clicked
        if clicked is not None:
            st.query_params["attempt"] = str(clicked)
            st.rerun()
