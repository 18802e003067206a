"""One comparison as a single HTML page: charts that can be hovered and zoomed, frames, matrix, sentences, diff.

Everything is in the file, Plotly's script once; it asks no server for anything, and its policy would not let it.
Titles and code come from others, so every text goes through `escape`, and Plotly's data is written without a "<".
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from fractions import Fraction
from html import escape
from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from app.blind import BlindTest
from app.blind.confidence import sentence as blind_sentence
from app.charts.bdmatrix import matrix_figure
from app.charts.rd import rd_figure
from app.charts.series import Curve, contender_curves
from app.charts.speedrate import speed_rate_figure
from app.charts.theme import slots
from app.results.contender import Choice, Contender
from app.results.format import plural
from app.results.metrics import metric
from app.results.overview import overview
from app.results.pairs import QUALITIES, matrix, refusals, sentences
from app.results.settings_table import settings_table
from app.results.sidebyside import diff, html

from .pictures import Fetch, Picture, pictures

POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #31333f; background: #fff; max-width: 1180px; margin: 32px auto; padding: 0 24px; }
h1 { font-size: 26px; } h2 { font-size: 19px; margin-top: 36px; } h3 { font-size: 15px; }
table.plain { border-collapse: collapse; width: 100%; font-size: 13.5px; }
table.plain th, table.plain td { text-align: left; padding: 5px 10px 5px 0; border-bottom: 1px solid #e3e4e9; vertical-align: top; overflow-wrap: anywhere; }
.frames { display: flex; flex-wrap: wrap; gap: 14px; } figure { margin: 0; } figure img { max-width: 100%; image-rendering: pixelated; border-radius: 4px; }
figcaption { font-size: 13px; color: #6b7080; max-width: 420px; } .small { font-size: 13.5px; color: #6b7080; }
details { margin: 8px 0; } summary { cursor: pointer; }
"""
OPEN_LINES = 80
"""Changed lines up to which a diff is unfolded at first."""
OVERVIEW = ("name", "what", "status", "clips", "decoder", "encode", "decode", "audit")
CONFIG = {"displaylogo": False, "responsive": True, "modeBarButtonsToRemove": ["select2d", "lasso2d"]}


def report(choice: Choice, made: str, fetch: Fetch, tests: Sequence[BlindTest] = ()) -> str:
    """The page. `made` says when; `fetch` gets an exact frame by its artifact path; `tests` are closed blind tests."""
    names = " against ".join(c.label for c in choice.contenders)
    parts = [
        f"<h1>{escape(names)}</h1><p class='small'>A comparison by Codec Lab, {escape(made)}. Only the same frames are "
        "compared; what a codec says about itself is no figure.</p>",
        table([{k: row[k] for k in OVERVIEW} for row in overview(choice)]),
        section("In words", bullets(sentences(choice))),
        section("Rate-distortion curves", curves(choice)),
        section("BD-rate, each against each", matrices(choice)),
        section("Speed against rate", speeds(choice)),
        section("Frames", frames(choice, fetch)),
        section("Blind tests", bullets(map(result, tests))),
        section("Settings and environment", settings(choice)),
        section("Code", codes(choice)),
    ]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(names)}</title><style>{STYLE}</style>'
        f"<script>{get_plotlyjs()}</script></head><body>{''.join(parts)}</body></html>\n"
    )


def section(title: str, body: str) -> str:
    return f"<h2>{escape(title)}</h2>{body}" if body else ""


def bullets(texts: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f"<ul>{items}</ul>" if items else ""


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Columns that are empty in every row are left out."""
    names = [n for n in (rows[0] if rows else {}) if any(r[n] not in ("", None) for r in rows)]
    head = "".join(f"<th>{escape(n.capitalize() if n.islower() else n)}</th>" for n in names)
    text = lambda value: "–" if value is None else str(value)
    body = "".join("<tr>" + "".join(f"<td>{escape(text(r[n]))}</td>" for n in names) + "</tr>" for r in rows)
    return f'<table class="plain"><tr>{head}</tr>{body}</table>' if names else ""


def drawn(figure: go.Figure | None, title: str = "") -> str:
    if figure is None:
        return ""
    head = f"<h3>{escape(title)}</h3>" if title else ""
    return head + figure.to_html(full_html=False, include_plotlyjs=False, config=CONFIG)


def result(test: BlindTest) -> str:
    what = "A/B/X" if test.kind == "abx" else "Preference"
    return f"{what} of {test.one.label} and {test.two.label} on {test.clip}: {blind_sentence(test)}"


def all_curves(choice: Choice) -> list[Curve]:
    return [curve for c in choice.contenders for curve in contender_curves(choice, c)]


def colours(choice: Choice) -> dict[str, int]:
    own = next((c.label for c in choice.contenders if c.kind == "experiment"), None)
    return slots([c.label for c in choice.contenders if c.kind != "source"], own)


def curves(choice: Choice) -> str:
    found = all_curves(choice)
    known = [q for q in QUALITIES if any(q in p.metrics for c in found for p in c.points)]
    figures = "".join(drawn(rd_figure(found, q, slot_of=colours(choice)), metric(q).variant) for q in known)
    return figures + bullets(
        f"“{c.label}” has no curve on {choice.named(f)}: {on.missing}."
        for c in choice.contenders
        if c.kind != "source"
        for f in choice.footage
        if not (on := c.on(f)).rows
    )


def matrices(choice: Choice) -> str:
    parts = []
    for quality in QUALITIES:
        pairs = matrix(choice, quality)
        if any(p.mean is not None for p in pairs.values()) or quality == QUALITIES[0]:
            labels = list(dict.fromkeys(test for test, _ in pairs))
            refused = bullets(refusals(pairs))
            why = f"<details><summary>Why there are dashes</summary>{refused}</details>" if refused else ""
            title = f"Bits of the row against the column at equal {metric(quality).label}"
            parts.append(drawn(matrix_figure(labels, pairs), title) + why)
    return "".join(parts)


def speeds(choice: Choice) -> str:
    found = all_curves(choice)
    return "".join(
        drawn(
            speed_rate_figure(
                [c for c in found if c.clip == choice.named(f)], Fraction(f.fps) if f.fps else None, colours(choice)
            ),
            choice.named(f),
        )
        for f in choice.footage
    )


def frames(choice: Choice, fetch: Fetch) -> str:
    return "".join(
        f"<h3>{escape(choice.named(footage))}</h3><div class='frames'>{''.join(map(figure_of, found))}</div>"
        for footage, found in pictures(choice, fetch).items()
    )


def figure_of(picture: Picture) -> str:
    data = base64.b64encode(picture.png or b"").decode()
    image = f'<img src="data:image/png;base64,{data}" alt="{escape(picture.title)}">' if picture.png else ""
    return f"<figure>{image}<figcaption><b>{escape(picture.title)}</b><br>{escape(picture.said)}</figcaption></figure>"


def settings(choice: Choice) -> str:
    experiments = [c for c in choice.contenders if c.experiment is not None]
    anchors = [c for c in choice.contenders if c.anchor is not None]
    parts = [table(settings_table(experiments, len(experiments) > 1)), table(settings_table(anchors, False))]
    if len(experiments) > 1:
        parts.insert(0, "<p class='small'>Of experiments only what differs.</p>")
    return "".join(p for p in parts if p)


def codes(choice: Choice) -> str:
    """The first experiment's code against each other's; alone, its code."""
    experiments = [c for c in choice.contenders if c.experiment is not None]
    if len(experiments) == 1:
        return f"<details><summary>Code</summary><pre>{escape(experiments[0].experiment.code)}</pre></details>"
    return "".join(changes(experiments[0], other) for other in experiments[1:])


def changes(a: Contender, b: Contender) -> str:
    found = diff(a.experiment.code, b.experiment.code)
    title = f"{escape(a.label)} → {escape(b.label)}"
    if found.same:
        return f"<p>{title}: the same, letter for letter.</p>"
    counts = f"{plural(found.added, 'line')} added, {found.removed} removed"
    small = " open" if found.added + found.removed <= OPEN_LINES else ""
    return f"<details{small}><summary>{title}: {counts}</summary>{html(found, a.label, b.label)}</details>"
