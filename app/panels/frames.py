"""One point seen frame by frame: the player, and the per-frame chart that is linked with it both ways."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import streamlit as st

from app.charts.frames import SERIES, TITLES, FrameSeries, frames_figure, mark_frame, read_series
from app.components import Series, player
from app.panels.plots import chart
from app.panels.points import point_url
from app.results.format import escape_markdown
from app.services import Services
from gpu_agent.models import ClipRef, Experiment, ResultRow

TALL = 1.5
"""Width over height below which a picture is tall for its width, and gets less of the page's width."""


def picture_size(services: Services, experiment: Experiment, clip: str) -> tuple[int, int]:
    """The visible size, where the catalogue still has this very clip; else the coded one of the record."""
    ref, known = clip_ref(experiment, clip), services.clip(clip)
    if known is not None and known.sha256 == ref.sha256:
        return known.visible_width, known.visible_height
    return ref.width or 16, ref.height or 9


def is_tall(services: Services, experiment: Experiment, clip: str) -> bool:
    width, height = picture_size(services, experiment, clip)
    return width / height < TALL


def play(services: Services, experiment: Experiment, row: ResultRow, key: str) -> int:
    """The player on source and decoded; returns the frame it stands on."""
    ref = clip_ref(experiment, row.clip)
    width, height = picture_size(services, experiment, row.clip)
    series, _ = frame_series(services, experiment, row)
    own = state_key(experiment, key)
    return player(
        f"/artifacts/clips/{ref.sha256}/preview.mp4",
        point_url(experiment, row, "preview.mp4"),
        fps=fps_of(ref),
        frames=row.frames,
        width=width,
        height=height,
        key=own,
        label_b=f"Decoded, rate {row.rate:g}",
        seek=st.session_state.get(f"{own}-seek"),
        exact_url=point_url(experiment, row, "frames/{frame}/{kind}.png"),
        planes_url=(
            *(point_url(experiment, row, f"frames/{{frame}}/{k}.planes.png") for k in ("source", "decoded")),
            None,
        ),
        series=[player_series(series)] if series and "psnr_y" in series.values else (),
    ).frame


def player_series(series: FrameSeries) -> Series:
    """For the player: where planes are identical there is no figure, and where a frame's bits are unknown, no bits."""
    psnr = [None if v != v else float(v) for v in series.values["psnr_y"]]
    bits = series.bits
    return Series(series.name, psnr, None if bits is None or (bits != bits).any() else [int(v) for v in bits])


def frame_plots(services: Services, experiment: Experiment, row: ResultRow, key: str, dark: bool, frame: int) -> None:
    """One figure and bits frame by frame; clicking a frame seeks the player, the player's frame is marked."""
    with st.expander("Frame by frame", expanded=True, icon=":material/monitoring:"):
        same_clip = [r for r in experiment.results if r.clip == row.clip]
        controls = st.container(horizontal=True, vertical_alignment="center")
        everything = controls.toggle("All rate points", key=f"all-points-{key}") if len(same_clip) > 1 else False
        found = [frame_series(services, experiment, r) for r in (same_clip if everything else [row])]
        loaded = [series for series, _ in found if series]
        alone = {loaded[0].name: 0} if len(loaded) == 1 else None  # the colour of the curve above
        planes = [p for p in SERIES if any(p in series.values for series in loaded)] or [SERIES[0]]
        plane = controls.selectbox(
            "Figure",
            planes,
            format_func=lambda p: TITLES[p].split("<br>")[0],
            label_visibility="collapsed",
            key=f"plane-{key}",
            width=150,
        )
        fps = fps_of(clip_ref(experiment, row.clip))
        figure = frames_figure(loaded, plane, slot_of=alone, fps=fps, dark=dark, height=340)
        for problem in dict.fromkeys(p for _, p in found if p):
            st.caption(escape_markdown(problem))
        if figure is None:
            return
        mark_frame(figure, frame, dark)
        event = chart(
            figure,
            key=f"frames-{key}-{experiment.id}-{row.clip}-{row.rate:g}-{everything}-{plane}",
            on_select="rerun",
            selection_mode="points",
            alt=f"{TITLES[plane].split('<br>')[0]} and bits of each frame",
        )
        seek_to_click(event, state_key(experiment, key))


def seek_to_click(event: Any, own: str) -> None:
    """A newly clicked frame becomes a request to the player; a rerun with the same selection is not another click."""
    points = event.selection.points if event and event.selection else []
    at = next((p.get("customdata") for p in points if p.get("customdata") is not None), None)
    at = at[0] if isinstance(at, list) else at
    clicked = f"{own}-clicked"
    if at == st.session_state.get(clicked):
        return
    st.session_state[clicked] = at
    if at is not None:
        seek = st.session_state.get(f"{own}-seek")
        st.session_state[f"{own}-seek"] = {"frame": int(at), "nonce": (seek or {}).get("nonce", 0) + 1}
        st.rerun(scope="fragment")


def state_key(experiment: Experiment, key: str) -> str:
    return f"player-{key}-{experiment.id}"


def fps_of(ref: ClipRef) -> Fraction:
    return Fraction(ref.fps or 25)


def clip_ref(experiment: Experiment, name: str) -> ClipRef:
    return next((c for c in experiment.clips if c.name == name), ClipRef(name=name))


def frame_series(services: Services, experiment: Experiment, row: ResultRow) -> tuple[FrameSeries | None, str | None]:
    """The per-frame series of a point, or a sentence that says why there is none."""
    path = row.artifacts.get("frames")
    found = services.artifacts.local(f"{experiment.id}/{path}") if path else None
    if found is None:
        return None, "The per-frame series of this run is not on this machine any more; the figures in the table are."
    try:
        series = load_json(str(found), found.stat().st_mtime_ns)
        later = services.artifacts.local(f"{experiment.id}/{row.artifacts.get('perceptual', f'{path}.none')}")
        if later is not None:
            series = series | load_json(str(later), later.stat().st_mtime_ns)
        return read_series(f"rate {row.rate:g}", series), None
    except (OSError, ValueError) as e:
        return None, f"The per-frame series cannot be read: {e}"


@st.cache_data(max_entries=64, show_spinner=False)
def load_json(path: str, _version: int) -> dict:
    with open(path) as file:
        return json.load(file)
