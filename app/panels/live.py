"""A run as it goes: queue position, stage, clip and rate, frames, seconds, cancel. Re-attached from the record alone."""

from __future__ import annotations

import streamlit as st

from app.dispatch import cancel
from app.results.format import plural, seconds
from app.results.verdict import verdict
from app.services import Services
from gpu_agent.models import Experiment, Status

STEPS = ("check", "smoke", "prepare", "encode", "decode", "measure", "preview", "store")


def live_panel(services: Services, experiment_id: str) -> None:
    """Polls while the run is active, and reruns the whole page once when it ends."""

    @st.fragment(run_every=1.0, key=f"live-{experiment_id}")
    def poll() -> None:
        experiment = services.store.get(experiment_id)
        if experiment is None or experiment.status.terminal:
            st.rerun()
        draw(services, experiment)

    poll()


def draw(services: Services, experiment: Experiment) -> None:
    with st.container(border=True, key=f"live-box-{experiment.id}"):
        head, button = st.columns([6, 1], vertical_alignment="center")
        head.markdown(f"**{headline(services, experiment)}**")
        stopping = experiment.cancel_requested
        if button.button(
            "Cancelling" if stopping else "Cancel",
            key=f"cancel-{experiment.id}",
            icon=":material/stop_circle:",
            disabled=stopping,
            width="stretch",
        ):
            cancel(services.agent, services.store, experiment.id)
            st.rerun(scope="fragment")
        p = experiment.progress
        st.progress(fraction(experiment), text=caption(experiment))
        if p.stage == "queued" and services.health() is None:
            st.caption("The agent is down; the experiment starts when it is back.")
        if experiment.results:
            latest = experiment.results[-1]
            st.caption(
                f"{plural(len(experiment.results), 'point')} measured; the latest: {latest.clip} at rate {latest.rate:g}, "
                f"{latest.kbps:,.1f} kbit/s, {latest.psnr_y:.2f} dB, SSIM {latest.ssim:.4f}"
            )


def headline(services: Services, experiment: Experiment) -> str:
    if experiment.status is Status.QUEUED:
        before = services.store.waiting()
        place = before.index(experiment.id) if experiment.id in before else 0
        ahead = f"{plural(place, 'experiment')} ahead of it" if place else "next in the queue"
        return f"Queued: {ahead}."
    return verdict(experiment).markdown


def fraction(experiment: Experiment) -> float:
    """How far the whole run is, by points; within a point encode counts half, decode the rest of what codecs do."""
    p = experiment.progress
    if not p.points or not p.point:
        return 0.0
    part = {"encode": (0.0, 0.55), "decode": (0.55, 0.3), "measure": (0.85, 0.1), "preview": (0.95, 0.05)}
    start, span = part.get(p.stage, (1.0 if p.stage == "store" else 0.0, 0.0))
    inside = start + span * (p.frames_done / p.frames_total if p.frames_total else 0)
    return min(1.0, (p.point - 1 + inside) / p.points)


def caption(experiment: Experiment) -> str:
    p = experiment.progress
    parts = [f"Point {p.point} of {p.points}"] if p.point else []
    parts += [f"{p.clip} at rate {p.rate:g}" if p.rate is not None else p.clip] if p.clip else []
    parts += [f"{p.stage} {p.frames_done} of {p.frames_total} frames"] if p.frames_total else [p.stage]
    parts += [seconds(p.seconds)] if p.seconds else []
    return " · ".join(parts)
