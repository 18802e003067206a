"""Ranking: the experiments that measured the same frames, by BD-rate, and who is best for what it costs.

Reruns of the same code are one row. What the audit holds is not ranked, and what has no figure says why.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Literal, NamedTuple

from gpu_agent.anchors import CATALOGUE
from gpu_agent.models import Status
from gpu_agent.outline import Outline

from .badges import LABELS as BADGE_LABELS
from .badges import MARKS
from .contender import Key

Cost = Literal["decode", "decoder"]
COSTS: dict[Cost, str] = {"decode": "Decode time", "decoder": "Decoder size"}
ELSEWHERE = "It was measured by another lab: rerun it here to have it ranked."
UNSAFE = "It ran without a jail, in unsafe mode."
UNTOLD = "no BD-rate yet: the anchor is not measured on these frames"


class ClipSet(NamedTuple):
    """The same frames of the same clips. `count`: how many experiments finished on them."""

    key: frozenset[Key]
    name: str
    count: int


class Entry(NamedTuple):
    """One code on one clip set. `percent` against the anchor, negative is fewer bits; `runs` counts it and its reruns.

    `decode_ms` and `encode_ms` are a frame's, the median of the runs. `why` says why it is held or has no figure.
    """

    outline: Outline
    runs: int
    percent: float | None
    decode_ms: float | None
    encode_ms: float | None
    why: str | None = None
    group: tuple = ()

    def cost(self, cost: Cost) -> float | None:
        return self.decode_ms if cost == "decode" else self.outline.facts.decoder_bytes


class Board(NamedTuple):
    """`ranked` best first; `front` are the ids that nobody beats in bits and cost at once."""

    ranked: list[Entry]
    front: list[str]
    held: list[Entry]
    unranked: list[Entry]


def key_of(outline: Outline) -> frozenset[Key] | None:
    """Which frames it measured; None where that is not known of each clip."""
    extents = outline.facts.clips
    if not extents or any(c.sha256 is None or not c.frames for c in extents):
        return None
    return frozenset((c.sha256, c.frames) for c in extents)


def finished(outlines: Sequence[Outline]) -> list[Outline]:
    return [o for o in outlines if o.status is Status.SUCCEEDED and not o.archived and o.facts.points]


def clip_sets(outlines: Sequence[Outline]) -> list[ClipSet]:
    """Those with the most experiments first."""
    names: dict[frozenset[Key], str] = {}
    counts: dict[frozenset[Key], int] = {}
    for outline in finished(outlines):
        key = key_of(outline)
        if key is not None:
            names.setdefault(key, ", ".join(f"{c.name} ({c.frames})" for c in outline.facts.clips))
            counts[key] = counts.get(key, 0) + 1
    return sorted((ClipSet(k, names[k], n) for k, n in counts.items()), key=lambda s: (-s.count, s.name))


def anchors_there(outlines: Sequence[Outline]) -> list[str]:
    """Anchors that at least one has a figure against, in the catalogue's order."""
    known = {name for o in outlines for name in o.facts.bd_rate}
    return [a.name for a in CATALOGUE if a.name in known] + sorted(known - {a.name for a in CATALOGUE})


def board(outlines: Sequence[Outline], clips: frozenset[Key], anchor: str, cost: Cost) -> Board:
    """The board of a clip set against an anchor."""
    groups: dict[tuple, list[Outline]] = {}
    for outline in finished(outlines):
        if key_of(outline) == clips:
            groups.setdefault(group_of(outline), []).append(outline)
    entries = [entry(runs, anchor) for runs in groups.values()]
    apart = [(e, unranked(groups[e.group])) for e in entries]
    held = [e._replace(why=why) for e, why in apart if why]
    rest = [e for e, why in apart if not why]
    ranked = sorted((e for e in rest if e.percent is not None), key=lambda e: (e.percent, e.outline.id))
    return Board(ranked, front(ranked, cost), held, [e for e in rest if e.percent is None])


def group_of(outline: Outline) -> tuple:
    """Runs of one code at the same rates are one row."""
    return outline.facts.code_sha256, tuple(outline.facts.rates)


def unranked(runs: Sequence[Outline]) -> str | None:
    """Why none of a code's runs may be ranked: the audit holds one and nobody released it, or none was measured here."""
    held = next((o.facts.held for o in runs if o.facts.held), None)
    if held and not any(o.facts.released for o in runs):
        return held
    return None if any(map(measured_here, runs)) else UNSAFE if runs[0].facts.unsafe else ELSEWHERE


def measured_here(outline: Outline) -> bool:
    """In a jail, and by this lab."""
    return not outline.facts.unsafe and not outline.facts.imported


def entry(runs: Sequence[Outline], anchor: str) -> Entry:
    """Runs of one code, newest first. Those that were measured here count, and the first of them with a figure stands."""
    group = group_of(runs[0])
    runs = [o for o in runs if measured_here(o)] or runs
    rated = [o for o in reversed(runs) if anchor in o.facts.bd_rate]
    shown = next(iter(rated), runs[-1])
    percent = shown.facts.bd_rate.get(anchor)
    why = None if percent is not None else shown.facts.refused.get(anchor, UNTOLD)
    speeds = [
        statistics.median(known) if (known := [1000 / v for o in runs if (v := getattr(o.facts, name))]) else None
        for name in ("decode_fps", "encode_fps")
    ]
    return Entry(shown, len(runs), percent, *speeds, why, group)


def front(ranked: Sequence[Entry], cost: Cost) -> list[str]:
    """Ids of the Pareto front, fewest bits first: each costs less than everything that needs fewer bits."""
    found, cheapest = [], float("inf")
    able = [(e.percent, own, e.outline.id) for e in ranked if (own := e.cost(cost)) is not None]
    for _, own, name in sorted(able):
        if own < cheapest:
            found.append(name)
            cheapest = own
    return found


def badge_words(outline: Outline) -> str:
    """The audit in one cell: a tick, or each finding in words; empty where nothing was audited."""
    badges = outline.facts.badges
    if not badges:
        return ""
    found = [(v, BADGE_LABELS[n].get(v, n)) for n, v in badges.items() if v in ("bad", "note") and n in BADGE_LABELS]
    if found:
        return ", ".join(f"{MARKS[v]} {label.lower()}" for v, label in sorted(found))
    unknown = sum(v == "unknown" for v in badges.values())
    return f"? {unknown} open" if unknown else "✓"
