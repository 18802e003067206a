"""Quarter-sample motion compensation: `from codec_kit.motion import compensate, fetch, reference_of`."""

from __future__ import annotations

import numpy as np

from .blocks import Layout, blocks, unblocks

PAD = 40
"""Samples around a reference picture that motion may point to."""

TAPS = ((64,), (-1, 4, -10, 58, 17, -5, 1, 0), (-1, 4, -11, 40, 40, -11, 4, -1), (0, 1, -5, 17, 58, -10, 4, -1))
"""HEVC's interpolation filters by quarter, sum 64 (ITU-T H.265, table 8-4)."""


def reference_of(planes: list[np.ndarray]) -> list[np.ndarray]:
    """A decoded picture as `compensate` takes it: Y at all phases, U and V padded (one phase)."""
    return [interpolate(planes[0]), *(np.pad(p, PAD, mode="edge")[None] for p in planes[1:])]


def compensate(layout: Layout, reference: list[np.ndarray], mv: np.ndarray) -> np.ndarray:
    """Prediction of all blocks (total, 8, 8) int32 from one vector per block of Y, `mv` (n, 2); U and V bilinear."""
    out, (dy, dx) = [fetch(reference[0], layout.y, layout.x, mv)], (mv[:, :, None, None] & 7).swapaxes(0, 1)
    for plane, (h, w) in zip(reference[1:], layout.grids[1:]):
        b = fetch(plane, layout.y // 2, layout.x // 2, mv >> 3 << 2, 5).astype(np.int32)
        b = b[:, :, :-1] * (8 - dx) + b[:, :, 1:] * dx
        out.append(blocks(unblocks((b[:, :-1] * (8 - dy) + b[:, 1:] * dy + 32) >> 6, (8 * h, 8 * w))))
    return np.concatenate(out).astype(np.int32)


def interpolate(plane: np.ndarray) -> np.ndarray:
    """The padded luma plane at all quarter-sample phases, (16, H + 2 PAD, W + 2 PAD); phase = 4 * dy + dx."""

    def filtered(a, taps):
        return np.clip((sum(t * np.roll(a, 3 - i, 1) for i, t in enumerate(taps) if t) + 32) >> 6, 0, 255)

    p = np.pad(plane.astype(np.int16), PAD, mode="edge")
    rows = [p, *(filtered(p, t) for t in TAPS[1:])]
    return np.array([r if not f else filtered(r.T, TAPS[f]).T for f in range(4) for r in rows])


def fetch(phases: np.ndarray, y: np.ndarray, x: np.ndarray, mv: np.ndarray, size: int = 8) -> np.ndarray:
    """Blocks (n, size, size) of the interpolated reference at y, x moved by `mv` (n, 2): down and right, in quarter samples.

    Vectors that point farther out than the padding are held at its edge. With `phases` of one plane only, `mv` must be
    whole samples (multiples of 4)."""
    _, h, w = phases.shape
    top = np.clip(y + (mv[:, 0] >> 2) + PAD, 4, h - size - 4)
    left = np.clip(x + (mv[:, 1] >> 2) + PAD, 4, w - size - 4)
    first = (((mv[:, 0] & 3) * 4 + (mv[:, 1] & 3)) * h + top) * w + left
    return np.take(phases, first[:, None, None] + (np.arange(size)[:, None] * w + np.arange(size)))
