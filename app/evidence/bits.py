"""Where the bits go: the largest packets, the first packet's share, how even the frames are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gpu_agent.models import ResultRow

from .sources import Series
from .words import section, share

COUNT = 5
PARTS = 10


def where_bits_go(points: list[tuple[ResultRow, Series | None]]) -> str:
    """A block a point; nothing of points whose packets are not known."""
    lines = []
    for row, series in points:
        if series is None or not series.packets:
            continue
        lines.append(f"{row.clip} at rate {row.rate:g}, {row.bytes} bytes in {len(series.packets)} packets:")
        lines += [f"- {line}" for line in of_point(row, series)]
    return section("Where the bits go", lines)


def of_point(row: ResultRow, series: Series) -> list[str]:
    sizes = series.packets
    largest = sorted(range(len(sizes)), key=lambda i: -sizes[i])[:COUNT]
    lines = [f"first packet: {sizes[0]} bytes, {share(sizes[0], row.bytes)} of the file"]
    if len(sizes) > 1:
        lines.append("largest packets: " + ", ".join(f"{i} ({share(sizes[i], row.bytes)})" for i in largest))
    lines.append(f"header and packet lengths: {row.bytes - sum(sizes)} bytes")
    if series.bits is None:
        lines.append("packets are not frames one to one, so bits of single frames are not known")
    elif len(series.bits) > 1:
        lines.append(spread(series.bits))
        lines += [over_time(series.bits)] if len(series.bits) >= 2 * PARTS else []
    return lines


def spread(bits: Sequence[int]) -> str:
    """Quantiles of the bits of a frame, and how much the most expensive tenth takes."""
    low, mid, high = np.percentile(bits, (10, 50, 90))
    most = max(1, len(bits) // 10)
    costly = sum(sorted(bits, reverse=True)[:most])
    return (
        f"bits a frame: 10th percentile {low:.0f}, median {mid:.0f}, 90th {high:.0f}, largest {max(bits):.0f}; "
        f"the most expensive {most} of {len(bits)} frames take {share(costly, sum(bits))}"
    )


def over_time(bits: Sequence[int]) -> str:
    """Mean bits a frame of each tenth of the video, in order."""
    parts = np.array_split(np.asarray(bits), PARTS)
    return "mean bits a frame over each tenth of the video: " + ", ".join(f"{part.mean():.0f}" for part in parts)
