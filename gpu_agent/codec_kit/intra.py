"""Intra prediction of a block from its neighbours: planar, DC, 33 directions, and chroma from luma.

Directions and reference substitution as in H.265 clause 8.4.4.2, position-dependent blending with the borders as in
H.266 clause 8.4.5.2.15, chroma from luma in the spirit of H.266 clause 8.4.5.2.14. Blocks may be rectangular.
"""

from __future__ import annotations

import numpy as np

from .jit import lean
from .picture import HEIGHT, MODE, ORIGIN_X, ORIGIN_Y, UNIT, WIDTH

PLANAR, DC, HORIZONTAL, VERTICAL, LAST, CROSS = 0, 1, 10, 26, 34, 35
_half = [32, 26, 21, 17, 13, 9, 5, 2, 0, -2, -5, -9, -13, -17, -21, -26]
ANGLE = np.array([0, 0, *_half, -32, *_half[:0:-1], 32], np.int32)
INVERSE = np.array([0 if a >= 0 else round(8192 / a) for a in ANGLE.tolist()], np.int32)
CENTRE = 130
"""In an array of references (264 values): the corner; above it the row on top, left to right; below it the left column, down."""

SPARE = 160
"""From here on a scratch line is free while a direction is predicted from it."""


def _cubic() -> np.ndarray:
    """Four taps for each 1/32 sample, sum 64: cubic convolution (R. Keys 1981, a = -1/2), in exact integers."""
    taps = np.zeros((32, 4), np.int32)
    for f in range(32):
        g = 32 - f
        a, d = -f * g * g, -g * f * f  # times 1 / (2 * 32**3)
        b = 2 * 32**3 - 5 * 32 * f * f + 3 * f**3
        taps[f, 0], taps[f, 3] = (a + 512) // 1024, (d + 512) // 1024
        taps[f, 1] = (b + 512) // 1024
        taps[f, 2] = 64 - taps[f, 0] - taps[f, 1] - taps[f, 3]
    return taps


CUBIC = _cubic()


@lean
def references(fr, dpb, units, slot, plane, x, y, w, h, r):
    """Neighbours of the block at (x, y) of a plane into `r`; what is not there repeats what is, or is 128."""
    unit = UNIT >> 1 if plane > 0 else UNIT
    right, bottom = fr[WIDTH] // UNIT, fr[HEIGHT] // UNIT
    oy, ox = fr[ORIGIN_Y + plane] + y, fr[ORIGIN_X + plane] + x
    n = w + h
    first = CENTRE - n
    known = -1  # last reference filled
    for g in range(-(n // unit), n // unit + 1):
        # groups from the bottom of the left column, over the corner (0), to the end of the top row
        if g < 0:
            i = -g - 1
            uy, ux, count = y // unit + i, (x - 1) // unit if x > 0 else -1, unit
            lo = CENTRE - 1 - (i * unit + unit - 1)
        elif g == 0:
            uy, ux, count = (y - 1) // unit if y > 0 else -1, (x - 1) // unit if x > 0 else -1, 1
            lo = CENTRE
        else:
            i = g - 1
            uy, ux, count = (y - 1) // unit if y > 0 else -1, x // unit + i, unit
            lo = CENTRE + 1 + i * unit
        there = False
        if uy >= 0 and ux >= 0 and uy < bottom and ux < right:
            there = units[slot, uy, ux, MODE] != 0
        if there:
            for k in range(count):
                j = lo + k
                if j < CENTRE:
                    r[j] = dpb[slot, oy + CENTRE - 1 - j, ox - 1]
                elif j == CENTRE:
                    r[j] = dpb[slot, oy - 1, ox - 1]
                else:
                    r[j] = dpb[slot, oy - 1, ox + j - CENTRE - 1]
            if known < 0:
                for j in range(first, lo):
                    r[j] = r[lo]
            known = lo + count - 1
        elif known >= 0:
            for k in range(count):
                r[lo + k] = r[known]
            known = lo + count - 1
    if known < 0:
        for j in range(first, CENTRE + n + 1):
            r[j] = 128


@lean
def smooth(r, n, out):
    """References filtered with 1 2 1; the ends stay."""
    out[CENTRE - n], out[CENTRE + n] = r[CENTRE - n], r[CENTRE + n]
    for j in range(CENTRE - n + 1, CENTRE + n):
        out[j] = (r[j - 1] + 2 * r[j] + r[j + 1] + 2) >> 2


@lean
def wants_smooth(mode, lw, lh):
    """Whether a luma block of this direction and size is predicted from filtered references."""
    size = lw + lh
    if mode == DC or size < 6:
        return False
    if mode == PLANAR:
        return True
    away = min(abs(mode - HORIZONTAL), abs(mode - VERTICAL))
    return away > (7 if size < 8 else (1 if size < 10 else 0))


@lean
def between(v, t, n, out):
    """`n` samples between those of `v` by four taps."""
    t0, t1, t2, t3 = t[0], t[1], t[2], t[3]
    for a in range(n):
        out[a] = min(max(np.int32(t0 * v[a] + t1 * v[a + 1] + t2 * v[a + 2] + t3 * v[a + 3] + 32) >> 6, 0), 255)


@lean
def predict(mode, r, lw, lh, line, out):
    """Prediction `out` (int32, 64 pitch) from references `r` (filtered or not); `line` is scratch as long."""
    w, h = 1 << lw, 1 << lh
    if mode == PLANAR:
        top_right, bottom_left = r[CENTRE + 1 + w], r[CENTRE - 1 - h]
        for y in range(h):
            left = r[CENTRE - 1 - y]
            for x in range(w):
                across = (w - 1 - x) * left + (x + 1) * top_right
                down = (h - 1 - y) * r[CENTRE + 1 + x] + (y + 1) * bottom_left
                out[y, x] = ((across << lh) + (down << lw) + (1 << (lw + lh))) >> (lw + lh + 1)
    elif mode == DC:
        s, n = 0, 0
        if w >= h:
            for x in range(w):
                s += r[CENTRE + 1 + x]
            n += w
        if h >= w:
            for y in range(h):
                s += r[CENTRE - 1 - y]
            n += h
        s = (s + (n >> 1)) // n
        for y in range(h):
            for x in range(w):
                out[y, x] = s
    else:
        angle, upright = ANGLE[mode], mode >= 18
        across, deep = (w, h) if upright else (h, w)
        sign = 1 if upright else -1
        base = 70
        for k in range(across + deep + 1):
            line[base + k] = r[CENTRE + sign * k]
        line[base + across + deep + 1] = line[base + across + deep]
        if angle < 0:
            lowest = (deep * angle) >> 5
            for k in range(-1, lowest - 1, -1):
                line[base + k] = r[CENTRE - sign * min((k * INVERSE[mode] + 128) >> 8, across + deep)]
            line[base + lowest - 1] = line[base + lowest]
        for d in range(deep):
            whole, f = ((d + 1) * angle) >> 5, ((d + 1) * angle) & 31
            v = line[base + whole : base + whole + across + 3]
            if upright:
                between(v, CUBIC[f], across, out[d])
                continue
            row = line[SPARE:]
            between(v, CUBIC[f], across, row)
            for a in range(across):
                out[a, d] = row[a]
    if mode in (PLANAR, DC, HORIZONTAL, VERTICAL):
        blend(mode, r, lw, lh, out)


@lean
def blend(mode, r, lw, lh, out):
    """Pull samples near the top and left borders towards them (position-dependent combination)."""
    scale = (lw + lh - 2) >> 2
    corner = r[CENTRE]
    for y in range(1 << lh):
        wt = 32 >> min((y << 1) >> scale, 31)
        left = r[CENTRE - 1 - y]
        for x in range(1 << lw):
            wl = 32 >> min((x << 1) >> scale, 31)
            if wl == 0 and wt == 0:
                break
            v, top = out[y, x], r[CENTRE + 1 + x]
            if mode == VERTICAL:
                v += (wl * (left - corner) + 32) >> 6
            elif mode == HORIZONTAL:
                v += (wt * (top - corner) + 32) >> 6
            else:
                v = (left * wl + top * wt + (64 - wl - wt) * v + 32) >> 6
            out[y, x] = min(max(v, 0), 255)


@lean
def luma_at(dpb, slot, y, x):
    """Mean of the four luma samples over a chroma sample; (y, x) in the array of planes."""
    s = dpb[slot, y, x] + dpb[slot, y, x + 1] + dpb[slot, y + 1, x] + dpb[slot, y + 1, x + 1]
    return (s + 2) >> 2


@lean
def predict_cross(fr, dpb, slot, x, y, w, h, r, out):
    """Chroma block at (x, y) as a linear function of the luma under it, fitted over the top and left neighbours.

    Least squares in integers over the neighbours that lie in the picture; `r` are the chroma references.
    """
    oy, ox = fr[ORIGIN_Y] + 2 * y, fr[ORIGIN_X] + 2 * x
    n, sl, sc, sll, slc = 0, 0, 0, 0, 0
    for side in range(2):
        if (y if side == 0 else x) == 0:
            continue
        for k in range(w if side == 0 else h):
            luma = luma_at(dpb, slot, oy - 2, ox + 2 * k) if side == 0 else luma_at(dpb, slot, oy + 2 * k, ox - 2)
            chroma = r[CENTRE + 1 + k] if side == 0 else r[CENTRE - 1 - k]
            n += 1
            sl += luma
            sc += chroma
            sll += luma * luma
            slc += luma * chroma
    slope = 0
    base_l, base_c = 0, 128
    if n > 0:
        base_l, base_c = (sl + (n >> 1)) // n, (sc + (n >> 1)) // n
        spread, joint = n * sll - sl * sl, n * slc - sl * sc
        if spread > 0:
            slope = min(max(((abs(joint) << 8) // spread) * (1 if joint > 0 else -1), -1024), 1024)
    for j in range(h):
        for i in range(w):
            v = base_c + ((slope * (luma_at(dpb, slot, oy + 2 * j, ox + 2 * i) - base_l) + 128) >> 8)
            out[j, i] = min(max(v, 0), 255)
