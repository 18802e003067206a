"""The look of every chart, light and dark: colours that colour-blind people can tell apart, fonts, margins, hover labels."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from html import escape
from typing import NamedTuple

import plotly.graph_objects as go

FONT = '"Source Sans", "Source Sans Pro", "Source Sans 3", system-ui, sans-serif'
"""Streamlit's own text font; the page has it loaded."""


class Shades(NamedTuple):
    text: str
    muted: str
    grid: str
    axis: str
    hover: str
    background: str
    """Only what lies behind the transparent figure; used to tell whether colours stand out."""
    series: tuple[str, ...]


LIGHT = Shades(
    text="#31333f",
    muted="#6b7080",
    grid="rgba(49, 51, 63, 0.10)",
    axis="rgba(49, 51, 63, 0.35)",
    hover="#ffffff",
    background="#ffffff",
    series=("#008be1", "#cb7e1f", "#1a865d", "#a65b92", "#76630b", "#22358a", "#515151", "#672b1d"),
)
DARK = Shades(
    text="#fafafa",
    muted="#a3a8b8",
    grid="rgba(250, 250, 250, 0.11)",
    axis="rgba(250, 250, 250, 0.40)",
    hover="#1f2330",
    background="#0f1117",
    series=("#55bbfc", "#d98d12", "#10f7ba", "#ab649e", "#e0e650", "#487cff", "#9c9f97", "#da465b"),
)
"""Hues after Okabe and Ito (Color Universal Design, 2008); lightness searched so that any two of a theme differ by
at least 12 in CIEDE2000 for people with each kind of colour blindness, and all by 3:1 from the background."""

FIXED = {
    "x264 ultrafast zerolatency": 4,
    "x264 medium": 1,
    "x264 veryslow": 3,
    "x265 medium": 2,
    "mjpeg": 6,
    "mpeg4": 7,
}
"""Slots of series that appear in nearly every chart."""

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "x", "pentagon")
LOSSLESS_SYMBOL = "star"


def shades(dark: bool) -> Shades:
    return DARK if dark else LIGHT


def slots(names: Iterable[str], own: str | None = None) -> dict[str, int]:
    """A slot for each series name: the same name gets the same slot in every chart, as far as no other took it.

    `own` is the experiment a page is about: always slot 0. Beyond as many names as there are colours, slots go on
    counting and colours repeat with another marker.
    """
    taken: dict[str, int] = {own: 0} if own is not None else {}
    count = len(LIGHT.series)
    ordered = list(dict.fromkeys(names))
    for name in ordered:
        fixed = FIXED.get(name.casefold().replace("-", " ").replace("_", " "))
        if fixed is not None and name not in taken and fixed not in taken.values():
            taken[name] = fixed
    for name in ordered:
        if name in taken:
            continue
        wanted = hashlib.sha256(name.encode("utf-8", "replace")).digest()[0] % count
        tries = ((wanted + step) % count for step in range(count))
        taken[name] = next((slot for slot in tries if slot not in taken.values()), max(count, len(taken)))
    return {name: taken[name] for name in ordered}


def colour(slot: int, dark: bool) -> str:
    series = shades(dark).series
    return series[slot % len(series)]


def symbol(slot: int) -> str:
    return SYMBOLS[(slot + slot // len(LIGHT.series)) % len(SYMBOLS)]


def plain_text(text: str) -> str:
    """Text of others for a legend or a title, where Plotly would read tags."""
    return escape(text, quote=False)


def cut(text: str, most: int = 40) -> str:
    """A name short enough for a legend."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def template(dark: bool) -> go.layout.Template:
    """Transparent, compact, thin grid; legend above the plot."""
    s = shades(dark)
    axis = {
        "gridcolor": s.grid,
        "linecolor": s.axis,
        "tickcolor": s.axis,
        "zeroline": False,
        "showline": True,
        "ticks": "outside",
        "ticklen": 4,
        "automargin": True,
        "tickfont": {"color": s.muted, "size": 12},
        "title": {"font": {"color": s.text, "size": 13}, "standoff": 8},
    }
    return go.layout.Template(
        layout={
            "font": {"family": FONT, "size": 13, "color": s.text},
            "paper_bgcolor": "rgba(0, 0, 0, 0)",
            "plot_bgcolor": "rgba(0, 0, 0, 0)",
            "colorway": list(s.series),
            "margin": {"l": 14, "r": 12, "t": 24, "b": 8},
            "xaxis": axis,
            "yaxis": axis,
            "hoverlabel": {
                "bgcolor": s.hover,
                "bordercolor": s.axis,
                "font": {"family": FONT, "size": 13, "color": s.text},
                "align": "left",
                "namelength": -1,
            },
            "legend": {
                "orientation": "h",
                "x": 0,
                "xanchor": "left",
                "y": 1.02,
                "yanchor": "bottom",
                "font": {"size": 12.5},
                "bgcolor": "rgba(0, 0, 0, 0)",
            },
            "modebar": {"bgcolor": "rgba(0, 0, 0, 0)", "color": s.muted, "activecolor": s.text, "orientation": "v"},
            "annotationdefaults": {"font": {"size": 13, "color": s.text}},
        }
    )


def log_ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    """Ticks of a logarithmic axis with whole labels: 1, 2, 5 a decade, finer where that leaves fewer than three."""
    tenths = tuple(s / 10 for s in range(10, 100))
    for steps in ((1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7), tuple(range(1, 10)), tenths):
        decades = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
        values = [step * 10.0**decade for decade in decades for step in steps]
        inside = [value for value in values if low <= value * (1 + 1e-9) and value <= high * (1 + 1e-9)]
        if len(inside) >= 3:
            break
    thinned = inside[:: math.ceil(len(inside) / 10)] if inside else []
    return thinned, [f"{value:.12g}" for value in thinned]
