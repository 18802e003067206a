"""Exact frames for a report: the source's and each experiment's, at the points nearest in bit rate, as PNG."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple

from app.results.contender import Choice, Footage
from app.results.format import kbits
from gpu_agent.models import ResultRow
from gpu_agent.road.tools import rate_key

MOST_BYTES = 24 << 20
"""All pictures of a report together; of larger clips fewer are embedded, and that is said."""
GONE = "could not be had: the agent is away, busy with a run, or the clip has changed"


class Picture(NamedTuple):
    """`png` is None where there is none, and `said` tells why."""

    title: str
    said: str
    png: bytes | None


class Wanted(NamedTuple):
    title: str
    said: str
    path: str


def pictures(choice: Choice, footage: Footage, fetch: Callable[[str], bytes | None]) -> list[Picture]:
    """`fetch` gets an artifact by its path. Empty where no experiment has a point on this footage."""
    found, left = [], MOST_BYTES
    for wanted in wanted_on(choice, footage):
        png = fetch(wanted.path) if left > 0 else None
        left -= len(png or b"")
        why = GONE if left > 0 else "left out, because the report would become too large"
        found.append(Picture(wanted.title, wanted.said if png else why, png))
    return found


def wanted_on(choice: Choice, footage: Footage) -> list[Wanted]:
    frame = footage.frames // 2
    points = nearest(choice, footage)
    if not points:
        return []
    _, key, row = points[0]
    found = [Wanted(f"Source, frame {frame}", "exact", f"{base(key, row)}/frames/{frame}/source.png")]
    return found + [
        Wanted(
            f"{label}, frame {frame}",
            f"exact, at {kbits(row.kbps)}, rate {row.rate:g}, Y-PSNR of the clip {row.psnr_y:.2f} dB",
            f"{base(key, row)}/frames/{frame}/decoded.png",
        )
        for label, key, row in points
    ]


def nearest(choice: Choice, footage: Footage) -> list[tuple[str, str, ResultRow]]:
    """Of each experiment the point nearest to the middle of all bit rates, on a logarithmic scale."""
    rows = {
        (c.label, c.key): [r for r in c.on(footage).rows if isinstance(r, ResultRow)]
        for c in choice.contenders
        if c.experiment is not None
    }
    rates = [math.log(r.kbps) for own in rows.values() for r in own if r.kbps > 0]
    if not rates:
        return []
    middle = statistics.median(rates)
    return [(*name, closest(own, middle)) for name, own in rows.items() if own]


def closest(rows: Sequence[ResultRow], middle: float) -> ResultRow:
    return min(rows, key=lambda r: abs(math.log(max(r.kbps, 1e-9)) - middle))


def base(key: str, row: ResultRow) -> str:
    return f"{key}/{row.clip}/{rate_key(row.rate)}"
