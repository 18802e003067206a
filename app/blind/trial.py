"""One blind trial: which of two points stands behind A, B and X. Only the server knows; it is drawn anew each time.

In an A/B/X test X is A or B, and the question is which. In a preference test the question is which of A and B is
better. What a browser is told is the trial's id, which says nothing.
"""

from __future__ import annotations

import secrets
from typing import Literal, NamedTuple

Kind = Literal["abx", "preference"]
ANSWERS: dict[Kind, tuple[str, ...]] = {"abx": ("a", "b"), "preference": ("a", "b")}
SIDES: dict[Kind, tuple[str, ...]] = {"abx": ("a", "b", "x"), "preference": ("a", "b")}


class Stimulus(NamedTuple):
    """A point that is looked at, as it was when the test began.

    `preview` and `exact` are paths of artifacts (`exact` with `{frame}`); `experiment` is its id, where it is one's.
    """

    label: str
    preview: str
    exact: str
    rate: float | None = None
    kbps: float | None = None
    psnr_yuv: float | None = None
    experiment: str | None = None


class Series(NamedTuple):
    """A test: trials of the same two points, answered one after another. Closed, it is never added to."""

    id: str
    kind: Kind
    clip: str
    clip_sha256: str
    frames: int
    one: Stimulus
    two: Stimulus
    created_at: str
    closed_at: str | None = None


class Trial(NamedTuple):
    """`swapped`: A is the second point. `x_is`: the letter that X is. `answer`: a letter, or None so far."""

    id: str
    series_id: str
    number: int
    swapped: bool
    x_is: str
    answer: str | None = None

    def point(self, side: str) -> int:
        """0 or 1: the point of the series behind this letter."""
        letter = self.x_is if side == "x" else side
        return int((letter == "b") != self.swapped)

    @property
    def correct(self) -> bool:
        """Whether an A/B/X answer names the letter that X was."""
        return self.answer == self.x_is

    @property
    def chosen(self) -> int:
        """0 or 1: the point that a preference went to."""
        return self.point(self.answer or "a")


def draw(series_id: str, number: int) -> Trial:
    """A new trial from the system's own randomness, so that no earlier trial says anything of it."""
    return Trial(secrets.token_urlsafe(12), series_id, number, bool(secrets.randbelow(2)), secrets.choice("ab"))
