"""The bitstream's tree: how a picture's blocks are split, predicted and filled, one walk for writing and reading.

The encoder has filled `units` and `levels` before it walks; the decoder fills them by walking. A unit's PATH holds the
splits that led to its block, two bits each.
"""

from __future__ import annotations

from .jit import lean
from .layout import CBFS, KINDS, MODES, SKIPS
from .modes import code_chroma_mode, code_luma_mode, likely_modes
from .picture import (
    CBF,
    CHROMA,
    FLAT_X,
    FLAT_Y,
    HEIGHT,
    INTER,
    INTRA,
    KEY,
    KIND,
    LH,
    LUMA,
    LW,
    MODE,
    PATH,
    REF,
    SKIP,
    SLOT,
    UNIT,
    WIDTH,
)
from .rangecoder import READ, code_bit
from .reconstruct import reconstruct
from .residual import code_residual
from .splits import NONE, PARTS, QUAD, code_split, part
from .vectors import code_motion


@lean
def fill(units, slot, x, y, lw, lh, u):
    """Write the fields of a block to all of its units."""
    for j in range(y // UNIT, (y + (1 << lh)) // UNIT):
        for i in range(x // UNIT, (x + (1 << lw)) // UNIT):
            for f in range(KIND + 1):
                units[slot, j, i, f] = u[f]


@lean
def cbf_context(plane, inter, lw, lh):
    return CBFS + (plane * 2 + inter) * 24 + lw + lh - 2


@lean
def kind_context(inter, lw, lh):
    return KINDS + 3 * inter + ((lw + lh) >> 1) - 2


@lean
def code_header(rc, buf, ctx, s, fr, units, x, y, lw, lh, u):
    """All of a block but its coefficients: whether it is skipped, inter or intra, and from where it is predicted."""
    slot, uy, ux = fr[SLOT], y // UNIT, x // UNIT
    skips, intras = 0, 0
    if x > 0:
        skips += units[slot, uy, ux - 1, SKIP]
        intras += 1 if units[slot, uy, ux - 1, MODE] == INTRA else 0
    if y > 0:
        skips += units[slot, uy - 1, ux, SKIP]
        intras += 1 if units[slot, uy - 1, ux, MODE] == INTRA else 0
    inter = 0
    if fr[KEY] == 0 and lw + lh > 4:
        u[SKIP] = code_bit(rc, buf, ctx, SKIPS + skips, u[SKIP])
        inter = 1
        if u[SKIP] == 0 and max(lw, lh) < 6:
            inter = 1 - code_bit(rc, buf, ctx, MODES + intras, 1 if u[MODE] == INTRA else 0)
    if inter:
        u[MODE] = INTER
        code_motion(rc, buf, ctx, fr, units, x, y, lw, lh, u, s)
    else:
        u[MODE] = INTRA
        likely_modes(fr, units, x, y, 1 << lw, 1 << lh, s.likely)
        u[LUMA] = code_luma_mode(rc, buf, ctx, s.likely, u[LUMA])
        u[CHROMA] = code_chroma_mode(rc, buf, ctx, u[CHROMA])
        u[REF], u[REF + 1] = -1, -1


@lean
def code_leaf(c, s, fr, dpb, units, levels, x, y, lw, lh, path):
    """One block: header and coefficients; a reader also fills its units and reconstructs it."""
    slot, uy, ux = fr[SLOT], y // UNIT, x // UNIT
    u = s.fields
    reading = c.rc[0] == READ
    for f in range(KIND + 1):
        u[f] = 0 if reading else units[slot, uy, ux, f]
    u[LW], u[LH], u[PATH] = lw, lh, path
    code_header(c.rc, c.buf, c.ctx, s, fr, units, x, y, lw, lh, u)
    if u[SKIP]:
        u[CBF] = 0
    else:
        code_coefficients(c, s, fr, levels, x, y, lw, lh, u)
    if reading:
        reconstruct(fr, dpb, units, levels, s, x, y, lw, lh, u)
        fill(units, slot, x, y, lw, lh, u)


@lean
def code_coefficients(c, s, fr, levels, x, y, lw, lh, u):
    """Which tiles of the three planes have coefficients (bits of CBF: four tiles a plane), and those."""
    cbf, inter = 0, 1 if u[MODE] == INTER else 0
    for plane in range(3):
        sh = 1 if plane > 0 else 0
        tw, th = min(lw - sh, 5), min(lh - sh, 5)
        bx, by = fr[FLAT_X + plane] + (x >> sh), fr[FLAT_Y + plane] + (y >> sh)
        tile = 4 * plane
        for j in range(0, 1 << (lh - sh), 1 << th):
            for i in range(0, 1 << (lw - sh), 1 << tw):
                k = cbf_context(plane, inter, tw, th)
                if plane == 2 and (cbf >> 4) & 1:
                    k += 12
                if code_bit(c.rc, c.buf, c.ctx, k, (u[CBF] >> tile) & 1):
                    cbf |= 1 << tile
                    code_residual(c.rc, c.buf, c.ctx, c.mix, sh, inter, levels, bx + i, by + j, tw, th, s.magnitudes)
                tile += 1
    u[CBF] = cbf
    if cbf & 15 and max(lw, lh) <= 4:
        u[KIND] = code_bit(c.rc, c.buf, c.ctx, kind_context(inter, lw, lh), u[KIND])


@lean
def push(s, n, x, y, lw, lh, halves, depth, path):
    """A block to walk later, on top of the `n` that wait; returns how many wait now."""
    row = s.waiting[n]
    row[0], row[1], row[2], row[3], row[4], row[5], row[6] = x, y, lw, lh, halves, depth, path
    return n + 1


@lean
def code_tree(c, s, fr, dpb, units, levels, x, y):
    """A CTU, split or whole, in coding order."""
    n = push(s, 0, x, y, 6, 6, 0, 0, 0)
    while n > 0:
        n -= 1
        row = s.waiting[n]
        bx, by, lw, lh, halves, depth, path = row[0], row[1], row[2], row[3], row[4], row[5], row[6]
        if bx >= fr[WIDTH] or by >= fr[HEIGHT]:
            continue
        split = QUAD
        if bx + (1 << lw) <= fr[WIDTH] and by + (1 << lh) <= fr[HEIGHT]:
            split = (units[fr[SLOT], by // UNIT, bx // UNIT, PATH] >> 2 * depth) & 3
            split = code_split(c.rc, c.buf, c.ctx, fr, units, bx, by, lw, lh, halves, split)
        if split == NONE:
            code_leaf(c, s, fr, dpb, units, levels, bx, by, lw, lh, path)
            continue
        halves = 0 if split == QUAD else halves + 1
        for k in range(PARTS[split] - 1, -1, -1):
            px, py, plw, plh = part(bx, by, lw, lh, split, k)
            n = push(s, n, px, py, plw, plh, halves, depth + 1, path | split << 2 * depth)
