"""Times of a point over several runs: one run's seconds say little on a machine that others share."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple

LEAST = 1e-6


class Timing(NamedTuple):
    """Seconds of encode and of decode, a value a run, in the order they were made."""

    encode: tuple[float, ...]
    decode: tuple[float, ...]

    def and_then(self, encode: float, decode: float) -> Timing:
        return Timing((*self.encode, encode), (*self.decode, decode))

    @property
    def encode_seconds(self) -> float:
        return median(self.encode)

    @property
    def decode_seconds(self) -> float:
        return median(self.decode)


def median(seconds: Sequence[float]) -> float:
    return max(statistics.median(seconds), LEAST)


def spread(seconds: Sequence[float]) -> float | None:
    """Slowest less fastest, as a part of the median; None for a single run."""
    return (max(seconds) - min(seconds)) / median(seconds) if len(seconds) > 1 else None
