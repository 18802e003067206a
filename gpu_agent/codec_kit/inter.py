"""Motion compensation: samples between samples, and the mean of two predictions.

Filters of H.265 clause 8.5.3.3.3 (8 taps for quarter luma samples, 4 for eighth chroma samples); predictions stay at
14 bits until they are averaged and rounded once.
"""

from __future__ import annotations

import numpy as np

from .jit import lean
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


@lean
def across(row, w, t, out):
    """8 taps along a row that begins three samples before the first."""
    t0, t1, t2, t3, t4, t5, t6, t7 = t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7]
    for i in range(w):
        near = t2 * row[i + 2] + t3 * row[i + 3] + t4 * row[i + 4] + t5 * row[i + 5]
        out[i] = near + t0 * row[i] + t1 * row[i + 1] + t6 * row[i + 6] + t7 * row[i + 7]


@lean
def down(a, w, h, t, half, shift, out):
    """8 taps along columns of `a` (int32) that begin three samples before the first; rounded by `shift` bits."""
    t0, t1, t2, t3, t4, t5, t6, t7 = t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7]
    for j in range(h):
        for i in range(w):
            near = t2 * a[j + 2, i] + t3 * a[j + 3, i] + t4 * a[j + 4, i] + t5 * a[j + 5, i]
            far = t0 * a[j, i] + t1 * a[j + 1, i] + t6 * a[j + 6, i] + t7 * a[j + 7, i]
            out[j, i] = np.int32(near + far + half) >> shift


@lean
def interpolate(dpb, slot, y, x, w, h, fy, fx, chroma, temp, out):
    """Samples at (y, x) of the array of planes plus (fy, fx) eighths, times 64, into `out` (int32, 64 pitch)."""
    if fy == 0:
        for j in range(h):
            if fx != 0:
                across(dpb[slot, y + j, x - 3 : x + w + 4], w, TAPS[chroma, fx], out[j])
            else:
                row, o = dpb[slot, y + j, x : x + w], out[j]
                for i in range(w):
                    o[i] = np.int32(row[i]) << 6
        return
    for j in range(h + 7):
        if fx != 0:
            across(dpb[slot, y + j - 3, x - 3 : x + w + 4], w, TAPS[chroma, fx], temp[j])
        else:
            row, o = dpb[slot, y + j - 3, x : x + w], temp[j]
            for i in range(w):
                o[i] = row[i]
    half, shift = (32, 6) if fx != 0 else (0, 0)
    down(temp, w, h, TAPS[chroma, fy], half, shift, out)


@lean
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


@lean
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
