"""Kernels in exact integer arithmetic: the sum of squared errors, and SSIM as ffmpeg and x264 define it.

Planes are flat uint8 arrays with a stride (samples from one row to the next), so that a visible area inside a padded
plane is measured where it lies. numba widens int32 sums to 64 bits, which halves the vector width: hence the casts.
"""

from __future__ import annotations

import numpy as np

from .jit import kernel

I32, F32 = np.int32, np.float32

FFMPEG_MIN_SIDE = 8
"""ffmpeg's SSIM averages 8x8 windows at every fourth sample."""


@kernel
def sse(a, b, stride, width, height, row_step):
    """Exact sum of squared differences over every `row_step`-th row. A row holds while width is at most 33,025."""
    total = np.int64(0)
    for y in range(0, height, row_step):
        row_a = a[y * stride : y * stride + width]
        row_b = b[y * stride : y * stride + width]
        row = I32(0)
        for x in range(width):
            d = I32(I32(row_a[x]) - I32(row_b[x]))
            row = I32(row + I32(d * d))
        total += row
    return total


@kernel
def ssim_ffmpeg(a, b, stride, width, height):
    """Mean SSIM as ffmpeg's `ssim` filter prints it for a plane (libavfilter/vf_ssim.c, 8 bit).

    Sums over 4x4 blocks are combined into 8x8 windows that overlap by half; rows and columns beyond a multiple of
    four are left out, as there. Needs at least 8x8 samples.
    """
    across, down = width >> 2, height >> 2
    c1 = I32(0.01 * 0.01 * 255 * 255 * 64 + 0.5)
    c2 = I32(0.03 * 0.03 * 255 * 255 * 64 * 63 + 0.5)
    columns = np.empty((4, width), np.int32)  # sums over four rows of a, b, a² + b², ab
    above = np.zeros((4, across), np.int32)
    below = np.zeros((4, across), np.int32)
    total = 0.0
    for block_row in range(down):
        _column_sums(a, b, 4 * block_row * stride, stride, width, columns)
        for s in range(4):
            source, target = columns[s], below[s]
            for i in range(across):
                j = 4 * i
                target[i] = I32(I32(I32(source[j] + source[j + 1]) + source[j + 2]) + source[j + 3])
        if block_row > 0:
            total += _window_row(above, below, across - 1, c1, c2)
        above, below = below, above
    return total / ((across - 1) * (down - 1))


@kernel
def _column_sums(a, b, start, stride, width, out):
    a0, a1, a2, a3 = _four_rows(a, start, stride, width)
    b0, b1, b2, b3 = _four_rows(b, start, stride, width)
    sum_a, sum_b, sum_squares, sum_products = out[0], out[1], out[2], out[3]
    for x in range(width):
        p, q, r, s = I32(a0[x]), I32(a1[x]), I32(a2[x]), I32(a3[x])
        t, u, v, w = I32(b0[x]), I32(b1[x]), I32(b2[x]), I32(b3[x])
        sum_a[x] = I32(I32(p + q) + I32(r + s))
        sum_b[x] = I32(I32(t + u) + I32(v + w))
        squares_a = I32(I32(I32(p * p) + I32(q * q)) + I32(I32(r * r) + I32(s * s)))
        squares_b = I32(I32(I32(t * t) + I32(u * u)) + I32(I32(v * v) + I32(w * w)))
        sum_squares[x] = I32(squares_a + squares_b)
        sum_products[x] = I32(I32(I32(p * t) + I32(q * u)) + I32(I32(r * v) + I32(s * w)))


@kernel
def _four_rows(plane, start, stride, width):
    return (
        plane[start : start + width],
        plane[start + stride : start + stride + width],
        plane[start + 2 * stride : start + 2 * stride + width],
        plane[start + 3 * stride : start + 3 * stride + width],
    )


@kernel
def _window_row(above, below, windows, c1, c2):
    total = 0.0
    for i in range(windows):
        s1 = I32(I32(above[0, i] + above[0, i + 1]) + I32(below[0, i] + below[0, i + 1]))
        s2 = I32(I32(above[1, i] + above[1, i + 1]) + I32(below[1, i] + below[1, i + 1]))
        squares = I32(I32(above[2, i] + above[2, i + 1]) + I32(below[2, i] + below[2, i + 1]))
        products = I32(I32(above[3, i] + above[3, i + 1]) + I32(below[3, i] + below[3, i + 1]))
        means = I32(I32(s1 * s1) + I32(s2 * s2))
        variance = I32(I32(squares * I32(64)) - means)
        covariance = I32(I32(products * I32(64)) - I32(s1 * s2))
        luminance = F32(I32(I32(2) * I32(s1 * s2)) + c1)
        structure = F32(I32(I32(2) * covariance) + c2)
        total += luminance * structure / (F32(I32(means + c1)) * F32(I32(variance + c2)))
    return total
