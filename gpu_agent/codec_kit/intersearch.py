"""The encoder's choice of motion: merged with a neighbour's, or searched, from one reference or two."""

from __future__ import annotations

import numpy as np

from .encoder import ROOT
from .inter import fetch, predict_motion
from .jit import lean
from .motionsearch import refine, satd, vector_bits, whole
from .mvpred import MERGES, merge_candidates, vector_predictors
from .picture import (
    COUNTS,
    DIST,
    DISTS,
    MERGE,
    MV,
    MVD,
    MVP,
    REF,
    SKIP,
    SLOTS,
)
from .trials import try_inter


@lean
def set_predictor(s, u, side):
    """Choose the cheaper of two predictors for the vector of a list; set the difference."""
    x, y, p = u[MV + 2 * side], u[MV + 2 * side + 1], s.predictors
    first, second = vector_bits(x - p[0, 0], y - p[0, 1]), vector_bits(x - p[1, 0], y - p[1, 1])
    n = 1 if second < first else 0
    u[MVP] = (u[MVP] & ~(1 << side)) | (n << side)
    for k in range(2):
        u[MVD + 2 * side + k] = u[MV + 2 * side + k] - p[n, k]
    return min(first, second)


@lean
def search_vectors(c, s, e, fr, dpb, units, depth, x, y, lw, lh):
    """Best vector for each reference: e.found rows (list * 4 + reference) of (cost, mvx, mvy)."""
    w, h = 1 << lw, 1 << lh
    root = e.fl[ROOT]
    for side in range(2):
        for ref in range(fr[COUNTS + side] if lw + lh > 5 else min(fr[COUNTS + side], 1)):
            row = side * 4 + ref
            slot = fr[SLOTS + row]
            twin = -1
            if side == 1:
                for k in range(fr[COUNTS]):
                    if fr[SLOTS + k] == slot:
                        twin = k
            vector_predictors(fr, units, x, y, w, h, side, ref, s.predictors)
            n = 0
            for k in range(2):
                e.starts[n, 0], e.starts[n, 1] = s.predictors[k, 0], s.predictors[k, 1]
                n += 1
            px, py = s.predictors[0, 0], s.predictors[0, 1]
            if twin >= 0:
                e.vector[0], e.vector[1] = e.found[twin, 1], e.found[twin, 2]
                e.found[row, 0] = e.found[twin, 0]
            else:
                e.starts[n, 0], e.starts[n, 1] = 0, 0
                n += 1
                for k in range(MERGES):
                    for m in range(2):
                        if e.merges[k, 4 + m] >= 0 and fr[SLOTS + 4 * m + e.merges[k, 4 + m]] == slot and n < 16:
                            e.starts[n, 0], e.starts[n, 1] = e.merges[k, 2 * m], e.merges[k, 2 * m + 1]
                            n += 1
                if depth > 0:
                    e.starts[n, 0], e.starts[n, 1] = e.hints[depth - 1, row, 0], e.hints[depth - 1, row, 1]
                    n += 1
                sy, sx = min((y + h // 2) // 16, e.seeds.shape[1] - 1), min((x + w // 2) // 16, e.seeds.shape[2] - 1)
                e.starts[n, 0], e.starts[n, 1] = 4 * e.seeds[row, sy, sx, 0], 4 * e.seeds[row, sy, sx, 1]
                n += 1
                whole(fr, dpb, slot, e.source, x, y, w, h, root, px, py, e.starts, n, e.vector)
                e.found[row, 0] = refine(
                    fr, dpb, slot, e.source, x, y, w, h, root, px, py, e.alone, 2, s.temp, e.block, e.vector
                )
            e.found[row, 0] += int(root * (ref + 1))
            e.found[row, 1], e.found[row, 2] = e.vector[0], e.vector[1]
            e.hints[depth, row, 0], e.hints[depth, row, 1] = e.vector[0], e.vector[1]


@lean
def set_vector(s, e, fr, units, x, y, lw, lh, u, side, ref, mvx, mvy):
    """One list of `u`: reference, vector, predictor and difference; returns the bits of the vector."""
    u[REF + side], u[MV + 2 * side], u[MV + 2 * side + 1] = ref, mvx, mvy
    if ref < 0:
        u[DIST + side], u[MVD + 2 * side], u[MVD + 2 * side + 1] = 0, 0, 0
        return 0
    u[DIST + side] = fr[DISTS + side * 4 + ref]
    vector_predictors(fr, units, x, y, 1 << lw, 1 << lh, side, ref, s.predictors)
    return set_predictor(s, u, side)


@lean
def cheapest(fr, e, side, lw, lh):
    """Row of e.found of the best reference of a list; -1 where there is none."""
    at = -1
    for ref in range(fr[COUNTS + side] if lw + lh > 5 else min(fr[COUNTS + side], 1)):
        if at < 0 or e.found[side * 4 + ref, 0] < e.found[at, 0]:
            at = side * 4 + ref
    return at


@lean
def try_searched(c, s, e, fr, dpb, units, levels, depth, x, y, lw, lh, u, best):
    """Searched motion: the better of one and two references, by SATD, then tried in full."""
    w, h = 1 << lw, 1 << lh
    search_vectors(c, s, e, fr, dpb, units, depth, x, y, lw, lh)
    u[MERGE], u[SKIP], u[MVP] = -1, 0, 0
    past, future = cheapest(fr, e, 0, lw, lh), cheapest(fr, e, 1, lw, lh)
    single = past
    if future >= 0 and e.found[future, 0] < e.found[past, 0]:
        single = future
    least = e.found[single, 0]
    both = np.int64(1) << 40
    if future >= 0 and lw + lh > 5:
        root = e.fl[ROOT]
        for turn in range(2):
            # refine the worse of the two against the better first
            moving = future if (single == past) == (turn == 0) else past
            fixed = past if moving == future else future
            fetch(fr, dpb, fr[SLOTS + fixed], 0, x, y, w, h, e.found[fixed, 1], e.found[fixed, 2], s.temp, e.other)
            vector_predictors(fr, units, x, y, w, h, moving // 4, moving % 4, s.predictors)
            e.vector[0], e.vector[1] = e.found[moving, 1], e.found[moving, 2]
            cost = refine(
                fr, dpb, fr[SLOTS + moving], e.source, x, y, w, h, root, s.predictors[0, 0], s.predictors[0, 1],
                e.other, 2, s.temp, e.block, e.vector,
            )  # fmt: skip
            vector_predictors(fr, units, x, y, w, h, fixed // 4, fixed % 4, s.predictors)
            far = vector_bits(e.found[fixed, 1] - s.predictors[0, 0], e.found[fixed, 2] - s.predictors[0, 1])
            both = cost + int(root * (far + moving % 4 + fixed % 4 + 2))
            e.found[moving, 1], e.found[moving, 2] = e.vector[0], e.vector[1]
    if both < least:
        for side in range(2):
            row = past if side == 0 else future
            set_vector(s, e, fr, units, x, y, lw, lh, u, side, row % 4, e.found[row, 1], e.found[row, 2])
        best = try_inter(c, s, e, fr, dpb, units, levels, depth, x, y, lw, lh, u, best)
    if both > 0.9 * least:  # so close that both are tried in full
        row = single
        mvx, mvy = e.hints[depth, row, 0], e.hints[depth, row, 1]
        set_vector(s, e, fr, units, x, y, lw, lh, u, row // 4, row % 4, mvx, mvy)
        set_vector(s, e, fr, units, x, y, lw, lh, u, 1 - row // 4, -1, 0, 0)
        best = try_inter(c, s, e, fr, dpb, units, levels, depth, x, y, lw, lh, u, best)
    return best


@lean
def try_merges(c, s, e, fr, dpb, units, levels, depth, x, y, lw, lh, u, best):
    """Merge candidates: the best three by SATD in full. Returns (cost, least SATD)."""
    w, h = 1 << lw, 1 << lh
    merge_candidates(fr, units, x, y, w, h, e.merges)
    costs = e.rough
    for n in range(MERGES):
        predict_motion(fr, dpb, 0, x, y, w, h, e.merges[n], s.temp, s.second, s.first)
        costs[n] = satd(s.first, e.source, y, x, w, h) + e.fl[ROOT] * (n + 1)
        for k in range(n):
            same = True
            for f in range(6):
                if e.merges[k, f] != e.merges[n, f]:
                    same = False
            if same:
                costs[n] = np.inf
    least = np.inf
    for turn in range(3):
        n = 0
        for k in range(1, MERGES):
            if costs[k] < costs[n]:
                n = k
        if turn == 0:
            least = costs[n]
        if costs[n] == np.inf or costs[n] > 1.3 * least:
            break
        costs[n] = np.inf
        for side in range(2):
            u[MV + 2 * side], u[MV + 2 * side + 1] = e.merges[n, 2 * side], e.merges[n, 2 * side + 1]
            ref = e.merges[n, 4 + side]
            u[REF + side] = ref
            u[DIST + side] = fr[DISTS + side * 4 + ref] if ref >= 0 else 0
        u[MERGE] = n
        best = try_inter(c, s, e, fr, dpb, units, levels, depth, x, y, lw, lh, u, best)
    return best, least
