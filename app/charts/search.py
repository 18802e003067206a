"""How a search went: the best so far over what it took, and all candidates by bits and decode time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from app.results.format import number, percent

from .theme import colour, cut, log_ticks, plain_text, shades, slots, symbol, template

SCORE = "BD-rate against x264 medium (%)"
BARRED = "Barred by the audit"


class Point(NamedTuple):
    """An attempt: what had been used up when it ended (`x`), its own score, and the best until then."""

    id: int
    x: float
    score: float | None
    best: float | None
    title: str
    barred: bool = False


class Candidate(NamedTuple):
    """A measured attempt. `front`: no other beats it in both; `barred`: it cannot be champion."""

    id: int
    score: float
    decode_ms: float
    title: str
    group: str = ""
    front: bool = False
    barred: bool = False
    champion: bool = False


def best_figure(points: Sequence[Point], x_title: str, dark: bool = False, height: int = 300) -> go.Figure | None:
    """None where nothing has a score yet. Each marker's `customdata` is [id]."""
    scored = [p for p in points if p.score is not None]
    known = [p for p in points if p.best is not None]
    if not scored or not known:
        return None
    figure = go.Figure()
    figure.add_scatter(
        x=[p.x for p in known],
        y=[p.best for p in known],
        mode="lines",
        line={"shape": "hv", "color": colour(0, dark), "width": 2.5},
        name="Best so far",
        hoverinfo="skip",
    )
    for name, own, shade, mark in (
        ("Attempts", [p for p in scored if not p.barred], colour(1, dark), "circle"),
        (BARRED, [p for p in scored if p.barred], colour(7, dark), "x"),
    ):
        if own:
            figure.add_scatter(
                x=[p.x for p in own],
                y=[p.score for p in own],
                mode="markers",
                marker={"color": shade, "size": 8, "symbol": mark, "opacity": 1},
                unselected={"marker": {"opacity": 1}},
                name=name,
                customdata=[[p.id] for p in own],
                hovertext=[f"<b>{p.id} {plain_text(cut(p.title, 60))}</b><br>{percent(p.score)} bits" for p in own],
                hoverinfo="text",
            )
    style(figure, x_title, [p.x for p in known])
    figure.update_layout(template=template(dark), height=height, hovermode="closest", clickmode="event+select")
    return figure


class Curve(NamedTuple):
    """The best so far of one search: (what had been used up, the best score) in order."""

    name: str
    points: Sequence[tuple[float, float]]


def contest_figure(curves: Sequence[Curve], x_title: str, dark: bool = False, height: int = 340) -> go.Figure | None:
    """Several searches over what they took. None where none has a score."""
    drawn = [c for c in curves if c.points]
    if not drawn:
        return None
    figure = go.Figure()
    slot = slots([c.name for c in drawn])
    for c in drawn:
        figure.add_scatter(
            x=[x for x, _ in c.points],
            y=[y for _, y in c.points],
            mode="lines+markers",
            line={"shape": "hv", "color": colour(slot[c.name], dark), "width": 2.2},
            marker={"symbol": symbol(slot[c.name]), "size": 7},
            name=plain_text(cut(c.name, 60)),
            hovertext=[f"<b>{plain_text(cut(c.name, 60))}</b><br>{percent(y)} bits" for _, y in c.points],
            hoverinfo="text",
        )
    style(figure, x_title, [x for c in drawn for x, _ in c.points])
    figure.update_layout(template=template(dark), height=height, hovermode="closest", showlegend=True)
    return figure


def style(figure: go.Figure, x_title: str, xs: Sequence[float]) -> None:
    whole = all(float(x).is_integer() for x in xs) and max(xs) <= 10
    figure.update_xaxes(title_text=x_title, rangemode="tozero", dtick=1 if whole else None)
    figure.update_yaxes(title_text=SCORE)


def pareto_figure(candidates: Sequence[Candidate], dark: bool = False, height: int = 300) -> go.Figure | None:
    """BD-rate against decode time, the front as a stepped line. None without candidates. `customdata` is [id]."""
    if not candidates:
        return None
    s = shades(dark)
    figure = go.Figure()
    front = sorted((c for c in candidates if c.front), key=lambda c: c.score)
    if len(front) > 1:
        figure.add_scatter(
            x=[c.score for c in front],
            y=[c.decode_ms for c in front],
            mode="lines",
            line={"shape": "hv", "color": s.muted, "width": 1.4, "dash": "dot"},
            name="Pareto front",
            hoverinfo="skip",
        )
    kinds = (
        ("On the front", lambda c: c.front and not c.barred, colour(0, dark), "circle"),
        ("Beaten in both", lambda c: not c.front and not c.barred, s.muted, "circle-open"),
        (BARRED, lambda c: c.barred, colour(7, dark), "x"),
    )
    for name, belongs, shade, mark in kinds:
        own = [c for c in candidates if belongs(c)]
        if own:
            figure.add_scatter(
                x=[c.score for c in own],
                y=[c.decode_ms for c in own],
                mode="markers+text",
                text=[f"{'★ ' if c.champion else ''}{c.id}" for c in own],
                textposition="top center",
                textfont={"size": 11.5, "color": s.text},
                cliponaxis=False,
                marker={
                    "color": shade,
                    "size": 10,
                    "symbol": mark,
                    "opacity": 1,
                    "line": {"width": 1.5, "color": shade},
                },
                unselected={"marker": {"opacity": 1}},
                name=name,
                customdata=[[c.id] for c in own],
                hovertext=[said(c) for c in own],
                hoverinfo="text",
            )
    times = [c.decode_ms for c in candidates]
    low, high = min(times) / 1.4, max(times) * 1.6
    values, labels = log_ticks(low, high)
    ends = [math.log10(low), math.log10(high)]
    figure.update_xaxes(title_text=SCORE)
    figure.update_yaxes(title_text="Decode (ms a frame)", type="log", tickvals=values, ticktext=labels, range=ends)
    figure.update_layout(template=template(dark), height=height, hovermode="closest", clickmode="event+select")
    return figure


def said(c: Candidate) -> str:
    group = f"<br>{plain_text(c.group)}" if c.group else ""
    figures = f"{percent(c.score)} bits, {number(c.decode_ms, 1)} ms a frame"
    return f"<b>{c.id} {plain_text(cut(c.title, 60))}</b><br>{figures}{group}"
