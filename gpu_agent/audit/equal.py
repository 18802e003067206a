"""Bits at equal PSNR as one factor, from as few points as there are: what BD-rate says where it can be had.

BD-rate needs four monotonic points and half of the range in common. An audit compares a few points, often far outside
the anchor's range, so the anchor's log rate is taken as piecewise linear in quality and goes on straight beyond its ends.
"""

from __future__ import annotations

import math

from ..measure.bdrate import Curve


def bits_factor(anchor: Curve, test: Curve) -> float | None:
    """Bits of `test` as a multiple of those `anchor` needs for the same quality, the geometric mean over its points.

    None where the anchor has no two points of rising quality or the test no point.
    """
    known: list[tuple[float, float]] = []
    for rate, quality in anchor.points:
        if rate > 0 and (not known or quality > known[-1][0] + 1e-6):
            known.append((quality, math.log(rate)))
    logs = [math.log(rate) - log_rate(known, quality) for rate, quality in test.points if rate > 0 and len(known) > 1]
    return math.exp(max(-50.0, min(50.0, math.fsum(logs) / len(logs)))) if logs else None


def log_rate(known: list[tuple[float, float]], quality: float) -> float:
    """Interpolated between neighbours; beyond the ends along the first or last segment."""
    after = next((i for i, (q, _) in enumerate(known) if q >= quality), len(known) - 1)
    (q0, r0), (q1, r1) = known[max(after, 1) - 1], known[max(after, 1)]
    return r0 + (quality - q0) * (r1 - r0) / (q1 - q0)


def words(factor: float, label: str) -> str:
    """A factor as a sentence's end: "12 % fewer bits than x264 medium"."""
    if factor >= 3:
        return f"{factor:,.1f} times the bits of {label}"
    percent = 100 * (factor - 1)
    if abs(percent) < 0.5:
        return f"as many bits as {label}"
    return f"{abs(percent):.0f} % {'more' if percent > 0 else 'fewer'} bits than {label}"
