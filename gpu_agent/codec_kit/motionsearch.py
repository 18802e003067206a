"""Motion search for the encoder: from far and coarse to a quarter sample, by SAD and then by SATD.

Vectors are in quarter samples. Costs are |difference| + sqrt(lambda) * bits.
"""

from __future__ import annotations

import numpy as np

from .inter import fetch
from .jit import kernel
from .picture import HEIGHT, MARGIN, ORIGIN_X, ORIGIN_Y, WIDTH

RANGE = 20
"""Reach of the coarse search, in samples of a quarter of the size."""


@kernel
def quarter(source, oy, ox, w, h, out):
    """Mean of each 4x4 samples of the luma plane at (oy, ox) of `source`."""
    for y in range(h // 4):
        for x in range(w // 4):
            s = 8
            for j in range(4):
                for i in range(4):
                    s += source[oy + 4 * y + j, ox + 4 * x + i]
            out[y, x] = s >> 4


@kernel
def seed(now, ref, smooth, out):
    """A vector in samples for each 16x16 luma samples, by full search on pictures of a quarter of the size."""
    h, w = now.shape
    for by in range(out.shape[0]):
        for bx in range(out.shape[1]):
            y0, y1 = max(4 * by - 2, 0), min(4 * by + 6, h)
            x0, x1 = max(4 * bx - 2, 0), min(4 * bx + 6, w)
            px, py = (out[by, bx - 1, 0] >> 2, out[by, bx - 1, 1] >> 2) if bx > 0 else (0, 0)
            best = 1 << 40
            bdx, bdy = 0, 0
            for dy in range(-RANGE, RANGE + 1):
                if y0 + dy < -4 or y1 + dy > h + 4:
                    continue
                for dx in range(-RANGE, RANGE + 1):
                    if x0 + dx < -4 or x1 + dx > w + 4:
                        continue
                    cost = smooth * min(min(abs(dx - px) + abs(dy - py), abs(dx) + abs(dy)), 8)
                    for y in range(y0, y1):
                        if cost >= best:
                            break
                        ry = min(max(y + dy, 0), h - 1)
                        for x in range(x0, x1):
                            cost += abs(now[y, x] - ref[ry, min(max(x + dx, 0), w - 1)])
                    if cost < best:
                        best, bdx, bdy = cost, dx, dy
            out[by, bx, 0], out[by, bx, 1] = bdx * 4, bdy * 4


@kernel
def vector_bits(dx, dy):
    """About what a vector difference costs."""
    n = 2
    a, b = abs(dx), abs(dy)
    while a > 0:
        n += 2
        a >>= 1
    while b > 0:
        n += 2
        b >>= 1
    return n


@kernel
def sad(dpb, slot, ry, rx, source, sy, sx, w, h, limit):
    """Sum of absolute differences; stops once above `limit`."""
    total = 0
    for j in range(h):
        s = np.int32(0)
        for i in range(w):
            s += abs(np.int32(dpb[slot, ry + j, rx + i]) - np.int32(source[sy + j, sx + i]))
        total += s
        if total > limit:
            return total
    return total


@kernel
def satd(block, source, sy, sx, w, h):
    """Sum of absolute 4x4 Hadamard coefficients of source - block, halved; `block` int32."""
    total = 0
    for j in range(0, h, 4):
        for i in range(0, w, 4):
            m = np.int32(0)
            r0a = r0b = r0c = r0d = np.int32(0)
            r1a = r1b = r1c = r1d = np.int32(0)
            r2a = r2b = r2c = r2d = np.int32(0)
            r3a = r3b = r3c = r3d = np.int32(0)
            for k in range(4):
                a = np.int32(source[sy + j + k, sx + i]) - block[j + k, i]
                b = np.int32(source[sy + j + k, sx + i + 1]) - block[j + k, i + 1]
                c = np.int32(source[sy + j + k, sx + i + 2]) - block[j + k, i + 2]
                d = np.int32(source[sy + j + k, sx + i + 3]) - block[j + k, i + 3]
                p, q, r, s = a + c, b + d, a - c, b - d
                a, b, c, d = p + q, p - q, r + s, r - s
                if k == 0:
                    r0a, r0b, r0c, r0d = a, b, c, d
                elif k == 1:
                    r1a, r1b, r1c, r1d = a, b, c, d
                elif k == 2:
                    r2a, r2b, r2c, r2d = a, b, c, d
                else:
                    r3a, r3b, r3c, r3d = a, b, c, d
            m = column(r0a, r1a, r2a, r3a) + column(r0b, r1b, r2b, r3b)
            m += column(r0c, r1c, r2c, r3c) + column(r0d, r1d, r2d, r3d)
            total += (m + 1) >> 1
    return total


@kernel
def column(a, b, c, d):
    p, q, r, s = a + c, b + d, a - c, b - d
    return abs(p + q) + abs(p - q) + abs(r + s) + abs(r - s)


@kernel
def whole(fr, dpb, slot, source, x, y, w, h, root, px, py, starts, count, out):
    """Best vector of whole samples near any of `starts` (quarter samples, int64 (n, 2)) by SAD; returns its cost."""
    lo_x, hi_x = 4 - MARGIN - x, fr[WIDTH] + MARGIN - w - 5 - x
    lo_y, hi_y = 4 - MARGIN - y, fr[HEIGHT] + MARGIN - h - 5 - y
    oy, ox = fr[ORIGIN_Y] + y, fr[ORIGIN_X] + x
    best = 1 << 40
    bx, by = 0, 0
    for n in range(count):
        mx, my = min(max((starts[n, 0] + 2) >> 2, lo_x), hi_x), min(max((starts[n, 1] + 2) >> 2, lo_y), hi_y)
        known = False
        for m in range(n):
            if starts[m, 0] == starts[n, 0] and starts[m, 1] == starts[n, 1]:
                known = True
        if known:
            continue
        bits = int(root * vector_bits(4 * mx - px, 4 * my - py))
        cost = bits + sad(dpb, slot, oy + my, ox + mx, source, y, x, w, h, best - bits)
        if cost < best:
            best, bx, by = cost, mx, my
    for step in (4, 2, 1):
        moved, rounds = True, 0
        while moved and rounds < 12:
            moved = False
            rounds += 1
            cx, cy = bx, by
            for k in range(8):
                dx = (1 if k in (0, 4, 5) else (-1 if k in (1, 6, 7) else 0)) * step
                dy = (1 if k in (2, 4, 6) else (-1 if k in (3, 5, 7) else 0)) * step
                if step > 1 and k > 3:
                    break
                mx, my = min(max(cx + dx, lo_x), hi_x), min(max(cy + dy, lo_y), hi_y)
                bits = int(root * vector_bits(4 * mx - px, 4 * my - py))
                cost = bits + sad(dpb, slot, oy + my, ox + mx, source, y, x, w, h, best - bits)
                if cost < best:
                    best, bx, by, moved = cost, mx, my, True
    out[0], out[1] = 4 * bx, 4 * by
    return best


@kernel
def refine(fr, dpb, slot, source, x, y, w, h, root, px, py, other, largest, temp, block, out):
    """Improve vector `out` in steps of `largest` .. 1 quarter samples by SATD; returns its cost.

    `other`: None-like (row 0 column 0 is -1 << 20) for one prediction alone, else the second one, times 64.
    """
    both = other[0, 0] != -(1 << 20)
    best = 1 << 40
    bx, by = out[0], out[1]
    step = largest
    first = True
    while step > 0:
        cx, cy = bx, by
        for k in range(-1 if first else 0, 8):
            dx = (1 if k in (0, 4, 5) else (-1 if k in (1, 6, 7) else 0)) * step
            dy = (1 if k in (2, 4, 6) else (-1 if k in (3, 5, 7) else 0)) * step
            if k < 0:
                dx, dy = 0, 0
            mx, my = cx + dx, cy + dy
            fetch(fr, dpb, slot, 0, x, y, w, h, mx, my, temp, block)
            for j in range(h):
                if both:
                    for i in range(w):
                        block[j, i] = min(max((block[j, i] + other[j, i] + 64) >> 7, 0), 255)
                else:
                    for i in range(w):
                        block[j, i] = min(max((block[j, i] + 32) >> 6, 0), 255)
            cost = satd(block, source, y, x, w, h) + int(root * vector_bits(mx - px, my - py))
            if cost < best:
                best, bx, by = cost, mx, my
        first = False
        step >>= 1
    out[0], out[1] = bx, by
    return best
