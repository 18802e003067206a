"""Quantisation: step from the quantiser parameter, and levels chosen by rate and distortion in coding order.

The step of orthonormal coefficients is 2**((qp - 4) / 6) (H.265 clause 8.6.3); `residual` says in which contexts.
"""

from __future__ import annotations

import numpy as np

from .jit import lean
from .rangecoder import COST_BITS, COSTS, chance, mixed
from .residual import PITCH, SCAN, SCAN_AT, clear, end_cost, end_length, level_contexts, near_context

MAX_QP = 63
_q = np.arange(6)[None, :]
_odd = np.arange(2)[:, None]
SCALE = np.round(1024 * 2 ** ((_q - 4) / 6 - _odd / 2)).astype(np.int64)
"""[log2 w + log2 h odd, qp % 6]: step in the scaled domain of `transforms`, for 1x1, times 8."""

MAX_LEVEL = 32767


def lagrangian(qp: float) -> float:
    """Squared error that one bit is worth at a quantiser parameter (the HM encoder's, for key pictures)."""
    return 0.57 * 2 ** ((qp - 12) / 3)


@lean
def dequantise(level, qp, lw, lh):
    """Coefficient in the scaled domain of `transforms`, 16 bits."""
    shift = ((lw + lh) >> 1) + 3
    c = (level * (SCALE[(lw + lh) & 1, qp % 6] << (qp // 6)) + (1 << (shift - 1))) >> shift
    return min(max(c, -32768), 32767)


@lean
def choose_levels(ctx, mix, coefficients, lw, lh, plane, inter, qp, lam, dead, a, spent, out):
    """Levels `out` (int32, pitch 32) of least distortion + lam * bits, going from high to low frequency as the coder.

    Each coefficient takes the best of its rounded level, one less, and zero, with the costs of the contexts as they
    are; then the end of the block is moved to where it pays most. `a` (magnitudes with a margin) and `spent` (two
    float64 a coefficient) are scratch. `dead`: rounding offset below which a candidate is not looked at.
    Returns (end of block, bits / 1024, distortion in squared samples).
    """
    w, h = 1 << lw, 1 << lh
    n = w * h
    at0 = SCAN_AT[lw, lh]
    step = SCALE[(lw + lh) & 1, qp % 6] * 2.0 ** (qp // 6) / (1 << (((lw + lh) >> 1) + 3))
    norm = 1.0 / (1 << (14 - lw - lh)) if lw + lh <= 14 else 1.0
    inv = 1.0 / step
    unit = step * step * norm
    rate = lam / (1 << COST_BITS)
    zero = 0.0
    last = -1
    for i in range(n):
        p = SCAN[at0 + i]
        y, x = p >> 5, p & 31
        c = abs(coefficients[y, x]) * inv
        out[y, x] = 0
        zero += c * c
        if c >= dead:
            last = i
    total = zero * unit
    if last < 0:
        return 0, 0.0, total
    clear(a, lw, lh)
    tail = 0.0
    for i in range(last + 1, n):
        p = SCAN[at0 + i]
        c = coefficients[p >> 5, p & 31] * inv
        tail += c * c
    size = (lw + lh) >> 1
    best_end, best_rate, best_dist = 0, 0.0, 0.0
    kinds = plane * 2 + inter
    end, lowest = 0.0, n + 1
    dropped = tail  # distortion of zeroing everything from here up
    for i in range(last, -1, -1):
        p = SCAN[at0 + i]
        y, x = p >> 5, p & 31
        v = abs(coefficients[y, x]) * inv
        o = y * PITCH + x
        c1, c2, c3, m = level_contexts(a, o, x, y, size, kinds, plane, 0)
        top = int(v + 0.5)
        top = min(top, MAX_LEVEL)
        p1 = mixed(ctx, mix, c1, c2, c3, m)
        r0 = float(COSTS[1023 - (p1 >> 6)])
        best, best_j, best_r, best_d = 0, rate * r0 + v * v * unit, r0, v * v
        if top > 0:
            r_sig = float(COSTS[p1 >> 6]) + (1 << COST_BITS)
            low = max(top - 1, 1)
            r = r_sig
            level = 1
            while level <= top:
                # bits of stopping at this level
                stop = 0.0
                go = 0.0
                if level < 15:
                    pp = chance(ctx, near_context(a, o, x, y, kinds, level))
                    stop, go = float(COSTS[1023 - (pp >> 6)]), float(COSTS[pp >> 6])
                else:
                    e, k = level - 15, 0
                    while (e + 1) >> (k + 1):
                        k += 1
                    stop = (2 * k + 1) * 1024.0
                if level >= low:
                    err = v - level
                    j = rate * (r + stop) + err * err * unit
                    if j < best_j:
                        best, best_j, best_r, best_d = level, j, r + stop, err * err
                r += go
                if level >= 15 and level < low:
                    level = low
                else:
                    level += 1
        spent_r, spent_d = best_r, best_d
        if best > 0:
            # as the last one it needs no significance bit
            if i + 1 < lowest:  # the cost changes with the first two bits of i + 1 only
                length = end_length(i)
                second = (i + 1) >> (length - 1) & 1 if length > 0 else 0
                lowest = (2 + second) << (length - 1) if length > 0 else 1
                end = end_cost(ctx, length, second, lw, lh, kinds)
            implied = float(COSTS[p1 >> 6])
            # gain counts are kept as suffix sums: everything above i zero, i and below coded
            spent[i, 0] = end - implied
            spent[i, 1] = dropped
        else:
            spent[i, 0] = -1e9
        spent[i, 2], spent[i, 3] = spent_r, spent_d
        dropped += v * v
        out[y, x] = best if coefficients[y, x] >= 0 else -best
        a[o] = min(best, 15)
    below_r, below_d = 0.0, 0.0
    best_total = total
    for i in range(last + 1):
        below_r += spent[i, 2]
        below_d += spent[i, 3]
        if spent[i, 0] > -1e8:
            j = rate * (below_r + spent[i, 0]) + (below_d + spent[i, 1]) * unit
            if j < best_total or (best_end == 0 and j < total):
                best_total, best_end = j, i + 1
                best_rate, best_dist = below_r + spent[i, 0], (below_d + spent[i, 1]) * unit
    for i in range(best_end, last + 1):
        p = SCAN[at0 + i]
        out[p >> 5, p & 31] = 0
    if best_end == 0:
        return 0, 0.0, total
    return best_end, best_rate, best_dist


@lean
def dequantise_block(levels, lw, lh, qp, out):
    """Levels to coefficients (both int32, pitch 32); returns the last column and row that are not zero."""
    right, bottom = 0, 0
    shift = ((lw + lh) >> 1) + 3
    scale, half = SCALE[(lw + lh) & 1, qp % 6] << (qp // 6), 1 << (shift - 1)
    for y in range(1 << lh):
        for x in range(1 << lw):
            level = levels[y, x]
            if level != 0:
                right, bottom = max(right, x), y
                out[y, x] = min(max((level * scale + half) >> shift, -32768), 32767)
            else:
                out[y, x] = 0
    return right, bottom
