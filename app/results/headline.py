"""Which of an experiment's many numbers stand for it: the best point of each clip, and one BD-rate."""

from __future__ import annotations

from typing import NamedTuple

from gpu_agent.models import Experiment, ResultRow

from .metrics import numeric

HEADLINE_ANCHORS = ("x264 medium", "x265 medium")
"""Anchors that are quoted first, where the record has them."""


class Anchored(NamedTuple):
    """BD-rate in percent against an anchor (negative: fewer bits), or None with the reason."""

    anchor: str
    percent: float | None
    reason: str | None


def best_point(rows: list[ResultRow]) -> ResultRow:
    """Highest quality: lossless first, then Y-PSNR, then PSNR-YUV; among equals the smallest."""
    return max(rows, key=lambda row: (row.lossless, row.psnr_y, row.psnr_yuv, -row.bytes))


def by_clip(experiment: Experiment) -> dict[str, list[ResultRow]]:
    """Rows of each clip, lowest bit rate first; clips in the order of the experiment."""
    rows: dict[str, list[ResultRow]] = {clip.name: [] for clip in experiment.clips}
    for row in experiment.results:
        rows.setdefault(row.clip, []).append(row)
    return {clip: sorted(points, key=lambda row: row.kbps) for clip, points in rows.items() if points}


def best_points(experiment: Experiment) -> list[ResultRow]:
    """The best point of every clip that has any."""
    return [best_point(rows) for rows in by_clip(experiment).values()]


def headline_bd_rate(experiment: Experiment) -> Anchored | None:
    """The BD-rate to quote: of the headline anchors the first with a figure, else any with one, else a refusal."""
    known = {plain(name): name for name in experiment.summary.bd_rate}
    order = [known[name] for name in HEADLINE_ANCHORS if name in known]
    order += [name for name in experiment.summary.bd_rate if name not in order]
    quoted = [Anchored(n, numeric(b.percent), b.reason) for n in order for b in [experiment.summary.bd_rate[n]]]
    return next((a for a in quoted if a.percent is not None), quoted[0] if quoted else None)


def plain(anchor: str) -> str:
    """An anchor's name without regard to case and to what joins its words."""
    return " ".join(anchor.casefold().replace("-", " ").replace("_", " ").split())
