"""Photographs from scikit-image's wheel as YUV: luma at full size, chroma averaged to half size (4:2:0)."""

from __future__ import annotations

import functools

import cv2
import numpy as np

from gpu_agent.codec_kit.frames import Frame

from ..errors import ClipError
from ..package_data import package_file
from .optics import DEPTH_UNITS


@functools.lru_cache(maxsize=4)
def photograph(file: str, tint: tuple[int, int] = (128, 128)) -> Frame:
    """`file` of skimage/data as limited-range BT.709 planes, cut to even size. A grey one gets `tint` for chroma."""
    image = cv2.imread(str(package_file("skimage", f"data/{file}")), cv2.IMREAD_COLOR)
    if image is None:
        raise ClipError(f"The photograph {file} of scikit-image cannot be read; reinstall scikit-image.")
    height, width = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
    blue, green, red = np.moveaxis(image[:height, :width].astype(np.float64), -1, 0)
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    u = _half((blue - luma) * (112 / 255 / (1 - 0.0722)))
    v = _half((red - luma) * (112 / 255 / (1 - 0.2126)))
    return Frame(_bytes(16 + luma * (219 / 255)), _bytes(u + tint[0]), _bytes(v + tint[1]))


@functools.lru_cache(maxsize=1)
def disparity() -> np.ndarray:
    """How near each point of motorcycle_left is: stereo disparity, smoothed, as `optics.look_in_depth` takes it.

    Unknown points take the mean of the known ones around, so that a camera that moves sideways tears no holes.
    All in integers, so that it is the same everywhere.
    """
    with np.load(package_file("skimage", "data/motorcycle_disp.npz")) as file:
        raw = file["arr_0"]
    known = np.isfinite(raw)
    units = np.where(known, np.rint(np.where(known, raw, 0) * DEPTH_UNITS), 0).astype(np.int64)
    total, count = _box_sum(units, 15), _box_sum(known.astype(np.int64), 15)
    filled = np.where(count > 0, total // np.maximum(count, 1), int(np.median(units[known])))
    fine = np.repeat(np.repeat(filled, 2, 0), 2, 1)
    return (_box_sum(fine, 17) // 17**2).astype(np.int32)


def _box_sum(values: np.ndarray, size: int) -> np.ndarray:
    """Sum over `size` x `size` samples about each (odd size), edges repeated; exact."""
    for axis in (0, 1):
        pad = [(size // 2 + 1, size // 2) if k == axis else (0, 0) for k in (0, 1)]
        sums = np.cumsum(np.pad(values, pad, mode="edge"), axis)
        values = np.take(sums, range(size, sums.shape[axis]), axis) - np.take(
            sums, range(sums.shape[axis] - size), axis
        )
    return values


def _half(plane: np.ndarray) -> np.ndarray:
    return (plane[0::2, 0::2] + plane[0::2, 1::2] + plane[1::2, 0::2] + plane[1::2, 1::2]) / 4


def _bytes(plane: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(plane), 0, 255).astype(np.uint8)
