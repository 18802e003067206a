"""The encoder's trials of one block: predict, transform, quantise, reconstruct, and say what it costs.

A cost is distortion + lambda * bits, distortion in squared samples with chroma weighted by e.fl[CHROMA_WEIGHT]. A
trial works in the picture itself; `keep` and `bring` copy a block between the picture and a shelf.
"""

from __future__ import annotations

import numpy as np

from .encoder import CHROMA_WEIGHT, DEAD, LAMBDA
from .inter import predict_motion
from .jit import lean
from .picture import (
    CBF,
    FLAT_X,
    FLAT_Y,
    INTER,
    KIND,
    MERGE,
    MODE,
    MV,
    ORIGIN_X,
    ORIGIN_Y,
    QP,
    QPC,
    REF,
    SKIP,
    SLOT,
)
from .quant import choose_levels
from .rangecoder import COST, COST_BITS, COSTS, chance
from .reconstruct import add_residual, put
from .shelves import accept
from .syntax import cbf_context, code_header, kind_context
from .transforms import forward


@lean
def bits(n):
    return n / (1 << COST_BITS)


@lean
def squared(fr, dpb, source, plane, x, y, w, h):
    """Sum of squared differences between picture and source."""
    oy, ox = fr[ORIGIN_Y + plane] + y, fr[ORIGIN_X + plane] + x
    fy, fx = fr[FLAT_Y + plane] + y, fr[FLAT_X + plane] + x
    total = 0
    for j in range(h):
        a, b = dpb[fr[SLOT], oy + j, ox : ox + w], source[fy + j, fx : fx + w]
        part = np.int32(0)
        for i in range(w):
            d = np.int32(a[i]) - np.int32(b[i])
            part += np.int32(d * d)
        total += part
    return float(total)


@lean
def header_bits(c, s, e, fr, units, x, y, lw, lh, u):
    """Bits of a block's header, counted by the code that writes it."""
    e.rc[COST] = 0
    code_header(e.rc, c.buf, c.ctx, s, fr, units, x, y, lw, lh, u)
    return bits(e.rc[COST])


@lean
def flag_bits(c, i, flag):
    p = chance(c.ctx, i) >> 6
    return bits(COSTS[p] if flag else COSTS[1023 - p])


@lean
def try_kind(c, s, e, fr, dpb, levels, plane, x, y, lw, lh, inter, kind, flag):
    """Residual of one tile with one transform, over the prediction in `e.before`: its cost, or infinity where it
    has no level. Levels and samples are left in place."""
    sh = 1 if plane > 0 else 0
    w, h = 1 << lw, 1 << lh
    oy, ox = fr[ORIGIN_Y + plane] + y, fr[ORIGIN_X + plane] + x
    fy, fx = fr[FLAT_Y + plane] + y, fr[FLAT_X + plane] + x
    lam = e.fl[LAMBDA]
    weight = e.fl[CHROMA_WEIGHT] if sh else 1.0
    for j in range(h):
        row = e.source[fy + j, fx : fx + w]
        for i in range(w):
            s.residual[j, i] = row[i] - e.before[j, i]
    forward(s.residual, lw, lh, kind, kind, s.temp, s.coefficients)
    end, rate, _ = choose_levels(
        c.ctx, c.mix, s.coefficients, lw, lh, sh, inter, fr[QPC] if sh else fr[QP], lam / weight, e.fl[DEAD],
        s.magnitudes, s.spent, s.levels,
    )  # fmt: skip
    if end == 0:
        return np.inf
    for j in range(h):
        row = levels[fy + j, fx : fx + w]
        for i in range(w):
            row[i] = s.levels[j, i]
    put(dpb, fr[SLOT], oy, ox, w, h, e.before)
    add_residual(fr, dpb, levels, s, plane, x, y, lw, lh, kind)
    return squared(fr, dpb, e.source, plane, x, y, w, h) * weight + lam * (bits(rate) + flag)


@lean
def code_tile(c, s, e, fr, dpb, levels, plane, x, y, lw, lh, inter, kinds, coded):
    """Best residual of one tile over the prediction in the picture: (cost, has levels, transform).

    `kinds`: how many transforms to try. `coded`: whether U has levels, for V's context.
    """
    w, h = 1 << lw, 1 << lh
    oy, ox = fr[ORIGIN_Y + plane] + y, fr[ORIGIN_X + plane] + x
    fy, fx = fr[FLAT_Y + plane] + y, fr[FLAT_X + plane] + x
    lam = e.fl[LAMBDA]
    weight = e.fl[CHROMA_WEIGHT] if plane > 0 else 1.0
    k = cbf_context(plane, inter, lw, lh) + (12 if coded else 0)
    best = squared(fr, dpb, e.source, plane, x, y, w, h) * weight + lam * flag_bits(c, k, 0)
    for j in range(h):
        row = dpb[fr[SLOT], oy + j, ox : ox + w]
        for i in range(w):
            e.before[j, i] = row[i]
    flag = flag_bits(c, k, 1)
    chosen = -1
    last = -1
    for kind in range(kinds):
        extra = flag_bits(c, kind_context(inter, lw, lh), kind) if kinds > 1 else 0.0
        cost = try_kind(c, s, e, fr, dpb, levels, plane, x, y, lw, lh, inter, kind, flag + extra)
        if cost < np.inf:
            last = kind
        if cost < best:
            best, chosen = cost, kind
            for j in range(h):
                row, line = dpb[fr[SLOT], oy + j, ox : ox + w], levels[fy + j, fx : fx + w]
                for i in range(w):
                    e.tile[0, j, i], e.tile[1, j, i] = row[i], line[i]
        elif kind == 0 and cost == np.inf:
            break
    if chosen < 0 and last >= 0:
        put(dpb, fr[SLOT], oy, ox, w, h, e.before)
    elif chosen >= 0 and chosen != last:
        for j in range(h):
            row, line = dpb[fr[SLOT], oy + j, ox : ox + w], levels[fy + j, fx : fx + w]
            for i in range(w):
                row[i], line[i] = e.tile[0, j, i], e.tile[1, j, i]
    return best, chosen >= 0, max(chosen, 0)


@lean
def code_plane(c, s, e, fr, dpb, levels, plane, x, y, lw, lh, u):
    """All tiles of one plane of the block at luma (x, y); sets their bits in u[CBF], and u[KIND] where that is -1."""
    sh, inter = 1 if plane > 0 else 0, 1 if u[MODE] == INTER else 0
    tw, th = min(lw - sh, 5), min(lh - sh, 5)
    kinds = 2 if u[KIND] < 0 and plane == 0 and max(lw, lh) <= 4 else 1
    tile = 4 * plane
    total = 0.0
    for j in range(0, (1 << lh) >> sh, 1 << th):
        for i in range(0, (1 << lw) >> sh, 1 << tw):
            coded = plane == 2 and (u[CBF] >> 4) & 1 == 1
            cost, some, kind = code_tile(
                c, s, e, fr, dpb, levels, plane, (x >> sh) + i, (y >> sh) + j, tw, th, inter, kinds, coded
            )
            total += cost
            u[CBF] = (u[CBF] & ~(1 << tile)) | ((1 if some else 0) << tile)
            if plane == 0:
                u[KIND] = kind
            tile += 1
    return total


@lean
def try_inter(c, s, e, fr, dpb, units, levels, shelf, x, y, lw, lh, u, best):
    """An inter block with the motion in `u`, merged ones also skipped; returns the best cost so far."""
    lam = e.fl[LAMBDA]
    for f in range(4):
        s.motion[f] = u[MV + f]
    s.motion[4], s.motion[5] = u[REF], u[REF + 1]
    u[MODE], u[CBF], u[KIND] = INTER, 0, 0
    plain = 0.0
    for plane in range(3):
        sh = 1 if plane > 0 else 0
        px, py, w, h = x >> sh, y >> sh, (1 << lw) >> sh, (1 << lh) >> sh
        predict_motion(fr, dpb, plane, px, py, w, h, s.motion, s.temp, s.second, s.first)
        put(dpb, fr[SLOT], fr[ORIGIN_Y + plane] + py, fr[ORIGIN_X + plane] + px, w, h, s.first)
        plain += squared(fr, dpb, e.source, plane, px, py, w, h) * (e.fl[CHROMA_WEIGHT] if sh else 1.0)
    if u[MERGE] >= 0:
        u[SKIP] = 1
        cost = plain + lam * header_bits(c, s, e, fr, units, x, y, lw, lh, u)
        if cost < best:
            best = cost
            accept(fr, dpb, units, levels, e, shelf, x, y, lw, lh, u)
    u[SKIP], u[KIND] = 0, -1
    cost = lam * header_bits(c, s, e, fr, units, x, y, lw, lh, u)
    for plane in range(3):
        if cost < best:
            cost += code_plane(c, s, e, fr, dpb, levels, plane, x, y, lw, lh, u)
    if cost < best and (u[CBF] != 0 or u[MERGE] < 0):
        best = cost
        accept(fr, dpb, units, levels, e, shelf, x, y, lw, lh, u)
    return best
