"""Which two points are shown side by side: the nearest at matched bit rate or matched quality, and what that means, said."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from .contender import Row
from .format import MINUS, kbits, number
from .verdict import more_or_fewer

Match = Literal["bitrate", "quality"]
FAR_PERCENT, FAR_DB = 15.0, 1.0
"""Beyond these the nearest point is not close, and the sentence says so."""


def nearest(rows: Sequence[Row], to: Row, match: Match) -> Row:
    """The point of `rows` that is closest to `to` in bit rate (by ratio) or in PSNR-YUV; of two as close, the cheaper."""
    return min(rows, key=lambda row: (round(distance(row, to, match), 9), row.kbps))


def distance(row: Row, to: Row, match: Match) -> float:
    if match == "quality":
        return abs(row.psnr_yuv - to.psnr_yuv)
    return abs(math.log(row.kbps / to.kbps)) if row.kbps > 0 and to.kbps > 0 else math.inf


def sentence(a: str, row_a: Row | None, b: str, row_b: Row | None, match: Match | None) -> str:
    """What is shown: "Showing Hybrid at rate 27 against x264 medium at 412 kbit/s: 3.0 % more bits, PSNR-YUV 0.4 dB higher."

    `None` for a row is the source; `match` None means that both points were chosen by hand.
    """
    if row_a is None or row_b is None:
        name, row = (a, row_a) if row_a is not None else (b, row_b)
        return f"Showing {name} at rate {row.rate:g}, {kbits(row.kbps)}, against the source." if row else ""
    change = 100 * (row_a.kbps / row_b.kbps - 1) if row_b.kbps else math.inf
    bits = more_or_fewer(change).removesuffix(" than").removesuffix(" as").removesuffix(" of")
    shown = f"Showing {a} at rate {row_a.rate:g} against {b} at {kbits(row_b.kbps)} (rate {row_b.rate:g})"
    return f"{shown}: {bits}, {quality(row_a.psnr_yuv - row_b.psnr_yuv)}.{caution(row_a, row_b, change, match)}"


def quality(difference: float) -> str:
    if abs(difference) < 0.005:
        return "the same PSNR-YUV"
    return f"PSNR-YUV {number(abs(difference), 2)} dB {'higher' if difference > 0 else 'lower'}"


def caution(row_a: Row, row_b: Row, change: float, match: Match | None) -> str:
    """Where the nearest is far away, a comparison by eye would be of something else than asked for."""
    if match == "bitrate" and abs(change) > FAR_PERCENT:
        return " The bit rates do not match: no closer point was measured."
    if match == "quality" and abs(row_a.psnr_yuv - row_b.psnr_yuv) > FAR_DB:
        return " The qualities do not match: no closer point was measured."
    return ""


def point_label(row: Row) -> str:
    """A point in a list: "rate 27 · 412 kbit/s · 34.2 dB"."""
    return f"rate {row.rate:g} · {kbits(row.kbps)} · {number(row.psnr_yuv, 1)} dB".replace("-", MINUS)
