"""Per-frame quality and bits over the frame number, with the player's frame marked and every point clickable."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.results.format import seconds
from app.results.metrics import metric

from .theme import colour, cut, plain_text, shades, slots, template

CAP = 60.0
MAX_POINTS = 2000
SERIES = ("psnr_y", "psnr_u", "psnr_v", "ssim_y", "vmaf", "encode_ms", "decode_ms")
TITLES = {
    "psnr_y": "Y-PSNR (dB)",
    "psnr_u": "U-PSNR (dB)",
    "psnr_v": "V-PSNR (dB)",
    "ssim_y": "SSIM<br><span style='font-size:11px'>Gaussian 11x11, sigma 1.5, luma</span>",
    "vmaf": "VMAF<br><span style='font-size:11px'>libvmaf</span>",
    "encode_ms": "Encode (ms)<br><span style='font-size:11px'>wait for each packet, agent's clock</span>",
    "decode_ms": "Decode (ms)<br><span style='font-size:11px'>wait for each frame, agent's clock</span>",
}
CURRENT = "current-frame"


class FrameSeries(NamedTuple):
    """One point frame by frame. NaN in a PSNR is infinite (identical planes); NaN in `bits` is unknown."""

    name: str
    values: dict[str, np.ndarray]
    bits: np.ndarray | None

    @property
    def frames(self) -> int:
        return len(next(iter(self.values.values())))


def read_series(name: str, artifact: dict[str, Any]) -> FrameSeries:
    """Check a per-frame artifact. Raises ValueError with a sentence where it is not what it should be."""
    if not isinstance(artifact, dict):
        raise ValueError(f"The per-frame series of {name} is not a JSON object.")
    values = {key: column(name, key, artifact[key]) for key in SERIES if artifact.get(key) is not None}
    if artifact.get("bits") is None:
        values.pop("encode_ms", None)  # a value a packet: only with one packet a frame is it also one a frame
    if not values:
        raise ValueError(f"The per-frame series of {name} has none of {', '.join(SERIES)}.")
    bits = column(name, "bits", artifact["bits"]) if artifact.get("bits") is not None else None
    lengths = {key: len(v) for key, v in values.items()} | ({"bits": len(bits)} if bits is not None else {})
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{key} {n}" for key, n in lengths.items())
        raise ValueError(f"The per-frame series of {name} differ in length: {counts}.")
    return FrameSeries(name, values, bits)


def column(name: str, key: str, raw: Any) -> np.ndarray:
    good = isinstance(raw, list) and all(
        v is None or (isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v)) for v in raw
    )
    if not good:
        raise ValueError(f"The per-frame series {key} of {name} must be a list of numbers and nulls.")
    return np.array([math.nan if v is None else v for v in raw], np.float64)


def frames_figure(
    series: Sequence[FrameSeries],
    plane: str = "psnr_y",
    current: int | None = None,
    fps: Fraction | None = None,
    slot_of: dict[str, int] | None = None,
    dark: bool = False,
    height: int = 420,
    max_points: int = MAX_POINTS,
) -> go.Figure | None:
    """Quality above, bits below, over one frame axis; None where no series has this plane.

    Each point's `customdata` is its true frame index, whatever was left out to stay quick. `slot_of` keeps the
    colours of another chart. `current` is the player's frame.
    """
    drawn = [s for s in series if s.frames and plane in s.values and np.isfinite(capped(s.values[plane], plane)).any()]
    if not drawn:
        return None
    with_bits = [s for s in drawn if s.bits is not None and np.isfinite(s.bits).any()]
    rows = 2 if with_bits else 1
    figure = make_subplots(
        rows, 1, shared_xaxes=True, vertical_spacing=0.06, row_heights=[0.6, 0.4] if with_bits else None
    )
    slot = slot_of or slots([s.name for s in drawn])
    budget = max(8, max_points // len(drawn))
    for s in drawn:
        own = colour(slot.get(s.name, 0), dark)
        quality = capped(s.values[plane], plane)
        columns = [quality] + ([s.bits] if s in with_bits else [])
        index = decimate(columns, budget)
        for trace in quality_traces(s, plane, quality, index, own, fps if s is drawn[0] else None):
            figure.add_trace(trace, row=1, col=1)
        if s in with_bits:
            figure.add_trace(bits_trace(s, index, own), row=2, col=1)
    frames = max(s.frames for s in drawn)
    figure.update_xaxes(range=[-0.5 - frames * 0.01, frames - 0.5 + frames * 0.01])
    figure.update_xaxes(title_text="Frame", row=rows, col=1)
    figure.update_xaxes(
        tickformat="d",
        unifiedhovertitle_text="<b>frame %{x}</b>",
        showspikes=not dark,  # Plotly draws their halo white wherever the background is transparent
        spikethickness=1,
        spikedash="solid",
        spikecolor=shades(dark).axis,
    )
    figure.update_yaxes(title_text=TITLES[plane], row=1, col=1)
    if with_bits:
        figure.update_yaxes(title_text="Bits per frame", rangemode="tozero", tickformat="~s", row=2, col=1)
    figure.update_layout(
        template=template(dark),
        height=height if with_bits else round(height * 0.6),
        hovermode="x unified",
        hoversubplots="axis",
        clickmode="event+select",
        showlegend=len(figure.data) > rows,
    )
    figure.update_traces(xaxis=f"x{rows}" if rows > 1 else "x")
    if current is not None:
        mark_frame(figure, current, dark)
    return figure


def capped(values: np.ndarray, plane: str) -> np.ndarray:
    """What is drawn: PSNR no higher than the cap, identical planes at the cap; other metrics as they are."""
    return np.minimum(np.nan_to_num(values, nan=CAP), CAP) if plane.startswith("psnr") else values


def quality_traces(
    s: FrameSeries, plane: str, drawn: np.ndarray, index: np.ndarray, own: str, fps: Fraction | None
) -> list[go.Scatter]:
    """The line, and stars where the planes are identical."""
    name = plain_text(cut(s.name))
    unit = metric(plane).unit
    exact = s.values[plane]
    identical = np.isnan(exact) & plane.startswith("psnr")
    digits = 4 if plane == "ssim_y" else 2
    said = ["identical" if identical[i] else f"{exact[i]:.{digits}f} {unit}".strip() for i in index]
    when = [f" · {seconds(float(int(i) / fps))}" if fps else "" for i in index]
    traces = [
        go.Scatter(
            x=index,
            y=drawn[index],
            name=name,
            legendgroup=s.name,
            mode="lines+markers",
            line={"color": own, "width": 1.6},
            marker={"color": own, "size": 4 if len(index) < 400 else 2},
            unselected={"marker": {"opacity": 1}},
            customdata=index,
            text=[a + b for a, b in zip(said, when)],
            hovertemplate="%{text}",
        )
    ]
    stars = index[identical[index]]
    if len(stars):
        traces.append(
            go.Scatter(
                x=stars,
                y=drawn[stars],
                name=f"{name}: identical, shown at {CAP:g} dB",
                legendgroup=s.name,
                mode="markers",
                marker={"color": own, "size": 9, "symbol": "star"},
                unselected={"marker": {"opacity": 1}},
                customdata=stars,
                hoverinfo="skip",
            )
        )
    return traces


def bits_trace(s: FrameSeries, index: np.ndarray, own: str) -> go.Scatter:
    known = index[np.isfinite(s.bits[index])]
    return go.Scatter(
        x=known,
        y=s.bits[known],
        name=plain_text(cut(s.name)),
        legendgroup=s.name,
        showlegend=False,
        mode="lines+markers",
        line={"color": own, "width": 1.4, "shape": "hvh"},
        marker={"color": own, "size": 3 if len(index) < 400 else 2},
        unselected={"marker": {"opacity": 1}},
        customdata=known,
        hovertemplate="%{y:,} bits",
    )


def decimate(columns: Sequence[np.ndarray], most: int) -> np.ndarray:
    """Indices to draw, at most about `most`: all where they fit, else of each bucket every column's lowest and highest.

    First and last are always there, and so are the extremes of the whole: a single bad frame of a long clip stays
    visible. NaN never counts as an extreme.
    """
    length = len(columns[0])
    if length <= most:
        return np.arange(length)
    edges = np.linspace(0, length, max(1, (most - 2) // (2 * len(columns))) + 1).astype(int)
    keep = {0, length - 1}
    for values in columns:
        for start, stop in pairwise(edges):
            part = values[start:stop]
            if np.isfinite(part).any():
                keep |= {start + int(np.nanargmin(part)), start + int(np.nanargmax(part))}
    return np.array(sorted(keep))


def mark_frame(figure: go.Figure, current: int, dark: bool = False) -> None:
    """Put the player's frame on the figure, or move it there."""
    figure.layout.shapes = [shape for shape in figure.layout.shapes if shape.name != CURRENT]
    figure.add_shape(
        type="line",
        name=CURRENT,
        xref=figure.data[-1].xaxis,
        yref="paper",
        x0=current,
        x1=current,
        y0=0,
        y1=1,
        line={"color": shades(dark).text, "width": 1.2, "dash": "dot"},
    )
