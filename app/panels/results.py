"""The results of one experiment: verdict, rate-distortion chart, player with linked per-frame plots, points, downloads."""

from __future__ import annotations

import json
from fractions import Fraction
from urllib.parse import quote

import streamlit as st

from app.charts.frames import frames_figure, mark_frame, read_series
from app.charts.rd import rd_figure
from app.charts.series import Curve, curves_of
from app.components import Series, player
from app.panels.anchors import anchor_curves, anchors_notice
from app.panels.badges import audit_badges
from app.results import table
from app.results.format import score
from app.results.format import size as bytes_of
from app.results.metrics import metric
from app.results.verdict import verdict
from app.services import Services
from gpu_agent.models import ClipRef, Experiment, ResultRow, Status
from gpu_agent.road.tools import rate_key

METRICS = ("psnr_yuv", "psnr_y", "ssim", "ms_ssim", "vmaf")
CHART_CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]}
TONES = {"good": st.success, "bad": st.error, "busy": st.info, "neutral": st.info}


def verdict_box(experiment: Experiment) -> None:
    """The one sentence, and for a failure the message and the log behind one click."""
    v = verdict(experiment)
    icon = {"good": ":material/check_circle:", "bad": ":material/error:", "busy": ":material/hourglass:"}.get(v.tone)
    TONES[v.tone](v.markdown, icon=icon)
    audit_badges(experiment)
    if experiment.error:
        with st.expander("What the agent saw", expanded=True, icon=":material/terminal:"):
            st.code(experiment.error.message, language=None, wrap_lines=True)
    if experiment.log.strip():
        with st.expander("Log of the codec", icon=":material/receipt_long:"):
            st.code(experiment.log, language=None, wrap_lines=True)
    for warning in experiment.warnings:
        st.caption(f":material/warning: {warning}")


def results_panel(services: Services, experiment: Experiment, key: str) -> None:
    """Everything measured. A fragment: choosing a point or a frame redraws this part of the page alone."""
    if not experiment.results:
        if experiment.status is Status.CANCELLED:
            st.caption("It was cancelled before a point was measured.")
        return

    @st.fragment(key=f"results-{key}-{experiment.id}")
    def panel() -> None:
        dark = st.context.theme.type == "dark"
        left, right = st.columns([5, 7], gap="medium")
        with left:
            row = choose_point(services, experiment, key, dark)
        with right:
            frame = play(services, experiment, row, key)
        frame_plots(services, experiment, row, key, dark, frame)
        points(experiment, key)

    panel()


def choose_point(services: Services, experiment: Experiment, key: str, dark: bool) -> ResultRow:
    """The rate-distortion chart with its controls; clicking a point chooses it for the player."""
    rows = experiment.results
    clips = list(dict.fromkeys(r.clip for r in rows))
    clip_key, rate_key_ = f"clip-{key}", f"rate-{key}-{experiment.id}"
    clip = clips[0]
    if len(clips) > 1:
        clip = st.segmented_control("Clip", clips, default=clips[0], required=True, key=clip_key) or clips[0]
    own = [r for r in rows if r.clip == clip]
    available = [m for m in METRICS if any(m == "psnr_yuv" or table_value(r, m) for r in own)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Quality", available, format_func=lambda m: metric(m).label, key=f"metric-{key}", width=170
        )
        scale = st.segmented_control("Rate axis", ["Log", "Linear"], default="Log", required=True, key=f"scale-{key}")
        anchors = anchor_curves(services, experiment, clip, key)
    anchors_notice(services, experiment)
    curves = [c for c in rd_curves(services, experiment) if c.clip == clip] + anchors
    figure = rd_figure(curves, chosen, log=scale != "Linear", dark=dark, height=380)
    if figure is not None:
        event = st.plotly_chart(
            figure,
            key=f"rd-{key}-{experiment.id}-{clip}-{chosen}-{scale}",
            on_select="rerun",
            selection_mode="points",
            theme=None,
            config=CHART_CONFIG,
            alt=f"Rate-distortion curves on {clip}",
        )
        take_click(event, own, rate_key_)
    rates = [r.rate for r in own]
    if st.session_state.get(rate_key_) not in rates:
        st.session_state[rate_key_] = rates[0]
    rate = st.segmented_control(
        "Point shown in the player",
        rates,
        format_func=lambda r: f"{r:g}",
        required=True,
        key=rate_key_,
        help="The codec's rate points; clicking a point of the curve chooses it too.",
    )
    row = next(r for r in own if r.rate == rate)
    quality = "lossless" if row.lossless else f"{row.psnr_y:.2f} dB"
    st.caption(
        f"{row.kbps:,.1f} kbit/s · {row.bpp:.4f} bpp · Y-PSNR {quality} · SSIM {score(row.ssim, 4)} · "
        f"encode {row.encode_fps:.1f} fps, decode {row.decode_fps:.1f} fps · {bytes_of(row.bytes)}"
    )
    return row


def table_value(row: ResultRow, key: str) -> bool:
    return getattr(row, key, None) is not None or row.more.get(key) is not None


def take_click(event, rows: list[ResultRow], rate_state: str) -> None:
    """A newly clicked point of the experiment's own curve becomes the chosen one."""
    points = event.selection.points if event and event.selection else []
    clicked = next((p.get("customdata") for p in points if p.get("customdata")), None)
    seen = f"{rate_state}-clicked"
    if clicked and clicked != st.session_state.get(seen):
        st.session_state[seen] = clicked
        rate = next((r.rate for r in rows if r.rate == clicked[2]), None)
        if rate is not None:
            st.session_state[rate_state] = rate


def rd_curves(services: Services, experiment: Experiment) -> list[Curve]:
    """The experiment's own curves, and its parent's where the parent was measured."""
    curves = curves_of(experiment)
    parent = services.store.get(experiment.parent_id) if experiment.parent_id else None
    if parent is not None and parent.status is Status.SUCCEEDED:
        curves += curves_of(parent, name=f"{parent.title} (parent)", kind="parent")
    return curves


def play(services: Services, experiment: Experiment, row: ResultRow, key: str) -> int:
    """The player on source and decoded; returns the frame it stands on."""
    ref = clip_ref(experiment, row.clip)
    clip = services.clip(row.clip)
    same = clip is not None and clip.sha256 == ref.sha256
    width, height = (clip.visible_width, clip.visible_height) if same else (ref.width, ref.height)
    base = f"/artifacts/{experiment.id}/{quote(row.clip)}/{rate_key(row.rate)}"
    series = frame_series(services, experiment, row)
    own_key = f"player-{key}-{experiment.id}"
    return player(
        f"/artifacts/clips/{ref.sha256}/preview.mp4",
        f"{base}/preview.mp4",
        fps=Fraction(ref.fps),
        frames=row.frames,
        width=width,
        height=height,
        key=own_key,
        label_b=f"Decoded, rate {row.rate:g}",
        seek=st.session_state.get(f"{own_key}-seek"),
        exact_url=base + "/frames/{frame}/{kind}.png",
        series=[Series(f"rate {row.rate:g}", series["psnr_y"], series.get("bits"))] if series else (),
    ).frame


def frame_plots(services: Services, experiment: Experiment, row: ResultRow, key: str, dark: bool, frame: int) -> None:
    """PSNR and bits frame by frame; clicking a frame seeks the player, the player's frame is marked."""
    own_key = f"player-{key}-{experiment.id}"
    with st.expander("Frame by frame", expanded=True, icon=":material/monitoring:"):
        same_clip = [r for r in experiment.results if r.clip == row.clip]
        everything = st.toggle("All rate points", key=f"all-points-{key}") if len(same_clip) > 1 else False
        loaded = []
        for r in same_clip if everything else [row]:
            found = frame_series(services, experiment, r)
            if found:
                loaded.append(read_series(f"rate {r.rate:g}", found))
        alone = {loaded[0].name: 0} if len(loaded) == 1 else None  # the colour of the curve above
        figure = frames_figure(
            loaded, slot_of=alone, fps=Fraction(clip_ref(experiment, row.clip).fps), dark=dark, height=340
        )
        if figure is None:
            st.caption("The per-frame series is not here: it is stored with the run's artifacts on the agent.")
            return
        mark_frame(figure, frame, dark)
        event = st.plotly_chart(
            figure,
            key=f"frames-{key}-{experiment.id}-{row.clip}-{row.rate:g}-{everything}",
            on_select="rerun",
            selection_mode="points",
            theme=None,
            config=CHART_CONFIG,
            alt="PSNR and bits of each frame",
        )
        points_ = event.selection.points if event and event.selection else []
        at = next((p.get("customdata") for p in points_ if p.get("customdata") is not None), None)
        at = at[0] if isinstance(at, list) else at
        seek = st.session_state.get(f"{own_key}-seek")
        clicked = f"{own_key}-clicked"
        if at is not None and at != st.session_state.get(clicked):
            st.session_state[clicked] = at
            st.session_state[f"{own_key}-seek"] = {"frame": int(at), "nonce": (seek or {}).get("nonce", 0) + 1}
            st.rerun(scope="fragment")


def points(experiment: Experiment, key: str) -> None:
    """The table of points, the rest of the figures one click away, and everything to take home."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Points**")
        full = st.toggle("All figures", key=f"all-figures-{key}")
        st.space("stretch")
        name = f"{experiment.id}"
        st.download_button(
            "CSV",
            table.csv_text(experiment),
            f"{name}.csv",
            "text/csv",
            key=f"csv-{key}",
            on_click="ignore",
            type="tertiary",
            icon=":material/download:",
        )
        st.download_button(
            "Record (JSON)",
            table.record_json(experiment),
            f"{name}.json",
            "application/json",
            key=f"json-{key}",
            on_click="ignore",
            type="tertiary",
            icon=":material/download:",
        )
        st.download_button(
            "Decoder code",
            experiment.code,
            f"{name}.py",
            "text/x-python",
            key=f"code-{key}",
            on_click="ignore",
            type="tertiary",
            icon=":material/download:",
        )
    data = table.frame(experiment, headline=not full)
    columns = {
        c.key: st.column_config.NumberColumn(c.label, help=c.help, format=c.format)
        if c.format
        else st.column_config.Column(c.label, help=c.help)
        for c in table.columns(experiment, headline=not full)
    }
    for name_, file, label in (
        ("bitstream", "bitstream.clb", "Bitstream"),
        ("preview", "preview.mp4", "Preview"),
        ("exact", "decoded.y4m", "Exact frames"),
    ):
        data[name_] = [download_url(experiment, r, file) for r in ordered(experiment)]
        columns[name_] = st.column_config.LinkColumn(label, display_text="Download", width="small")
    st.dataframe(data, column_config=columns, hide_index=True, key=f"points-{key}", height="content")


def ordered(experiment: Experiment) -> list[ResultRow]:
    """Rows in the order in which the table shows them."""
    by_point = {(r.clip, r.rate): r for r in experiment.results}
    return [by_point[(r["clip"], r["rate"])] for r in table.rows(experiment)]


def download_url(experiment: Experiment, row: ResultRow, file: str) -> str:
    return f"/artifacts/{experiment.id}/{quote(row.clip)}/{rate_key(row.rate)}/{file}?download"


def clip_ref(experiment: Experiment, name: str) -> ClipRef:
    return next(c for c in experiment.clips if c.name == name)


def frame_series(services: Services, experiment: Experiment, row: ResultRow) -> dict | None:
    """The per-frame series of a point, or None where it is not on this machine."""
    path = row.artifacts.get("frames")
    found = services.artifacts.local(f"{experiment.id}/{path}") if path else None
    return load_json(str(found), found.stat().st_mtime_ns) if found else None


@st.cache_data(max_entries=64, show_spinner=False)
def load_json(path: str, _version: int) -> dict:
    with open(path) as file:
        return json.load(file)
