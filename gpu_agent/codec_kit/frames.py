"""What a frame is and what a codec is told about the video: the two types that cross the contract.

Standard library and numpy only: this module is imported inside the jail as well as by the agent.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np


class Frame(NamedTuple):
    """One 8-bit 4:2:0 picture: `y` is (H, W), `u` and `v` are (H/2, W/2), all uint8."""

    y: np.ndarray
    u: np.ndarray
    v: np.ndarray


class VideoInfo(NamedTuple):
    """Size in luma samples (both even), number of frames, and frames per second as an exact fraction."""

    width: int
    height: int
    frames: int
    fps: Fraction

    @property
    def luma_shape(self) -> tuple[int, int]:
        return self.height, self.width

    @property
    def chroma_shape(self) -> tuple[int, int]:
        return self.height // 2, self.width // 2

    @property
    def frame_bytes(self) -> int:
        """Bytes of one raw frame: Y, then U, then V, no padding."""
        return self.width * self.height * 3 // 2


def planes_of(raw, info: VideoInfo) -> Frame:
    """View one raw frame (`info.frame_bytes` bytes, Y then U then V) as planes, without a copy."""
    flat = np.frombuffer(raw, np.uint8, info.frame_bytes)
    luma, chroma = info.width * info.height, info.width * info.height // 4
    return Frame(
        flat[:luma].reshape(info.luma_shape),
        flat[luma : luma + chroma].reshape(info.chroma_shape),
        flat[luma + chroma :].reshape(info.chroma_shape),
    )
