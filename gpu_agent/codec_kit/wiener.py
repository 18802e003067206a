"""Adaptive loop filter: Wiener filters that the encoder fits and sends, one for each kind of texture.

As in H.266 clause 8.8.5: a point-symmetric diamond (7x7 luma, 5x5 chroma) on differences to the centre, luma blocks
of 4x4 sorted into 25 classes by gradients, and a flag for each CTU. Coefficients are in 1/128.
"""

from __future__ import annotations

import numpy as np

from .jit import kernel, lean
from .picture import CTU, HEIGHT, ORIGIN_X, ORIGIN_Y, UNIT, WIDTH
from .rangecoder import code_bit, code_golomb, code_raw

TAPS = 12
CHROMA_TAPS = 6
OFFSETS = np.array(
    [(0, 1), (0, 2), (1, -1), (1, 0), (1, 1), (2, 0), (0, 3), (1, -2), (1, 2), (2, -1), (2, 1), (3, 0)], np.int64
)
CLASSES = 25
FILTERS = 8
"""Most luma filters of a picture."""
LIMIT = 127
SETS = 4
"""Luma filter sets remembered, newest first."""
ACTIVITY = (3, 8, 20, 45)

ON, AGAIN, WHICH_SET, COUNT, MAP, TAP, FLAG, CHROMA_ON, CONTEXTS = 0, 1, 2, 6, 14, 38, 38 + 12 * 12, 185, 190


@lean
def classify(fr, planes, out):
    """Class of each 4x4 luma block of a picture with margins, from the Laplacians of the 8x8 samples around."""
    oy, ox = fr[ORIGIN_Y], fr[ORIGIN_X]
    for uy in range(fr[HEIGHT] // UNIT):
        for ux in range(fr[WIDTH] // UNIT):
            v, h, d, a = 0, 0, 0, 0
            for j in range(-2, 6):
                y = oy + 4 * uy + j
                for i in range(-2 + (j & 1), 6, 2):
                    x = ox + 4 * ux + i
                    c = 2 * planes[y, x]
                    v += abs(c - planes[y - 1, x] - planes[y + 1, x])
                    h += abs(c - planes[y, x - 1] - planes[y, x + 1])
                    d += abs(c - planes[y - 1, x - 1] - planes[y + 1, x + 1])
                    a += abs(c - planes[y - 1, x + 1] - planes[y + 1, x - 1])
            level = 0
            for t in ACTIVITY:
                if v + h > 32 * t:
                    level += 1
            high, low = max(v, h), min(v, h)
            high2, low2 = max(d, a), min(d, a)
            way = 0
            if high * low2 > high2 * low:
                if high > 2 * low:
                    way = 1 if v > h else 2
            elif high2 > 2 * low2:
                way = 3 if d > a else 4
            out[uy, ux] = level * 5 + way


@kernel
def gather(fr, planes, classes, source, flags, moments, cross):
    """Sums of products for the fit, by class: moments (n, taps, taps), cross (n, taps), over CTUs with a flag."""
    oy, ox = fr[ORIGIN_Y], fr[ORIGIN_X]
    f = np.zeros(TAPS, np.float64)
    for y in range(fr[HEIGHT]):
        for x in range(fr[WIDTH]):
            if flags[y // CTU, x // CTU] == 0:
                continue
            c = planes[oy + y, ox + x]
            t = float(source[y, x] - c)
            for k in range(TAPS):
                dy, dx = OFFSETS[k, 0], OFFSETS[k, 1]
                f[k] = float(planes[oy + y + dy, ox + x + dx] + planes[oy + y - dy, ox + x - dx] - 2 * c)
            n = classes[y // UNIT, x // UNIT]
            for k in range(TAPS):
                cross[n, k] += f[k] * t
                for m in range(TAPS):
                    moments[n, k, m] += f[k] * f[m]


@kernel
def gather_chroma(fr, planes, plane, source, fy, fx, moments, cross):
    """The same for a whole chroma plane whose source begins at (fy, fx)."""
    oy, ox = fr[ORIGIN_Y + plane], fr[ORIGIN_X + plane]
    f = np.zeros(CHROMA_TAPS, np.float64)
    for y in range(fr[HEIGHT] // 2):
        for x in range(fr[WIDTH] // 2):
            c = planes[oy + y, ox + x]
            t = float(source[fy + y, fx + x] - c)
            for k in range(CHROMA_TAPS):
                dy, dx = OFFSETS[k, 0], OFFSETS[k, 1]
                f[k] = float(planes[oy + y + dy, ox + x + dx] + planes[oy + y - dy, ox + x - dx] - 2 * c)
            for k in range(CHROMA_TAPS):
                cross[k] += f[k] * t
                for m in range(CHROMA_TAPS):
                    moments[k, m] += f[k] * f[m]


@lean
def apply_luma(fr, planes, classes, filters, mapping, flags, out):
    """Filter luma of `planes` (unfiltered copy, with margins) into `out` where a CTU's flag is set."""
    oy, ox = fr[ORIGIN_Y], fr[ORIGIN_X]
    for y in range(fr[HEIGHT]):
        for ux in range(fr[WIDTH] // UNIT):
            if flags[y // CTU, ux * UNIT // CTU] == 0:
                continue
            n = mapping[classes[y // UNIT, ux]]
            for x in range(ux * UNIT, ux * UNIT + UNIT):
                c = planes[oy + y, ox + x]
                s = 64
                for k in range(TAPS):
                    dy, dx = OFFSETS[k, 0], OFFSETS[k, 1]
                    s += filters[n, k] * (planes[oy + y + dy, ox + x + dx] + planes[oy + y - dy, ox + x - dx] - 2 * c)
                out[oy + y, ox + x] = min(max(c + (s >> 7), 0), 255)


@lean
def apply_chroma(fr, planes, plane, taps, out):
    """Filter a chroma plane."""
    oy, ox = fr[ORIGIN_Y + plane], fr[ORIGIN_X + plane]
    for y in range(fr[HEIGHT] // 2):
        for x in range(fr[WIDTH] // 2):
            c = planes[oy + y, ox + x]
            s = 64
            for k in range(CHROMA_TAPS):
                dy, dx = OFFSETS[k, 0], OFFSETS[k, 1]
                s += taps[k] * (planes[oy + y + dy, ox + x + dx] + planes[oy + y - dy, ox + x - dx] - 2 * c)
            out[oy + y, ox + x] = min(max(c + (s >> 7), 0), 255)


@lean
def code_tap(rc, buf, ctx, k, value):
    """A signed coefficient."""
    size = code_golomb(rc, buf, ctx, TAP + 12 * k, 12, 1, abs(value))
    size = min(size, LIMIT)
    if size > 0 and code_raw(rc, buf, 1, 1 if value < 0 else 0):
        return -size
    return size


@lean
def code_filters(rc, buf, ctx, filters, mapping):
    """A luma filter set in place: how many, whose class is whose, coefficients."""
    count = 0
    for n in range(CLASSES):
        count = max(count, mapping[n] + 1)
    n = 1
    while n < FILTERS and code_bit(rc, buf, ctx, COUNT + n - 1, 1 if n < count else 0):
        n += 1
    used = 1
    mapping[0] = 0
    for k in range(1, CLASSES):
        # filters are numbered as they first appear
        most = min(used, n - 1)
        i = 0
        if most > 0:
            width = 1 if most < 2 else (2 if most < 4 else 3)
            node = 1
            for b in range(width - 1, -1, -1):
                node = 2 * node + code_bit(rc, buf, ctx, MAP + width * 8 - 8 + node, (mapping[k] >> b) & 1)
            i = min(node - (1 << width), most)
        mapping[k] = i
        used = max(used, i + 1)
    for f in range(n):
        for k in range(TAPS):
            filters[f, k] = code_tap(rc, buf, ctx, k, filters[f, k])
    return n
