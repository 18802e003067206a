"""Motion from the neighbours: merge candidates and vector predictors (H.265 clauses 8.5.3.2.2 and 8.5.3.2.6)."""

from __future__ import annotations

from .jit import lean
from .picture import COL, COUNTS, DIST, DISTS, HEIGHT, INTER, MODE, MV, REF, SLOT, UNIT, WIDTH

MERGES = 6
MV_LIMIT = 1 << 14


@lean
def limit(v):
    return min(max(v, -MV_LIMIT), MV_LIMIT - 1)


@lean
def scale(v, have, want):
    """A vector component over `have` frames, as if over `want` frames, rounded half away from zero."""
    if have == want or have == 0:
        return v
    n, d = v * want, have
    if d < 0:
        n, d = -n, -d
    m = (2 * abs(n) + d) // (2 * d)
    return limit(m if n >= 0 else -m)


@lean
def neighbour(x, y, w, h, n):
    """Luma position of spatial neighbour n: left, above, above right, below left, above left."""
    if n == 0:
        return x - 1, y + h - 1
    if n == 1:
        return x + w - 1, y - 1
    if n == 2:
        return x + w, y - 1
    if n == 3:
        return x - 1, y + h
    return x - 1, y - 1


@lean
def moving(fr, units, slot, x, y):
    """Whether the unit at a luma position is in the picture, coded, and inter."""
    if x < 0 or y < 0 or x >= fr[WIDTH] or y >= fr[HEIGHT]:
        return False
    return units[slot, y // UNIT, x // UNIT, MODE] == INTER


@lean
def temporal(fr, units, x, y, w, h, side, ref, out, o):
    """Vector of the co-located picture, scaled to reference `ref` of list `side`, into out[o:o+2]; False if none."""
    if fr[COL] < 0:
        return False
    for n in range(2):
        cx, cy = (x + w, y + h) if n == 0 else (x + w // 2, y + h // 2)
        if not moving(fr, units, fr[COL], cx, cy):
            continue
        uy, ux = cy // UNIT, cx // UNIT
        for s in range(2):
            from_side = side if s == 0 else 1 - side
            have = units[fr[COL], uy, ux, DIST + from_side]
            if units[fr[COL], uy, ux, REF + from_side] >= 0 and have != 0:
                want = fr[DISTS + side * 4 + ref]
                out[o] = scale(units[fr[COL], uy, ux, MV + 2 * from_side], have, want)
                out[o + 1] = scale(units[fr[COL], uy, ux, MV + 2 * from_side + 1], have, want)
                return True
    return False


@lean
def is_new(out, n):
    """Whether candidate n differs from all before it."""
    for k in range(n):
        same = True
        for f in range(6):
            if out[k, f] != out[n, f]:
                same = False
        if same:
            return False
    return True


@lean
def merge_candidates(fr, units, x, y, w, h, out):
    """MERGES different motions for the block, into `out` (int64, rows of mvx, mvy, mvx, mvy, ref, ref)."""
    slot = fr[SLOT]
    n = 0
    for k in range(5):
        nx, ny = neighbour(x, y, w, h, k)
        if n < MERGES - 1 and moving(fr, units, slot, nx, ny):
            uy, ux = ny // UNIT, nx // UNIT
            for f in range(4):
                out[n, f] = units[slot, uy, ux, MV + f]
            out[n, 4], out[n, 5] = units[slot, uy, ux, REF], units[slot, uy, ux, REF + 1]
            if is_new(out, n):
                n += 1
    if n < MERGES:
        for f in range(6):
            out[n, f] = 0 if f < 4 else -1
        for side in range(2):
            if fr[COUNTS + side] > 0 and temporal(fr, units, x, y, w, h, side, 0, out[n], 2 * side):
                out[n, 4 + side] = 0
        if (out[n, 4] >= 0 or out[n, 5] >= 0) and is_new(out, n):
            n += 1
    spatial = n
    for a in range(spatial):
        for b in range(spatial):
            if a != b and n < MERGES and out[a, 4] >= 0 and out[b, 5] >= 0:
                out[n, 0], out[n, 1], out[n, 4] = out[a, 0], out[a, 1], out[a, 4]
                out[n, 2], out[n, 3], out[n, 5] = out[b, 2], out[b, 3], out[b, 5]
                if is_new(out, n):
                    n += 1
    ref = 0
    while n < MERGES:
        for f in range(4):
            out[n, f] = 0
        out[n, 4] = min(ref, fr[COUNTS] - 1)
        out[n, 5] = min(ref, fr[COUNTS + 1] - 1)
        n += 1
        ref += 1


@lean
def vector_predictors(fr, units, x, y, w, h, side, ref, out):
    """Two vectors for reference `ref` of list `side`, into `out` (int64, 2 x 2): neighbours', co-located, zero."""
    slot, want = fr[SLOT], fr[DISTS + side * 4 + ref]
    n = 0
    for exact in range(2):
        for k in range(5):
            nx, ny = neighbour(x, y, w, h, k)
            if n < 2 and moving(fr, units, slot, nx, ny):
                uy, ux = ny // UNIT, nx // UNIT
                for s in range(2):
                    from_side = side if s == 0 else 1 - side
                    have = units[slot, uy, ux, DIST + from_side]
                    if n < 2 and units[slot, uy, ux, REF + from_side] >= 0 and (have == want) == (exact == 0):
                        out[n, 0] = scale(units[slot, uy, ux, MV + 2 * from_side], have, want)
                        out[n, 1] = scale(units[slot, uy, ux, MV + 2 * from_side + 1], have, want)
                        if n == 0 or out[0, 0] != out[1, 0] or out[0, 1] != out[1, 1]:
                            n += 1
    found = n < 2 and temporal(fr, units, x, y, w, h, side, ref, out[n], 0)
    if found and (n == 0 or out[0, 0] != out[1, 0] or out[0, 1] != out[1, 1]):
        n += 1
    while n < 2:
        out[n, 0], out[n, 1] = 0, 0
        n += 1
