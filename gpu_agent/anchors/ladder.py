"""Anchor curves of a clip, cached: made once for each clip, number of frames and settings, point by point.

A curve is kept after each point, so that a cancelled one goes on where it stopped. The cache's key holds everything
that decides the figures: the frames' hash and count, the settings, ffmpeg's version and the format of these records.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from ..measure import MeasureError
from ..measure.ffmpeg import FfmpegError, encoders, executable, version
from ..models import Clip
from .again import planes_of_clip
from .catalogue import CATALOGUE, Anchor
from .point import measure_point
from .records import AnchorCurve

FORMAT = 1
"""Raised when a cached curve of the same settings would come out otherwise."""


class LadderProgress(NamedTuple):
    anchor: str
    label: str
    point: int
    points: int
    stage: str
    frames_done: int
    frames_total: int


def cached_curve(
    anchor: Anchor, clip: Clip, folder: Path, *, frames: int | None = None, ffmpeg: str | None = None
) -> AnchorCurve | None:
    """What the cache in `folder` has of this curve, perhaps not `complete`; None where it has nothing."""
    try:
        return AnchorCurve.model_validate_json(cache_file(anchor, clip, folder, frames, ffmpeg).read_bytes())
    except (OSError, ValidationError):
        return None


def compute_curve(
    anchor: Anchor,
    source: Path,
    clip: Clip,
    folder: Path,
    *,
    frames: int | None = None,
    ffmpeg: str | None = None,
    on_progress: Callable[[LadderProgress], None] = lambda progress: None,
    cancel: threading.Event | None = None,
) -> AnchorCurve:
    """One anchor's curve over the first `frames` frames (all unless given) of the clip whose raw planes are `source`.

    From the cache where it is complete there. A missing encoder or GPU, or frames too small for it, is the curve's
    `reason`, and is not cached. Raises MeasureCancelled once `cancel` is set; points measured so far are kept.
    """
    ffmpeg = ffmpeg or executable()
    count = clip.ref(frames).frames
    curve = cached_curve(anchor, clip, folder, frames=frames, ffmpeg=ffmpeg) or AnchorCurve(
        anchor=anchor.name,
        label=anchor.label,
        clip=clip.name,
        clip_sha256=clip.sha256,
        frames=count,
        rates=list(anchor.rates),
        versions={"ffmpeg": version(ffmpeg)},
    )
    if anchor.encoder not in encoders(ffmpeg):
        return curve.model_copy(update={"reason": f"this ffmpeg has no {anchor.encoder}"})
    planes = planes_of_clip(clip, source, count)
    folder.mkdir(parents=True, exist_ok=True)
    for rate in anchor.rates[len(curve.points) :]:
        step = len(curve.points) + 1

        def progress(stage: str, done: int, step: int = step) -> None:
            on_progress(LadderProgress(anchor.name, anchor.label, step, len(anchor.rates), stage, done, count))

        try:
            point, encoder = measure_point(
                anchor, rate, planes, folder, ffmpeg=ffmpeg, on_progress=progress, cancel=cancel
            )
        except (FfmpegError, MeasureError) as e:
            return curve.model_copy(update={"reason": f"{anchor.label} failed at {rate}: {e}"})
        curve.points.append(point)
        if encoder:
            curve.versions[anchor.encoder] = encoder
        keep(cache_file(anchor, clip, folder, frames, ffmpeg), curve)
    return curve


def ladder(
    source: Path,
    clip: Clip,
    folder: Path,
    *,
    anchors: Sequence[Anchor] = CATALOGUE,
    frames: int | None = None,
    ffmpeg: str | None = None,
    on_progress: Callable[[LadderProgress], None] = lambda progress: None,
    cancel: threading.Event | None = None,
) -> list[AnchorCurve]:
    """All anchors' curves, in the order given, which is the order of their use."""
    options = {"frames": frames, "ffmpeg": ffmpeg, "on_progress": on_progress, "cancel": cancel}
    return [compute_curve(anchor, source, clip, folder, **options) for anchor in anchors]


def cache_file(anchor: Anchor, clip: Clip, folder: Path, frames: int | None, ffmpeg: str | None) -> Path:
    decides = {
        "format": FORMAT,
        "clip": clip.sha256,
        "frames": clip.ref(frames).frames,
        "size": [clip.width, clip.height, clip.visible_width, clip.visible_height],
        "fps": clip.fps,
        "colour": [clip.full_range, clip.matrix],
        "anchor": anchor,
        "ffmpeg": version(ffmpeg or executable()),
    }
    key = hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:20]
    return folder / f"{anchor.name}-{key}.json"


def keep(path: Path, curve: AnchorCurve) -> None:
    """Write whole or not at all."""
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(curve.model_dump_json(indent=1))
    unfinished.replace(path)
