"""An evolving archive: what is good in its own way is kept, and parents are drawn from it.

Kept are the Pareto front over BD-rate and decode time and, as in MAP-Elites (Mouret and Clune, 2015), the best of each
cell of bitrate band and transform family. Parents are drawn by rank, with some exploration of the cells, and now and
then two are crossed.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from ..models import Attempt
from .base import Choice, by_score, measured

EXPLORE = 0.25
CROSS = 0.2
SHRINK = 0.6
"""Each rank is drawn this much less often than the one before it."""


class Archive:
    name = "archive"
    remembers = True
    title = "Evolving archive"
    description = (
        "Keeps the Pareto front over BD-rate and decode time and the best of each kind of codec; draws parents by "
        "score, explores now and then, and crosses two."
    )

    def choose(self, attempts: Sequence[Attempt], draw: random.Random) -> Choice:
        kept = by_score(archive(measured(attempts)))
        if not kept:
            return Choice("fresh", [], "The archive is empty: a codec for the goal.")
        what = draw.random()
        if what < CROSS and len(kept) > 1:
            first = ranked(kept, draw)
            others = [a for a in kept if a.number != first.number]
            others = [a for a in others if a.cell != first.cell] or others
            second = ranked(others, draw)
            return Choice("cross", [first.number, second.number], f"Cross {named(first)} with {named(second)}.")
        if what < CROSS + EXPLORE and len(kept) > 1:
            cells = sorted({a.cell or "" for a in kept})
            chosen = draw.choice(cells)
            elite = next(a for a in kept if (a.cell or "") == chosen)
            return Choice("improve", [elite.number], f"Exploration: {named(elite)}, the best of its cell.")
        best = ranked(kept, draw)
        place = kept.index(best) + 1
        return Choice(
            "improve", [best.number], f"By score: {named(best)}, number {place} of {len(kept)} in the archive."
        )


def archive(able: Sequence[Attempt]) -> list[Attempt]:
    """The Pareto front and the elite of each cell, in order of the attempts."""
    elites = {}
    for a in by_score(able):
        elites.setdefault(a.cell, a.number)
    kept = {a.number for a in front(able)} | set(elites.values())
    return [a for a in able if a.number in kept]


def front(able: Sequence[Attempt]) -> list[Attempt]:
    """Candidates that no other beats in both BD-rate and decode time (or in one, at equality of the other)."""
    have = [a for a in able if a.score is not None and a.decode_ms is not None]
    return [a for a in have if not any(beats(b, a) for b in have)]


def beats(a: Attempt, b: Attempt) -> bool:
    ours, theirs = (a.score, a.decode_ms), (b.score, b.decode_ms)
    return ours[0] <= theirs[0] and ours[1] <= theirs[1] and ours != theirs


def ranked(kept: Sequence[Attempt], draw: random.Random) -> Attempt:
    """One of them, the best most often."""
    return draw.choices(kept, [SHRINK**rank for rank in range(len(kept))])[0]


def named(a: Attempt) -> str:
    return f"attempt {a.number} ({a.cell})" if a.cell else f"attempt {a.number}"
