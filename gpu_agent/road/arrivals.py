"""When packets and frames came out of a jail: the time of each, on the agent's clock and not on the codec's word."""

from __future__ import annotations

import time

from ..jail import Outcome


class Arrivals:
    """`note` is called as each packet or frame arrives and costs a microsecond.

    A packet's time is the wait for it: since the one before, or, for the first, since the codec was imported. Time in
    which the agent itself wrote the one before is within, as it is within the run's seconds. A codec that works ahead
    and yields several at once has its time on the first of them.
    """

    def __init__(self) -> None:
        self._at: list[float] = []

    def note(self) -> None:
        self._at.append(time.monotonic())

    def milliseconds(self, outcome: Outcome) -> list[float]:
        """One value an arrival at that run, start-up excluded, to the microsecond."""
        before = [outcome.ready_at, *self._at]
        return [round(max(0.0, at - last) * 1000, 3) for last, at in zip(before, self._at)]
