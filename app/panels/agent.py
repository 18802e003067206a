"""One line about the agent, where something about it matters to the person."""

from __future__ import annotations

import streamlit as st

from app.agent_client import Health
from app.panels.worker import ICONS, stop_popover, worker_look, worker_notice
from app.services import HEALTH_SECONDS, Services
from gpu_agent.models import UNSAFE


def agent_notice(services: Services) -> None:
    """Nothing while all is well; otherwise what is wrong and what happens to queued work.

    In a place of its own: where something came before the rest of the page, the browser would draw all of that anew,
    and what is being typed would be lost.
    """
    with st.container():
        notice(services)


def notice(services: Services) -> None:
    health = services.health()
    if health is not None and health.sandbox.get("level") == UNSAFE:
        st.error(health.sandbox.get("message") or "UNSAFE MODE: there is no jail.", icon=":material/gpp_bad:")
    if health is None and services.worker is not None:
        worker_notice(services)
    elif health is None:
        st.warning(
            "The agent does not answer. You can go on writing; what you dispatch is queued and starts when it is back.",
            icon=":material/cloud_off:",
        )
    elif not health.sandbox.get("available"):
        st.error(
            f"Experiments wait: there is no jail to run codecs in. {health.sandbox.get('message') or ''}",
            icon=":material/gpp_bad:",
        )
    elif not health.measurement.get("ok"):
        st.error(
            f"Experiments wait: the measurement fails its self test. {health.measurement.get('message') or ''}",
            icon=":material/rule:",
        )


def agent_badge(services: Services, live: bool = False) -> None:
    """What the agent does at this moment; asked again and again only while something is `live` on the page."""

    @st.fragment(run_every=HEALTH_SECONDS if live else None, key="agent-badge")
    def badge() -> None:
        health = services.health()
        worker = worker_look(services) if health is None else None
        if worker is not None:
            st.badge(worker.label, icon=ICONS[worker.color], color=worker.color)
        else:
            draw_badge(health)

    with st.container(width="content"):  # a fragment takes what room there is, and the badge would stand in its middle
        badge()
    if services.worker is not None and services.health() is not None:
        stop_popover(services, worker_look(services), "badge")


def draw_badge(health: Health | None) -> None:
    if health is None:
        st.badge("Agent down", icon=":material/cloud_off:", color="red")
        return
    device = (health.device.get("gpu") or {}).get("name") or f"{health.device.get('cores')} CPU cores"
    state = "running" if health.running else "idle"
    waiting = f", {health.queue_depth} waiting" if health.queue_depth else ""
    st.badge(
        f"Agent {state}{waiting}",
        icon=":material/memory:",
        color="blue" if health.running else "green",
        help=f"{device} · {health.device.get('cpu')} · jail: {health.sandbox.get('level') or 'none'} · build {health.build}",
    )
