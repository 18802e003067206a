"""Coding order and references of hierarchical B pictures (H. Schwarz, D. Marpe, T. Wiegand, ICME 2006)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Picture(NamedTuple):
    """A picture in coding order: its place in display order, and its level (0: an anchor; deeper ones are cheaper)."""

    poc: int
    level: int


def order(start: int, end: int) -> Iterator[Picture]:
    """Coding order of the pictures after `start` up to `end`: the far end first, then halves, near ones first."""

    def between(low: int, high: int, level: int) -> Iterator[Picture]:
        if high - low < 2:
            return
        middle = (low + high) // 2
        yield Picture(middle, level)
        yield from between(low, middle, level + 1)
        yield from between(middle, high, level + 1)

    if end > start:
        yield Picture(end, 0)
        yield from between(start, end, 1)


def references(now: Picture, known: dict[int, int], count: int) -> tuple[list[int], list[int]]:
    """Past and future references, nearest first, `count` each, among `known` (poc to level) of a lower level.

    Without future ones both lists are the past. Anchors refer to anchors.
    """
    usable = [poc for poc, level in known.items() if level < max(now.level, 1)]
    past = sorted((p for p in usable if p < now.poc), reverse=True)[:count]
    future = sorted(p for p in usable if p > now.poc)[:count]
    return past, future or past


def outdated(known: dict[int, int], anchors: int) -> list[int]:
    """Pictures that nothing after the newest anchor will refer to: all but the newest `anchors` anchors."""
    kept = sorted((p for p, level in known.items() if level == 0), reverse=True)[:anchors]
    return [p for p in known if p not in kept]
