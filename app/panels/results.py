"""The results of one experiment: rate-distortion chart, player with linked per-frame chart, points."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.charts.rd import rd_figure
from app.charts.series import Curve, curves_of
from app.components import soon
from app.panels.anchors import anchor_curves, anchors_notice
from app.panels.frames import frame_plots, is_tall, play
from app.panels.plots import chart
from app.panels.points import points
from app.panels.target import target_view
from app.panels.verdict import codec_log
from app.panels.worst import worst_view
from app.results.format import kbits, score, short, speed
from app.results.format import size as bytes_of
from app.results.metrics import metric, value_of
from app.services import Services
from gpu_agent.models import Experiment, ResultRow, Status

METRICS = ("psnr_yuv", "psnr_y", "ssim", "ms_ssim", "vmaf")


def results_panel(services: Services, experiment: Experiment, key: str) -> None:
    """Everything measured. A fragment: choosing a point or a frame redraws this part of the page alone.

    Curves and player come first, and what is below them when they stand.
    """
    if not experiment.results:
        if experiment.status is Status.CANCELLED:
            st.caption("It was cancelled before a point was measured.")
        return

    @st.fragment(key=f"results-{key}-{experiment.id}")
    def panel() -> None:
        dark = st.context.theme.type == "dark"
        clip = choose_clip(experiment, key)
        left, right = st.columns([1, 1] if is_tall(services, experiment, clip) else [5, 7], gap="medium")
        with left:
            row = choose_point(services, experiment, clip, key, dark)
        with right:
            frame = play(services, experiment, row, key)

        def rest() -> None:
            frame_plots(services, experiment, row, key, dark, frame)
            worst_view(services, experiment, row, key)
            target_view(services, experiment)
            points(experiment, key)
            if experiment.status is Status.SUCCEEDED:
                codec_log(experiment)

        soon.below(rest, key=f"results-drawn-{key}-{experiment.id}")

    panel()


def choose_clip(experiment: Experiment, key: str) -> str:
    """Which clip is looked at, where there are several."""
    clips = list(dict.fromkeys(r.clip for r in experiment.results))
    if len(clips) == 1:
        return clips[0]
    return st.segmented_control(
        "Clip",
        clips,
        default=clips[0],
        required=True,
        format_func=lambda name: short(name, 40),
        key=f"clip-{key}-{experiment.id}",
    )


def choose_point(services: Services, experiment: Experiment, clip: str, key: str, dark: bool) -> ResultRow:
    """The rate-distortion chart with its controls; clicking a point chooses it for the player."""
    own = [r for r in experiment.results if r.clip == clip]
    state = f"rate-{key}-{experiment.id}"
    available = [m for m in METRICS if any(value_of(r, m) is not None for r in own)]
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"chart-controls-{key}"):
        chosen = st.selectbox(
            "Quality",
            available,
            format_func=lambda m: metric(m).label,
            key=f"metric-{key}",
            width=170,
            help="\n".join(f"- {metric(m).variant}" for m in available),
        )
        scale = st.segmented_control("Rate axis", ["Log", "Linear"], default="Log", required=True, key=f"scale-{key}")
        anchors = anchor_curves(services, experiment, clip, key)
    anchors_notice(services, experiment)
    curves = [c for c in rd_curves(services, experiment) if c.clip == clip] + anchors
    figure = rd_figure(curves, chosen, log=scale != "Linear", dark=dark, height=380)
    if figure is not None:
        event = chart(
            figure,
            key=f"rd-{key}-{experiment.id}-{clip}-{chosen}-{scale}",
            on_select="rerun",
            selection_mode="points",
            alt=f"Rate-distortion curves on {clip}",
        )
        take_click(event, own, state)
    rates = [r.rate for r in own]
    if st.session_state.get(state) not in rates:
        st.session_state[state] = rates[0]
    rate = st.segmented_control(
        "Point shown in the player",
        rates,
        format_func=lambda r: f"{r:g}",
        required=True,
        key=state,
        help="The codec's rate points; clicking a point of the curve chooses it too.",
    )
    row = next(r for r in own if r.rate == rate)
    st.caption(point_caption(row))
    if len(own) == 1:
        st.caption("One rate point is a dot, not a curve: run several rates to see what quality costs.")
    return row


def point_caption(row: ResultRow) -> str:
    quality = "lossless" if row.lossless else f"Y-PSNR {row.psnr_y:.2f} dB · SSIM {score(row.ssim, 4)}"
    speeds = f"encode {timed(row.encode_fps, row.encode_spread)}, decode {timed(row.decode_fps, row.decode_spread)}"
    return f"{kbits(row.kbps)} · {row.bpp:.4f} bpp · {quality} · {speeds} · {bytes_of(row.bytes)}"


def timed(fps: float, spread: float | None) -> str:
    """A speed, with its spread where it was timed more than once."""
    return speed(fps) if spread is None else f"{speed(fps)} (spread {100 * spread:.0f} %)"


def take_click(event: Any, rows: list[ResultRow], state: str) -> None:
    """A newly clicked point of the experiment's own curve becomes the chosen one."""
    chosen = event.selection.points if event and event.selection else []
    clicked = next((p.get("customdata") for p in chosen if p.get("customdata")), None)
    seen = f"{state}-clicked"
    if clicked == st.session_state.get(seen):
        return
    st.session_state[seen] = clicked
    rate = next((r.rate for r in rows if clicked and r.rate == clicked[2]), None)
    if rate is not None:
        st.session_state[state] = rate


def rd_curves(services: Services, experiment: Experiment) -> list[Curve]:
    """The experiment's own curves, and its parent's where the parent was measured."""
    curves = curves_of(experiment)
    parent = services.store.get(experiment.parent_id) if experiment.parent_id else None
    if parent is not None and parent.status is Status.SUCCEEDED:
        curves += curves_of(parent, name=f"{parent.title} (parent)", kind="parent")
    return curves
