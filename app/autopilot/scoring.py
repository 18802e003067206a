"""What a measured candidate is worth: mean BD-rate over its clips against the headline anchor, and its decode time.

The anchor's curves are the agent's own, published with each clip's artifacts. After the first experiment on a clip
they are there at once; before that the agent measures them while no codec runs, and a score waits for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from gpu_agent.anchors import AnchorCurve
from gpu_agent.measure.bdrate import bd_rate_over_clips
from gpu_agent.models import Experiment, ResultRow
from gpu_agent.road.ladders import curve_key, own_curve
from gpu_agent.store import ArtifactStore, StoreError

ANCHOR, LABEL = "x264-medium", "x264 medium"
CurveOf = Callable[[str, int], AnchorCurve | None]
"""A clip's hash and its number of frames to the headline anchor's curve, or None while it is not measured."""


class Score(NamedTuple):
    """`percent`: negative is fewer bits than the anchor. `waiting`: the anchor is not measured yet."""

    percent: float | None
    reason: str | None = None
    waiting: bool = False


def score(experiment: Experiment, curve_of: CurveOf) -> Score:
    curves, missing = {}, []
    for clip in experiment.clips:
        known = curve_of(clip.sha256 or "", clip.frames or 0)
        if known is not None and known.reason:
            return Score(None, f"{LABEL} cannot be had on {clip.name}: {known.reason}")
        if known is None or not known.complete:
            missing.append(clip.name)
        else:
            curves[clip.name] = known.curve()
    if missing:
        return Score(None, f"{LABEL} is not measured on {', '.join(missing)} yet", waiting=True)
    tests = {c.name: own_curve([r for r in experiment.results if r.clip == c.name]) for c in experiment.clips}
    rated = bd_rate_over_clips(curves, tests)
    return Score(rated.percent, rated.reason)


def decode_ms(rows: list[ResultRow]) -> float | None:
    """Milliseconds a frame, the mean over points."""
    times = [1000 / row.decode_fps for row in rows if row.decode_fps > 0]
    return math.fsum(times) / len(times) if times else None


def published(artifacts: ArtifactStore) -> CurveOf:
    """Reads the curves that the agent has published; one that is whole is read once."""
    whole: dict[tuple[str, int], AnchorCurve] = {}

    def curve_of(clip_sha256: str, frames: int) -> AnchorCurve | None:
        if (clip_sha256, frames) in whole:
            return whole[clip_sha256, frames]
        try:
            path = artifacts.local(curve_key(clip_sha256, frames, ANCHOR)) if clip_sha256 else None
            known = AnchorCurve.model_validate_json(path.read_bytes()) if path else None
        except (StoreError, OSError, ValueError):
            return None  # it is asked for again
        if known is not None and known.complete:
            whole[clip_sha256, frames] = known
        return known

    return curve_of
