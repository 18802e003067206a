"""The alignment guard: says when decoded frames look like their source neighbours rather than their source.

A codec that yields its frames one late loses about 6 dB on moving video and looks merely bad. The guard only speaks;
the measurement stays as the contract has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from . import integer
from .frame import PlaneArea, psnr
from .raw import RawVideo
from .series import capped_db

CLEARLY = 1.0
"""dB by which a shift must win, in the mean and on the median frame, before it is worth a word."""

ROW_STEP = 4
"""Every fourth row tells a shift of one frame as well as all rows do."""


class ShiftErrors(NamedTuple):
    """PSNR of one decoded frame against its own source frame and the neighbours (None at the clip's ends)."""

    own: float
    previous: float | None
    following: float | None


def shift_errors(source: RawVideo, decoded: RawVideo, index: int, luma: PlaneArea) -> ShiftErrors:
    plane = decoded.frame(index).y
    samples = luma.width * len(range(0, luma.height, ROW_STEP))

    def against(other: int) -> float | None:
        if not 0 <= other < source.info.frames:
            return None
        return capped_db(psnr(integer.sse(source.frame(other).y, plane, *luma, ROW_STEP), samples))

    return ShiftErrors(against(index), against(index - 1), against(index + 1))


def alignment_warning(frames: Sequence[ShiftErrors]) -> str | None:
    """A sentence where one frame's shift scores clearly higher over the clip; None where all is well."""
    for shift, when in (("previous", "late"), ("following", "early")):
        gains = [getattr(f, shift) - f.own for f in frames if getattr(f, shift) is not None]
        if gains and min(np.mean(gains), np.median(gains)) >= CLEARLY:
            return (
                f"The decoded frames fit the {shift} source frame {np.mean(gains):.1f} dB better than their own: "
                f"decode seems to yield them one frame {when}. The figures are for the frames as they came."
            )
    return None
