"""The target: how far below x265's bits a codec is at equal quality, in tiers that are reached or not.

Judged at the codec's own measured points. A point counts where its Y-PSNR and SSIM are high enough to be called good
and x265 reaches its quality too; the bits of x265 at that quality are read off its curve (log rate, PCHIP, never
beyond its ends). Equal quality means both PSNR-YUV and SSIM: of the two savings the smaller counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from scipy.interpolate import PchipInterpolator

from gpu_agent.anchors import AnchorCurve
from gpu_agent.measure import PSNR_CAP
from gpu_agent.measure.bdrate import Curve, unusable
from gpu_agent.models import Experiment, ResultRow

from .format import decibels, listed, number, percent, plural, score
from .headline import by_clip

ANCHOR = "x265-medium"
NAME = "x265 medium"
TIERS = (50, 70, 90)
MIN_PSNR_Y = 35.0
MIN_SSIM = 0.95
EQUAL = ("psnr_yuv", "ssim")
GOOD = f"Y-PSNR of at least {MIN_PSNR_Y:g} dB and SSIM of at least {MIN_SSIM:g}"


class Standing(NamedTuple):
    """A clip's best point that counts, with the bits it saves in percent (negative: more bits); or why none counts."""

    clip: str
    saved: float | None = None
    row: ResultRow | None = None
    reason: str | None = None


class Tier(NamedTuple):
    """`percent` fewer bits than x265, on the clips named; reached where these are all of the experiment's clips."""

    percent: int
    clips: tuple[str, ...]
    reached: bool
    text: str


class Target(NamedTuple):
    sentence: str
    tiers: tuple[Tier, ...]
    clips: tuple[Standing, ...]


def target(experiment: Experiment, curves: Mapping[str, AnchorCurve]) -> Target | None:
    """`curves`: x265's by clip. None where there is nothing measured to judge yet."""
    rows = by_clip(experiment)
    if not rows or not all(clip in curves and curves[clip].complete for clip in rows):
        return None
    standings = tuple(standing(clip, own, curves[clip]) for clip, own in rows.items())
    judged = [s for s in standings if s.saved is not None]
    tiers = tuple(tier(share, standings) for share in TIERS)
    if len(judged) < len(standings):
        why = "; ".join(f"{s.clip}: {s.reason}" for s in standings if s.saved is None)
        return Target(f"Nothing is claimed against {NAME}: {why}.", tiers, standings)
    worst = min(judged, key=lambda s: s.saved)
    where = f"on {worst.clip}" + (", the clip where it saves least" if len(judged) > 1 else "")
    return Target(f"{in_words(worst)} {where}.", tiers, standings)


def standing(clip: str, rows: Sequence[ResultRow], anchor: AnchorCurve) -> Standing:
    good = [r for r in rows if r.psnr_y >= MIN_PSNR_Y and (r.ssim or 0.0) >= MIN_SSIM]
    if not good:
        return Standing(clip, reason=f"no point has {GOOD}")
    problem = next((p for q in EQUAL if (p := unusable(anchor.curve(q), NAME))), None)
    if problem:
        return Standing(clip, reason=problem)
    savings = [(saved, row) for row in good if (saved := saving(row, anchor)) is not None]
    if not savings:
        return Standing(clip, reason=f"{NAME} was not measured at the quality of any point with {GOOD}")
    saved, row = max(savings, key=lambda s: s[0])
    return Standing(clip, saved, row)


def saving(row: ResultRow, anchor: AnchorCurve) -> float | None:
    """Percent fewer bits than the anchor at this point's quality; None where the anchor does not reach it.

    At the cap of PSNR equal figures are not equal quality, so such a point says nothing.
    """
    if row.lossless or row.psnr_yuv >= PSNR_CAP:
        return None
    needed = [rate_at(anchor.curve(quality), getattr(row, quality)) for quality in EQUAL]
    return None if None in needed else 100 * (1 - row.kbps / min(needed))


def rate_at(curve: Curve, quality: float) -> float | None:
    """kbit/s at which a usable curve has this quality, within its ends alone."""
    rates, qualities = zip(*curve.points)
    if not qualities[0] <= quality <= qualities[-1]:
        return None
    return math.exp(float(PchipInterpolator(qualities, [math.log(r) for r in rates])(quality)))


def tier(share: int, standings: Sequence[Standing]) -> Tier:
    clips = tuple(s.clip for s in standings if s.saved is not None and s.saved >= share)
    reached = len(clips) == len(standings)
    head = f"{share} % fewer bits than {NAME} at equal quality:"
    if not clips:
        return Tier(share, clips, False, f"{head} not reached.")
    most = [s for s in standings if s.clip in clips]
    shown = listed([f"{s.clip} ({figures(s)})" for s in most])
    said = "reached" if reached else f"reached on {number(len(clips))} of {plural(len(standings), 'clip')}"
    return Tier(share, clips, reached, f"{head} {said}: {shown}.")


def in_words(s: Standing) -> str:
    amount = percent(abs(s.saved), sign=False)
    change = "as many bits as" if abs(s.saved) < 0.05 else f"{amount} {'fewer' if s.saved > 0 else 'more'} bits than"
    return f"At equal PSNR-YUV and SSIM {change} {NAME}, at {figures(s)},"


def figures(s: Standing) -> str:
    return f"Y-PSNR {decibels(s.row.psnr_y)}, SSIM {score(s.row.ssim)}"
