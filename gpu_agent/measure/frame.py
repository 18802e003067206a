"""Everything measured on one pair of frames."""

from __future__ import annotations

import math
import threading
from typing import NamedTuple

import numpy as np

from . import gaussian, integer
from .raw import FlatPlanes


class PlaneArea(NamedTuple):
    """The measured part of a plane: its top left `width` x `height` samples, in rows `stride` apart."""

    stride: int
    width: int
    height: int

    @property
    def samples(self) -> int:
        return self.width * self.height

    @property
    def shorter(self) -> int:
        return min(self.width, self.height)


class FrameScores(NamedTuple):
    """Exact squared errors, and similarities (1 for identical planes; None where the plane is too small)."""

    sse_y: int
    sse_u: int
    sse_v: int
    ssim_y: float | None
    ssim_u: float | None
    ssim_v: float | None
    ms_ssim_y: float | None
    ssim_ffmpeg_y: float | None


class FrameMeter:
    """Measures pairs of frames of one size. Threads may share it: each has its own scratch memory."""

    def __init__(self, luma: PlaneArea, chroma: PlaneArea) -> None:
        self.luma, self.chroma = luma, chroma
        self._local = threading.local()

    def __call__(self, source: FlatPlanes, decoded: FlatPlanes) -> FrameScores:
        areas = (self.luma, self.chroma, self.chroma)
        errors = [
            int(integer.sse(a, b, area.stride, area.width, area.height, 1))
            for a, b, area in zip(source, decoded, areas)
        ]
        ssim_y, ms_ssim_y = self._luma_similarity(source.y, decoded.y, errors[0])
        return FrameScores(
            *errors,
            ssim_y,
            ssim(source.u, decoded.u, self.chroma, errors[1]),
            ssim(source.v, decoded.v, self.chroma, errors[2]),
            ms_ssim_y,
            ssim_ffmpeg(source.y, decoded.y, self.luma, errors[0]),
        )

    def _luma_similarity(self, a: np.ndarray, b: np.ndarray, error: int) -> tuple[float | None, float | None]:
        """SSIM and MS-SSIM, which share the full-size scale."""
        area = self.luma
        if area.shorter < gaussian.MS_SSIM_MIN_SIDE or error == 0:
            value = ssim(a, b, area, error)
            return value, value if area.shorter >= gaussian.MS_SSIM_MIN_SIDE else None
        full, structure = gaussian.ssim_gaussian(a, b, *area)
        factors = np.empty(gaussian.SCALES)
        factors[0] = structure
        gaussian.scales_below(a, b, *area, self._scratch(), factors)
        return min(full, 1.0), min(math.prod(np.maximum(factors, 0.0) ** gaussian.MS_SSIM_WEIGHTS), 1.0)

    def _scratch(self) -> np.ndarray:
        if not hasattr(self._local, "scratch"):
            self._local.scratch = np.empty((4, (self.luma.width // 2) * (self.luma.height // 2)), np.float32)
        return self._local.scratch


def ssim(a: np.ndarray, b: np.ndarray, area: PlaneArea, error: int) -> float | None:
    if area.shorter < gaussian.WINDOW:
        return None
    return 1.0 if error == 0 else min(gaussian.ssim_gaussian(a, b, *area)[0], 1.0)


def ssim_ffmpeg(a: np.ndarray, b: np.ndarray, area: PlaneArea, error: int) -> float | None:
    if area.shorter < integer.FFMPEG_MIN_SIDE:
        return None
    return 1.0 if error == 0 else min(integer.ssim_ffmpeg(a, b, *area), 1.0)


def psnr(sse: float, samples: int) -> float | None:
    """PSNR in dB of 8-bit samples from their summed squared error; None for identical planes (it is infinite)."""
    return None if sse == 0 else 10 * math.log10(255 * 255 * samples / sse)
