"""Integer transforms of 2 to 32 points: DCT-II and DST-VII, forward and inverse, of rectangular blocks.

A basis function is the orthonormal one times 256 sqrt(n), rounded: the scheme of H.265 clause 8.6.4.2 and H.266 clause
8.7.4 with two bits more, so that rounding needs no hand-made exceptions.
Coefficients are orthonormal ones times 2**(7 - (log2 w + log2 h) / 2), which fits 16 bits for 9-bit residuals.
"""

from __future__ import annotations

import numpy as np

from .jit import lean

DCT, DST = 0, 1
SIDE = 32
"""Row pitch of the square scratch blocks that every function here works on."""


def basis(kind: int, n: int) -> np.ndarray:
    """(frequency, sample) matrix of `n` points, times 256 sqrt(n), rounded."""
    k, x = np.mgrid[:n, :n]
    if kind == DCT:
        m = np.cos(np.pi * k * (2 * x + 1) / (2 * n)) * np.where(k == 0, 1, np.sqrt(2))
    else:
        m = np.sin(np.pi * (2 * k + 1) * (x + 1) / (2 * n + 1)) * 2 * np.sqrt(n / (2 * n + 1))
    return np.round(256 * m).astype(np.int32)


BASIS = np.zeros((2, 6, SIDE, SIDE), np.int32)
for _kind in (DCT, DST):
    for _log in range(1, 6):
        BASIS[_kind, _log, : 1 << _log, : 1 << _log] = basis(_kind, 1 << _log)
TURNED = np.ascontiguousarray(BASIS.transpose(0, 1, 3, 2))
"""[..., sample, frequency]: what one sample brings to all frequencies."""


@lean
def forward(block, lw, lh, kind_x, kind_y, temp, out):
    """Residual `block` (int32, pitch 32) to coefficients `out`; `temp` is overwritten. Rows first, then columns."""
    w, h = 1 << lw, 1 << lh
    shift = lw + 1
    half = 1 << (shift - 1)
    for y in range(h):
        row = temp[y]
        for k in range(w):
            row[k] = half
        for x in range(0, w, 2):
            a, b = block[y, x], block[y, x + 1]
            p, q = TURNED[kind_x, lw, x], TURNED[kind_x, lw, x + 1]
            for k in range(w):
                row[k] += np.int32(a * p[k]) + np.int32(b * q[k])
        for k in range(w):
            row[k] = row[k] >> shift
    shift = lh + 8
    half = 1 << (shift - 1)
    for k in range(h):
        row = out[k]
        for x in range(w):
            row[x] = half
        for y in range(0, h, 2):
            a, b = BASIS[kind_y, lh, k, y], BASIS[kind_y, lh, k, y + 1]
            p, q = temp[y], temp[y + 1]
            for x in range(w):
                row[x] += np.int32(a * p[x]) + np.int32(b * q[x])
        for x in range(w):
            row[x] = row[x] >> shift


@lean
def inverse(coefficients, lw, lh, kind_x, kind_y, right, bottom, temp, out):
    """Coefficients (int32, pitch 32), zero beyond column `right` and row `bottom`, to residual `out`."""
    w, h = 1 << lw, 1 << lh
    for y in range(h):
        for x in range(right + 1):
            temp[y, x] = 256
    for k in range(bottom + 1):
        b, c = BASIS[kind_y, lh, k], coefficients[k]
        for y in range(h):
            for x in range(right + 1):
                temp[y, x] += np.int32(b[y] * c[x])
    for y in range(h):
        row = out[y]
        for x in range(w):
            row[x] = 8192
        for k in range(right + 1):
            c = min(max(temp[y, k] >> 9, -32768), 32767)
            if c != 0:
                b = BASIS[kind_x, lw, k]
                for x in range(w):
                    row[x] += np.int32(c * b[x])
        for x in range(w):
            row[x] = row[x] >> 14
