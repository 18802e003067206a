"""Integer transforms of 2 to 32 points: DCT-II and DST-VII, forward and inverse, of rectangular blocks.

A basis function is the orthonormal one times 256 sqrt(n), rounded: the scheme of H.265 clause 8.6.4.2 and H.266 clause
8.7.4 with two bits more, so that rounding needs no hand-made exceptions.
Coefficients are orthonormal ones times 2**(7 - (log2 w + log2 h) / 2), which fits 16 bits for 9-bit residuals.
"""

from __future__ import annotations

import numpy as np

from .jit import kernel

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


@kernel
def forward(block, lw, lh, kind_x, kind_y, temp, out):
    """Residual `block` (int32, pitch 32) to coefficients `out`; `temp` is overwritten. Rows first, then columns."""
    w, h = 1 << lw, 1 << lh
    shift = lw + 1
    half = 1 << (shift - 1)
    for y in range(h):
        for k in range(w):
            s = np.int32(half)
            for x in range(w):
                s += np.int32(BASIS[kind_x, lw, k, x] * block[y, x])
            temp[y, k] = s >> shift
    shift = lh + 8
    half = 1 << (shift - 1)
    for k in range(h):
        for x in range(w):
            out[k, x] = 0
        for y in range(h):
            b = BASIS[kind_y, lh, k, y]
            for x in range(w):
                out[k, x] += np.int32(b * temp[y, x])
        for x in range(w):
            out[k, x] = (out[k, x] + half) >> shift


@kernel
def inverse(coefficients, lw, lh, kind_x, kind_y, right, bottom, temp, out):
    """Coefficients (int32, pitch 32), zero beyond column `right` and row `bottom`, to residual `out`."""
    w, h = 1 << lw, 1 << lh
    for y in range(h):
        for x in range(right + 1):
            temp[y, x] = 256
    for k in range(bottom + 1):
        for y in range(h):
            b = BASIS[kind_y, lh, k, y]
            for x in range(right + 1):
                temp[y, x] += np.int32(b * coefficients[k, x])
    for y in range(h):
        for x in range(w):
            out[y, x] = 8192
        for k in range(right + 1):
            c = min(max(temp[y, k] >> 9, -32768), 32767)
            if c != 0:
                for x in range(w):
                    out[y, x] += np.int32(c * BASIS[kind_x, lw, k, x])
        for x in range(w):
            out[y, x] = out[y, x] >> 14
