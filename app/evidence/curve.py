"""The rate-distortion points with time and memory, and BD-rates against every anchor and against the parent."""

from __future__ import annotations

import math

from app.results.headline import by_clip
from app.results.metrics import value_of
from app.results.verdict import LABELS
from gpu_agent.anchors import AnchorCurve
from gpu_agent.measure.bdrate import BDResult, bd_rate
from gpu_agent.models import Experiment, ResultRow
from gpu_agent.road.expected import against
from gpu_agent.road.ladders import own_curve

from .words import one_line, section, signed

MOST_CLIPS = 8


def points(experiment: Experiment, clips: list[str]) -> str:
    """A line a point, lowest bit rate first."""
    rows = by_clip(experiment)
    lines = []
    for clip in clips[:MOST_CLIPS]:
        lines.append(f"{clip}, {rows[clip][0].frames} frames:")
        lines += [f"- {point(row)}" for row in rows[clip]]
    if len(clips) > MOST_CLIPS:
        lines.append(f"The points of {len(clips) - MOST_CLIPS} clips more are left out; their BD-rates are below.")
    return section("Rate-distortion points", lines)


def point(row: ResultRow) -> str:
    quality = f"PSNR-YUV {row.psnr_yuv:.2f} dB, Y {row.psnr_y:.2f}, U {row.psnr_u:.2f}, V {row.psnr_v:.2f}"
    further = [f"SSIM {row.ssim:.4f}"] if row.ssim is not None else []
    further += [f"MS-SSIM {v:.4f}"] if (v := value_of(row, "ms_ssim")) is not None else []
    further += [f"VMAF {row.vmaf:.1f}"] if row.vmaf is not None else []
    size = f"{row.kbps:.1f} kbit/s ({row.bytes} bytes)"
    return f"rate {row.rate:g}: {', '.join([size, 'lossless' if row.lossless else quality, *further])}"


def speed(experiment: Experiment, clips: list[str]) -> str:
    """Time and memory of each point, as the agent measured them outside the jail."""
    rows, lines = by_clip(experiment), []
    for clip in clips[:MOST_CLIPS]:
        lines.append(f"{clip}:")
        lines += [f"- rate {r.rate:g}: {side('encode', r)}; {side('decode', r)}" for r in rows[clip]]
    return section("Time and memory", lines)


def side(which: str, row: ResultRow) -> str:
    seconds, fps, memory, spread = (getattr(row, f"{which}_{n}") for n in ("seconds", "fps", "peak_mb", "spread"))
    peak = f", peak {memory:.0f} MB" if memory is not None else ""
    varies = f", spread {spread:.0%} over several runs" if spread is not None else ""
    return f"{which} {fps:.1f} frames/s ({seconds:.3g} s{varies}{peak})"


Curves = dict[str, dict[str, AnchorCurve]]
"""Anchors' whole curves by clip, then by the anchor's name."""


def anchors(experiment: Experiment, clips: list[str], curves: Curves) -> str:
    """BD-rate against each anchor: from the curves where they are at hand, else as the record has it."""
    if not clips:
        return ""
    rows = by_clip(experiment)
    names = [n for n in LABELS if all(n in curves.get(clip, {}) for clip in clips)]
    lines = []
    for name in names:
        found = {clip: bd_rate(curves[clip][name].curve(), own_curve(rows[clip])) for clip in clips}
        lines.append(f"- {LABELS[name]}: {in_words(found)}")
    lines += recorded(experiment, clips, [n for n in experiment.summary.bd_rate if n not in names])
    if not lines:
        lines = ["No anchor has been measured on all of these clips yet."]
    return section("Bits against the anchors (BD-rate at equal PSNR-YUV; negative is fewer bits)", lines)


def recorded(experiment: Experiment, clips: list[str], names: list[str]) -> list[str]:
    lines = []
    for name in names:
        known = experiment.summary.bd_rate[name]
        found = {clip: known.per_clip.get(clip) for clip in clips}
        label = LABELS.get(name, name)
        if None not in found.values():
            lines.append(f"- {label}: {mean_of(found)}")
        else:
            lines.append(f"- {label}: no figure: {one_line(known.reason or 'no reason was recorded', 400)}")
    return lines


def against_parent(experiment: Experiment, parent: Experiment | None, clips: list[str]) -> str:
    if parent is None or not clips:
        return ""
    whole = against(parent, experiment)
    found = {clip: whole.clips[clip] for clip in clips if clip in whole.clips}
    said = in_words(found) if found else f"no figure: {whole.reason or 'the two have no clip in common'}"
    title = f'Bits against its parent "{one_line(parent.title, 120)}" ({parent.id})'
    return section(title, [f"- {said}"])


def in_words(found: dict[str, BDResult]) -> str:
    """The mean over clips with each clip's figure and common range, or why there is none."""
    refused = {clip: r.reason for clip, r in found.items() if r.percent is None}
    if refused:
        figures = [f"{clip} {signed(r.percent)}" for clip, r in found.items() if r.percent is not None]
        why = "; ".join(f"{clip}: {reason}" for clip, reason in refused.items())
        return f"no figure over all clips: {why}" + (f" (measured: {', '.join(figures)})" if figures else "")
    ranges = "; ".join(
        f"{clip}: over {r.low:.1f} to {r.high:.1f} dB, {r.overlap:.0%} of the codec's own range"
        for clip, r in found.items()
        if r.low is not None and r.high is not None
    )
    return f"{mean_of({clip: r.percent for clip, r in found.items()})} ({ranges})"


def mean_of(figures: dict[str, float | None]) -> str:
    values = {clip: v for clip, v in figures.items() if v is not None}
    mean = signed(math.fsum(values.values()) / len(values))
    if len(values) == 1:
        return mean
    return f"{mean}, the mean of {', '.join(f'{clip} {signed(v)}' for clip, v in values.items())}"
