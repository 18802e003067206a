"""The worst frames of a clip at one point: their PSNR, their bits, and which part of them is the worst."""

from __future__ import annotations

from gpu_agent.models import ResultRow
from gpu_agent.road.worst import WorstFrame

from .sources import Series
from .words import section

COUNT = 5


def middle(rows: list[ResultRow]) -> ResultRow:
    """The point that details are given of; `rows` are of one clip, lowest bit rate first."""
    return rows[len(rows) // 2]


def worst_frames(points: list[tuple[ResultRow, Series | None, list[WorstFrame] | None]]) -> str:
    """A block a clip. The list of the agent is spread over time; without it the lowest of the series are named."""
    lines = []
    for row, series, worst in points:
        lines.append(f"{row.clip} at rate {row.rate:g}{average(row, series)}:")
        lines += [f"- {line}" for line in of_point(row, series, worst)]
    return section("Worst frames", lines)


def average(row: ResultRow, series: Series | None) -> str:
    bits = series.bits if series else None
    known = "" if row.psnr_y_min is None else f", worst {row.psnr_y_min:.2f} dB"
    mean_bits = f", mean {sum(bits) / len(bits):.0f} bits a frame" if bits else ""
    return f" (mean Y-PSNR {row.psnr_y:.2f} dB{known}{mean_bits})"


def of_point(row: ResultRow, series: Series | None, worst: list[WorstFrame] | None) -> list[str]:
    if row.lossless:
        return ["every frame is identical to its source"]
    if worst:
        return [f"{frame(w.frame, w.psnr_y, series)}, worst at x {w.x}, y {w.y}" for w in worst[:COUNT]]
    if series is None:
        return ["the per-frame series is not at hand any more"]
    known = [(value, index) for index, value in enumerate(series.psnr_y) if value is not None]
    return [frame(index, value, series) for value, index in sorted(known)[:COUNT]]


def frame(index: int, psnr: float, series: Series | None) -> str:
    bits = series.bits if series else None
    spent = f", {bits[index]:.0f} bits" if bits and index < len(bits) else ""
    return f"frame {index}: {psnr:.2f} dB{spent}"
