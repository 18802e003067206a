"""The encoder's trials of one block: predict, transform, quantise, reconstruct, and say what it costs.

A cost is distortion + lambda * bits, distortion in squared samples with chroma weighted by e.fl[CHROMA_WEIGHT]. A
trial works in the picture itself; `keep` and `bring` copy a block between the picture and a shelf.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .inter import predict_motion
from .jit import kernel
from .picture import (
    CBF,
    FIELDS,
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
    UNIT,
)
from .quant import choose_levels
from .rangecoder import COST, COST_BITS, COSTS, chance
from .reconstruct import add_residual, put
from .syntax import cbf_context, code_header, kind_context
from .transforms import forward

LAMBDA, ROOT, CHROMA_WEIGHT, DEAD, EFFORT = range(5)
SHELVES = 8


class Encoder(NamedTuple):
    """What only an encoder has: the source, the rate point's numbers `fl`, and shelves of candidates."""

    source: np.ndarray
    fl: np.ndarray
    rc: np.ndarray
    samples: np.ndarray
    levels: np.ndarray
    fields: np.ndarray
    hints: np.ndarray
    seeds: np.ndarray
    starts: np.ndarray
    merges: np.ndarray
    vector: np.ndarray
    found: np.ndarray
    best: np.ndarray
    trial: np.ndarray
    ranked: np.ndarray
    other: np.ndarray
    alone: np.ndarray
    block: np.ndarray
    before: np.ndarray
    tile: np.ndarray


def encoder(fr: np.ndarray, source: np.ndarray) -> Encoder:
    height, width = int(fr[1]), int(fr[0])
    return Encoder(
        source=source,
        fl=np.zeros(8, np.float64),
        rc=np.zeros(10, np.int64),
        samples=np.zeros((SHELVES, 96, 64), np.int16),
        levels=np.zeros((SHELVES, 96, 64), np.int16),
        fields=np.zeros((SHELVES, 16, 16, FIELDS), np.int16),
        hints=np.zeros((SHELVES + 1, 8, 2), np.int64),
        seeds=np.zeros((8, height // 16 + 1, width // 16 + 1, 2), np.int64),
        starts=np.zeros((24, 2), np.int64),
        merges=np.zeros((6, 6), np.int64),
        vector=np.zeros(2, np.int64),
        found=np.zeros((8, 6), np.int64),
        best=np.zeros(FIELDS, np.int64),
        trial=np.zeros(FIELDS, np.int64),
        ranked=np.zeros(4, np.int64),
        other=np.zeros((64, 64), np.int32),
        alone=np.full((64, 64), -(1 << 20), np.int32),
        block=np.zeros((64, 64), np.int32),
        before=np.zeros((64, 64), np.int32),
        tile=np.zeros((2, 32, 32), np.int32),
    )


@kernel
def bits(n):
    return n / (1 << COST_BITS)


@kernel
def keep(fr, dpb, levels, e, shelf, x, y, lw, lh):
    """Samples and levels of a block to a shelf."""
    for plane in range(3):
        sh = 1 if plane > 0 else 0
        oy, ox = fr[ORIGIN_Y + plane] + (y >> sh), fr[ORIGIN_X + plane] + (x >> sh)
        fy, fx = fr[FLAT_Y + plane] + (y >> sh), fr[FLAT_X + plane] + (x >> sh)
        ty, tx = (64, 32 * (plane - 1)) if plane > 0 else (0, 0)
        for j in range((1 << lh) >> sh):
            for i in range((1 << lw) >> sh):
                e.samples[shelf, ty + j, tx + i] = dpb[fr[SLOT], oy + j, ox + i]
                e.levels[shelf, ty + j, tx + i] = levels[fy + j, fx + i]


@kernel
def bring(fr, dpb, levels, e, shelf, x, y, lw, lh):
    """Samples and levels of a block from a shelf."""
    for plane in range(3):
        sh = 1 if plane > 0 else 0
        oy, ox = fr[ORIGIN_Y + plane] + (y >> sh), fr[ORIGIN_X + plane] + (x >> sh)
        fy, fx = fr[FLAT_Y + plane] + (y >> sh), fr[FLAT_X + plane] + (x >> sh)
        ty, tx = (64, 32 * (plane - 1)) if plane > 0 else (0, 0)
        for j in range((1 << lh) >> sh):
            for i in range((1 << lw) >> sh):
                dpb[fr[SLOT], oy + j, ox + i] = e.samples[shelf, ty + j, tx + i]
                levels[fy + j, fx + i] = e.levels[shelf, ty + j, tx + i]


@kernel
def keep_fields(fr, units, e, shelf, x, y, lw, lh):
    for j in range((1 << lh) // UNIT):
        for i in range((1 << lw) // UNIT):
            for f in range(FIELDS):
                e.fields[shelf, j, i, f] = units[fr[SLOT], y // UNIT + j, x // UNIT + i, f]


@kernel
def bring_fields(fr, units, e, shelf, x, y, lw, lh):
    for j in range((1 << lh) // UNIT):
        for i in range((1 << lw) // UNIT):
            for f in range(FIELDS):
                units[fr[SLOT], y // UNIT + j, x // UNIT + i, f] = e.fields[shelf, j, i, f]


@kernel
def forget(fr, units, x, y, lw, lh):
    """Mark a block as not coded yet."""
    for j in range((1 << lh) // UNIT):
        for i in range((1 << lw) // UNIT):
            units[fr[SLOT], y // UNIT + j, x // UNIT + i, MODE] = 0


@kernel
def squared(fr, dpb, source, plane, x, y, w, h):
    """Sum of squared differences between picture and source."""
    oy, ox = fr[ORIGIN_Y + plane] + y, fr[ORIGIN_X + plane] + x
    fy, fx = fr[FLAT_Y + plane] + y, fr[FLAT_X + plane] + x
    total = 0
    for j in range(h):
        for i in range(w):
            d = np.int32(dpb[fr[SLOT], oy + j, ox + i] - source[fy + j, fx + i])
            total += d * d
    return float(total)


@kernel
def header_bits(c, s, e, fr, units, x, y, lw, lh, u):
    """Bits of a block's header, counted by the code that writes it."""
    e.rc[COST] = 0
    code_header(e.rc, c.buf, c.ctx, s, fr, units, x, y, lw, lh, u)
    return bits(e.rc[COST])


@kernel
def flag_bits(c, i, flag):
    p = chance(c.ctx, i) >> 6
    return bits(COSTS[p] if flag else COSTS[1023 - p])


@kernel
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
        for i in range(w):
            s.residual[j, i] = e.source[fy + j, fx + i] - e.before[j, i]
    forward(s.residual, lw, lh, kind, kind, s.temp, s.coefficients)
    end, rate, _ = choose_levels(
        c.ctx, c.mix, s.coefficients, lw, lh, sh, inter, fr[QPC] if sh else fr[QP], lam / weight, e.fl[DEAD],
        s.magnitudes, s.spent, s.levels,
    )  # fmt: skip
    if end == 0:
        return np.inf
    for j in range(h):
        for i in range(w):
            levels[fy + j, fx + i] = s.levels[j, i]
    put(dpb, fr[SLOT], oy, ox, w, h, e.before)
    add_residual(fr, dpb, levels, s, plane, x, y, lw, lh, kind)
    return squared(fr, dpb, e.source, plane, x, y, w, h) * weight + lam * (bits(rate) + flag)


@kernel
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
        for i in range(w):
            e.before[j, i] = dpb[fr[SLOT], oy + j, ox + i]
    flag = flag_bits(c, k, 1)
    chosen = -1
    last = -1
    for kind in range(kinds):
        extra = flag_bits(c, kind_context(lw, lh), kind) if kinds > 1 else 0.0
        cost = try_kind(c, s, e, fr, dpb, levels, plane, x, y, lw, lh, inter, kind, flag + extra)
        if cost < np.inf:
            last = kind
        if cost < best:
            best, chosen = cost, kind
            for j in range(h):
                for i in range(w):
                    e.tile[0, j, i] = dpb[fr[SLOT], oy + j, ox + i]
                    e.tile[1, j, i] = levels[fy + j, fx + i]
        elif kind == 0 and cost == np.inf:
            break
    if chosen < 0 and last >= 0:
        put(dpb, fr[SLOT], oy, ox, w, h, e.before)
    elif chosen >= 0 and chosen != last:
        for j in range(h):
            for i in range(w):
                dpb[fr[SLOT], oy + j, ox + i] = e.tile[0, j, i]
                levels[fy + j, fx + i] = e.tile[1, j, i]
    return best, chosen >= 0, max(chosen, 0)


@kernel
def code_plane(c, s, e, fr, dpb, levels, plane, x, y, lw, lh, inter, u, thorough):
    """All tiles of one plane of the block at luma (x, y); sets their bits in u[CBF] and, for luma, u[KIND].

    `thorough`: try both transforms where there are two."""
    sh = 1 if plane > 0 else 0
    tw, th = min(lw - sh, 5), min(lh - sh, 5)
    kinds = 2 if thorough and plane == 0 and inter == 0 and max(lw, lh) <= 4 else 1
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


@kernel
def accept(fr, dpb, units, levels, e, shelf, x, y, lw, lh, u):
    """What lies in the picture is the best so far: shelve it with its fields."""
    keep(fr, dpb, levels, e, shelf, x, y, lw, lh)
    for f in range(FIELDS):
        e.best[f] = u[f]


@kernel
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
    u[SKIP] = 0
    cost = lam * header_bits(c, s, e, fr, units, x, y, lw, lh, u)
    for plane in range(3):
        if cost < best:
            cost += code_plane(c, s, e, fr, dpb, levels, plane, x, y, lw, lh, 1, u, False)
    if cost < best and (u[CBF] != 0 or u[MERGE] < 0):
        best = cost
        accept(fr, dpb, units, levels, e, shelf, x, y, lw, lh, u)
    return best
