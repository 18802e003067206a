"""A run as it goes: queue position, stage, clip and rate, frames, seconds, cancel. Re-attached from the record alone."""

from __future__ import annotations

import streamlit as st

from app.dispatch import cancel
from app.panels.worker import start_button, worker_look, worker_problem
from app.results.format import escape_markdown, kbits, plural, score
from app.results.verdict import verdict
from app.services import Services
from app.worker import look
from gpu_agent.models import Experiment, Status

POLL_SECONDS = 1.0
SHARES = {
    "encode": (0.0, 0.55),
    "decode": (0.55, 0.3),
    "measure": (0.85, 0.1),
    "preview": (0.95, 0.05),
    "store": (1.0, 0.0),
}
"""Where in a point each stage begins and how much of it it takes: encode counts half, decode most of the rest."""


def live_panel(services: Services, experiment_id: str) -> None:
    """Polls while the run is active, and reruns the whole page once when it ends."""

    @st.fragment(run_every=POLL_SECONDS, key=f"live-{experiment_id}")
    def poll() -> None:
        experiment = services.store.get(experiment_id)
        if experiment is None or experiment.status.terminal:
            st.rerun()
        draw(services, experiment)

    poll()


def draw(services: Services, experiment: Experiment) -> None:
    with st.container(border=True, key=f"live-box-{experiment.id}"):
        with st.container(horizontal=True, vertical_alignment="center", key=f"live-head-{experiment.id}"):
            st.markdown(f"**{escape_markdown(headline(services, experiment))}**", width="stretch")
            stopping = experiment.cancel_requested
            if st.button(
                "Cancelling" if stopping else "Cancel",
                key=f"cancel-{experiment.id}",
                icon=":material/stop_circle:",
                disabled=stopping,
            ):
                cancel(services.agent, services.store, experiment.id)
                st.rerun(scope="fragment")
        st.progress(fraction(experiment))
        st.caption(escape_markdown(beside(services, experiment)))
        if (worker := worker_look(services)) is not None and worker.may_start:
            worker_problem(services)
            start_button(services, worker, experiment.id)


def headline(services: Services, experiment: Experiment) -> str:
    """Where the run is, in a sentence; for one that waits, its place in the queue."""
    if experiment.status is not Status.QUEUED or experiment.cancel_requested:
        return verdict(experiment).sentence
    waiting = services.store.waiting()
    ahead = waiting.index(experiment.id) if experiment.id in waiting else 0
    health = services.health()
    ahead += bool(health and health.running)
    return f"Queued: {plural(ahead, 'experiment')} ahead of it." if ahead else "Queued: next in line."


def beside(services: Services, experiment: Experiment) -> str:
    """What else there is to know: an agent that is away, else the newest figures, else what comes."""
    if services.health() is None:
        if services.worker is not None:
            return look(services.worker.known(), False, 0).sentence
        if experiment.status is Status.QUEUED:
            return "The agent is down; the experiment starts when it is back."
        return "The agent does not answer. When it is back, it finds this run and starts it again."
    if experiment.results:
        row = experiment.results[-1]
        quality = "lossless" if row.lossless else f"Y-PSNR {row.psnr_y:.2f} dB, SSIM {score(row.ssim, 4)}"
        return (
            f"{plural(len(experiment.results), 'point')} measured; the latest: {row.clip} at rate {row.rate:g}, "
            f"{kbits(row.kbps)}, {quality}."
        )
    clips = plural(len(experiment.clips), "clip")
    return f"{plural(len(experiment.rates), 'rate point')} on {clips}; figures appear here as they are measured."


def fraction(experiment: Experiment) -> float:
    """How far the whole run is, by points."""
    p = experiment.progress
    if not p.points or not p.point:
        return 0.0
    start, span = SHARES.get(p.stage, (0.0, 0.0))
    inside = start + span * (p.frames_done / p.frames_total if p.frames_total else 0)
    return min(1.0, (p.point - 1 + inside) / p.points)
