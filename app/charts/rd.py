"""The rate-distortion figure: quality over rate, several curves, one plot or one per clip."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.results.format import decibels, kbits, number, score, speed
from app.results.metrics import Metric, metric

from .series import Curve, Point
from .theme import LOSSLESS_SYMBOL, colour, cut, log_ticks, plain_text, shades, slots, symbol, template

RateAxis = Literal["kbps", "bpp"]
RATE_TITLES = {"kbps": "Bit rate (kbit/s)", "bpp": "Bit rate (bits per luma sample)"}
LINES = {
    "experiment": {"width": 2.5, "dash": "solid"},
    "parent": {"width": 1.8, "dash": "solid"},
    "anchor": {"width": 1.6, "dash": "dash"},
}


def rd_figure(
    curves: Sequence[Curve],
    metric_key: str = "psnr_yuv",
    rate: RateAxis = "kbps",
    log: bool = True,
    clips: Sequence[str] | None = None,
    columns: int = 2,
    slot_of: dict[str, int] | None = None,
    dark: bool = False,
    height: int | None = None,
) -> go.Figure | None:
    """Curves over rate, faceted where there are several clips; None where no curve has a point to draw.

    `clips` restricts and orders the facets. Each point's `customdata` is [series name, clip, rate]. A curve without
    this metric stays in the legend and says so. `slot_of` keeps the colours of another chart.
    """
    m = metric(metric_key)
    chosen = [c for c in curves if clips is None or c.clip in clips]
    drawn = [c for c in chosen if drawable(c, metric_key, rate)]
    if not drawn:
        return None
    facets = [c for c in (clips or dict.fromkeys(c.clip for c in chosen)) if any(d.clip == c for d in drawn)]
    wide = min(columns, len(facets))
    tall = math.ceil(len(facets) / wide)
    height = height or (400 if tall == 1 else 300 * tall + 60)
    figure = make_subplots(
        tall,
        wide,
        subplot_titles=[plain_text(cut(clip)) for clip in facets] if len(facets) > 1 else None,
        horizontal_spacing=0.09,
        vertical_spacing=min(0.24, 75 / height),
    )
    own = next((c.name for c in chosen if c.kind == "experiment"), None)
    slot = slots([c.name for c in chosen], own) | (slot_of or {})
    named: set[str] = set()
    for curve in sorted(drawn, key=lambda c: c.kind != "anchor"):
        at = facets.index(curve.clip)
        trace = curve_trace(curve, m, rate, slot[curve.name], dark)
        trace.showlegend = curve.name not in named
        named.add(curve.name)
        figure.add_trace(trace, row=at // wide + 1, col=at % wide + 1)
    for name in dict.fromkeys(c.name for c in chosen if c.name not in named):
        figure.add_trace(absent_trace(name, m, slot[name], dark), row=1, col=1)
    order = {name: rank for rank, name in enumerate(dict.fromkeys(c.name for c in chosen))}
    figure.for_each_trace(lambda t: t.update(legendrank=1000 + order[t.meta]))
    style_axes(figure, drawn, facets, wide, rate, log, m, dark)
    figure.update_layout(
        template=template(dark),
        height=height,
        hovermode="closest",
        clickmode="event+select",
        showlegend=len(order) > 1,
        legend_y=1 + (30 if len(facets) > 1 else 8) / (height - 90),
        margin_t=40 if len(facets) > 1 else 24,
    )
    return figure


def drawable(curve: Curve, key: str, rate: RateAxis) -> list[Point]:
    """Points that have the metric and a positive rate."""
    return [p for p in curve.points if key in p.metrics and getattr(p, rate) > 0]


def curve_trace(curve: Curve, m: Metric, rate: RateAxis, slot: int, dark: bool) -> go.Scatter:
    points = sorted(drawable(curve, m.key, rate), key=lambda p: getattr(p, rate))
    own = colour(slot, dark)
    hollow = curve.kind == "parent"
    shape = symbol(slot) + ("-open" if hollow else "")
    return go.Scatter(
        x=[getattr(p, rate) for p in points],
        y=[p.metrics[m.key] for p in points],
        name=plain_text(cut(curve.name)),
        legendgroup=curve.name,
        meta=curve.name,
        mode="lines+markers",
        line={"color": own, **LINES[curve.kind]},
        marker={
            "color": own,
            "opacity": 1,
            "size": [13 if p.lossless else 8 if curve.kind == "experiment" else 7 for p in points],
            "symbol": [LOSSLESS_SYMBOL if p.lossless else shape for p in points],
            "line": {"width": 1.5 if hollow else 0, "color": own},
        },
        unselected={"marker": {"opacity": 1}},
        customdata=[[curve.name, curve.clip, p.rate] for p in points],
        hovertext=[hover(curve, p, m) for p in points],
        hoverinfo="text",
    )


def absent_trace(name: str, m: Metric, slot: int, dark: bool) -> go.Scatter:
    """A legend entry for a curve that has none of this metric: left out, and said."""
    return go.Scatter(
        x=[None],
        y=[None],
        name=f"{plain_text(cut(name))} (no {m.label})",
        legendgroup=name,
        meta=name,
        mode="lines",
        line={"color": colour(slot, dark), "width": 1, "dash": "dot"},
        hoverinfo="skip",
    )


def hover(curve: Curve, point: Point, m: Metric) -> str:
    """What the person wants to quote: the metric, its exact variant, rate, bytes, the other headline metrics, speed."""
    value = point.metrics[m.key]
    main = decibels(value, m.digits) if m.unit == "dB" else score(value, m.digits)
    others = [
        f"{metric(key).label} {number(point.metrics[key], metric(key).digits)}"
        for key in ("psnr_y", "psnr_yuv", "ssim", "vmaf")
        if key != m.key and key in point.metrics
    ]
    speeds = [
        f"{name} {speed(fps)}" for name, fps in (("encode", point.encode_fps), ("decode", point.decode_fps)) if fps
    ]
    rate = f"{point.rate:g}" if isinstance(point.rate, int | float) else plain_text(point.rate)
    lines = [
        f"<b>{plain_text(cut(curve.name))}</b> · {plain_text(cut(curve.clip))} · rate {rate}",
        f"<b>{m.label} {main}</b>" + (" · lossless, PSNR is shown at the 60 dB cap" if point.lossless else ""),
        f"{kbits(point.kbps)} · {number(point.bpp, 4)} bpp · {number(point.bytes)} bytes",
        " · ".join(others),
        " · ".join(speeds),
        f"<i>{m.note}</i>" if m.note else "",
    ]
    return "<br>".join(line for line in lines if line)


def style_axes(
    figure: go.Figure,
    drawn: list[Curve],
    facets: list[str],
    wide: int,
    rate: RateAxis,
    log: bool,
    m: Metric,
    dark: bool,
) -> None:
    """Axis types, ranges and titles; titles only at the outer plots, so that facets stay narrow."""
    for at, clip in enumerate(facets):
        row, col = at // wide + 1, at % wide + 1
        rates = [getattr(p, rate) for c in drawn if c.clip == clip for p in drawable(c, m.key, rate)]
        axis: dict = {"type": "linear", "rangemode": "tozero"}
        if log:
            low, high = min(rates) / 1.15, max(rates) * 1.15
            values, labels = log_ticks(low, high)
            axis = {
                "type": "log",
                "range": [math.log10(low), math.log10(high)],
                "tickvals": values,
                "ticktext": labels,
            }
        lowest = at + wide >= len(facets)
        title = RATE_TITLES[rate] + (", logarithmic" if log else "")
        figure.update_xaxes(**axis, title_text=title if lowest else None, row=row, col=col)
        figure.update_yaxes(title_text=axis_title(m) if col == 1 else None, row=row, col=col)
    figure.update_annotations(font={"size": 13, "color": shades(dark).text}, yshift=4)


def axis_title(m: Metric) -> str:
    """Label and unit, the variant smaller below."""
    head = f"{m.label} ({m.unit})" if m.unit else m.label
    return head + (f"<br><span style='font-size:11px'>{m.note}</span>" if m.note else "")
