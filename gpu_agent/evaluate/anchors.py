"""The anchors of `./lab eval`: measured once on a clip's frames, kept in the data folder where the agent finds them too."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable
from pathlib import Path

from ..anchors import CATALOGUE, Anchor, AnchorCurve, LadderProgress, anchor_named, compute_curve
from ..clips import Catalogue, ClipCancelled, ClipError
from ..measure import MeasureCancelled
from ..measure.bdrate import sentence, unusable
from ..models import BDRate, Clip, Experiment
from ..road.ladders import bd_rates, own_curve

DEFAULT = "x264-medium,x265-medium"
LABELS = {anchor.name: anchor.label for anchor in CATALOGUE}


def anchors_named(text: str) -> list[Anchor]:
    """What `--anchors` names: all, none, or names with commas between."""
    if text in ("all", "none"):
        return list(CATALOGUE) if text == "all" else []
    try:
        return [anchor_named(name) for name in dict.fromkeys(text.split(","))]
    except KeyError as e:
        raise argparse.ArgumentTypeError(f"there is no anchor {e.args[0]!r}; there are {', '.join(LABELS)}") from e


def rate_against(
    record: Experiment,
    anchors: list[Anchor],
    clips: list[Clip],
    catalogue: Catalogue,
    folder: Path,
    on_progress: Callable[[LadderProgress], None],
    cancel: threading.Event,
) -> None:
    """Write `record.summary.bd_rate`. A run that no BD-rate can be said of is not made to wait for anchors.

    What goes wrong with an anchor is that anchor's reason. Once `cancel` is set the anchors that are whole count, and
    the run stays what it was.
    """
    problems = {
        r.clip: unusable(own_curve([o for o in record.results if o.clip == r.clip]), "the codec")
        for r in record.results
    }
    if any(problems.values()):
        reason = "; ".join(f"{clip}: {problem}" for clip, problem in problems.items() if problem)
        per_clip = dict.fromkeys(problems)
        record.summary.bd_rate = {a.name: BDRate(reason=reason, per_clip=per_clip) for a in anchors}
        return
    curves: dict[tuple[str, str], AnchorCurve] = {}
    failed: dict[str, BDRate] = {}
    try:
        for anchor in anchors:
            for clip in clips:
                try:
                    planes = catalogue.planes(clip, cancel=cancel.is_set)
                    curves[clip.sha256, anchor.name] = compute_curve(
                        anchor, planes, clip, folder, frames=record.frames, on_progress=on_progress, cancel=cancel
                    )
                except (MeasureCancelled, ClipCancelled):
                    raise
                except (ClipError, OSError, RuntimeError) as e:
                    failed[anchor.name] = BDRate(reason=f"{anchor.label} could not be measured on {clip.name}: {e}")
    except (MeasureCancelled, ClipCancelled):
        failed |= {a.name: BDRate(reason="cancelled before it was measured") for a in anchors}
    found = bd_rates(record, lambda sha, frames, name: curves.get((sha, name)))
    record.summary.bd_rate = {a.name: found.get(a.name) or failed[a.name] for a in anchors}


def verdict(rates: dict[str, BDRate]) -> str | None:
    """The plain sentence: against the first anchor that there is a figure for, else why there is none."""
    known = [(name, r.percent) for name, r in rates.items() if r.percent is not None]
    if known:
        name, percent = known[0]
        clips = len(rates[name].per_clip)
        over = f" (mean over {clips} clips)" if clips > 1 else ""
        return f"It {sentence(percent, LABELS.get(name, name))}{over}."
    name = next(iter(rates), None)
    return name and f"Not comparable with {LABELS.get(name, name)}: {rates[name].reason}."


def ladder(rates: dict[str, BDRate]) -> list[tuple[str, str, str]]:
    """Label, bits at equal PSNR-YUV, reason: the anchors that need the most bits beside the codec first, refusals last."""
    order = sorted(rates.items(), key=lambda item: (item[1].percent is None, item[1].percent or 0.0))
    figure = lambda percent: "–" if percent is None else f"{percent:+.1f} %"
    return [(LABELS.get(name, name), figure(r.percent), r.reason or "") for name, r in order]
