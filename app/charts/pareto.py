"""BD-rate over a cost: every ranked codec a point, the front that nobody beats in both a line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from app.results.format import percent

from .theme import colour, cut, log_ticks, plain_text, shades, template

DRAWN = 600
"""Points that are drawn at most: the front, then the best."""
NAMED = 8
NAME_WIDTH, NAME_HEIGHT = 0.2, 0.08
"""Room that a name takes, as shares of the chart that the points take."""


class Spot(NamedTuple):
    """`cost` above zero; `said` is the cost in words."""

    id: str
    label: str
    percent: float
    cost: float
    said: str
    front: bool


def pareto_figure(
    spots: Sequence[Spot], cost_title: str, anchor: str, dark: bool = False, height: int = 420
) -> go.Figure | None:
    """None without a spot. Each point's `customdata` is [id]. Zero is the anchor: below it, fewer bits than it needs."""
    able = [s for s in spots if s.cost > 0 and math.isfinite(s.cost)]
    if not able:
        return None
    front = sorted((s for s in able if s.front), key=lambda s: s.cost)
    behind = sorted((s for s in able if not s.front), key=lambda s: s.percent)
    others = behind[: max(0, DRAWN - len(front))]
    figure = go.Figure()
    if others:
        figure.add_trace(points(others, others_name(len(others), len(behind)), shades(dark).muted, 7, dark))
    if front:
        line = points(front, "front: nobody needs fewer bits at less cost", colour(0, dark), 10, dark)
        line.update(mode="lines+markers+text", line={"shape": "hv", "width": 1.6, "color": colour(0, dark)})
        named = names_apart(front, able)
        line.update(
            text=[plain_text(cut(s.label, 26)) if s.id in named else "" for s in front],
            textposition="top right",
            textfont={"size": 11.5, "color": shades(dark).text},
        )
        figure.add_trace(line)
    low, high = min(s.cost for s in able) / 1.2, max(s.cost for s in able) * 1.6
    values, labels = log_ticks(low, high)
    figure.update_xaxes(
        type="log",
        range=[math.log10(low), math.log10(high)],
        tickvals=values,
        ticktext=labels,
        title_text=cost_title,
    )
    figure.add_hline(
        y=0,
        line={"color": shades(dark).muted, "width": 1, "dash": "dot"},
        annotation={"text": plain_text(anchor), "font": {"size": 11.5, "color": shades(dark).muted}},
        annotation_position="bottom right",
    )
    figure.update_yaxes(title_text=f"Bits against {plain_text(anchor)} (%)")
    figure.update_layout(template=template(dark), height=height, hovermode="closest", clickmode="event+select")
    return figure


def names_apart(front: Sequence[Spot], drawn: Sequence[Spot]) -> set[str]:
    """Ids of the front whose names can stand beside their points, best first, without one name over another."""
    place = {s.id: (math.log10(s.cost), s.percent) for s in drawn}
    width, height = (max(axis) - min(axis) or 1 for axis in zip(*place.values()))
    named: list[str] = []
    for spot in sorted(front, key=lambda s: s.percent):
        x, y = place[spot.id]
        beside = (place[other] for other in named)
        if all(abs(x - a) > NAME_WIDTH * width or abs(y - b) > NAME_HEIGHT * height for a, b in beside):
            named.append(spot.id)
    return set(named[:NAMED])


def others_name(drawn: int, all_: int) -> str:
    return "others" if drawn == all_ else f"others: the best {drawn:,} of {all_:,}"


def points(spots: Sequence[Spot], name: str, own: str, size: int, dark: bool) -> go.Scatter:
    return go.Scatter(
        x=[s.cost for s in spots],
        y=[s.percent for s in spots],
        name=name,
        mode="markers",
        marker={"color": own, "size": size, "opacity": 1 if size > 8 else 0.6, "line": {"width": 0}},
        unselected={"marker": {"opacity": 1 if size > 8 else 0.6}},
        customdata=[[s.id] for s in spots],
        hovertext=[
            f"<b>{plain_text(cut(s.label, 80))}</b><br>{percent(s.percent)} bits<br>{plain_text(s.said)}" for s in spots
        ],
        hoverinfo="text",
        cliponaxis=False,
    )
