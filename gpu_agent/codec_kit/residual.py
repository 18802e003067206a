"""Coding of a block of quantised coefficients: end of block, then levels from high to low frequency.

Each level is a run of decisions (zero? one? two? ...) up to 15, each mixed from three contexts: the neighbours already
coded to the right and below (the template of H.266 clause 9.3.4.2.6) with the diagonal; the place in the block; and a
wider neighbourhood. End of block instead of H.265's last position: as in AV1. Signs are raw.
"""

from __future__ import annotations

import numpy as np

from .jit import lean
from .rangecoder import COST_BITS, COSTS, READ, chance, code_bit, code_golomb, code_mixed, code_raw

PITCH = 36
"""Row pitch of the scratch of magnitudes: 32 and a margin that stays zero."""
LEVELS = 15


def _scans() -> tuple[np.ndarray, np.ndarray]:
    """All scan orders one after another (y * 32 + x, by diagonals), and where that of each (log2 w, log2 h) begins."""
    order, begin = [], np.zeros((6, 6), np.int64)
    for lw in range(1, 6):
        for lh in range(1, 6):
            begin[lw, lh] = len(order)
            at = [(x + y, y, x) for y in range(1 << lh) for x in range(1 << lw)]
            order += [y * 32 + x for _, y, x in sorted(at)]
    return np.array(order, np.int32), begin


SCAN, SCAN_AT = _scans()
PLACE = np.array([0, 1, 2, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, *[6] * 8, *[7] * 8], np.int32)
ZONE = np.array([0, 1, 2, 2, 3, 3, 3, 4, 4, 4, 4, *[5] * 60], np.int32)
COUNT = np.array(
    [
        0,
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        8,
        9,
        9,
        10,
        10,
        10,
        11,
        11,
        11,
        11,
        12,
        12,
        12,
        12,
        12,
        12,
        *[13] * 10,
        *[14] * 15,
        *[15] * 90,
    ],
    np.int32,
)
STAGE = np.array([0, 1, 2, 3, 4, 4, 5, 5, 5, 6, 6, 6, 6, 6, 6], np.int32)

STAGES = 7
NEAR = 0
HERE = NEAR + 4 * STAGES * 6 * 16
WIDE = HERE + 2 * 5 * STAGES * 64 * 3
EOB = WIDE + 4 * STAGES * 16 * 6
ESCAPE = EOB + 4 * 11 * 12 + 11 * 2 * 2
CONTEXTS = ESCAPE + 16
MIXERS = 4 * STAGES * 5


@lean
def clear(a, lw, lh):
    """Forget the magnitudes of a block."""
    for y in range((1 << lh) + 3):
        row = a[y * PITCH : y * PITCH + (1 << lw) + 3]
        for x in range((1 << lw) + 3):
            row[x] = 0


@lean
def level_contexts(a, o, x, y, size, kind, plane, level):
    """Three contexts and a mixer for the decision whether |coefficient| > level, at offset `o` of magnitudes `a`."""
    right, right2, below, below2, across = a[o + 1], a[o + 2], a[o + PITCH], a[o + 2 * PITCH], a[o + PITCH + 1]
    stage = STAGE[level]
    if level == 0:
        near = min(right, 3) + min(right2, 3) + min(below, 3) + min(below2, 3) + min(across, 3)
    else:
        near = right + right2 + below + below2 + across
    wide = (
        right + right2 + below + below2 + across + a[o + 3] + a[o + 3 * PITCH] + a[o + 2 + PITCH] + a[o + 2 * PITCH + 1]
    )
    zone = ZONE[x + y]
    c1 = NEAR + ((kind * STAGES + stage) * 6 + zone) * 16 + COUNT[near]
    beside = right + below
    c2 = (
        HERE
        + (((plane * 5 + size - 1) * STAGES + stage) * 64 + PLACE[y] * 8 + PLACE[x]) * 3
        + min((beside + 1) >> 1 if level > 0 else beside, 2)
    )
    c3 = WIDE + ((kind * STAGES + stage) * 16 + COUNT[wide]) * 6 + min(max(right, below), 5)
    return c1, c2, c3, (kind * STAGES + stage) * 5 + size - 1


@lean
def near_context(a, o, x, y, kind, level):
    """The first of the three contexts of `level_contexts`, for level > 0: enough for an encoder's estimate."""
    near = a[o + 1] + a[o + 2] + a[o + PITCH] + a[o + 2 * PITCH] + a[o + PITCH + 1]
    return NEAR + ((kind * STAGES + STAGE[level]) * 6 + ZONE[x + y]) * 16 + COUNT[near]


@lean
def eob_context(kind, lw, lh, n):
    return EOB + (kind * 11 + lw + lh) * 12 + n


@lean
def end_length(last):
    """Bits of last + 1 but the first."""
    length = 0
    while (last + 1) >> (length + 1):
        length += 1
    return length


@lean
def end_cost(ctx, length, second, lw, lh, kind):
    """1/1024 bits of an end of block of that length (`end_length`), whose second bit is `second`."""
    cost = max(length - 1, 0) << COST_BITS
    for n in range(length):
        cost += COSTS[chance(ctx, eob_context(kind, lw, lh, n)) >> 6]
    if length < lw + lh:
        cost += COSTS[1023 - (chance(ctx, eob_context(kind, lw, lh, length)) >> 6)]
    if length > 0:
        p = chance(ctx, EOB + 4 * 11 * 12 + length * 2 + (kind >> 1)) >> 6
        cost += COSTS[p] if second else COSTS[1023 - p]
    return float(cost)


@lean
def code_end(rc, buf, ctx, last, lw, lh, kind):
    """Scan position of the last coefficient that is not zero: length of last + 1 in unary, then its bits."""
    length = end_length(last) if rc[0] != READ else 0
    n = 0
    while n < lw + lh and code_bit(rc, buf, ctx, eob_context(kind, lw, lh, n), 1 if n < length else 0) == 1:
        n += 1
    value = 1
    if n > 0:
        top = code_bit(rc, buf, ctx, EOB + 4 * 11 * 12 + n * 2 + (kind >> 1), ((last + 1) >> (n - 1)) & 1)
        value = 2 | top
        if n > 1:
            value = (value << (n - 1)) | code_raw(rc, buf, n - 1, (last + 1) & ((1 << (n - 1)) - 1))
    return min(value - 1, (1 << (lw + lh)) - 1)


@lean
def code_residual(rc, buf, ctx, mix, plane, inter, levels, x0, y0, lw, lh, a):
    """Levels of the block at (x0, y0) of a plane of levels (int16); it has at least one that is not zero.

    `plane`: 0 luma, 1 chroma. `a`: scratch of magnitudes (int32, PITCH * PITCH).
    """
    kind, size = plane * 2 + inter, (lw + lh) >> 1
    at0, reading = SCAN_AT[lw, lh], rc[0] == READ
    last = 0
    if reading:
        for y in range(1 << lh):
            for x in range(1 << lw):
                levels[y0 + y, x0 + x] = 0
    else:
        for i in range((1 << (lw + lh)) - 1, 0, -1):
            p = SCAN[at0 + i]
            if levels[y0 + (p >> 5), x0 + (p & 31)] != 0:
                last = i
                break
    last = code_end(rc, buf, ctx, last, lw, lh, kind)
    clear(a, lw, lh)
    for i in range(last, -1, -1):
        p = SCAN[at0 + i]
        y, x = p >> 5, p & 31
        o = y * PITCH + x
        wanted = np.int64(levels[y0 + y, x0 + x])
        size_wanted = abs(wanted)
        level = 0
        if i == last:
            level = 1
        while level < LEVELS:
            c1, c2, c3, m = level_contexts(a, o, x, y, size, kind, plane, level)
            if code_mixed(rc, buf, ctx, mix, c1, c2, c3, m, 1 if size_wanted > level else 0) == 0:
                break
            level += 1
        if level == LEVELS:
            level += code_golomb(rc, buf, ctx, ESCAPE, 16, 0, size_wanted - LEVELS)
            level = min(level, 32767)
        a[o] = min(level, LEVELS)
        if level > 0:
            negative = code_raw(rc, buf, 1, 1 if wanted < 0 else 0)
            if reading:
                levels[y0 + y, x0 + x] = -level if negative else level
