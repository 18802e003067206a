"""A codec that beats SVT-AV1 by a wide margin is held: such a figure is a discovery or a mistake, and wants a look."""

from __future__ import annotations

from ..anchors import CATALOGUE
from ..models import Badge, Experiment
from ..road.ladders import own_curve
from .bench import CurveOf
from .equal import bits_factor

NAME = "too_good"
ANCHORS = ("svtav1-4", "svtav1-8")
"""The stronger first."""

MEAN_PERCENT = -30.0
CLIP_PERCENT = -50.0
"""BD-rate below which a codec is held: over all clips, or on a single one, for what is known by heart may be one of many."""

LABELS = {a.name: a.label for a in CATALOGUE}


def judge(experiment: Experiment, curve_of: CurveOf) -> Badge:
    """From the BD-rates of the record; where one is refused, from the bits at equal PSNR. Pure: judged again at will."""
    for anchor in ANCHORS:
        mean, per_clip = figures(experiment, anchor, curve_of)
        if mean is None:
            continue
        evidence = {
            "anchor": anchor,
            "percent": round(mean, 2),
            "per_clip": {name: round(p, 2) for name, p in per_clip.items()},
            "encode_fps": round(min(r.encode_fps for r in experiment.results), 3) if experiment.results else None,
            "decoder_bytes": experiment.decoder_bytes,
        }
        best = min(per_clip, key=per_clip.__getitem__, default=None)
        if mean < MEAN_PERCENT:
            text = f"Held for a look: {-mean:.0f} % fewer bits than {LABELS[anchor]} at equal PSNR."
            return Badge(name=NAME, verdict="bad", text=text, evidence=evidence)
        if best is not None and per_clip[best] < CLIP_PERCENT:
            text = f"Held for a look: on {best} {-per_clip[best]:.0f} % fewer bits than {LABELS[anchor]} at equal PSNR."
            return Badge(name=NAME, verdict="bad", text=text, evidence=evidence)
        text = f"Not better than can be believed: {mean:+.0f} % bits against {LABELS[anchor]} at equal PSNR."
        return Badge(name=NAME, verdict="good", text=text, evidence=evidence)
    return Badge(name=NAME, verdict="unknown", text="SVT-AV1 is not measured on all clips of this run yet.")


def figures(experiment: Experiment, anchor: str, curve_of: CurveOf) -> tuple[float | None, dict[str, float]]:
    """Percent over all clips and on each. A refused BD-rate must not be a way out: points beyond any anchor are refused."""
    rated = experiment.summary.bd_rate.get(anchor)
    if rated is not None and rated.percent is not None:
        return rated.percent, {name: p for name, p in rated.per_clip.items() if p is not None}
    per_clip = {}
    for clip in experiment.clips:
        rows = [r for r in experiment.results if r.clip == clip.name]
        curve = curve_of(clip.sha256 or "", clip.frames or 0, anchor)
        factor = bits_factor(curve.curve(), own_curve(rows)) if rows and curve and curve.complete else None
        if factor is None:
            return None, {}
        per_clip[clip.name] = 100 * (factor - 1)
    return (sum(per_clip.values()) / len(per_clip), per_clip) if per_clip else (None, {})
