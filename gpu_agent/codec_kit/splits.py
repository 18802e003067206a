"""How a block may be split, how that is coded, and where its parts lie.

A square may be quartered, any block halved (the binary splits of H.266 clause 7.3.11.4, at most BINARY deep).
"""

from __future__ import annotations

from .jit import lean
from .layout import QUADS, SPLIT, WAYS
from .picture import KEY, LH, LW, SLOT, UNIT
from .rangecoder import code_bit

NONE, QUAD, ROWS, COLUMNS = 0, 1, 2, 3
SPLIT_BIT = (1, 2, 4, 8)
"""Bit of `may_split` for each split."""
PARTS = (0, 4, 2, 2)
BINARY = 1


@lean
def may_split(fr, lw, lh, halves):
    """Bits: 1 may stay whole, 2 may be quartered, 4 and 8 may be halved into rows and columns."""
    allowed = 1 if lw < 6 or fr[KEY] == 0 else 0
    if halves == 0 and lw == lh and lw > 2:
        allowed |= 2
    if halves < BINARY and lw <= 5 and lh <= 5:
        if lh > 2:
            allowed |= 4
        if lw > 2:
            allowed |= 8
    return allowed


@lean
def code_split(rc, buf, ctx, fr, units, x, y, lw, lh, halves, split):
    """NONE, QUAD, ROWS or COLUMNS for the block at (x, y) that lies in the picture."""
    slot, uy, ux = fr[SLOT], y // UNIT, x // UNIT
    finer = 0
    if x > 0 and units[slot, uy, ux - 1, LH] < lh:
        finer += 1
    if y > 0 and units[slot, uy - 1, ux, LW] < lw:
        finer += 1
    allowed = may_split(fr, lw, lh, halves)
    if allowed == 1:
        return NONE
    if allowed & 1:
        c = SPLIT + ((lw + lh - 3) * 3 + finer) * 2 + (1 if halves > 0 else 0)
        if code_bit(rc, buf, ctx, c, 1 if split != NONE else 0) == 0:
            return NONE
    if allowed & 2 and (allowed < 4 or code_bit(rc, buf, ctx, QUADS + lw * 3 + finer, 1 if split == QUAD else 0) == 1):
        return QUAD
    if (allowed & 12) == 12:
        shape = 1 + (1 if lw > lh else 0) - (1 if lh > lw else 0)
        return COLUMNS if code_bit(rc, buf, ctx, WAYS + shape, 1 if split == COLUMNS else 0) else ROWS
    return ROWS if allowed & 4 else COLUMNS


@lean
def part(x, y, lw, lh, split, n):
    """(x, y, log2 w, log2 h) of part `n` of a split block, in coding order."""
    if split == QUAD:
        return x + ((n & 1) << (lw - 1)), y + ((n >> 1) << (lh - 1)), lw - 1, lh - 1
    if split == ROWS:
        return x, y + (n << (lh - 1)), lw, lh - 1
    return x + (n << (lw - 1)), y, lw - 1, lh
