"""Frames per second from the time stamps of the decoded frames; a container's own figure is only a candidate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

USUAL_RATES = tuple(
    Fraction(rate)
    for rate in (
        *("24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001", "60"),
        *("12", "15", "10", "48000/1001", "48", "100", "120000/1001", "120", "5", "20", "240"),
    )
)
FALLBACK = Fraction(25)
HIGHEST = 1000


def constant_rate(stamps: Sequence[int], time_base: Fraction, declared: Iterable[Fraction | None]) -> Fraction | None:
    """The rate whose frame times are the stamps, rounded to `time_base`; None where the stamps are not regular.

    Containers round: 23.976 per second in milliseconds is 0, 42, 83, 125. So the first candidate (declared rates, then
    the usual ones) that explains every stamp to within one tick is the rate, and no average of rounded figures is.
    A declared rate within 1e-4 of a usual one is a rounding of it too (Matroska declares nanoseconds a frame).
    """
    measured = _mean_rate(stamps, time_base)
    for rate in (*(_usual(rate) for rate in declared if rate), *USUAL_RATES, measured):
        if rate and 0 < rate <= HIGHEST and _explains(rate, stamps, time_base):
            return rate
    return None


def average_rate(stamps: Sequence[int], time_base: Fraction) -> Fraction | None:
    """Frames per second over the whole clip, to a thousandth; None where no time passes."""
    mean = _mean_rate(stamps, time_base)
    return None if mean is None else Fraction(round(min(mean, HIGHEST) * 1000), 1000) or None


def _mean_rate(stamps: Sequence[int], time_base: Fraction) -> Fraction | None:
    span = (stamps[-1] - stamps[0]) * time_base if len(stamps) > 1 else 0
    return Fraction(len(stamps) - 1) / span if span > 0 else None


def _usual(rate: Fraction) -> Fraction:
    return next((usual for usual in USUAL_RATES if abs(rate / usual - 1) < Fraction(1, 10_000)), rate)


def _explains(rate: Fraction, stamps: Sequence[int], time_base: Fraction) -> bool:
    step = 1 / (rate * time_base)
    # In whole numbers: |stamp - first - n * step| <= 1, times step's denominator.
    top, bottom, first = step.numerator, step.denominator, stamps[0]
    return all(abs((stamp - first) * bottom - n * top) <= bottom for n, stamp in enumerate(stamps))
