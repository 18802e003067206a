"""A part of a frame three times side by side: source, decoded, and the error, amplified and around grey.

The samples are those of `frame_png`, each shown as 2x2 pixels, so that a blocking edge can be told from a blur.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gpu_agent.codec_kit.frames import Frame, VideoInfo, planes_of
from gpu_agent.models import Clip

from .png import difference, encode_png, to_rgb
from .raw import read_frame

GAP = 4
SCALE = 2


def crop_png(
    source: Path,
    decoded: Path,
    info: VideoInfo,
    index: int,
    area: tuple[int, int, int, int],
    *,
    gain: float = 8,
    facts: Clip,
) -> bytes:
    """`area` is x, y (even), width, height in luma samples. ValueError for a frame or an area that is not there."""
    x, y, width, height = area
    if x % 2 or y % 2 or min(area) < 0 or x + width > info.width or y + height > info.height:
        raise ValueError(f"The area {width}x{height} at {x},{y} is not within {info.width}x{info.height}.")
    before, after = (
        cut(planes_of(read_frame(path, info, index), info), x, y, width, height) for path in (source, decoded)
    )
    pictures = [
        to_rgb(before, facts.matrix, facts.full_range),
        to_rgb(after, facts.matrix, facts.full_range),
        to_rgb(difference(before, after, gain), facts.matrix, True),
    ]
    gap = np.full((height, GAP, 3), 255, np.uint8)
    row = np.concatenate([p for picture in pictures for p in (picture[:height, :width], gap)][:-1], axis=1)
    return encode_png(row.repeat(SCALE, 0).repeat(SCALE, 1))


def cut(frame: Frame, x: int, y: int, width: int, height: int) -> Frame:
    """With odd sides taken up to even, as chroma needs."""
    right, bottom = x + width + width % 2, y + height + height % 2
    chroma = np.s_[y // 2 : bottom // 2, x // 2 : right // 2]
    return Frame(frame.y[y:bottom, x:right], frame.u[chroma], frame.v[chroma])
