"""BD-rate on several measures against every anchor, with the Akima figure beside it, from the curves themselves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gpu_agent.anchors import AnchorCurve
from gpu_agent.measure.bdrate import BDResult, bd_rate
from gpu_agent.models import ResultRow
from gpu_agent.road.ladders import own_curve

from .format import DASH, percent
from .metrics import metric

QUALITIES = ("psnr_yuv", "psnr_y", "ssim", "vmaf")
APART = 5.0
"""Per cent by which the two interpolations may differ before their figure is worth a word."""


class Rated(NamedTuple):
    """Mean over clips of the PCHIP figure and of the Akima one in percent; `reason` where there is none."""

    percent: float | None
    akima: float | None
    reason: str | None

    @property
    def text(self) -> str:
        """Both figures, PCHIP first."""
        if self.percent is None:
            return DASH
        return percent(self.percent) + (f" · {percent(self.akima)}" if self.akima is not None else "")

    @property
    def doubtful(self) -> bool:
        """The interpolations disagree: the points are too few or too uneven for the figure to be leant on."""
        return self.percent is not None and self.akima is not None and abs(self.percent - self.akima) > APART


def rated(rows: Mapping[str, Sequence[ResultRow]], anchor: Mapping[str, AnchorCurve], quality: str) -> Rated:
    """`rows` and `anchor` by clip. A mean exists only where every clip has a figure."""
    results = {clip: one(own, anchor.get(clip), quality) for clip, own in rows.items()}
    refused = [f"{clip}: {r.reason}" for clip, r in results.items() if r.percent is None]
    if refused or not results:
        return Rated(None, None, "; ".join(refused) or "no clip was measured")
    akima = [r.akima for r in results.values()]
    mean = lambda values: math.fsum(values) / len(values)
    return Rated(mean([r.percent for r in results.values()]), None if None in akima else mean(akima), None)


def one(rows: Sequence[ResultRow], anchor: AnchorCurve | None, quality: str) -> BDResult:
    if anchor is None or not anchor.complete:
        return BDResult(None, "the anchor is not measured", 0.0)
    return bd_rate(anchor.curve(quality), own_curve(list(rows), quality))


def table(
    rows: Mapping[str, Sequence[ResultRow]], anchors: Mapping[str, Mapping[str, AnchorCurve]]
) -> list[dict[str, str]]:
    """A line an anchor (by label, curves by clip), a column a measure; why a figure is missing or doubtful at the end."""
    lines = []
    for label, curves in anchors.items():
        figures = {metric(q).label: rated(rows, curves, q) for q in QUALITIES}
        notes = dict.fromkeys(
            f"{name}: {f.reason}" if f.percent is None else f"{name}: the interpolations disagree"
            for name, f in figures.items()
            if f.percent is None or f.doubtful
        )
        lines.append({"Anchor": label} | {n: f.text for n, f in figures.items()} | {"Note": "; ".join(notes)})
    return lines
