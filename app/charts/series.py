"""What the charts draw: a curve is the points of one experiment or anchor on one clip, under a name of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from app.results.contender import Choice, Contender
from app.results.headline import by_clip
from app.results.metrics import METRICS, value_of
from gpu_agent.anchors import AnchorPoint
from gpu_agent.models import Experiment, Rate, ResultRow

from .theme import cut

Kind = Literal["experiment", "parent", "anchor"]


class Point(NamedTuple):
    """One measured rate point; `metrics` holds what was measured by name (psnr_yuv, ssim, ms_ssim, vmaf …)."""

    rate: Rate | str
    kbps: float
    bpp: float
    bytes: int
    metrics: dict[str, float]
    lossless: bool = False
    encode_fps: float | None = None
    decode_fps: float | None = None


class Curve(NamedTuple):
    """The kind chooses the line: experiments solid, the parent thinner and hollow, anchors dashed."""

    name: str
    clip: str
    points: tuple[Point, ...]
    kind: Kind = "experiment"


def point_of(row: ResultRow) -> Point:
    keys = dict.fromkeys((*METRICS, *row.more))
    metrics = {key: value for key in keys if (value := value_of(row, key)) is not None}
    return Point(row.rate, row.kbps, row.bpp, row.bytes, metrics, row.lossless, row.encode_fps, row.decode_fps)


FIGURES = ("psnr_yuv", "psnr_y", "psnr_u", "psnr_v", "ssim", "ms_ssim", "ssim_ffmpeg", "vmaf", "vmaf_neg")


def anchor_point(p: AnchorPoint, frames: int) -> Point:
    """An anchor's point over so many frames."""
    figures = {name: value for name in FIGURES if (value := getattr(p, name)) is not None}
    fps = [frames / s if s else None for s in (p.encode_seconds, p.decode_seconds)]
    return Point(p.rate, p.kbps, p.bpp, p.bytes, figures, p.lossless, *fps)


def contender_curves(choice: Choice, contender: Contender) -> list[Curve]:
    """One curve per footage on which it has points, under its label and the footage's name in this choice."""
    return [
        Curve(
            contender.label,
            choice.named(footage),
            tuple(anchor_point(r, footage.frames) if isinstance(r, AnchorPoint) else point_of(r) for r in rows),
            "anchor" if contender.kind == "anchor" else "experiment",
        )
        for footage in choice.footage
        if (rows := contender.on(footage).rows)
    ]


def curve_of(name: str, rows: Iterable[ResultRow], kind: Kind = "experiment") -> list[Curve]:
    """One curve per clip of the rows, lowest bit rate first: for anchors, which are measured as rows too."""
    clips: dict[str, list[ResultRow]] = {}
    for row in rows:
        clips.setdefault(row.clip, []).append(row)
    return [
        Curve(name, clip, tuple(point_of(row) for row in sorted(own, key=lambda row: row.kbps)), kind)
        for clip, own in clips.items()
    ]


def curves_of(experiment: Experiment, name: str | None = None, kind: Kind = "experiment") -> list[Curve]:
    """One curve per clip that has points, in the experiment's order."""
    return curve_of(name or experiment.title, (r for rows in by_clip(experiment).values() for r in rows), kind)


def series_names(experiments: Iterable[Experiment]) -> list[str]:
    """A name for each experiment that no other has: its title, with the end of its id where titles are the same."""
    known = list(experiments)
    titles = [cut(e.title) for e in known]
    return [t if titles.count(t) == 1 else f"{t} · {e.id[-8:]}" for t, e in zip(titles, known)]
