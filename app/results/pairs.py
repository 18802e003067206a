"""Each of the chosen against each: BD-rate on the clips that both measured, its overlap, its refusals, a plain sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

from gpu_agent.measure.bdrate import BDResult, bd_rate, curve_from

from .compare import further
from .contender import Choice, Contender, Footage
from .format import listed, plural, short
from .metrics import metric
from .verdict import more_or_fewer

QUALITIES = ("psnr_yuv", "psnr_y", "ssim", "vmaf")
EQUAL = {"psnr_yuv": "PSNR", "psnr_y": "Y-PSNR", "ssim": "SSIM", "vmaf": "VMAF"}
"""How a quality is called in a sentence."""
NOTHING = "no clip was measured by both on the same frames"


class OnFootage(NamedTuple):
    footage: Footage
    name: str
    result: BDResult


class Pair(NamedTuple):
    """Bits of `test` against `reference` at equal `quality`, in percent (negative: fewer).

    `mean` is over the clips that both measured on the same frames, and None unless each of them has a figure: a mean
    over those that happened to work would favour whoever fails on the hard ones. `reason` says why there is none.
    """

    test: str
    reference: str
    quality: str
    clips: list[OnFootage]
    mean: float | None
    reason: str | None

    @property
    def overlap(self) -> float | None:
        """The least share of the test's own quality range that the reference reaches too, over the clips."""
        return min((c.result.overlap for c in self.clips), default=None)


def pair(choice: Choice, reference: Contender, test: Contender, quality: str = "psnr_yuv") -> Pair:
    clips = []
    for footage in choice.footage:
        theirs, ours = reference.on(footage).rows, test.on(footage).rows
        if theirs and ours:
            found = rate_of(points(theirs, quality), points(ours, quality))
            why = named(found.reason, reference.label, test.label, quality)
            clips.append(OnFootage(footage, choice.named(footage), found._replace(reason=why)))
    figures = [c.result.percent for c in clips]
    refused = [f"{c.name}: {c.result.reason}" for c in clips if c.result.percent is None]
    mean = math.fsum(figures) / len(figures) if figures and not refused else None
    reason = None if mean is not None else "; ".join(refused) or no_clips(reference, test)
    return Pair(test.label, reference.label, quality, clips, mean, reason)


def points(rows: Sequence, quality: str) -> tuple[tuple[float, float | None], ...]:
    return tuple((r.kbps, getattr(r, quality)) for r in rows)


@lru_cache(maxsize=4096)
def rate_of(reference: tuple, test: tuple) -> BDResult:
    return bd_rate(curve_from(reference), curve_from(test))


def named(reason: str | None, reference: str, test: str, quality: str) -> str | None:
    """The measurement's reason with the two by their names, and the quality by its."""
    if reason is None:
        return None
    for whose, label in (("the anchor", reference), ("the codec", test)):
        reason = reason.replace(f"{whose} has 0 rate points", f"“{label}” has no point with {metric(quality).label}")
        reason = reason.replace(whose, f"“{label}”")
    return reason


def no_clips(reference: Contender, test: Contender) -> str:
    for contender in (test, reference):
        if not any(o.rows for o in contender.clips.values()):
            whys = dict.fromkeys(o.missing for o in contender.clips.values() if o.missing)
            return f"“{contender.label}” has no figures" + (f": {'; '.join(whys)}" if whys else "")
    return NOTHING


def matrix(choice: Choice, quality: str = "psnr_yuv") -> dict[tuple[str, str], Pair]:
    """By (test's label, reference's label), for all that have or should have bits: sources are left out."""
    able = [c for c in choice.contenders if c.kind != "source"]
    return {(t.label, r.label): pair(choice, r, t, quality) for t in able for r in able if t is not r}


def refusals(pairs: Mapping[tuple[str, str], Pair]) -> list[str]:
    """Why figures are missing, each reason once: one that is about a single contender is not said for each pair."""
    return list(
        dict.fromkeys(
            p.reason if not p.clips and p.reason != NOTHING else f"{test} against {reference}: {p.reason}"
            for (test, reference), p in pairs.items()
            if p.mean is None
        )
    )


def told(choice: Choice) -> list[tuple[Contender, Contender]]:
    """Each pair once as (reference, test): an anchor is the reference of an experiment, else the one chosen first."""
    able = [c for c in choice.contenders if c.kind != "source"]
    return [(b, a) if (a.kind, b.kind) == ("experiment", "anchor") else (a, b) for a, b in combinations(able, 2)]


def sentences(choice: Choice, quality: str = "psnr_yuv") -> list[str]:
    """Pairs that have figures first; plain text."""
    found = [pair(choice, reference, test, quality) for reference, test in told(choice)]
    return [sentence(p) for p in sorted(found, key=lambda p: not any(c.result.percent is not None for c in p.clips))]


def sentence(p: Pair) -> str:
    """ "“B” needs 31 % fewer bits than “A” at equal PSNR on carphone; 4.0 % more on bikes." """
    measured = [c for c in p.clips if c.result.percent is not None]
    if not measured:
        return f"“{p.test}” cannot be compared with “{p.reference}”: {short(p.reason or NOTHING, 220).rstrip('.')}."
    first, *rest = measured
    much = more_or_fewer(first.result.percent)
    parts = [f"“{p.test}” needs {much} “{p.reference}” at equal {EQUAL[p.quality]} on {first.name}"]
    parts += [f"{further(c.result.percent)} on {c.name}" for c in rest[:3]]
    parts += [f"and so on over {plural(len(measured), 'clip')}"] if len(rest) > 3 else []
    refused = [c.name for c in p.clips if c.result.percent is None]
    parts += [f"not comparable on {listed(refused)}"] if refused else []
    return "; ".join(parts) + "."
