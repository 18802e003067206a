"""The bitstream's tree: how a picture's blocks are split, predicted and filled, one walk for writing and reading.

The encoder has filled `units` and `levels` before it walks; the decoder fills them by walking. Splits: a square may
be quartered, any block halved (the binary splits of H.266 clause 7.3.11.4, at most BINARY deep). A unit's PATH holds
the splits that led to its block, two bits each.
"""

from __future__ import annotations

from .jit import kernel
from .mvpred import limit, merge_candidates, vector_predictors
from .picture import (
    CBF,
    CHROMA,
    COUNTS,
    DIST,
    DISTS,
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
    MERGE,
    MODE,
    MV,
    MVD,
    MVP,
    PATH,
    REF,
    SKIP,
    SLOT,
    UNIT,
    WIDTH,
)
from .rangecoder import READ, code_bit, code_golomb, code_raw
from .reconstruct import reconstruct
from .residual import CONTEXTS as FIRST
from .residual import code_residual

NONE, QUAD, ROWS, COLUMNS = 0, 1, 2, 3
SPLIT_BIT = (1, 2, 4, 8)
"""Bit of `may_split` for each split."""
BINARY = 1
MERGES = 6

SPLIT = FIRST
QUADS = SPLIT + 11 * 3 * 2
WAYS = QUADS + 8 * 3
SKIPS = WAYS + 16
MODES = SKIPS + 3
MERGED = MODES + 3
WHICH = MERGED + 1
BOTH = WHICH + MERGES
SIDE = BOTH + 12
REFS = SIDE + 1
PREDICTOR = REFS + 4
DELTA = PREDICTOR + 2
CBFS = DELTA + 40
LIKELY = CBFS + 3 * 2 * 24
DIRECTION = LIKELY + 4
CHROMAS = DIRECTION + 32
KINDS = CHROMAS + 8
CONTEXTS = KINDS + 6


@kernel
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


@kernel
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
        lean = 1 + (1 if lw > lh else 0) - (1 if lh > lw else 0)
        return COLUMNS if code_bit(rc, buf, ctx, WAYS + lean, 1 if split == COLUMNS else 0) else ROWS
    return ROWS if allowed & 4 else COLUMNS


@kernel
def likely_modes(fr, units, x, y, w, h, out):
    """Three likely intra directions from the blocks to the left and above (H.265 clause 8.4.2)."""
    slot = fr[SLOT]
    a, b = 1, 1
    if x > 0 and units[slot, (y + h - 1) // UNIT, x // UNIT - 1, MODE] == INTRA:
        a = units[slot, (y + h - 1) // UNIT, x // UNIT - 1, LUMA]
    if y > 0 and units[slot, y // UNIT - 1, (x + w - 1) // UNIT, MODE] == INTRA:
        b = units[slot, y // UNIT - 1, (x + w - 1) // UNIT, LUMA]
    if a == b:
        if a < 2:
            out[0], out[1], out[2] = 0, 1, 26
        else:
            out[0], out[1], out[2] = a, 2 + ((a + 29) & 31), 2 + ((a - 1) & 31)
    else:
        out[0], out[1] = a, b
        out[2] = 0 if a != 0 and b != 0 else (1 if a != 1 and b != 1 else 26)


@kernel
def code_luma_mode(rc, buf, ctx, likely, mode):
    """An intra direction: one of three likely ones, or one of the 32 others."""
    n = 3
    for k in range(2, -1, -1):
        if likely[k] == mode:
            n = k
    if code_bit(rc, buf, ctx, LIKELY, 1 if n < 3 else 0):
        if code_bit(rc, buf, ctx, LIKELY + 1, 1 if n > 0 else 0) == 0:
            return likely[0]
        return likely[2] if code_bit(rc, buf, ctx, LIKELY + 2, 1 if n > 1 else 0) else likely[1]
    rest = mode
    for k in range(3):
        if likely[k] < mode:
            rest -= 1
    node = 1
    for k in range(4, -1, -1):
        node = 2 * node + code_bit(rc, buf, ctx, DIRECTION + node, (rest >> k) & 1)
    rest = node - 32
    lo, hi = min(likely[0], likely[1]), max(likely[0], likely[1])
    if likely[2] < lo:
        a, b, c = likely[2], lo, hi
    elif likely[2] < hi:
        a, b, c = lo, likely[2], hi
    else:
        a, b, c = lo, hi, likely[2]
    if rest >= a:
        rest += 1
    if rest >= b:
        rest += 1
    if rest >= c:
        rest += 1
    return rest


CHROMA_MODES = 6
"""0: the luma direction; 1: from luma; then planar, DC, horizontal, vertical."""


@kernel
def code_chroma_mode(rc, buf, ctx, mode):
    n = 0
    while n < CHROMA_MODES - 1 and code_bit(rc, buf, ctx, CHROMAS + n, 1 if n < mode else 0):
        n += 1
    return n


@kernel
def code_vector(rc, buf, ctx, delta):
    """A vector difference (int64, 2) in place: lengths in contexts, raw signs."""
    for k in range(2):
        size = code_golomb(rc, buf, ctx, DELTA + 20 * k, 20, 0, abs(delta[k]))
        if size > 0:
            negative = code_raw(rc, buf, 1, 1 if delta[k] < 0 else 0)
            if rc[0] == READ:
                delta[k] = -size if negative else size
        elif rc[0] == READ:
            delta[k] = 0


@kernel
def code_motion(rc, buf, ctx, fr, units, x, y, lw, lh, u, s):
    """Motion of an inter block: merged, or references, predictors and differences. `u`: int64 fields of the block."""
    w, h = 1 << lw, 1 << lh
    reading = rc[0] == READ
    merge = u[MERGE]
    if u[SKIP] == 0:
        merged = code_bit(rc, buf, ctx, MERGED, 1 if merge >= 0 else 0)
    else:
        merged = 1
    if merged:
        n = 0
        while n < MERGES - 1 and code_bit(rc, buf, ctx, WHICH + n, 1 if n < merge else 0):
            n += 1
        u[MERGE] = n
        if reading:
            cand = s.merge
            merge_candidates(fr, units, x, y, w, h, cand)
            for f in range(4):
                u[MV + f] = cand[n, f]
            u[REF], u[REF + 1] = cand[n, 4], cand[n, 5]
    else:
        u[MERGE] = -1
        use0, use1 = u[REF] >= 0, u[REF + 1] >= 0
        if fr[COUNTS + 1] > 0:
            if code_bit(rc, buf, ctx, BOTH + lw + lh - 3, 1 if use0 and use1 else 0):
                use0, use1 = True, True
            else:
                use1 = code_bit(rc, buf, ctx, SIDE, 1 if use1 else 0) == 1
                use0 = not use1
        else:
            use0, use1 = True, False
        for side in range(2):
            used = use0 if side == 0 else use1
            if not used:
                u[REF + side], u[MV + 2 * side], u[MV + 2 * side + 1] = -1, 0, 0
                continue
            n = 0
            while n < fr[COUNTS + side] - 1 and code_bit(
                rc, buf, ctx, REFS + 2 * side + min(n, 1), 1 if n < u[REF + side] else 0
            ):
                n += 1
            u[REF + side] = n
            p = code_bit(rc, buf, ctx, PREDICTOR, (u[MVP] >> side) & 1)
            code_vector(rc, buf, ctx, u[MVD + 2 * side : MVD + 2 * side + 2])
            if reading:
                vector_predictors(fr, units, x, y, w, h, side, n, s.predictors)
                u[MV + 2 * side] = limit(s.predictors[p, 0] + u[MVD + 2 * side])
                u[MV + 2 * side + 1] = limit(s.predictors[p, 1] + u[MVD + 2 * side + 1])
    if reading:
        for side in range(2):
            u[DIST + side] = fr[DISTS + side * 4 + u[REF + side]] if u[REF + side] >= 0 else 0


@kernel
def fill(units, slot, x, y, lw, lh, u):
    """Write the fields of a block to all of its units."""
    for j in range(y // UNIT, (y + (1 << lh)) // UNIT):
        for i in range(x // UNIT, (x + (1 << lw)) // UNIT):
            for f in range(KIND + 1):
                units[slot, j, i, f] = u[f]


@kernel
def cbf_context(plane, inter, lw, lh):
    return CBFS + (plane * 2 + inter) * 24 + lw + lh - 2


@kernel
def kind_context(lw, lh):
    return KINDS + ((lw + lh) >> 1) - 2


@kernel
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


@kernel
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


@kernel
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
    if cbf & 15 and inter == 0 and max(lw, lh) <= 4:
        u[KIND] = code_bit(c.rc, c.buf, c.ctx, kind_context(lw, lh), u[KIND])


def parts(x: int, y: int, lw: int, lh: int, split: int) -> list[tuple[int, int, int, int]]:
    """(x, y, log2 w, log2 h) of the parts of a split block, in coding order."""
    w, h = 1 << lw >> 1, 1 << lh >> 1
    if split == QUAD:
        return [(x + i, y + j, lw - 1, lh - 1) for j in (0, h) for i in (0, w)]
    if split == ROWS:
        return [(x, y, lw, lh - 1), (x, y + h, lw, lh - 1)]
    return [(x, y, lw - 1, lh), (x + w, y, lw - 1, lh)]


def code_tree(c, s, fr, dpb, units, levels, x, y, lw=6, lh=6, halves=0, depth=0, path=0):
    """A block of a CTU, split or whole, in coding order."""
    if x >= fr[WIDTH] or y >= fr[HEIGHT]:
        return
    if x + (1 << lw) > fr[WIDTH] or y + (1 << lh) > fr[HEIGHT]:
        split = QUAD
    else:
        split = int(units[fr[SLOT], y // UNIT, x // UNIT, PATH]) >> 2 * depth & 3
        split = code_split(c.rc, c.buf, c.ctx, fr, units, x, y, lw, lh, halves, split)
    if split == NONE:
        code_leaf(c, s, fr, dpb, units, levels, x, y, lw, lh, path)
        return
    halves = 0 if split == QUAD else halves + 1
    for part in parts(x, y, lw, lh, split):
        code_tree(c, s, fr, dpb, units, levels, *part, halves, depth + 1, path | split << 2 * depth)
