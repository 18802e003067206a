"""Two experiments against each other: common clips, BD-rate per clip, a sentence, what differs in code and settings."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any, NamedTuple

from gpu_agent.models import Experiment, Status
from gpu_agent.road.expected import clip_of, why_not_same

from .format import listed, plural, short
from .headline import by_clip
from .metrics import numeric
from .table import flat_record
from .verdict import more_or_fewer

Point = tuple[float, float]
BDRate = Callable[[list[Point], list[Point]], tuple[float | None, str | None]]
"""(anchor's points, test's points), each point (kbit/s, PSNR-YUV), to (percent, None) or (None, reason)."""

OUTCOME = (
    "id",
    "schema_version",
    "created_at",
    "started_at",
    "finished_at",
    "attempts",
    "notes",
    "archived",
    "warnings",
)


class ClipComparison(NamedTuple):
    """Bits of `test` against `anchor` on one clip at equal PSNR-YUV, in percent (negative: fewer), or why not."""

    clip: str
    percent: float | None
    reason: str | None


class Comparison(NamedTuple):
    """`left_out` are clips of only one side.

    `mean` is over the common clips, and None unless each has a figure: a mean over those that happened to work would
    favour whoever fails on the hard ones.
    """

    sentence: str
    clips: list[ClipComparison]
    mean: float | None
    left_out: list[str]


def compare(anchor: Experiment, test: Experiment, bd_rate: BDRate, names: tuple[str, str] | None = None) -> Comparison:
    """What `test` needs against `anchor`. Only finished runs are compared, and only where the measured frames are the same."""
    a, b = names or (f"“{short(anchor.title, 60)}”", f"“{short(test.title, 60)}”")
    theirs, ours = by_clip(anchor), by_clip(test)
    finished = anchor.status is Status.SUCCEEDED and test.status is Status.SUCCEEDED
    clips = []
    for clip in (name for name in ours if name in theirs and finished):
        reason = why_not_same(clip_of(anchor, clip), clip_of(test, clip))
        value = None
        if reason is None:
            value, reason = bd_rate(*([(r.kbps, r.psnr_yuv) for r in rows[clip]] for rows in (theirs, ours)))
            value = numeric(value)
        clips.append(ClipComparison(clip, value, None if value is not None else reason or "no figure and no reason"))
    figures = [c.percent for c in clips if c.percent is not None]
    return Comparison(
        sentence=sentence(anchor, test, a, b, clips),
        clips=clips,
        mean=sum(figures) / len(figures) if figures and len(figures) == len(clips) else None,
        left_out=sorted(set(theirs) ^ set(ours)),
    )


def sentence(anchor: Experiment, test: Experiment, a: str, b: str, clips: list[ClipComparison]) -> str:
    for experiment, name in ((anchor, a), (test, b)):
        if experiment.status is not Status.SUCCEEDED:
            return f"{name} {STATES[experiment.status]}: there is no complete curve to compare."
    if not clips:
        return f"{a} and {b} have no clip in common."
    measured = [c for c in clips if c.percent is not None]
    if not measured:
        return f"{b} cannot be compared with {a} on {clips[0].clip}: {short(clips[0].reason or '', 120).rstrip('.')}."
    first, *rest = measured
    parts = [f"{b} needs {more_or_fewer(first.percent)} {a} at equal PSNR on {first.clip}"]
    parts += [f"{further(c.percent)} on {c.clip}" for c in rest[:3]]
    if len(rest) > 3:
        parts.append(f"and so on over {plural(len(measured), 'clip')}")
    refused = [c.clip for c in clips if c.percent is None]
    parts += [f"not comparable on {listed(refused)}"] if refused else []
    return "; ".join(parts) + "."


STATES = {
    Status.QUEUED: "has not started",
    Status.RUNNING: "is still running",
    Status.FAILED: "failed",
    Status.CANCELLED: "was cancelled",
}


def further(change: float) -> str:
    """A BD-rate after one that was said in full: "4.0 % more", "as many", "3.2 times the bits"."""
    return more_or_fewer(change).replace(" bits than", "").replace(" bits as", "").removesuffix(" of")


def code_diff(a: Experiment, b: Experiment, context: int = 3) -> str:
    """Unified diff from the code of `a` to that of `b`; empty where they are the same."""
    lines = difflib.unified_diff(
        a.code.splitlines(), b.code.splitlines(), f"{a.id}.py", f"{b.id}.py", n=context, lineterm=""
    )
    return "".join(f"{line}\n" for line in lines)


def differences(a: Experiment, b: Experiment) -> list[tuple[str, Any, Any]]:
    """Settings and environment that differ: name, value in `a`, value in `b`; None where one has none."""
    left, right = flat_record(a), flat_record(b)
    names = [n for n in left | right if n.split(".")[0] not in (*OUTCOME, "summary", "error", "status", "title")]
    return [(n, left.get(n), right.get(n)) for n in names if left.get(n) != right.get(n)]
