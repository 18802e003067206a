"""Cheap before dear: contract check, then one clip at one rate (the agent tries a few frames first), then everything.

A candidate that the probe shows to be far behind one that is measured already is not run further.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from app.results.format import kbits, percent
from app.results.target import rate_at
from gpu_agent.check import check_code
from gpu_agent.measure.bdrate import unusable
from gpu_agent.models import ExperimentRequest, Origin, ResultRow
from gpu_agent.road.ladders import own_curve

from .models import Attempt, Run, Stage

MARGIN = 0.5
"""Share of bits that a candidate must need beyond another at equal quality, at no less decode time, to be given up."""

FASTER = 1.25
"""How much faster it must decode than that other to be spared: short runs are timed no better than to a quarter."""

TITLES = {"probe": " (probe)", "full": "", "validation": " (validation)"}


class Rival(NamedTuple):
    """A measured candidate on the probe's clip."""

    number: int
    rows: list[ResultRow]


def request(run: Run, attempt: Attempt, stage: Stage, parent_id: str | None) -> ExperimentRequest:
    """What is dispatched for a stage; the experiment's id must be in the ledger already."""
    settings = run.settings
    clips = settings.validation_clips if stage == "validation" else settings.search_clips
    rates = check_code(attempt.code).rates
    probe = stage == "probe"
    return ExperimentRequest(
        id=attempt.experiments[stage],
        code=attempt.code,
        title=f"{attempt.title or 'Untitled codec'}{TITLES[stage]}"[:200],
        clips=clips[:1] if probe else clips,
        rates=[rates[len(rates) // 2]] if probe else None,
        frames=settings.frames,
        limits=settings.limits,
        parent_id=parent_id,
        hypothesis=attempt.expected if stage == "full" and parent_id else None,
        origin=Origin(
            kind="autopilot",
            prompt=run.settings.goal[:2000] or None,
            model=attempt.model,
            note=f"{run.id}/{attempt.number}",
        ),
    )


def needs_probe(run: Run, attempt: Attempt, rivals: int, room: int | None) -> bool:
    """Whether one point first is worth it: there is something to compare with, and more than that point to run.

    `room`: experiments left in the budget. With a single one left the probe would leave none for the full run.
    """
    points = len(run.settings.search_clips) * len(check_code(attempt.code).rates)
    return attempt.kind != "start" and rivals > 0 and points > 1 and (room is None or room > 1)


def dominated(row: ResultRow, rivals: Iterable[Rival]) -> str | None:
    """Why a candidate with this probe is given up, a sentence; None where no rival is far ahead in bits and not slower."""
    for rival in rivals:
        curve = own_curve([r for r in rival.rows if r.clip == row.clip])
        if unusable(curve, "the rival"):
            continue
        needed = rate_at(curve, row.psnr_yuv)
        slowest = min((r.decode_fps for r in rival.rows if r.clip == row.clip), default=0.0)
        if needed is not None and row.kbps > needed * (1 + MARGIN) and row.decode_fps <= slowest * FASTER:
            more = percent(100 * (row.kbps / needed - 1), sign=False)
            return (
                f"Given up after the probe: at rate {row.rate:g} on {row.clip} it takes {kbits(row.kbps)}, {more} more "
                f"than attempt {rival.number} at the same quality, and decodes no faster."
            )
    return None
