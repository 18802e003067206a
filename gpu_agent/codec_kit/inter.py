"""Motion compensation: samples between samples, and the mean of two predictions.

Filters of H.265 clause 8.5.3.3.3 (8 taps for quarter luma samples, 4 for eighth chroma samples); predictions stay at
14 bits until they are averaged and rounded once.
"""

from __future__ import annotations

import numpy as np

from .jit import kernel
from .picture import HEIGHT, MARGIN, ORIGIN_X, ORIGIN_Y, SLOTS, WIDTH

TAPS = np.zeros((2, 8, 8), np.int32)
TAPS[0, ::2] = (
    (0, 0, 0, 64, 0, 0, 0, 0),
    (-1, 4, -10, 58, 17, -5, 1, 0),
    (-1, 4, -11, 40, 40, -11, 4, -1),
    (0, 1, -5, 17, 58, -10, 4, -1),
)
TAPS[1, :, 2:6] = (
    (0, 64, 0, 0), (-2, 58, 10, -2), (-4, 54, 16, -2), (-6, 46, 28, -4),
    (-4, 36, 36, -4), (-4, 28, 46, -6), (-2, 16, 54, -4), (-2, 10, 58, -2),
)  # fmt: skip


@kernel
def interpolate(dpb, slot, y, x, w, h, fy, fx, chroma, temp, out):
    """Samples at (y, x) of the array of planes plus (fy, fx) eighths, times 64, into `out` (int32, 64 pitch)."""
    first, last = (2, 6) if chroma else (0, 8)
    if fx == 0 and fy == 0:
        for j in range(h):
            for i in range(w):
                out[j, i] = np.int32(dpb[slot, y + j, x + i]) << 6
    elif fy == 0:
        for j in range(h):
            for i in range(w):
                out[j, i] = 0
            for k in range(first, last):
                t = TAPS[chroma, fx, k]
                for i in range(w):
                    out[j, i] += np.int32(t * dpb[slot, y + j, x + i + k - 3])
    elif fx == 0:
        for j in range(h):
            for i in range(w):
                out[j, i] = 0
            for k in range(first, last):
                t = TAPS[chroma, fy, k]
                for i in range(w):
                    out[j, i] += np.int32(t * dpb[slot, y + j + k - 3, x + i])
    else:
        for j in range(first, h + last - 1):
            for i in range(w):
                temp[j, i] = 0
            for k in range(first, last):
                t = TAPS[chroma, fx, k]
                for i in range(w):
                    temp[j, i] += np.int32(t * dpb[slot, y + j - 3, x + i + k - 3])
        for j in range(h):
            for i in range(w):
                out[j, i] = 32
            for k in range(first, last):
                t = TAPS[chroma, fy, k]
                for i in range(w):
                    out[j, i] += np.int32(t * temp[j + k, i])
            for i in range(w):
                out[j, i] = out[j, i] >> 6


@kernel
def fetch(fr, dpb, slot, plane, x, y, w, h, mvx, mvy, temp, out):
    """The block at (x, y) of a plane moved by a vector in quarter luma samples, times 64. Any vector is safe: far
    beyond the border it stops."""
    s = 1 if plane > 0 else 0
    m = MARGIN >> s
    if s == 0:
        ix, iy, fx, fy = mvx >> 2, mvy >> 2, (mvx & 3) * 2, (mvy & 3) * 2
    else:
        ix, iy, fx, fy = mvx >> 3, mvy >> 3, mvx & 7, mvy & 7
    ax = min(max(x + ix, 4 - m), (fr[WIDTH] >> s) + m - w - 5)
    ay = min(max(y + iy, 4 - m), (fr[HEIGHT] >> s) + m - h - 5)
    interpolate(dpb, slot, fr[ORIGIN_Y + plane] + ay, fr[ORIGIN_X + plane] + ax, w, h, fy, fx, s, temp, out)


@kernel
def predict_motion(fr, dpb, plane, x, y, w, h, motion, temp, second, out):
    """Prediction of a block (samples) by `motion`: (mvx, mvy, mvx, mvy, ref, ref), -1 where a list is not used."""
    n = 0
    for side in range(2):
        ref = motion[4 + side]
        if ref >= 0:
            slot = fr[SLOTS + side * 4 + ref]
            fetch(fr, dpb, slot, plane, x, y, w, h, motion[2 * side], motion[2 * side + 1], temp, second if n else out)
            n += 1
    if n == 2:
        for j in range(h):
            for i in range(w):
                out[j, i] = min(max((out[j, i] + second[j, i] + 64) >> 7, 0), 255)
    else:
        for j in range(h):
            for i in range(w):
                out[j, i] = min(max((out[j, i] + 32) >> 6, 0), 255)
