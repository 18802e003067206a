"""A family tree as a figure: who came from whom, coloured by one figure, each node clickable. Knows nodes, not records."""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from app.results.format import number

from .theme import cut, plain_text, shades, template
from .tree import Layout, Node, layout

STATES = {
    "succeeded": ("circle", "succeeded"),
    "failed": ("x", "failed"),
    "cancelled": ("line-ew-open", "cancelled"),
    "running": ("circle-dot", "running"),
    "queued": ("circle-open", "waiting"),
    "archived": ("diamond", "archived"),
    "given up early": ("triangle-down", "given up early"),
    "duplicate": ("square-open", "duplicate"),
    "rejected": ("cross-open", "rejected"),
}
"""Marker and name in the legend; a state that is not here is drawn as a circle under its own name."""
LABELLED = 70
"""Nodes up to which every one has its label beside it; of more only those that stand out, the rest on hover."""
ROW, LEAST, MOST = 30, 240, 1600
LINE_LIGHT, LINE_DARK = "#b9bcc6", "#565b69"
SPREAD = 50.0
"""Values this far from the middle, in either direction, have the full colour."""


def lineage_figure(
    nodes: Sequence[Node], value_title: str = "BD-rate (%)", unit: str = " %", dark: bool = False
) -> go.Figure | None:
    """None without nodes. Each node's `customdata` is [id].

    Colours go from blue (below zero, for a BD-rate: fewer bits) over grey to orange (above).
    """
    if not nodes:
        return None
    known = list({node.id: node for node in reversed(nodes)}.values())[::-1]
    plan = layout(known)
    figure = go.Figure()
    figure.add_traces(edge_traces(plan, dark))
    labelled = names_shown(known)
    across = max(10, round(120 / (plan.generations + 1)))
    states = list(dict.fromkeys(n.state for n in known))
    bar = any(n.value is not None for n in known)
    for state in states:
        own = [n for n in known if n.state == state]
        figure.add_trace(node_trace(state, own, plan, labelled, across, bar, value_title, unit, dark))
        bar = bar and not any(n.value is not None for n in own)  # one colour bar is enough
    ringed = [n for n in known if n.ring]
    if ringed:
        figure.add_trace(ring_trace(ringed, plan, dark))
    add_groups(figure, known, plan, dark)
    figure.update_xaxes(visible=False, range=[-0.15, plan.generations - 0.35])
    figure.update_yaxes(visible=False, range=[plan.rows - (0.1 if any(n.group for n in known) else 0.4), -0.9])
    figure.update_layout(
        template=template(dark),
        height=min(MOST, max(LEAST, 70 + ROW * plan.rows)),
        hovermode="closest",
        clickmode="event+select",
        showlegend=len(states) > 1,
        margin={"l": 8, "r": 8, "t": 36, "b": 8},
    )
    return figure


def edge_traces(plan: Layout, dark: bool) -> list[go.Scatter]:
    """One trace for all lines of a kind, because thousands of traces are slow."""
    colour = LINE_DARK if dark else LINE_LIGHT  # opaque, because lines lie on one another
    kinds = ((True, {"width": 1.4, "color": colour}), (False, {"width": 1.2, "color": colour, "dash": "dot"}))
    traces = []
    for hangs, line in kinds:
        xs: list[float | None] = []
        ys: list[float | None] = []
        for edge in plan.edges:
            if edge.hangs == hangs:
                a, b = plan.places[edge.parent], plan.places[edge.child]
                bend = b.generation - 0.5 if hangs else (a.generation + b.generation) / 2
                xs += [a.generation, bend, bend, b.generation, None]
                ys += [a.row, a.row, b.row, b.row, None]
        if xs:
            traces.append(go.Scatter(x=xs, y=ys, mode="lines", line=line, hoverinfo="skip", showlegend=False))
    return traces


def names_shown(nodes: Sequence[Node]) -> set[str]:
    """All ids of a small tree; of a large one the marked nodes and the best of all."""
    if len(nodes) <= LABELLED:
        return {n.id for n in nodes}
    valued = sorted((n for n in nodes if n.value is not None), key=lambda n: n.value)
    return {n.id for n in nodes if n.ring} | {n.id for n in valued[:3]}


def node_trace(
    state: str,
    nodes: Sequence[Node],
    plan: Layout,
    labelled: set[str],
    across: int,
    bar: bool,
    value_title: str,
    unit: str,
    dark: bool,
) -> go.Scatter:
    s = shades(dark)
    symbol, name = STATES.get(state, ("circle", state))
    values = [clipped(n.value) for n in nodes]
    scale = [[0.0, s.series[0]], [0.5, "#9a9fae" if dark else "#a9adb9"], [1.0, s.series[1]]]
    return go.Scatter(
        x=[plan.places[n.id].generation for n in nodes],
        y=[plan.places[n.id].row for n in nodes],
        name=plain_text(name),
        mode="markers+text",
        text=[plain_text(cut(n.label, across)) if n.id in labelled else "" for n in nodes],
        textposition="top right",
        textfont={"size": 11.5, "color": s.text},
        cliponaxis=False,
        customdata=[[n.id] for n in nodes],
        hovertext=[hover(n, value_title, unit) for n in nodes],
        hoverinfo="text",
        unselected={"marker": {"opacity": 1}},
        marker={
            "symbol": symbol,
            "size": 11,
            "opacity": 1,
            "color": [s.muted if v is None else v for v in values] if any(v is not None for v in values) else s.muted,
            "cmin": -SPREAD,
            "cmax": SPREAD,
            "colorscale": scale,
            "showscale": bar and any(v is not None for v in values),
            "colorbar": {
                "title": {"text": value_title, "side": "top"},
                "orientation": "h",
                "thickness": 8,
                "len": 0.2,
                "x": 0.94,
                "xanchor": "right",
                "y": 1.0,
                "yanchor": "bottom",
                "outlinewidth": 0,
                "tickvals": [-SPREAD, 0, SPREAD],
                "ticktext": [f"≤ {number(-SPREAD)}", "0", f"≥ +{SPREAD:g}"],
                "tickfont": {"size": 11},
            },
            "line": {"width": 1, "color": s.background},
        },
    )


def clipped(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return min(SPREAD, max(-SPREAD, value))


def hover(node: Node, value_title: str, unit: str) -> str:
    value = f"{value_title}: {number(node.value, 1, sign=True)}{unit}" if node.value is not None else ""
    lines = [f"<b>{plain_text(cut(node.label, 80))}</b>", value, *(plain_text(cut(line, 120)) for line in node.hover)]
    return "<br>".join(line for line in lines if line)


def ring_trace(nodes: Sequence[Node], plan: Layout, dark: bool) -> go.Scatter:
    return go.Scatter(
        x=[plan.places[n.id].generation for n in nodes],
        y=[plan.places[n.id].row for n in nodes],
        mode="markers",
        marker={"symbol": "circle-open", "size": 20, "line": {"width": 2, "color": shades(dark).text}},
        hoverinfo="skip",
        showlegend=False,
    )


def add_groups(figure: go.Figure, nodes: Sequence[Node], plan: Layout, dark: bool) -> None:
    """A frame around the nodes of each group, with its name."""
    members: dict[str, list[Node]] = {}
    for node in nodes:
        if node.group:
            members.setdefault(node.group, []).append(node)
    for name, own in members.items():
        at = [plan.places[n.id] for n in own]
        low, high = min(p.row for p in at), max(p.row for p in at)
        right = max(p.generation for p in at) + 0.55
        figure.add_shape(
            type="rect",
            name=plain_text(name),
            x0=min(p.generation for p in at) - 0.12,
            x1=right,
            y0=low - 0.75,
            y1=high + 0.45,
            layer="below",
            line={"width": 1, "color": shades(dark).grid},
            fillcolor=shades(dark).grid,
            opacity=0.6,
        )
        figure.add_annotation(  # at the lower right, where no node has its own label
            x=right - 0.02,
            y=high + 0.45,
            text=plain_text(cut(name, 60)),
            showarrow=False,
            xanchor="right",
            yanchor="bottom",
            font={"size": 11, "color": shades(dark).muted},
        )
