"""BD-rate: how many more or fewer bits a codec needs than an anchor at equal quality, or why that cannot be said.

Computed by the `bjontegaard` package (Barman, Herglotz et al.): log rate as a piecewise cubic function of quality,
integrated over the quality that both curves reach. PCHIP is the figure; Akima stands beside it, and where the two
disagree the points are too few or too uneven to lean on.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from ..models import BDRate

MIN_POINTS = 4
MIN_OVERLAP = 0.5
METHOD = "pchip"


class Curve(NamedTuple):
    """A rate-distortion curve: a rate (any one unit, above zero) and a quality per point, in any order."""

    rates: Sequence[float]
    qualities: Sequence[float]

    @property
    def points(self) -> list[tuple[float, float]]:
        """(rate, quality), lowest rate first."""
        return sorted(zip(self.rates, self.qualities))


def curve_from(points: Iterable[tuple[float, float | None]]) -> Curve:
    """The curve of (rate, quality) points, from those that have a quality; the same rule for codecs and anchors.

    Of several points that the cap of 60 dB or a perfect score made equal only the cheapest says something.
    """
    have = sorted((rate, quality) for rate, quality in points if quality is not None)
    top = max((quality for _, quality in have), default=None)
    first = next((i for i, (_, quality) in enumerate(have) if quality == top), None)
    kept = have[: first + 1] if first is not None else []
    return Curve([rate for rate, _ in kept], [quality for _, quality in kept])


class BDResult(NamedTuple):
    """`percent` more bits than the anchor (negative: fewer), or None with the reason.

    `overlap` is the share of the tested codec's own quality range that the anchor reaches too; `low` and `high` are
    the ends of that common range, over which the percentage holds.
    """

    percent: float | None
    reason: str | None
    overlap: float
    low: float | None = None
    high: float | None = None
    akima: float | None = None


def bd_rate(anchor: Curve, test: Curve) -> BDResult:
    """BD-rate of `test` against `anchor` in percent. Never raises on bad curves: the result carries the reason."""
    problem = unusable(test, "the codec") or unusable(anchor, "the anchor")
    if problem:
        return BDResult(None, problem, 0.0)
    test_points, anchor_points = test.points, anchor.points
    low = max(test_points[0][1], anchor_points[0][1])
    high = min(test_points[-1][1], anchor_points[-1][1])
    overlap = max(high - low, 0.0) / (test_points[-1][1] - test_points[0][1])
    if overlap < MIN_OVERLAP:
        return BDResult(
            None,
            f"the anchor reaches only {overlap:.0%} of the codec's quality range "
            f"({anchor_points[0][1]:.4g} to {anchor_points[-1][1]:.4g} against "
            f"{test_points[0][1]:.4g} to {test_points[-1][1]:.4g}); BD-rate needs {MIN_OVERLAP:.0%}",
            overlap,
        )
    percent, akima = (delta(anchor_points, test_points, method) for method in (METHOD, "akima"))
    if percent is None:
        return BDResult(None, "the curves are too far apart in rate to be compared", overlap, low, high)
    return BDResult(percent, None, overlap, low, high, akima)


def unusable(curve: Curve, whose: str) -> str | None:
    """Why a curve cannot be integrated, in words; None where it can."""
    points = curve.points
    if not all(math.isfinite(rate) and rate > 0 and math.isfinite(quality) for rate, quality in points):
        return f"{whose} has a point without a rate or a quality"
    if len(points) < MIN_POINTS:
        return f"{whose} has {len(points)} rate point{'' if len(points) == 1 else 's'}; BD-rate needs {MIN_POINTS}"
    for (rate, quality), (next_rate, next_quality) in pairwise(points):
        if next_rate <= rate or next_quality <= quality:
            return (
                f"the quality of {whose} does not rise with its rate: {quality:.4f} at {rate:.6g}, "
                f"then {next_quality:.4f} at {next_rate:.6g}"
            )
    return None


def delta(anchor: list[tuple[float, float]], test: list[tuple[float, float]], method: str) -> float | None:
    """The package's figure in percent; None where it is not a finite number."""
    import bjontegaard  # here, because it loads matplotlib, which takes a second

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value = float(bjontegaard.bd_rate(*zip(*anchor), *zip(*test), method, False, min_overlap=0))
        except OverflowError:
            return None
    return value if math.isfinite(value) else None


def bd_rate_over_clips(anchors: Mapping[str, Curve], tests: Mapping[str, Curve]) -> BDRate:
    """BD-rate on each clip of `tests`, and their mean.

    The mean exists only where every clip has a figure: a mean over the clips that happened to work would favour a
    codec that fails on the hard ones.
    """
    results = {
        clip: bd_rate(anchors[clip], curve) if clip in anchors else BDResult(None, "the anchor is not measured", 0.0)
        for clip, curve in tests.items()
    }
    per_clip = {clip: result.percent for clip, result in results.items()}
    refused = [f"{clip}: {result.reason}" for clip, result in results.items() if result.percent is None]
    if refused or not results:
        return BDRate(percent=None, reason="; ".join(refused) or "no clip was measured", per_clip=per_clip)
    return BDRate(percent=math.fsum(per_clip.values()) / len(per_clip), per_clip=per_clip)


def sentence(percent: float, anchor: str, quality: str = "PSNR") -> str:
    """A BD-rate in words: "needs 31 % more bits than x264 medium at equal PSNR"."""
    rounded = round(percent)
    if rounded == 0:
        return f"needs as many bits as {anchor} at equal {quality}"
    if rounded >= 200:
        return f"needs {1 + percent / 100:.1f} times the bits of {anchor} at equal {quality}"
    return f"needs {abs(rounded)} % {'more' if rounded > 0 else 'fewer'} bits than {anchor} at equal {quality}"
