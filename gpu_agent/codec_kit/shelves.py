"""Candidates of a block, one shelf a depth of the tree: samples, levels and fields copied from and to the picture."""

from __future__ import annotations

from .jit import lean
from .picture import FIELDS, FLAT_X, FLAT_Y, MODE, ORIGIN_X, ORIGIN_Y, SLOT, UNIT


@lean
def copy(row, out):
    for i in range(len(row)):
        out[i] = row[i]


@lean
def keep(fr, dpb, levels, e, shelf, x, y, lw, lh):
    """Samples and levels of a block to a shelf."""
    for plane in range(3):
        sh = 1 if plane > 0 else 0
        oy, ox = fr[ORIGIN_Y + plane] + (y >> sh), fr[ORIGIN_X + plane] + (x >> sh)
        fy, fx = fr[FLAT_Y + plane] + (y >> sh), fr[FLAT_X + plane] + (x >> sh)
        ty, tx = (64, 32 * (plane - 1)) if plane > 0 else (0, 0)
        w = (1 << lw) >> sh
        for j in range((1 << lh) >> sh):
            copy(dpb[fr[SLOT], oy + j, ox : ox + w], e.samples[shelf, ty + j, tx : tx + w])
            copy(levels[fy + j, fx : fx + w], e.levels[shelf, ty + j, tx : tx + w])


@lean
def bring(fr, dpb, levels, e, shelf, x, y, lw, lh):
    """Samples and levels of a block from a shelf."""
    for plane in range(3):
        sh = 1 if plane > 0 else 0
        oy, ox = fr[ORIGIN_Y + plane] + (y >> sh), fr[ORIGIN_X + plane] + (x >> sh)
        fy, fx = fr[FLAT_Y + plane] + (y >> sh), fr[FLAT_X + plane] + (x >> sh)
        ty, tx = (64, 32 * (plane - 1)) if plane > 0 else (0, 0)
        w = (1 << lw) >> sh
        for j in range((1 << lh) >> sh):
            copy(e.samples[shelf, ty + j, tx : tx + w], dpb[fr[SLOT], oy + j, ox : ox + w])
            copy(e.levels[shelf, ty + j, tx : tx + w], levels[fy + j, fx : fx + w])


@lean
def keep_fields(fr, units, e, shelf, x, y, lw, lh):
    for j in range((1 << lh) // UNIT):
        for i in range((1 << lw) // UNIT):
            for f in range(FIELDS):
                e.fields[shelf, j, i, f] = units[fr[SLOT], y // UNIT + j, x // UNIT + i, f]


@lean
def bring_fields(fr, units, e, shelf, x, y, lw, lh):
    for j in range((1 << lh) // UNIT):
        for i in range((1 << lw) // UNIT):
            for f in range(FIELDS):
                units[fr[SLOT], y // UNIT + j, x // UNIT + i, f] = e.fields[shelf, j, i, f]


@lean
def forget(fr, units, x, y, lw, lh):
    """Mark a block as not coded yet."""
    for j in range((1 << lh) // UNIT):
        for i in range((1 << lw) // UNIT):
            units[fr[SLOT], y // UNIT + j, x // UNIT + i, MODE] = 0


@lean
def accept(fr, dpb, units, levels, e, shelf, x, y, lw, lh, u):
    """What lies in the picture is the best so far: shelve it with its fields."""
    keep(fr, dpb, levels, e, shelf, x, y, lw, lh)
    for f in range(FIELDS):
        e.best[f] = u[f]
