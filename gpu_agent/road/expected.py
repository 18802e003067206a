"""The hypothesis of an experiment against its measurement: bits against the parent, and whether that was expected."""

from __future__ import annotations

import math
from typing import NamedTuple

from ..measure.bdrate import BDResult, bd_rate
from ..models import ClipRef, Experiment, Judgement, Status
from .ladders import own_curve

TOLERANCE = 0.5
"""Percentage points by which a measurement may miss the expected figure and still bear it out."""


class AgainstParent(NamedTuple):
    """`mean` is over the common clips, and None, with the reason, unless each of them has a figure."""

    mean: float | None
    reason: str | None
    clips: dict[str, BDResult]


def against(parent: Experiment, test: Experiment) -> AgainstParent:
    """Bits of `test` against `parent` at equal PSNR-YUV, clip by clip; only where both measured the same frames."""
    for experiment, whose in ((parent, "the parent"), (test, "the experiment")):
        if experiment.status is not Status.SUCCEEDED:
            return AgainstParent(None, f"{whose} has no complete curve: it {STATES[experiment.status]}", {})
    theirs, ours = ({r.clip: [] for r in e.results} for e in (parent, test))
    for rows, e in ((theirs, parent), (ours, test)):
        for row in e.results:
            rows[row.clip].append(row)
    clips = {}
    for clip in (name for name in ours if name in theirs):
        other = why_not_same(clip_of(parent, clip), clip_of(test, clip))
        found = BDResult(None, other, 0.0) if other else bd_rate(own_curve(theirs[clip]), own_curve(ours[clip]))
        clips[clip] = found._replace(reason=found.reason and found.reason.replace("the anchor", "the parent"))
    refused = [f"{clip}: {r.reason}" for clip, r in clips.items() if r.percent is None]
    if refused or not clips:
        return AgainstParent(None, "; ".join(refused) or "the two have no clip in common", clips)
    return AgainstParent(math.fsum(r.percent for r in clips.values()) / len(clips), None, clips)


STATES = {
    Status.QUEUED: "has not started",
    Status.RUNNING: "is still running",
    Status.SUCCEEDED: "succeeded",
    Status.FAILED: "failed",
    Status.CANCELLED: "was cancelled",
}


def clip_of(experiment: Experiment, name: str) -> ClipRef | None:
    return next((clip for clip in experiment.clips if clip.name == name), None)


def why_not_same(a: ClipRef | None, b: ClipRef | None) -> str | None:
    """None where both measured the same frames."""
    if a is None or b is None or a.sha256 is None or b.sha256 is None:
        return "it is not recorded which frames were measured"
    if a.sha256 != b.sha256:
        return "the two clips have the same name but different frames"
    if a.frames != b.frames:
        return f"one ran {a.frames} frames, the other {b.frames}"
    return None


def judge(experiment: Experiment, parent: Experiment | None) -> Judgement | None:
    """None where nothing was expected. A finished run alone can bear anything out."""
    expected = experiment.hypothesis
    if expected is None:
        return None
    if parent is None:
        why = "its parent is not in the store any more" if experiment.parent_id else "it has no parent"
        return Judgement(verdict="unknown", reason=why)
    found = against(parent, experiment)
    if found.mean is None:
        return Judgement(verdict="unknown", reason=found.reason)
    if expected.bd_rate is None:
        return Judgement(verdict="unknown", measured=found.mean, reason="no figure was expected")
    return Judgement(verdict=verdict(expected.bd_rate, found.mean), measured=found.mean)


def verdict(expected: float, measured: float) -> str:
    """Fewer bits than expected are as good as expected; fewer than the parent's, but not so many fewer, are a part of it."""
    if measured <= expected + TOLERANCE:
        return "borne_out"
    return "partly" if measured < 0 else "refuted"
