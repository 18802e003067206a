"""Anchors beside an experiment: their curves in the chart, and the ladder of BD-rates one click away."""

from __future__ import annotations

import streamlit as st

from app.charts.series import Curve, anchor_point
from app.results.bdrates import QUALITIES, table
from app.results.format import percent
from app.results.headline import by_clip
from app.results.metrics import metric
from app.services import Services
from gpu_agent.anchors import CATALOGUE, AnchorCurve
from gpu_agent.models import Experiment, Status
from gpu_agent.road.ladders import curve_key

SHOWN = ("x264-medium", "x265-medium", "svtav1-8")
"""What a chart shows unless told otherwise: more would hide the experiment."""

LABELS = {a.name: a.label for a in CATALOGUE}


@st.cache_data(max_entries=256, show_spinner=False)
def read_curve(path: str, _version: int) -> AnchorCurve:
    with open(path, "rb") as file:
        return AnchorCurve.model_validate_json(file.read())


def measured(services: Services, experiment: Experiment, clip: str) -> list[AnchorCurve]:
    """The anchors that have points on this clip, in the catalogue's order."""
    ref = next(c for c in experiment.clips if c.name == clip)
    found = [published(services, (ref.sha256 or "none", ref.frames or 0), anchor.name) for anchor in CATALOGUE]
    return [curve for curve in found if curve is not None and curve.points]


def published(services: Services, footage: tuple[str, int], anchor: str) -> AnchorCurve | None:
    """An anchor's curve on the first so many frames of the clip with this hash, as far as the agent has measured it."""
    path = services.artifacts.local(curve_key(*footage, anchor))
    return read_curve(str(path), path.stat().st_mtime_ns) if path is not None else None


def anchor_curves(services: Services, experiment: Experiment, clip: str, key: str) -> list[Curve]:
    """The chosen anchors as curves of the chart, and the popover that chooses them."""
    known = measured(services, experiment, clip)
    if not known:
        return []
    names = [c.anchor for c in known]
    with st.popover("Anchors", icon=":material/stacked_line_chart:"):
        chosen = st.pills(
            "In the chart",
            names,
            selection_mode="multi",
            default=[n for n in SHOWN if n in names],
            format_func=lambda n: LABELS.get(n, n),
            key=f"anchors-{key}",
        )
        ladder_table(services, experiment, key)
        with st.expander("Exact settings"):
            for curve in known:
                versions = ", ".join(f"{k} {v}" for k, v in curve.versions.items())
                st.caption(f"{curve.label} · {versions}")
                st.code(curve.points[0].command, language="bash", wrap_lines=True)
    return [as_curve(c) for c in known if c.anchor in chosen]


def as_curve(curve: AnchorCurve) -> Curve:
    points = [anchor_point(p, curve.frames) for p in sorted(curve.points, key=lambda p: p.kbps)]
    return Curve(curve.label, curve.clip, tuple(points), "anchor")


def curves_by_clip(services: Services, experiment: Experiment, anchor: str) -> dict[str, AnchorCurve]:
    """One anchor's whole curves, by clip."""
    clips = dict.fromkeys(r.clip for r in experiment.results)
    found = {
        clip: next((c for c in measured(services, experiment, clip) if c.anchor == anchor), None) for clip in clips
    }
    return {clip: curve for clip, curve in found.items() if curve is not None and curve.complete}


@st.cache_data(max_entries=64, show_spinner=False)
def kept_table(rated_by: tuple, _rows: dict, _anchors: dict) -> list[dict[str, str]]:
    """Made once: every step of the player draws this page again."""
    return table(_rows, _anchors)


def every_measure(services: Services, experiment: Experiment) -> None:
    """BD-rate on PSNR-YUV, Y-PSNR, SSIM and VMAF, Akima beside PCHIP."""
    anchors = {LABELS[name]: curves_by_clip(services, experiment, name) for name in experiment.summary.bd_rate}
    columns = {
        metric(q).label: st.column_config.Column(
            help=f"Bits at equal {metric(q).label}, PCHIP, then Akima. {metric(q).variant}"
        )
        for q in QUALITIES
    }
    rated_by = (experiment.id, experiment.finished_at, experiment.summary.model_dump_json(include={"bd_rate"}))
    st.dataframe(
        kept_table(rated_by, by_clip(experiment), anchors), column_config=columns, hide_index=True, height="content"
    )


def ladder_table(services: Services, experiment: Experiment, key: str) -> None:
    """BD-rate against every anchor measured so far, or why there is none; on request on every measure."""
    rates = experiment.summary.bd_rate
    if not rates:
        st.caption("BD-rates appear when the anchors are measured on all clips of this experiment.")
        return
    if st.toggle("On every measure: PCHIP · Akima", key=f"every-measure-{key}"):
        every_measure(services, experiment)
        return
    rows = [
        {
            "Anchor": LABELS.get(name, name),
            "Bits at equal PSNR-YUV": percent(r.percent) if r.percent is not None else "–",
            "Why not": r.reason or "",
        }
        for name, r in sorted(rates.items(), key=lambda item: (item[1].percent is None, item[1].percent or 0.0))
    ]
    columns = {
        "Bits at equal PSNR-YUV": st.column_config.Column(
            help="BD-rate (PCHIP), mean over clips: negative is fewer bits than the anchor. "
            + metric("psnr_yuv").variant
        )
    }
    st.dataframe(rows, column_config=columns, hide_index=True, height="content")


def anchors_notice(services: Services, experiment: Experiment) -> None:
    """Says that anchors are on their way, while they are."""
    health = services.health()
    if experiment.status is not Status.SUCCEEDED or health is None or not health.anchors:
        return
    a = health.anchors
    st.caption(
        f":material/progress_activity: Measuring anchors on this machine while no codec runs: {a['label']}, "
        f"point {a['point']} of {a['points']}. They join the chart when they are done."
    )
