"""Exact frames for a report: the source's, and each experiment's and anchor's at the points nearest in bit rate, as PNG."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from app.results.contender import Choice, Contender, Footage, Row
from app.results.format import kbits
from app.results.playable import Playable, playable, source_of

MOST_BYTES = 24 << 20
"""All pictures of a report together; of more, or larger ones, fewer are embedded, and that is said."""
TOO_LARGE = "left out, because the report would become too large"


class NoPicture(RuntimeError):
    """There is none to be had; the message says why, as the end of a sentence."""


Fetch = Callable[[str], bytes]
"""An artifact by its key. Raises NoPicture."""


class Picture(NamedTuple):
    """`png` is None where there is none, and `said` tells why."""

    title: str
    said: str
    png: bytes | None


class Wanted(NamedTuple):
    title: str
    said: str
    path: str


def pictures(choice: Choice, fetch: Fetch) -> dict[Footage, list[Picture]]:
    """Those of each footage that has any."""
    left, found = MOST_BYTES, {}
    for footage in choice.footage:
        for wanted in wanted_on(choice, footage):
            one = picture(wanted, fetch) if left > 0 else Picture(wanted.title, TOO_LARGE, None)
            left -= len(one.png or b"")
            found.setdefault(footage, []).append(one)
    return found


def picture(wanted: Wanted, fetch: Fetch) -> Picture:
    try:
        return Picture(wanted.title, wanted.said, fetch(wanted.path))
    except NoPicture as why:
        return Picture(wanted.title, str(why), None)


def wanted_on(choice: Choice, footage: Footage) -> list[Wanted]:
    """The source where it was chosen or has something beside it, then a point of each that has points."""
    points = nearest(choice, footage)
    chosen = any(c.kind == "source" and footage.key in c.clips for c in choice.contenders)
    if not points and not chosen:
        return []
    source = source_of(footage)
    decoded = [wanted(c.label, said_of(row), playable(c, footage, row), footage) for c, row in points]
    return [wanted("Source", "exact", source, footage), *decoded]


def wanted(title: str, said: str, shown: Playable, footage: Footage) -> Wanted:
    """The frame in the middle."""
    frame = footage.frames // 2
    return Wanted(f"{title}, frame {frame}", said, unquote(shown.exact.replace("{frame}", str(frame))))


def said_of(row: Row) -> str:
    return f"exact, at {kbits(row.kbps)}, rate {row.rate:g}, Y-PSNR of the clip {row.psnr_y:.2f} dB"


def nearest(choice: Choice, footage: Footage) -> list[tuple[Contender, Row]]:
    """Of each that has points the one nearest to the middle of all bit rates, on a logarithmic scale."""
    able = [(c, rows) for c in choice.contenders if (rows := c.on(footage).rows)]
    rates = [math.log(r.kbps) for _, rows in able for r in rows if r.kbps > 0]
    if not rates:
        return []
    middle = statistics.median(rates)
    return [(c, closest(rows, middle)) for c, rows in able]


def closest(rows: Sequence[Row], middle: float) -> Row:
    return min(rows, key=lambda r: abs(math.log(max(r.kbps, 1e-9)) - middle))
