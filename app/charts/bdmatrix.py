"""Each against each as a matrix: bits of the row's codec against the column's at equal quality, refusals as dashes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from app.results.format import DASH, percent
from app.results.pairs import Pair

from .theme import Shades, cut, plain_text, shades, template

FULL = 60.0
"""Percent from which on the colour is full."""
NAME, WRAPPED = 34, 18


def matrix_figure(labels: Sequence[str], pairs: Mapping[tuple[str, str], Pair], dark: bool = False) -> go.Figure | None:
    """Rows need so many more or fewer bits than columns; None with fewer than two. Each cell says its overlap."""
    if len(labels) < 2:
        return None
    s = shades(dark)
    value = lambda test, ref: pairs[test, ref].mean if test != ref else None
    z = [[clipped(value(test, ref)) for ref in labels] for test in labels]
    figure = go.Figure(
        go.Heatmap(
            z=z,
            x=list(range(len(labels))),
            y=list(range(len(labels))),
            zmin=-FULL,
            zmax=FULL,
            colorscale=[
                [0, faded(s.series[0], 0.62)],
                [0.5, "rgba(128, 132, 148, 0.06)"],
                [1, faded(s.series[1], 0.62)],
            ],
            showscale=False,
            xgap=2,
            ygap=2,
            hovertext=[[hover(test, ref, pairs) for ref in labels] for test in labels],
            hoverinfo="text",
            hoverongaps=True,
        )
    )
    figure.add_trace(figures(labels, pairs, s))
    names = [plain_text(cut(label, NAME)) for label in labels]
    figure.update_xaxes(
        side="top",
        tickvals=list(range(len(labels))),
        ticktext=[wrapped(name) for name in names],
        tickangle=0,
        showgrid=False,
        showline=False,
        ticks="",
        title_text="… than",
        range=[-0.5, len(labels) - 0.5],
    )
    figure.update_yaxes(
        tickvals=list(range(len(labels))),
        ticktext=names,
        range=[len(labels) - 0.5, -0.5],
        showgrid=False,
        showline=False,
        ticks="",
    )
    figure.update_layout(template=template(dark), height=110 + 50 * len(labels), margin={"t": 30, "b": 4, "r": 4})
    figure.update_layout(dragmode=False)  # a finger scrolls it
    return figure


def figures(labels: Sequence[str], pairs: Mapping[tuple[str, str], Pair], s: Shades) -> go.Scatter:
    """What is written in the cells, as one trace: annotations take a second where there are fifty-six."""
    cells = [(x, y, test, ref) for y, test in enumerate(labels) for x, ref in enumerate(labels) if test != ref]
    return go.Scatter(
        x=[x for x, *_ in cells],
        y=[y for _, y, *_ in cells],
        text=[cell(pairs[test, ref], s.muted) for *_, test, ref in cells],
        mode="text",
        textfont={"size": 14, "color": s.text},
        hoverinfo="skip",
        showlegend=False,
        cliponaxis=False,
    )


def cell(pair: Pair, muted: str) -> str:
    """The figure, and smaller below it the overlap where it is not whole."""
    if pair.mean is None:
        return DASH
    part = "" if pair.overlap is None or pair.overlap >= 0.995 else f"overlap {pair.overlap:.0%}"
    below = f"<br><span style='font-size:10.5px;color:{muted}'>{part}</span>" if part else ""
    return percent(pair.mean) + below


def hover(test: str, ref: str, pairs: Mapping[tuple[str, str], Pair]) -> str:
    if test == ref:
        return ""
    pair = pairs[test, ref]
    lines = [f"<b>{plain_text(cut(test, 60))}</b> against <b>{plain_text(cut(ref, 60))}</b>"]
    for clip in pair.clips:
        r = clip.result
        said = f"{percent(r.percent)}, overlap {r.overlap:.0%}" if r.percent is not None else r.reason or ""
        lines += broken(plain_text(f"{clip.name}: {said}"))
    if not pair.clips:
        lines += broken(plain_text(pair.reason or ""))
    return "<br>".join(lines)


def broken(text: str, width: int = 90) -> list[str]:
    """A hover label does not wrap by itself."""
    lines, at = [""], 0
    for word in text.split(" "):
        if len(lines[at]) + len(word) > width and lines[at]:
            lines.append("")
            at += 1
        lines[at] += (" " if lines[at] else "") + word
    return lines


def wrapped(name: str) -> str:
    return "<br>".join(broken(name, WRAPPED))


def clipped(value: float | None) -> float | None:
    return None if value is None else min(FULL, max(-FULL, value))


def faded(hex_colour: str, alpha: float) -> str:
    red, green, blue = (int(hex_colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {alpha})"
