"""Kernels for SSIM with Wang's Gaussian window, and MS-SSIM over five scales of it.

SSIM is what scikit-image computes with `gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
data_range=255`: an 11-tap window (truncated at 3.5 sigma), averaged over the positions where it lies wholly inside
(Wang et al., "Image quality assessment: from error visibility to structural similarity", 2004). Arithmetic is
float32 on samples centred on 128, which keeps the variances of flat bright areas from cancelling.

The window is separable. Each row of a, b, a² + b² and ab is filtered horizontally into a ring of the last twelve rows;
every second row, one vertical pass over the ring gives two rows of the map, which is summed and never stored.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .jit import kernel

WINDOW = 11
SCALES = 5
MS_SSIM_WEIGHTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])
"""Wang, Simoncelli and Bovik, "Multiscale structural similarity", 2003."""
MS_SSIM_MIN_SIDE = WINDOW << (SCALES - 1)
"""The window must fit on the fifth scale, which is a sixteenth of the size."""

F32 = np.float32
LANES = 16
RING = 12
_taps = np.exp(-0.5 * (np.arange(6) / 1.5) ** 2)
_taps /= _taps[0] + 2 * _taps[1:].sum()
G0, G1, G2, G3, G4, G5 = (F32(tap) for tap in _taps)
C1, C2 = F32((0.01 * 255) ** 2), F32((0.03 * 255) ** 2)
CENTRE, TWO, QUARTER = F32(128), F32(2), F32(0.25)


@intrinsic
def _filter_row(typingctx, source, target, count):
    """target[i] = sum over k of tap[k] * source[i + k] for i below `count` rounded up to 16 (both float32, padded).

    Written as vector shuffles of two aligned loads, because eleven overlapping loads are bound by the load ports;
    LLVM lowers the 16 lanes to AVX-512, AVX2, SSE or NEON.
    """
    signature = types.void(source, target, count)

    def generate(context, builder, signature, arguments):
        fast = ("fast",)
        single = ir.FloatType()
        vector = ir.VectorType(single, LANES)
        data = [
            cgutils.create_struct_proxy(kind)(context, builder, value).data
            for kind, value in zip(signature.args[:2], arguments[:2])
        ]
        taps = [ir.Constant(vector, [float(tap)] * LANES) for tap in (G0, G1, G2, G3, G4, G5)]
        integer = arguments[2].type

        def address(pointer, index):
            return builder.bitcast(builder.gep(pointer, [index]), vector.as_pointer())

        first, step = ir.Constant(integer, 0), ir.Constant(integer, LANES)
        with cgutils.for_range_slice(builder, first, arguments[2], step, integer) as (i, _):
            low = builder.load(address(data[0], i), align=4)
            high = builder.load(address(data[0], builder.add(i, step)), align=4)

            def shifted(k):
                if k == 0:
                    return low
                lanes = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [k + lane for lane in range(LANES)])
                return builder.shuffle_vector(low, high, lanes)

            def pair(distance):
                both = builder.fadd(shifted(5 - distance), shifted(5 + distance), flags=fast)
                return builder.fmul(taps[distance], both, flags=fast)

            odd = builder.fadd(builder.fadd(pair(5), pair(3), flags=fast), pair(1), flags=fast)
            centre = builder.fmul(taps[0], shifted(5), flags=fast)
            even = builder.fadd(builder.fadd(pair(4), pair(2), flags=fast), centre, flags=fast)
            builder.store(builder.fadd(odd, even, flags=fast), address(data[1], i), align=4)
        return context.get_dummy_value()

    return signature, generate


@kernel
def _filter_rows(row_a, row_b, width, count, line, out):
    """One row of both planes into the four horizontally filtered rows `out`; `line` is scratch."""
    a, b, squares, products = line[0], line[1], line[2], line[3]
    for x in range(width):
        u, v = F32(row_a[x]) - CENTRE, F32(row_b[x]) - CENTRE
        a[x], b[x], squares[x], products[x] = u, v, u * u + v * v, u * v
    for s in range(4):
        _filter_row(line[s], out[s], count)


@kernel
def _last_rows(ring, signal, y):
    """The twelve newest rows of one signal, oldest first, as a tuple: the compiler then keeps all in registers."""
    return (
        ring[(y + 1) % RING, signal],
        ring[(y + 2) % RING, signal],
        ring[(y + 3) % RING, signal],
        ring[(y + 4) % RING, signal],
        ring[(y + 5) % RING, signal],
        ring[(y + 6) % RING, signal],
        ring[(y + 7) % RING, signal],
        ring[(y + 8) % RING, signal],
        ring[(y + 9) % RING, signal],
        ring[(y + 10) % RING, signal],
        ring[(y + 11) % RING, signal],
        ring[y % RING, signal],
    )


@kernel
def _filter_column(rows, x):
    """Two vertical windows at column x: over the rows 0 to 10 and over the rows 1 to 11."""
    r0, r1, r2, r3, r4, r5 = rows[0][x], rows[1][x], rows[2][x], rows[3][x], rows[4][x], rows[5][x]
    r6, r7, r8, r9, r10, r11 = rows[6][x], rows[7][x], rows[8][x], rows[9][x], rows[10][x], rows[11][x]
    return (
        G0 * r5 + G1 * (r4 + r6) + G2 * (r3 + r7) + G3 * (r2 + r8) + G4 * (r1 + r9) + G5 * (r0 + r10),
        G0 * r6 + G1 * (r5 + r7) + G2 * (r4 + r8) + G3 * (r3 + r9) + G4 * (r2 + r10) + G5 * (r1 + r11),
    )


@kernel
def _similarity(mean_a, mean_b, squares, products):
    """SSIM and its contrast-structure term at one position, from the filtered signals."""
    structure = (TWO * (products - mean_a * mean_b) + C2) / (squares - mean_a * mean_a - mean_b * mean_b + C2)
    a, b = mean_a + CENTRE, mean_b + CENTRE
    return structure * ((TWO * a * b + C1) / (a * a + b * b + C1)), structure


@kernel
def _sum_maps(ring, y, count, both):
    """Sums of SSIM and of contrast-structure over the map's row that row y completes, and the one above if `both`."""
    rows_a, rows_b = _last_rows(ring, 0, y), _last_rows(ring, 1, y)
    rows_squares, rows_products = _last_rows(ring, 2, y), _last_rows(ring, 3, y)
    ssim = structure = F32(0)
    for x in range(count):
        a0, a1 = _filter_column(rows_a, x)
        b0, b1 = _filter_column(rows_b, x)
        squares0, squares1 = _filter_column(rows_squares, x)
        products0, products1 = _filter_column(rows_products, x)
        if both:
            s, c = _similarity(a0, b0, squares0, products0)
            ssim += s
            structure += c
        s, c = _similarity(a1, b1, squares1, products1)
        ssim += s
        structure += c
    return ssim, structure


@kernel
def ssim_gaussian(a, b, stride, width, height):
    """Mean SSIM and mean contrast-structure of two planes (flat, uint8 or float32), at least 11x11 samples."""
    count = width - WINDOW + 1
    padded = (count + LANES - 1) // LANES * LANES
    ring = np.zeros((RING, 4, padded), np.float32)
    line = np.zeros((4, padded + 2 * LANES), np.float32)
    ssim = structure = 0.0
    for y in range(height):
        start = y * stride
        _filter_rows(a[start : start + width], b[start : start + width], width, count, line, ring[y % RING])
        if y >= RING - 1 and y % 2 == 1:
            s, c = _sum_maps(ring, y, count, True)
        elif y == height - 1:
            s, c = _sum_maps(ring, y, count, False)
        else:
            continue
        ssim += s
        structure += c
    positions = count * (height - WINDOW + 1)
    return ssim / positions, structure / positions


@kernel
def _halve(plane, stride, width, height, out):
    """2x2 means, exact in float32 down to the fifth scale; an odd last row or column is left out."""
    half = width >> 1
    for y in range(height >> 1):
        above = plane[2 * y * stride : 2 * y * stride + width]
        below = plane[(2 * y + 1) * stride : (2 * y + 1) * stride + width]
        target = out[y * half : (y + 1) * half]
        for x in range(half):
            top = F32(above[2 * x]) + F32(above[2 * x + 1])
            target[x] = QUARTER * (top + (F32(below[2 * x]) + F32(below[2 * x + 1])))


@kernel
def scales_below(a, b, stride, width, height, scratch, structure):
    """Fill `structure[1:]` with the factors of MS-SSIM below full size: contrast-structure, and SSIM at the last.

    `scratch` is float32 of shape (4, at least width * height / 4): two planes at two successive scales.
    """
    _halve(a, stride, width, height, scratch[0])
    _halve(b, stride, width, height, scratch[1])
    here, there = 0, 2
    for scale in range(1, SCALES):
        width, height = width >> 1, height >> 1
        ssim, structure[scale] = ssim_gaussian(scratch[here], scratch[here + 1], width, width, height)
        if scale == SCALES - 1:
            structure[scale] = ssim
        else:
            _halve(scratch[here], width, width, height, scratch[there])
            _halve(scratch[here + 1], width, width, height, scratch[there + 1])
            here, there = there, here
