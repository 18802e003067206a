"""Between RGB and the planes of a frame, in integer arithmetic: the same bits on every machine.

ITU-R BT.601 and BT.709, 8 bits, limited range (luma 16..235). Coefficients have 16 fractional bits.
"""

from __future__ import annotations

import numpy as np

from .frames import Frame

LUMA = {"601": (19595, 7471), "709": (13933, 4732)}
"""Weights of red and blue in luma, times 65536."""


def _matrix(standard: str) -> tuple[np.ndarray, np.ndarray]:
    """(to YCbCr, to RGB), in 1/65536, each the nearest integers."""
    if standard not in LUMA:
        raise ValueError(f"no colour standard {standard!r}: there are {', '.join(LUMA)}")
    kr, kb = (k / 65536 for k in LUMA[standard])
    kg = 1 - kr - kb
    y = np.array([kr, kg, kb])
    cb, cr = (np.array([0, 0, 1]) - y) / (2 * (1 - kb)), (np.array([1, 0, 0]) - y) / (2 * (1 - kr))
    forward = np.array([y * 219, cb * 224, cr * 224]) / 255
    return np.round(forward * 65536).astype(np.int64), np.round(np.linalg.inv(forward) * 65536).astype(np.int64)


def from_rgb(rgb: np.ndarray, standard: str = "709") -> Frame:
    """(H, W, 3) uint8 with H and W even to a frame; chroma is the mean of each 2x2 samples."""
    forward, _ = _matrix(standard)
    ycc = rgb.astype(np.int64) @ forward.T
    y = np.clip(((ycc[..., 0] + 32768) >> 16) + 16, 0, 255).astype(np.uint8)
    four = ycc[0::2, 0::2, 1:] + ycc[1::2, 0::2, 1:] + ycc[0::2, 1::2, 1:] + ycc[1::2, 1::2, 1:]
    chroma = np.clip(((four + (1 << 17)) >> 18) + 128, 0, 255).astype(np.uint8)
    return Frame(y, np.ascontiguousarray(chroma[..., 0]), np.ascontiguousarray(chroma[..., 1]))


def to_rgb(frame: Frame, standard: str = "709") -> np.ndarray:
    """A frame to (H, W, 3) uint8; each chroma sample serves its 2x2 luma samples."""
    _, backward = _matrix(standard)
    planes = frame.y, *(p.repeat(2, 0).repeat(2, 1) for p in frame[1:])
    ycc = np.stack(planes, -1).astype(np.int64) - np.array([16, 128, 128])
    return np.clip((ycc @ backward.T + 32768) >> 16, 0, 255).astype(np.uint8)
