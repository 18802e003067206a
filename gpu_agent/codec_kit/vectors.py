"""Coding of an inter block's motion: merged with a neighbour's, or references, predictors and differences."""

from __future__ import annotations

from .jit import lean
from .layout import BOTH, DELTA, MERGED, PREDICTOR, REFS, SIDE, WHICH
from .mvpred import MERGES, limit, merge_candidates, vector_predictors
from .picture import COUNTS, DIST, DISTS, MERGE, MV, MVD, MVP, REF, SKIP
from .rangecoder import READ, code_bit, code_golomb, code_raw


@lean
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


@lean
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
