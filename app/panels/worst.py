"""The worst frames of a point: source, decoded and amplified error around the worst part of each."""

from __future__ import annotations

from html import escape
from pathlib import Path

import streamlit as st

from app.panels.frames import state_key
from app.panels.points import point_url
from app.services import Services
from gpu_agent.models import Experiment, ResultRow
from gpu_agent.road.worst import WorstFrame, read_list

HELP = (
    "The frames of lowest Y-PSNR, at least a tenth of the video apart, each cut out around the 96x96 luma samples "
    "with the largest squared error. Every sample is shown as 2x2 pixels; the error is decoded minus source around grey."
)


def worst_view(services: Services, experiment: Experiment, row: ResultRow, key: str) -> None:
    """Nothing where the point was measured before worst frames were looked for."""
    path = row.artifacts.get("worst")
    found = services.artifacts.local(f"{experiment.id}/{path}") if path else None
    if found is None:
        return
    try:
        worst = known(str(found), found.stat().st_mtime_ns)
    except (OSError, ValueError):
        return
    with st.expander("Worst frames", icon=":material/broken_image:"):
        if not worst:
            st.caption("Every frame is identical to its source.")
            return
        st.caption(f"Source, decoded, error amplified {worst[0].gain:g} times: at the worst part of each.", help=HELP)
        columns = st.columns(2, gap="small")
        for at, w in enumerate(worst):
            with columns[at % 2]:
                st.html(picture(point_url(experiment, row, w.file), w))
                st.button(
                    f"Frame {w.frame}: {w.psnr_y:.2f} dB",
                    key=f"worst-{key}-{experiment.id}-{row.clip}-{row.rate:g}-{w.frame}",
                    on_click=seek,
                    args=(state_key(experiment, key), w.frame),
                    type="tertiary",
                    icon=":material/play_arrow:",
                    help="Show this frame in the player. Y-PSNR of the whole frame.",
                )


@st.cache_data(max_entries=256, show_spinner=False)
def known(path: str, _version: int) -> list[WorstFrame]:
    return read_list(Path(path))


def picture(url: str, w: WorstFrame) -> str:
    """An image that a browser fetches once it can be seen; its agent makes it again where it was dropped."""
    alt = f"Frame {w.frame} at {w.x},{w.y}: source, decoded and error side by side"
    style = "width:100%;image-rendering:pixelated;border-radius:4px"
    return f'<img src="{escape(url)}" alt="{escape(alt)}" loading="lazy" style="{style}">'


def seek(own: str, frame: int) -> None:
    """Ask the player for a frame."""
    last = st.session_state.get(f"{own}-seek")
    st.session_state[f"{own}-seek"] = {"frame": frame, "nonce": (last or {}).get("nonce", 0) + 1}
