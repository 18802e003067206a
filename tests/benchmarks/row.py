"""One line of the benchmarks' table, and how times are taken so that two of them can be compared."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple


class Row(NamedTuple):
    """`ours` against a named reference in the same run. `met` is None where a figure is only shown."""

    what: str
    ours: str
    reference: str
    ratio: str
    target: str = ""
    met: bool | None = None


def fastest(
    *works: Callable[[], object], rounds: int = 5, clock: Callable[[], float] = time.perf_counter
) -> list[float]:
    """The least time of each work over `rounds`, taken in turns so that a busy machine slows all alike."""
    best = [float("inf")] * len(works)
    for work in works:
        work()
    for _ in range(rounds):
        for i, work in enumerate(works):
            began = clock()
            work()
            best[i] = min(best[i], clock() - began)
    return best
