"""Motion search for the encoder: from far and coarse to a quarter sample, by SAD and then by SATD.

Vectors are in quarter samples. Costs are |difference| + sqrt(lambda) * bits.
"""

from __future__ import annotations

import numpy as np

from .inter import fetch
from .jit import lean
from .picture import HEIGHT, MARGIN, ORIGIN_X, ORIGIN_Y, WIDTH

RANGE = 20
"""Reach of the coarse search, in samples of a quarter of the size."""


@lean
def quarter(source, oy, ox, w, h, out):
    """Mean of each 4x4 samples of the luma plane at (oy, ox) of `source`."""
    for y in range(h // 4):
        for x in range(w // 4):
            s = 8
            for j in range(4):
                for i in range(4):
                    s += source[oy + 4 * y + j, ox + 4 * x + i]
            out[y, x] = s >> 4


@lean
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
                    inside = x0 + dx >= 0 and x1 + dx <= w
                    for y in range(y0, y1):
                        if cost >= best:
                            break
                        row, there = now[y, x0:x1], ref[min(max(y + dy, 0), h - 1)]
                        if inside:
                            there = there[x0 + dx : x1 + dx]
                            for i in range(x1 - x0):
                                cost += abs(row[i] - there[i])
                        else:
                            for i in range(x1 - x0):
                                cost += abs(row[i] - there[min(max(x0 + dx + i, 0), w - 1)])
                    if cost < best:
                        best, bdx, bdy = cost, dx, dy
            out[by, bx, 0], out[by, bx, 1] = bdx * 4, bdy * 4


@lean
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


@lean
def sad(dpb, slot, ry, rx, source, sy, sx, w, h, limit):
    """Sum of absolute differences; stops once above `limit`."""
    total = 0
    for j in range(h):
        a, b = dpb[slot, ry + j, rx : rx + w], source[sy + j, sx : sx + w]
        s = np.int32(0)
        for i in range(w):
            s += abs(np.int32(a[i]) - np.int32(b[i]))
        total += s
        if total > limit:
            return total
    return total


@lean
def satd(block, source, sy, sx, w, h):
    """Sum of absolute 4x4 Hadamard coefficients of source - block, halved; `block` int32."""
    total = 0
    for j in range(0, h, 4):
        s0, s1 = source[sy + j, sx : sx + w], source[sy + j + 1, sx : sx + w]
        s2, s3 = source[sy + j + 2, sx : sx + w], source[sy + j + 3, sx : sx + w]
        b0, b1, b2, b3 = block[j], block[j + 1], block[j + 2], block[j + 3]
        part = np.int32(0)
        for i in range(0, w, 4):
            a0, a1, a2, a3 = hadamard_row(s0, b0, i)
            c0, c1, c2, c3 = hadamard_row(s1, b1, i)
            d0, d1, d2, d3 = hadamard_row(s2, b2, i)
            e0, e1, e2, e3 = hadamard_row(s3, b3, i)
            m = column(a0, c0, d0, e0) + column(a1, c1, d1, e1) + column(a2, c2, d2, e2) + column(a3, c3, d3, e3)
            part += np.int32(np.int32(m) + 1) >> 1
        total += part
    return total


@lean
def hadamard_row(s, b, i):
    """4-point Hadamard transform of s - b, from sample `i`."""
    w, x = np.int32(s[i] - b[i]), np.int32(s[i + 1] - b[i + 1])
    y, z = np.int32(s[i + 2] - b[i + 2]), np.int32(s[i + 3] - b[i + 3])
    p, q, r, t = np.int32(w + y), np.int32(x + z), np.int32(w - y), np.int32(x - z)
    return np.int32(p + q), np.int32(p - q), np.int32(r + t), np.int32(r - t)


@lean
def column(a, b, c, d):
    p, q, r, s = np.int32(a + c), np.int32(b + d), np.int32(a - c), np.int32(b - d)
    return np.int32(abs(np.int32(p + q)) + abs(np.int32(p - q)) + abs(np.int32(r + s)) + abs(np.int32(r - s)))


@lean
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


@lean
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
