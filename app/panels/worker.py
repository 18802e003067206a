"""The worker's machine, where the lab runs on AWS: what it does, a start button, a stop button behind a confirmation."""

from __future__ import annotations

import streamlit as st

from app.services import Services
from app.worker import Look, look

POLL_SECONDS = 3.0
ICONS = {
    "green": ":material/memory:",
    "blue": ":material/hourglass_top:",
    "orange": ":material/hourglass_bottom:",
    "gray": ":material/power_settings_new:",
    "red": ":material/cloud_off:",
}


def worker_look(services: Services) -> Look | None:
    """None where the lab knows of no worker."""
    if services.worker is None:
        return None
    health = services.health()
    waiting = health.queue_depth if health is not None else services.store.queue_depth()
    return look(services.worker.known(), health is not None, waiting)


def worker_notice(services: Services) -> None:
    """What the worker is doing instead of answering. Looks again only while that changes; the page follows once."""
    shown = worker_look(services)
    if shown is None:
        return

    @st.fragment(run_every=POLL_SECONDS if shown.changing else None, key="worker-notice")
    def notice() -> None:
        now = worker_look(services)
        if now is None or (now.label, now.changing) != (shown.label, shown.changing):
            st.rerun()
        with st.container(border=True, key="worker"):
            with st.container(horizontal=True, vertical_alignment="center", key="worker-line"):
                st.badge(now.label, icon=ICONS[now.color], color=now.color)
                st.markdown(now.sentence, width="stretch")
                start_button(services, now, "notice")
                stop_popover(services, now, "notice")
            worker_problem(services)

    notice()


def worker_problem(services: Services) -> None:
    """What EC2 refused, and what can be done about it."""
    problem = services.worker.known().problem if services.worker else None
    if problem:
        st.error(problem, icon=":material/block:")


def start_button(services: Services, now: Look | None, where: str) -> None:
    if now is None or not now.may_start or services.worker is None:
        return
    if st.button("Start the worker", type="primary", icon=":material/play_arrow:", key=f"start-worker-{where}"):
        services.worker.start()
        st.rerun()


def stop_popover(services: Services, now: Look | None, where: str) -> None:
    """The button is in a popover that says what stopping means."""
    if now is None or not now.may_stop or services.worker is None:
        return
    with st.popover("Stop the worker", icon=":material/power_settings_new:", type="tertiary", key=f"stop-{where}"):
        st.markdown(
            "The machine is switched off and costs only its disk. A running experiment goes back into the queue and "
            "starts anew when the worker is started again."
        )
        if st.button("Stop it now", icon=":material/stop_circle:", key=f"stop-worker-{where}"):
            services.worker.stop()
            st.rerun()
