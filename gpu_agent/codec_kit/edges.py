"""Deblocking: soften the edges of blocks where the coding, not the picture, made the step.

Strengths, decisions and filters of H.265 clause 8.7.2, on the 4x4 grid; beside a block four samples wide only the
weak filter of the two nearest samples acts.
"""

from __future__ import annotations

import numpy as np

from .jit import lean
from .picture import CBF, HEIGHT, INTRA, LH, LW, MODE, MV, ORIGIN_X, ORIGIN_Y, QP, QPC, REF, SLOT, SLOTS, UNIT, WIDTH

TC = np.array(
    [0] * 18 + [1] * 9 + [2] * 4 + [3] * 4 + [4] * 3 + [5, 5, 6, 6, 7, 8, 9, 10, 11, 13, 14, 16, 18, 20, 22, 24],
    np.int32,
)
BETA = np.array([0] * 16 + list(range(6, 19)) + list(range(20, 66, 2)), np.int32)


@lean
def reference_slot(fr, units, slot, uy, ux, side):
    ref = units[slot, uy, ux, REF + side]
    return fr[SLOTS + side * 4 + ref] if ref >= 0 else -1


@lean
def apart(units, slot, ay, ax, a, by, bx, b):
    """Whether vectors of lists `a` and `b` of two units are a sample or more apart."""
    dx = units[slot, ay, ax, MV + 2 * a] - units[slot, by, bx, MV + 2 * b]
    dy = units[slot, ay, ax, MV + 2 * a + 1] - units[slot, by, bx, MV + 2 * b + 1]
    return abs(dx) > 3 or abs(dy) > 3


@lean
def strength(fr, units, ay, ax, by, bx):
    """0 no filtering, 1, or 2 beside intra blocks."""
    slot = fr[SLOT]
    if units[slot, ay, ax, MODE] == INTRA or units[slot, by, bx, MODE] == INTRA:
        return 2
    if (units[slot, ay, ax, CBF] | units[slot, by, bx, CBF]) & 15:
        return 1
    a0, a1 = reference_slot(fr, units, slot, ay, ax, 0), reference_slot(fr, units, slot, ay, ax, 1)
    b0, b1 = reference_slot(fr, units, slot, by, bx, 0), reference_slot(fr, units, slot, by, bx, 1)
    straight = a0 == b0 and a1 == b1
    crossed = a0 == b1 and a1 == b0
    if straight and not apart2(units, slot, ay, ax, by, bx, a0, a1, 0):
        return 0
    if crossed and not apart2(units, slot, ay, ax, by, bx, a0, a1, 1):
        return 0
    return 1


@lean
def apart2(units, slot, ay, ax, by, bx, a0, a1, crossed):
    if a0 >= 0 and apart(units, slot, ay, ax, 0, by, bx, crossed):
        return True
    return a1 >= 0 and apart(units, slot, ay, ax, 1, by, bx, 1 - crossed)


@lean
def curve(dpb, slot, y, x, dy, dx):
    """How far three samples in a row are from a straight line."""
    return abs(dpb[slot, y + 2 * dy, x + 2 * dx] - 2 * dpb[slot, y + dy, x + dx] + dpb[slot, y, x])


@lean
def is_flat(dpb, slot, y, x, dy, dx, curves, beta, tc):
    """Whether a line across an edge is flat on both sides with a small step between."""
    p0, p3 = dpb[slot, y - dy, x - dx], dpb[slot, y - 4 * dy, x - 4 * dx]
    q0, q3 = dpb[slot, y, x], dpb[slot, y + 3 * dy, x + 3 * dx]
    flat = 2 * curves < beta >> 2 and abs(p3 - p0) + abs(q0 - q3) < beta >> 3
    return flat and abs(p0 - q0) < (5 * tc + 1) >> 1


@lean
def soften_luma(dpb, slot, y, x, dy, dx, beta, tc, narrow):
    """Four lines across a luma edge: q0 at (y, x), going on by (dy, dx); the lines are beside each other."""
    ly, lx = dx, dy
    ey, ex = y + 3 * ly, x + 3 * lx
    dp0, dq0 = curve(dpb, slot, y - dy, x - dx, -dy, -dx), curve(dpb, slot, y, x, dy, dx)
    dp3, dq3 = curve(dpb, slot, ey - dy, ex - dx, -dy, -dx), curve(dpb, slot, ey, ex, dy, dx)
    if dp0 + dq0 + dp3 + dq3 >= beta:
        return
    strong = not narrow and is_flat(dpb, slot, y, x, dy, dx, dp0 + dq0, beta, tc)
    strong = strong and is_flat(dpb, slot, ey, ex, dy, dx, dp3 + dq3, beta, tc)
    side = (beta + (beta >> 1)) >> 3
    for k in range(4):
        py, px = y + k * ly, x + k * lx
        p0, p1, p2 = (
            dpb[slot, py - dy, px - dx],
            dpb[slot, py - 2 * dy, px - 2 * dx],
            dpb[slot, py - 3 * dy, px - 3 * dx],
        )
        q0, q1, q2 = dpb[slot, py, px], dpb[slot, py + dy, px + dx], dpb[slot, py + 2 * dy, px + 2 * dx]
        if strong:
            p3, q3 = dpb[slot, py - 4 * dy, px - 4 * dx], dpb[slot, py + 3 * dy, px + 3 * dx]
            t = 2 * tc
            dpb[slot, py - dy, px - dx] = near(p0, (p2 + 2 * p1 + 2 * p0 + 2 * q0 + q1 + 4) >> 3, t)
            dpb[slot, py - 2 * dy, px - 2 * dx] = near(p1, (p2 + p1 + p0 + q0 + 2) >> 2, t)
            dpb[slot, py - 3 * dy, px - 3 * dx] = near(p2, (2 * p3 + 3 * p2 + p1 + p0 + q0 + 4) >> 3, t)
            dpb[slot, py, px] = near(q0, (p1 + 2 * p0 + 2 * q0 + 2 * q1 + q2 + 4) >> 3, t)
            dpb[slot, py + dy, px + dx] = near(q1, (p0 + q0 + q1 + q2 + 2) >> 2, t)
            dpb[slot, py + 2 * dy, px + 2 * dx] = near(q2, (p0 + q0 + q1 + 3 * q2 + 2 * q3 + 4) >> 3, t)
        else:
            delta = (9 * (q0 - p0) - 3 * (q1 - p1) + 8) >> 4
            if abs(delta) < 10 * tc:
                delta = min(max(delta, -tc), tc)
                dpb[slot, py - dy, px - dx] = min(max(p0 + delta, 0), 255)
                dpb[slot, py, px] = min(max(q0 - delta, 0), 255)
                if not narrow:
                    if dp0 + dp3 < side:
                        e = min(max((((p2 + p0 + 1) >> 1) - p1 + delta) >> 1, -(tc >> 1)), tc >> 1)
                        dpb[slot, py - 2 * dy, px - 2 * dx] = min(max(p1 + e, 0), 255)
                    if dq0 + dq3 < side:
                        e = min(max((((q2 + q0 + 1) >> 1) - q1 - delta) >> 1, -(tc >> 1)), tc >> 1)
                        dpb[slot, py + dy, px + dx] = min(max(q1 + e, 0), 255)


@lean
def near(old, new, most):
    return min(max(new, old - most), old + most)


@lean
def soften_chroma(dpb, slot, y, x, dy, dx, tc):
    """Two lines across a chroma edge."""
    for k in range(2):
        py, px = y + k * dx, x + k * dy
        p0, p1 = dpb[slot, py - dy, px - dx], dpb[slot, py - 2 * dy, px - 2 * dx]
        q0, q1 = dpb[slot, py, px], dpb[slot, py + dy, px + dx]
        delta = min(max((((q0 - p0) << 2) + p1 - q1 + 4) >> 3, -tc), tc)
        dpb[slot, py - dy, px - dx] = min(max(p0 + delta, 0), 255)
        dpb[slot, py, px] = min(max(q0 - delta, 0), 255)


@lean
def deblock(fr, dpb, units):
    """All vertical edges of the picture, then all horizontal ones. Margins are not touched and not needed."""
    slot = fr[SLOT]
    for way in range(2):
        dy, dx = (0, 1) if way == 0 else (1, 0)
        size = LW if way == 0 else LH
        for uy in range(dy, fr[HEIGHT] // UNIT):
            for ux in range(dx, fr[WIDTH] // UNIT):
                ay, ax = uy - dy, ux - dx
                at = (ux if way == 0 else uy) * UNIT
                own, other = units[slot, uy, ux, size], units[slot, ay, ax, size]
                if at & ((1 << min(own, 5)) - 1):
                    continue
                b = strength(fr, units, ay, ax, uy, ux)
                if b == 0:
                    continue
                qp = fr[QP]
                beta, tc = BETA[min(qp, 51)], TC[min(qp + 2 * (b - 1), 53)]
                narrow = own == 2 or other == 2
                soften_luma(dpb, slot, fr[ORIGIN_Y] + uy * UNIT, fr[ORIGIN_X] + ux * UNIT, dy, dx, beta, tc, narrow)
                if b == 2 and at & 7 == 0:
                    tc = TC[min(fr[QPC] + 2, 53)]
                    for plane in range(1, 3):
                        oy, ox = fr[ORIGIN_Y + plane] + uy * 2, fr[ORIGIN_X + plane] + ux * 2
                        soften_chroma(dpb, slot, oy, ox, dy, dx, tc)
