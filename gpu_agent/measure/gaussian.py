"""Kernels for SSIM with Wang's Gaussian window, and MS-SSIM over five scales of it.

SSIM is what scikit-image computes with `gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
data_range=255`: an 11-tap window (truncated at 3.5 sigma), averaged over the positions where it lies wholly inside
(Wang et al., "Image quality assessment: from error visibility to structural similarity", 2004).

Arithmetic is float32, on two signals of the samples a and b: s = a + b - 256 and d = a - b. Their variances are
var(a) + var(b) + 2 cov(a, b) and var(a) + var(b) - 2 cov(a, b), so that, with the window's means of s, d, s² and d²,

    contrast-structure = (var(s) - var(d) + 2 C2) / (var(s) + var(d) + 2 C2)
    luminance          = (S² - D² + 2 C1) / (S² + D² + 2 C1)        where S and D are the means of a + b and a - b

and SSIM is their product, with one division for all. Centring s keeps the variances of flat bright areas from
cancelling, and d is small where the planes are alike.

The window is separable. The plane is walked in strips of columns, narrow enough that twelve rows of the four signals
stay in the first-level cache. Each row of a strip is filtered along the row and put below those before it; after every
second row, one pass down the last twelve gives the means for two rows of the map, which is summed and never stored.
A strip's rows lie a constant distance apart in one flat array, so that every loop runs along one address with constant
offsets: LLVM makes wide vectors of that on any CPU.
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
STRIP = 128
"""Columns of a strip."""
LINE = STRIP + LANES
"""Columns read for a strip: the window reaches ten further."""
ROW = 4 * STRIP
"""A filtered row of a strip: s, d, s², d², one after the other."""
PASS = WINDOW + 1
"""Rows under two windows, one above the other."""
KEPT = 48
"""Rows that fit below each other before the last are moved to the top again."""
_taps = np.exp(-0.5 * (np.arange(6) / 1.5) ** 2)
_taps /= _taps[0] + 2 * _taps[1:].sum()
G0, G1, G2, G3, G4, G5 = (F32(tap) for tap in _taps)
TWICE_C1, TWICE_C2 = F32(2 * (0.01 * 255) ** 2), F32(2 * (0.03 * 255) ** 2)
CENTRE, QUARTER = F32(256), F32(0.25)


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
def _signals(row_a, row_b, width, line):
    """The four signals of the first `width` samples of two rows, LINE apart in `line`."""
    for x in range(width):
        a, b = F32(row_a[x]), F32(row_b[x])
        s, d = (a + b) - CENTRE, a - b
        line[x], line[LINE + x], line[2 * LINE + x], line[3 * LINE + x] = s, d, s * s, d * d


@kernel
def _filter_columns(rows, means):
    """Two vertical windows over the first twelve `rows`, for all columns of all signals: rows 0 to 10, and 1 to 11."""
    for x in range(ROW):
        r0, r1, r2, r3 = rows[x], rows[ROW + x], rows[2 * ROW + x], rows[3 * ROW + x]
        r4, r5, r6, r7 = rows[4 * ROW + x], rows[5 * ROW + x], rows[6 * ROW + x], rows[7 * ROW + x]
        r8, r9, r10, r11 = rows[8 * ROW + x], rows[9 * ROW + x], rows[10 * ROW + x], rows[11 * ROW + x]
        means[x] = G0 * r5 + G1 * (r4 + r6) + G2 * (r3 + r7) + G3 * (r2 + r8) + G4 * (r1 + r9) + G5 * (r0 + r10)
        means[ROW + x] = G0 * r6 + G1 * (r5 + r7) + G2 * (r4 + r8) + G3 * (r3 + r9) + G4 * (r2 + r10) + G5 * (r1 + r11)


@kernel
def _sum_map(means, columns):
    """Sums of SSIM and of contrast-structure over one row of the map, from the means of the four signals."""
    ssim = structure = F32(0)
    for x in range(columns):
        s, d, squares_s, squares_d = means[x], means[STRIP + x], means[2 * STRIP + x], means[3 * STRIP + x]
        total = s + CENTRE
        variance_s, variance_d = squares_s - s * s, squares_d - d * d
        above, below = variance_s - variance_d + TWICE_C2, variance_s + variance_d + TWICE_C2
        light_above, light_below = total * total - d * d + TWICE_C1, total * total + d * d + TWICE_C1
        share = above / (below * light_below)
        structure += share * light_below
        ssim += share * light_above
    return ssim, structure


@kernel
def _move_up(rows):
    """The last rows that the next pass needs become the first; returns how many."""
    for i in range((PASS - 1) * ROW):
        rows[i] = rows[(KEPT - PASS + 1) * ROW + i]
    return PASS - 1


@kernel
def _aligned(count):
    """Zeros that start with a cache line, so that no vector lies in two."""
    room = np.zeros(count + LANES, np.float32)
    skip = (-room.ctypes.data // 4) % LANES
    return room[skip : skip + count]


@kernel
def ssim_gaussian(a, b, stride, width, height):
    """Mean SSIM and mean contrast-structure of two planes (flat, uint8 or float32), at least 11x11 samples."""
    count = width - WINDOW + 1
    line, rows, means = _aligned(4 * LINE), _aligned(KEPT * ROW), _aligned(2 * ROW)
    ssim = structure = 0.0
    for begin in range(0, count, STRIP):
        left = max(0, min(begin, count - STRIP))  # the last strip is whole too; what it shares is not summed again
        new, columns = begin - left, min(count, STRIP) - (begin - left)
        read = min(LINE, width - left)
        filled = 1  # the first window of the first pass lies half outside and is not summed
        for y in range(height):
            if filled == KEPT:
                filled = _move_up(rows)
            start = y * stride + left
            _signals(a[start : start + read], b[start : start + read], read, line)
            for signal in range(4):
                _filter_row(line[signal * LINE :], rows[filled * ROW + signal * STRIP :], STRIP)
            filled += 1
            if y >= PASS - 1 and y % 2 == 1:
                first = 0
            elif y == height - 1:
                first = 1
            else:
                continue
            _filter_columns(rows[(filled - PASS) * ROW :], means)
            for window in range(first, 2):
                s, c = _sum_map(means[window * ROW + new :], columns)
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
