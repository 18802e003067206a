"""Speed against rate: frames a second of encode and decode over the bit rate, both on logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.results.format import frame_rate, kbits, speed

from .series import Curve
from .theme import colour, cut, log_ticks, plain_text, shades, slots, symbol, template

SIDES = (("Encode", "encode_fps"), ("Decode", "decode_fps"))


def speed_rate_figure(
    curves: Sequence[Curve],
    fps: Fraction | None = None,
    slot_of: dict[str, int] | None = None,
    dark: bool = False,
    height: int = 340,
) -> go.Figure | None:
    """Curves of one clip; None where nothing was timed. `fps` is the clip's frame rate, drawn as real time.

    Points are in the order of the curves, lowest rate first; `customdata` is [series name, clip, rate].
    """
    timed = [c for c in curves if any(p.encode_fps or p.decode_fps for p in c.points if p.kbps > 0)]
    if not timed:
        return None
    figure = make_subplots(1, 2, subplot_titles=[f"{name} speed" for name, _ in SIDES], horizontal_spacing=0.09)
    slot = slots([c.name for c in timed]) | (slot_of or {})
    for column, (name, key) in enumerate(SIDES, 1):
        values = []
        for curve in timed:
            points = [p for p in curve.points if getattr(p, key) and p.kbps > 0]
            values += [getattr(p, key) for p in points]
            own = colour(slot[curve.name], dark)
            figure.add_trace(
                go.Scatter(
                    x=[p.kbps for p in points],
                    y=[getattr(p, key) for p in points],
                    name=plain_text(cut(curve.name)),
                    legendgroup=curve.name,
                    showlegend=column == 1 and len(timed) > 1,
                    mode="lines+markers",
                    line={"color": own, "width": 2, "dash": "dash" if curve.kind == "anchor" else "solid"},
                    marker={"color": own, "size": 7, "symbol": symbol(slot[curve.name])},
                    customdata=[[curve.name, curve.clip, p.rate] for p in points],
                    hovertext=[
                        f"<b>{plain_text(cut(curve.name))}</b><br>{name} {speed(getattr(p, key))} at {kbits(p.kbps)}"
                        for p in points
                    ],
                    hoverinfo="text",
                ),
                row=1,
                col=column,
            )
        style(figure, column, values + ([float(fps)] if fps else []), [p.kbps for c in timed for p in c.points])
        if fps:
            figure.add_hline(
                y=float(fps), line={"color": shades(dark).muted, "width": 1, "dash": "dot"}, row=1, col=column
            )
    figure.update_annotations(font={"size": 13, "color": shades(dark).text}, yshift=4)
    real = f" (dotted: real time, {frame_rate(fps)})" if fps else ""
    figure.update_yaxes(title_text=f"Frames a second{real}", row=1, col=1)
    figure.update_layout(
        template=template(dark), height=height, hovermode="closest", legend_y=1 + 34 / (height - 90), margin_t=44
    )
    return figure


def style(figure: go.Figure, column: int, speeds: list[float], rates: list[float]) -> None:
    for update, numbers in ((figure.update_yaxes, speeds), (figure.update_xaxes, [r for r in rates if r > 0])):
        low, high = min(numbers, default=1.0) / 1.25, max(numbers, default=1.0) * 1.25
        values, labels = log_ticks(low, high)
        update(
            type="log",
            range=[math.log10(low), math.log10(high)],
            tickvals=values,
            ticktext=labels,
            row=1,
            col=column,
        )
    figure.update_xaxes(title_text="Bit rate (kbit/s), logarithmic", row=1, col=column)
