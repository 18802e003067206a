"""All of the evidence about one experiment, put together from its sections."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, NamedTuple

from app.results.headline import by_clip
from gpu_agent.models import BDRate, Experiment, Status, Summary

from . import bits, curve, failure, frames, run
from .pictures import pictures
from .sources import Sources

DETAILED = 3
"""Clips that worst frames, bits and pictures are told of: those that stand worst against the anchors."""
TOLD = (Status.SUCCEEDED, Status.CANCELLED, Status.RUNNING)
UNNAMED = "(a clip that is not shown)"


class Evidence(NamedTuple):
    """`text` goes into a turn's wording; `blocks` follow it: captions and pictures in the form of the Messages API."""

    text: str
    blocks: list[dict[str, Any]]

    def content(self, wording: str) -> list[dict[str, Any]]:
        """A user turn's content: its wording, which has the text in it, then the pictures."""
        return [{"type": "text", "text": wording}, *self.blocks]


def describe(
    experiment: Experiment,
    *,
    parent: Experiment | None = None,
    sources: Sources | None = None,
    clips: Collection[str] | None = None,
    with_images: bool = True,
) -> Evidence:
    """What there is to say about an experiment of any status. Reads files, and may ask the agent for pictures.

    `parent`: the record of `parent_id`. `clips`: only these are told of, by figure or by name, as the autopilot needs
    that keeps its validation clips to itself; None: all. The code itself is not in it.
    """
    sources = sources or Sources()
    hidden = {c.name for c in experiment.clips if clips is not None and c.name not in clips}
    if hidden:
        experiment = without(experiment, hidden)
        parent = without(parent, hidden) if parent is not None else None
    rows = by_clip(experiment) if experiment.status in TOLD else {}
    curves = {ref.name: sources.curves(ref) for ref in experiment.clips if ref.name in rows}
    shown = list(curves)
    detailed = [frames.middle(rows[clip]) for clip in hardest(experiment, shown)[:DETAILED]]
    series = [sources.series(experiment, row) for row in detailed]
    worst = [sources.worst(experiment, row) for row in detailed]
    sections = [
        run.what_was_run(experiment),
        run.expected(experiment, parent),
        failure.failure(experiment),
        curve.points(experiment, shown),
        curve.anchors(experiment, shown, curves),
        curve.against_parent(experiment, parent, shown),
        frames.worst_frames(list(zip(detailed, series, worst))),
        bits.where_bits_go(list(zip(detailed, series))),
        curve.speed(experiment, shown),
        run.findings(experiment),
    ]
    text = unnamed("\n\n".join(s for s in sections if s), hidden)
    seen = [(row, found) for row, found in zip(detailed, worst) if found]
    return Evidence(text, pictures(experiment, seen, sources) if with_images else [])


def without(experiment: Experiment, hidden: set[str]) -> Experiment:
    """The record as if these clips had not been run: no figure of theirs is left in it, nor in any mean."""
    e = experiment
    rates = {
        name: BDRate(
            reason="it is not known for these clips alone",
            per_clip={clip: value for clip, value in rate.per_clip.items() if clip not in hidden},
        )
        for name, rate in e.summary.bd_rate.items()
    }
    audit = e.audit and e.audit.model_copy(update={"badges": [b for b in e.audit.badges if not names(b.text, hidden)]})
    return e.model_copy(
        update={
            "clips": [c for c in e.clips if c.name not in hidden],
            "results": [r for r in e.results if r.clip not in hidden],
            "summary": Summary(bd_rate=rates),
            "audit": audit,
            "warnings": [w for w in e.warnings if not names(w, hidden)],
        }
    )


def hardest(experiment: Experiment, clips: list[str]) -> list[str]:
    """Clips by their BD-rate against the first anchor that has one on each of them, the worst first; else as they are."""
    for rate in experiment.summary.bd_rate.values():
        figures = {clip: rate.per_clip.get(clip) for clip in clips}
        if None not in figures.values():
            return sorted(clips, key=lambda clip: -figures[clip])
    return clips


def pattern(hidden: set[str]) -> re.Pattern[str]:
    longest_first = sorted(hidden, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])")


def names(text: str, hidden: set[str]) -> bool:
    return bool(pattern(hidden).search(text))


def unnamed(text: str, hidden: set[str]) -> str:
    """Without the names of clips that are not shown, wherever a message or a traceback mentions one."""
    return pattern(hidden).sub(UNNAMED, text) if hidden else text
