"""Where a decoded video is at its worst: which frames, and which part of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

COUNT = 5
SIDE = 96
"""Luma samples of a shown area's sides: large enough to see what it is, small enough to see each sample."""
GRID = 8
SPREAD = 10
"""Worst frames are at least a tenth of the video apart, so that one bad scene does not take all the places."""


class Area(NamedTuple):
    """A rectangle of luma samples; all but the last row and column of areas lie whole in the picture."""

    x: int
    y: int
    width: int
    height: int


def worst_frames(psnr_y: Sequence[float | None], count: int = COUNT) -> list[int]:
    """At most `count` frames, worst first, spread over time. Identical frames (None) are never among them."""
    apart = max(1, len(psnr_y) // SPREAD)
    chosen: list[int] = []
    for index in sorted((i for i, value in enumerate(psnr_y) if value is not None), key=lambda i: psnr_y[i]):
        if all(abs(index - other) >= apart for other in chosen):
            chosen.append(index)
        if len(chosen) == count:
            break
    return chosen


def worst_area(source: np.ndarray, decoded: np.ndarray, side: int = SIDE) -> Area:
    """The area, on a grid of eight samples, with the largest squared error of two luma planes of one size.

    Of equal ones the first, row by row.
    """
    height, width = source.shape
    error = np.zeros((-(-height // GRID) * GRID, -(-width // GRID) * GRID))
    np.square(np.subtract(source, decoded, dtype=np.float64), out=error[:height, :width])
    blocks = error.reshape(error.shape[0] // GRID, GRID, error.shape[1] // GRID, GRID).sum(axis=(1, 3))
    tall, wide = (min(side // GRID, count) for count in blocks.shape)
    sums = np.lib.stride_tricks.sliding_window_view(blocks, (tall, wide)).sum(axis=(2, 3))
    row, column = np.unravel_index(int(sums.argmax()), sums.shape)
    x, y = int(column) * GRID, int(row) * GRID
    return Area(x, y, min(wide * GRID, width - x), min(tall * GRID, height - y))
