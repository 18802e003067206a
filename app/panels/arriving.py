"""What joins a finished experiment by and by (VMAF, anchors, the audit): the page is drawn again as it arrives."""

from __future__ import annotations

import streamlit as st

from app.panels.anchors import SHOWN
from app.services import Services
from gpu_agent.models import Experiment, Status
from gpu_agent.road.afterwards import awaited

POLL_SECONDS = 3.0


def arriving(services: Services, experiment: Experiment) -> None:
    """Looks at the record while something of it is to come, and draws the page anew when it came; else nothing."""
    if not pending(services, experiment):
        return
    shown = arrived(experiment)

    @st.fragment(run_every=POLL_SECONDS, key=f"arriving-{experiment.id}")
    def poll() -> None:
        now = services.store.get(experiment.id)
        if now is None or arrived(now) != shown or not pending(services, now):
            st.rerun()

    poll()


def pending(services: Services, experiment: Experiment) -> bool:
    """An agent that is down brings nothing."""
    health = services.health()
    if experiment.status is not Status.SUCCEEDED or health is None:
        return False
    return experiment.audit is None or any(map(awaited, experiment.results)) or health.anchors is not None


def arrived(experiment: Experiment) -> str:
    """What has joined the record so far, of what the page shows at once: every redraw comes between a person's clicks."""
    waiting = any(map(awaited, experiment.results))
    audit = experiment.audit.model_dump_json() if experiment.audit else ""
    rated = {name: experiment.summary.bd_rate.get(name) for name in SHOWN}
    return f"{waiting} {rated} {audit}"
