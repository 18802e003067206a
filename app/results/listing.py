"""A row of the experiments page: what is shown of a record among thousands."""

from __future__ import annotations

from typing import NamedTuple

from gpu_agent.models import Experiment, ResultRow, Status

from .format import listed
from .headline import best_points, headline_bd_rate
from .metrics import value_of


class ListingRow(NamedTuple):
    """Numbers are None where nothing was measured; `missing` says why. Of several clips: the mean of their best points."""

    id: str
    title: str
    status: Status
    clips: str
    psnr_y: float | None
    ssim: float | None
    kbps: float | None
    lossless: bool
    bd_rate: float | None
    bd_rate_anchor: str | None
    bd_rate_reason: str | None
    decoder_bytes: int
    points: int
    created_at: str
    origin: str
    parent_id: str | None
    rerun_of: str | None
    archived: bool
    missing: str | None


ORIGINS = {
    "person": "Written by hand",
    "starter": "Starter",
    "claude": "Claude",
    "rerun": "Rerun",
    "fork": "Fork",
    "autopilot": "Autopilot",
    "eval": "Command line",
}

HELP = {
    "psnr_y": "Y-PSNR at the best rate point, mean over frames; of several clips the mean",
    "ssim": "SSIM (Gaussian 11x11, sigma 1.5, luma) at the same point; of several clips the mean",
    "kbps": "Bit rate at the same point; of several clips the mean",
    "bd_rate": "Bits at equal PSNR-YUV against the anchor; negative is fewer",
    "decoder_bytes": "What runs of the module, compressed; the page of a run adds what it uses of codec_kit",
}


def listing_row(experiment: Experiment) -> ListingRow:
    best = best_points(experiment) if experiment.status is Status.SUCCEEDED else []
    quoted = headline_bd_rate(experiment) if best else None
    return ListingRow(
        id=experiment.id,
        title=experiment.title,
        status=experiment.status,
        clips=listed([clip.name for clip in experiment.clips], 2),
        psnr_y=mean(best, "psnr_y"),
        ssim=mean(best, "ssim"),
        kbps=mean(best, "kbps"),
        lossless=bool(best) and all(row.lossless for row in best),
        bd_rate=quoted.percent if quoted else None,
        bd_rate_anchor=quoted.anchor if quoted else None,
        bd_rate_reason=(quoted.reason or "no reason recorded") if quoted and quoted.percent is None else None,
        decoder_bytes=experiment.decoder_bytes,
        points=len(experiment.results),
        created_at=experiment.created_at,
        origin=origin(experiment),
        parent_id=experiment.parent_id,
        rerun_of=experiment.rerun_of,
        archived=experiment.archived,
        missing=missing(experiment) if not best else None,
    )


def mean(rows: list[ResultRow], key: str) -> float | None:
    """Mean of a metric; None where a row lacks it, so that a mean is always over all clips."""
    values = [value_of(row, key) for row in rows]
    return sum(values) / len(values) if values and None not in values else None


def origin(experiment: Experiment) -> str:
    """Where the code came from, with the model or the starter's name where one is recorded."""
    known = experiment.origin
    detail = (
        known.starter if known.kind == "starter" else known.model if known.kind in ("claude", "autopilot") else None
    )
    return f"{ORIGINS[known.kind]} ({detail})" if detail else ORIGINS[known.kind]


def missing(experiment: Experiment) -> str:
    """Why the row has no numbers."""
    return {
        Status.QUEUED: "not started",
        Status.RUNNING: "still running",
        Status.CANCELLED: "cancelled",
        Status.FAILED: "failed: no figures of a failed run are ranked",
        Status.SUCCEEDED: "finished without a measured point",
    }[experiment.status]
