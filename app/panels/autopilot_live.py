"""A run as it goes: what happens now, how much of the budget is used, pause and stop, steering, approval."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from app.autopilot.budget import standing_of
from app.autopilot.models import Attempt, Run
from app.autopilot.progress import elapsed, sentence, spent
from app.autopilot.strategies import STRATEGIES
from app.claude.models import label
from app.panels import press
from app.panels.autopilot_words import gate, steer
from app.results.format import DASH, escape_markdown, listed, moment, number, percent, plural
from app.services import Services

POLL_SECONDS = 1.0
SILENT_SECONDS = 15.0
BADGES = {
    "waiting": ("Waiting", "gray", ":material/hourglass_top:"),
    "running": ("Running", "blue", ":material/autoplay:"),
    "paused": ("Paused", "orange", ":material/pause:"),
    "ended": ("Ended", "green", ":material/flag:"),
}


def live(services: Services, run: Run) -> None:
    """Polls while the run has not ended, and reruns the page when there is something new to draw below."""
    head(services, run)

    @st.fragment(run_every=POLL_SECONDS if run.state != "ended" else None, key=f"autopilot-{run.id}")
    def poll() -> None:
        now = services.ledger.run(run.id) or run
        attempts = services.ledger.attempts(run.id, texts=False)
        seen, mark = st.session_state.get("autopilot-mark"), (run.id, *marks(now, attempts))
        st.session_state["autopilot-mark"] = mark
        if seen is not None and seen[0] == run.id and seen != mark:
            st.rerun()
        box(services, now, attempts)

    poll()
    now = services.ledger.run(run.id) or run
    if now.state != "ended":
        gate(services, now)
        steer(services, now)


def marks(run: Run, attempts: list[Attempt]) -> tuple:
    """Changes when charts, tree or table have something new to show."""
    return (
        run.state,
        run.champion,
        [(a.number, a.phase, a.verdict, a.score, a.validation_score, a.barred) for a in attempts],
    )


def head(services: Services, run: Run) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="autopilot-head"):
        if st.button("All runs", icon=":material/arrow_back:", type="tertiary", key="all-runs"):
            st.query_params.clear()
            st.rerun()
        st.space("stretch")
        again(services, run)
    st.subheader(escape_markdown(run.title), anchor=False)
    e = run.settings
    parts = [
        STRATEGIES[e.strategy].title,
        f"{label(e.model)}, effort {e.effort}",
        f"search on {listed(e.search_clips)}",
        f"validation on {listed(e.validation_clips)}" if e.validation_clips else "no validation clips",
        f"first {plural(e.frames, 'frame')}" if e.frames else "all frames",
        f"from {listed([s.name for s in e.starts])}" if e.starts else "from the goal alone",
        run.id,
    ]
    st.caption(escape_markdown(" · ".join(parts)))


def again(services: Services, run: Run) -> None:
    """The same run once more, with another strategy or seed: a fair contest at equal budget."""
    with st.popover("Run again", icon=":material/replay:", key="again-run"):
        names = list(STRATEGIES)
        strategy = st.selectbox(
            "Strategy",
            names,
            names.index(run.settings.strategy),
            format_func=lambda name: STRATEGIES[name].title,
            key=f"again-strategy-{run.id}",
        )
        seed = st.number_input("Seed", 0, None, run.settings.seed, key=f"again-seed-{run.id}")
        st.caption(
            "Everything else stays as it is, the budget too. The list of runs draws several of them in one chart."
        )
        start = f"again-start-{run.id}"
        press.button("Start", type="primary", icon=":material/play_arrow:", key=start)
        if press.taken(start):
            settings = run.settings.model_copy(update={"strategy": strategy, "seed": seed})
            made = services.ledger.start(settings, run.title)
            st.query_params.from_dict({"run": made.id})
            st.rerun()


def box(services: Services, run: Run, attempts: list[Attempt]) -> None:
    silent = service_notice(services, run)
    current = next((a for a in attempts if not a.ended), None)
    waits_for = current.experiments.get(current.stage) if current and current.phase == "running" else None
    record = services.store.get(waits_for) if waits_for else None
    with st.container(border=True, key="autopilot-box"):
        with st.container(horizontal=True, vertical_alignment="center", key="autopilot-now"):
            name, colour, icon = BADGES[run.state]
            st.badge(name, icon=icon, color=colour)
            st.markdown(f"**{escape_markdown(sentence(run, attempts, record))}**", width="stretch")
            controls(services, run)
        figures(run, attempts)
        if current is not None and run.state != "ended" and not silent:
            st.caption(escape_markdown(current.reason))


def service_notice(services: Services, run: Run) -> bool:
    """Whether the service is silent though the run has not ended; says so."""
    if run.state == "ended":
        return False
    pulse = services.ledger.pulse()
    at = moment(pulse.at) if pulse else None
    silent = at is None or (datetime.now(UTC) - at).total_seconds() > SILENT_SECONDS
    if silent:
        st.warning(
            "The autopilot's service does not run, so nothing happens here. `./lab` starts it; nothing is lost meanwhile.",
            icon=":material/power_off:",
        )
    return silent


def controls(services: Services, run: Run) -> None:
    if run.state == "ended":
        return
    stopping = run.wish == "stop"
    if run.wish == "pause":
        if st.button("Resume", icon=":material/play_arrow:", key="resume-run", type="primary"):
            services.ledger.wish(run.id, "run")
            st.rerun()
    elif st.button(
        "Pause",
        icon=":material/pause:",
        key="pause-run",
        disabled=stopping,
        help="What is under way is finished, and nothing new begins",
    ):
        services.ledger.wish(run.id, "pause")
        st.rerun()
    if st.button(
        "Stopping" if stopping else "Stop",
        icon=":material/stop_circle:",
        key="stop-run",
        disabled=stopping,
        help="Ends the run for good, within seconds",
    ):
        services.ledger.wish(run.id, "stop")
        st.rerun()


def figures(run: Run, attempts: list[Attempt]) -> None:
    """Dollars, experiments, time and the champion, each with its bound."""
    standing, budget = standing_of(attempts, run.seconds), run.settings.budget
    bill, notes = spent(run, attempts)
    best = next((a for a in attempts if a.number == run.champion), None)
    since = f"{standing.since_best} since the champion"
    shown = {
        "Spent": (bill, f"of ${budget.dollars:f}" if budget.dollars is not None else "no bound"),
        "Experiments": (
            number(standing.experiments),
            f"of {number(budget.experiments)}" if budget.experiments else "no bound",
        ),
        "Active": (
            elapsed(run.seconds) if run.started_at else DASH,
            f"of {budget.hours:g} h" if budget.hours else "no bound",
        ),
        "Attempts": (number(len(attempts)), f"{since}, ends at {budget.plateau}" if budget.plateau else since),
        "Champion": (
            percent(best.score) if best else DASH,
            f"against x264, attempt {best.number}" if best else "nothing is ranked yet",
        ),
    }
    for column, (name, (value, note)) in zip(st.columns(len(shown)), shown.items()):
        column.metric(name, escape_markdown(value), escape_markdown(note), delta_color="off", delta_arrow="off")
    if notes:
        st.caption(f":material/payments: {escape_markdown(notes)}")
