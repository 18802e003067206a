"""Encode and decode speed of rate points or codecs as bars, with real time as the measure."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import plotly.graph_objects as go

from app.results.format import frame_rate, speed

from .series import Curve
from .theme import colour, cut, plain_text, shades, template


class Speed(NamedTuple):
    """Frames a second of one rate point or one codec; None where it was not measured."""

    label: str
    encode_fps: float | None
    decode_fps: float | None


def speeds_of(curve: Curve) -> list[Speed]:
    """Every rate point of a curve, as labelled by its rate."""
    return [
        Speed(f"rate {p.rate:g}" if not isinstance(p.rate, str) else p.rate, p.encode_fps, p.decode_fps)
        for p in curve.points
    ]


def speed_figure(
    speeds: Sequence[Speed], fps: Fraction | None = None, dark: bool = False, height: int | None = None
) -> go.Figure | None:
    """A pair of bars for each entry, first on top; None where nothing was timed.

    `fps` is the clip's frame rate: a line where it is near the bars, otherwise words in the axis title.
    """
    timed = [s for s in speeds if s.encode_fps or s.decode_fps]
    if not timed:
        return None
    labels = [plain_text(cut(s.label, 32)) for s in timed]
    figure = go.Figure()
    for name, key, slot in (("Encode", "encode_fps", 0), ("Decode", "decode_fps", 2)):
        values = [getattr(s, key) for s in timed]
        figure.add_bar(
            y=list(range(len(timed))),
            x=values,
            name=name,
            orientation="h",
            marker={"color": colour(slot, dark), "line": {"width": 0}},
            text=[speed(v) if v else "not timed" for v in values],
            textposition="outside",
            cliponaxis=False,
            hovertext=[f"<b>{label}</b><br>{name} {speed(v)}" for label, v in zip(labels, values)],
            hoverinfo="text",
        )
    top = max(v for s in timed for v in (s.encode_fps, s.decode_fps) if v)
    title = "Frames a second"
    if fps:
        near = fps <= 1.5 * top
        title += f" (real time is {frame_rate(fps)})" if not near else ""
        if near:
            figure.add_vline(
                x=float(fps),
                line={"color": shades(dark).muted, "width": 1.2, "dash": "dash"},
                annotation={"text": f"real time, {frame_rate(fps)}", "font": {"size": 12, "color": shades(dark).muted}},
                annotation_position="top",
            )
            top = max(top, float(fps))
    figure.update_yaxes(
        tickvals=list(range(len(timed))), ticktext=labels, autorange="reversed", showgrid=False, ticks=""
    )
    figure.update_xaxes(title_text=title, range=[0, top * 1.18])
    figure.update_layout(
        template=template(dark),
        height=height or 110 + 52 * len(timed),
        barmode="group",
        bargap=0.3,
        bargroupgap=0.08,
        legend_y=1 + 24 / (52 * len(timed)),
        margin_t=46,
    )
    return figure
