"""The encoder's choices for a CTU: what each block is predicted from, and how the CTU is split.

Exhaustive over the splits but for three short cuts: a block that is best skipped is not split, halves are not
tried where quarters are clearly better than the whole, and a split is given up once its parts cost more than the best.
"""

from __future__ import annotations

import numpy as np

from .inter import fetch, predict_motion
from .intra import predict, references, smooth, wants_smooth
from .jit import kernel
from .motionsearch import refine, satd, vector_bits, whole
from .mvpred import MERGES, merge_candidates, vector_predictors
from .picture import (
    CBF,
    CHROMA,
    COUNTS,
    DIST,
    DISTS,
    HEIGHT,
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
    ORIGIN_X,
    ORIGIN_Y,
    PATH,
    REF,
    SKIP,
    SLOT,
    SLOTS,
    WIDTH,
)
from .rangecoder import COST
from .reconstruct import chroma_direction, predict_intra, put
from .syntax import (
    CHROMA_MODES,
    COLUMNS,
    NONE,
    QUAD,
    ROWS,
    SPLIT_BIT,
    code_luma_mode,
    code_split,
    fill,
    likely_modes,
    may_split,
    parts,
)
from .trials import (
    EFFORT,
    LAMBDA,
    ROOT,
    accept,
    bits,
    bring,
    bring_fields,
    code_plane,
    forget,
    header_bits,
    keep,
    keep_fields,
    squared,
    try_inter,
)


@kernel
def rough_intra(c, s, e, fr, dpb, units, x, y, lw, lh, ranked, enough):
    """SATD + sqrt(lambda) * bits of intra directions; the best four into `ranked` (int64). Returns the least.

    Gives up after a first look where nothing is below `enough`.
    """
    w, h = 1 << lw, 1 << lh
    references(fr, dpb, units, fr[SLOT], 0, x, y, w, h, s.refs)
    smooth(s.refs, w + h, s.smoothed)
    likely_modes(fr, units, x, y, w, h, s.likely)
    top = np.full(4, np.inf)
    ranked[:4] = -1
    done = 0
    for stage in range(3):
        if stage == 1 and top[0] > enough:
            break
        centre, centre2 = ranked[0], ranked[1]
        for n in range(35):
            if (done >> n) & 1:
                continue
            near = abs(n - centre) < 4 - stage or abs(n - centre2) < 2
            wanted = (n < 2 or n & 3 == 2 or s.likely[0] == n or s.likely[1] == n) if stage == 0 else n > 1 and near
            if not wanted:
                continue
            done |= 1 << n
            predict(n, s.smoothed if wants_smooth(n, lw, lh) else s.refs, lw, lh, s.line, s.first)
            e.rc[COST] = 0
            code_luma_mode(e.rc, c.buf, c.ctx, s.likely, n)
            cost = satd(s.first, e.source, y, x, w, h) + e.fl[ROOT] * bits(e.rc[COST])
            at = 4
            while at > 0 and cost < top[at - 1]:
                at -= 1
            for k in range(3, at, -1):
                top[k], ranked[k] = top[k - 1], ranked[k - 1]
            if at < 4:
                top[at], ranked[at] = cost, n
    return top[0]


@kernel
def intra_luma(c, s, e, fr, dpb, units, levels, x, y, lw, lh, u, thorough):
    predict_intra(fr, dpb, units, s, 0, x, y, lw, lh, u[LUMA])
    put(dpb, fr[SLOT], fr[ORIGIN_Y] + y, fr[ORIGIN_X] + x, 1 << lw, 1 << lh, s.first)
    return code_plane(c, s, e, fr, dpb, levels, 0, x, y, lw, lh, 0, u, thorough)


@kernel
def predict_chroma(fr, dpb, units, s, plane, x, y, lw, lh, u):
    predict_intra(fr, dpb, units, s, plane, x // 2, y // 2, lw - 1, lh - 1, chroma_direction(u[CHROMA], u[LUMA]))
    oy, ox = fr[ORIGIN_Y + plane] + y // 2, fr[ORIGIN_X + plane] + x // 2
    put(dpb, fr[SLOT], oy, ox, 1 << (lw - 1), 1 << (lh - 1), s.first)


@kernel
def intra_chroma(c, s, e, fr, dpb, units, levels, x, y, lw, lh, u):
    cost = 0.0
    for plane in range(1, 3):
        predict_chroma(fr, dpb, units, s, plane, x, y, lw, lh, u)
        cost += code_plane(c, s, e, fr, dpb, levels, plane, x, y, lw, lh, 0, u, False)
    return cost


@kernel
def try_intra(c, s, e, fr, dpb, units, levels, shelf, x, y, lw, lh, u, ranked, count, best):
    """The best of the `count` first ranked directions, with the best chroma; returns the best cost so far."""
    lam = e.fl[LAMBDA]
    u[MODE], u[SKIP], u[REF], u[REF + 1], u[MERGE], u[DIST], u[DIST + 1] = INTRA, 0, -1, -1, -1, 0, 0
    least, direction, last = np.inf, 0, -1
    for n in range(count):
        if ranked[n] < 0:
            continue
        u[LUMA], u[CHROMA], u[CBF], u[KIND] = ranked[n], 0, 0, 0
        cost = intra_luma(c, s, e, fr, dpb, units, levels, x, y, lw, lh, u, False)
        cost += lam * header_bits(c, s, e, fr, units, x, y, lw, lh, u)
        if cost < least:
            least, direction = cost, ranked[n]
    if least >= 1.1 * best:
        return best
    u[LUMA], u[CHROMA], u[CBF], u[KIND] = direction, 0, 0, 0
    luma = intra_luma(c, s, e, fr, dpb, units, levels, x, y, lw, lh, u, True)
    if luma >= best:
        return best
    rough = np.full(CHROMA_MODES, np.inf)
    for n in range(CHROMA_MODES):
        if n > 1 and chroma_direction(n, direction) == direction:
            continue
        u[CHROMA], rough[n] = n, 0.0
        for plane in range(1, 3):
            predict_chroma(fr, dpb, units, s, plane, x, y, lw, lh, u)
            rough[n] += squared(fr, dpb, e.source, plane, x // 2, y // 2, 1 << (lw - 1), 1 << (lh - 1))
        rough[n] += lam * n
    least, choice = np.inf, 0
    for _ in range(2):
        n = np.argmin(rough)
        if rough[n] == np.inf:
            continue
        rough[n] = np.inf
        u[CHROMA], last = n, n
        cost = intra_chroma(c, s, e, fr, dpb, units, levels, x, y, lw, lh, u)
        cost += lam * header_bits(c, s, e, fr, units, x, y, lw, lh, u)
        if cost < least:
            least, choice = cost, n
    if luma + least >= best:
        return best
    u[CHROMA] = choice
    if last != choice:
        intra_chroma(c, s, e, fr, dpb, units, levels, x, y, lw, lh, u)
    accept(fr, dpb, units, levels, e, shelf, x, y, lw, lh, u)
    return luma + least


@kernel
def set_predictor(s, u, side):
    """Choose the cheaper of two predictors for the vector of a list; set the difference."""
    n = 0
    costs = [0, 0]
    for k in range(2):
        costs[k] = vector_bits(u[MV + 2 * side] - s.predictors[k, 0], u[MV + 2 * side + 1] - s.predictors[k, 1])
    if costs[1] < costs[0]:
        n = 1
    u[MVP] = (u[MVP] & ~(1 << side)) | (n << side)
    for k in range(2):
        u[MVD + 2 * side + k] = u[MV + 2 * side + k] - s.predictors[n, k]
    return costs[n]


@kernel
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


@kernel
def set_vector(s, e, fr, units, x, y, lw, lh, u, side, ref, mvx, mvy):
    """One list of `u`: reference, vector, predictor and difference; returns the bits of the vector."""
    u[REF + side], u[MV + 2 * side], u[MV + 2 * side + 1] = ref, mvx, mvy
    if ref < 0:
        u[DIST + side], u[MVD + 2 * side], u[MVD + 2 * side + 1] = 0, 0, 0
        return 0
    u[DIST + side] = fr[DISTS + side * 4 + ref]
    vector_predictors(fr, units, x, y, 1 << lw, 1 << lh, side, ref, s.predictors)
    return set_predictor(s, u, side)


@kernel
def try_searched(c, s, e, fr, dpb, units, levels, depth, x, y, lw, lh, u, best):
    """Searched motion: the better of one and two references, by SATD, then tried in full."""
    w, h = 1 << lw, 1 << lh
    search_vectors(c, s, e, fr, dpb, units, depth, x, y, lw, lh)
    u[MERGE], u[SKIP], u[MVP] = -1, 0, 0
    at = [-1, -1]
    for side in range(2):
        for ref in range(fr[COUNTS + side] if lw + lh > 5 else min(fr[COUNTS + side], 1)):
            if at[side] < 0 or e.found[side * 4 + ref, 0] < e.found[at[side], 0]:
                at[side] = side * 4 + ref
    single = at[0]
    if at[1] >= 0 and e.found[at[1], 0] < e.found[at[0], 0]:
        single = at[1]
    least = e.found[single, 0]
    both = np.int64(1) << 40
    if at[1] >= 0 and lw + lh > 5:
        root = e.fl[ROOT]
        for turn in range(2):
            # refine the worse of the two against the better first
            moving = at[1] if (single == at[0]) == (turn == 0) else at[0]
            fixed = at[0] if moving == at[1] else at[1]
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
            row = at[side]
            set_vector(s, e, fr, units, x, y, lw, lh, u, side, row % 4, e.found[row, 1], e.found[row, 2])
        best = try_inter(c, s, e, fr, dpb, units, levels, depth, x, y, lw, lh, u, best)
    if both >= least or (e.fl[EFFORT] > 0 and both > 0.9 * least):
        row = single
        mvx, mvy = e.hints[depth, row, 0], e.hints[depth, row, 1]
        set_vector(s, e, fr, units, x, y, lw, lh, u, row // 4, row % 4, mvx, mvy)
        set_vector(s, e, fr, units, x, y, lw, lh, u, 1 - row // 4, -1, 0, 0)
        best = try_inter(c, s, e, fr, dpb, units, levels, depth, x, y, lw, lh, u, best)
    return best


@kernel
def try_merges(c, s, e, fr, dpb, units, levels, depth, x, y, lw, lh, u, best):
    """Merge candidates: the best two by SATD in full. Returns (cost, least SATD)."""
    w, h = 1 << lw, 1 << lh
    merge_candidates(fr, units, x, y, w, h, e.merges)
    costs = np.zeros(MERGES)
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
    for turn in range(2):
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


def search_leaf(t, x, y, lw, lh, depth, path):
    """The block whole: best of merged, searched and intra. Left on shelf `depth`, fields in e.best."""
    c, s, e, fr, dpb, units, _ = t
    u, ranked = e.trial, e.ranked
    u[:] = 0
    u[LW], u[LH], u[PATH], u[REF], u[REF + 1], u[MERGE] = lw, lh, path, -1, -1, -1
    best = least = np.inf
    inter = fr[KEY] == 0 and lw + lh > 4
    if inter:
        best, least = try_merges(*t, depth, x, y, lw, lh, u, best)
        if e.best[SKIP] == 0 or e.fl[EFFORT] > 0 or lw + lh > 8:
            best = try_searched(*t, depth, x, y, lw, lh, u, best)
        else:
            e.hints[depth] = e.hints[depth - 1] if depth > 0 else 0
    if max(lw, lh) < 6 and not (inter and e.best[CBF] == 0):
        enough = 1.2 * least if inter else np.inf
        if rough_intra(c, s, e, fr, dpb, units, x, y, lw, lh, ranked, 1.2 * enough) < enough:
            best = try_intra(*t, depth, x, y, lw, lh, u, ranked, 2 if inter else 3, best)
    return best


@kernel
def place(fr, dpb, units, levels, e, depth, x, y, lw, lh):
    """Put the best whole block, on shelf `depth` with fields e.best, into the picture, and its fields on the shelf."""
    bring(fr, dpb, levels, e, depth, x, y, lw, lh)
    fill(units, fr[SLOT], x, y, lw, lh, e.best)
    keep_fields(fr, units, e, depth, x, y, lw, lh)


@kernel
def split_cost(c, e, fr, units, x, y, lw, lh, halves, split):
    e.rc[COST] = 0
    code_split(e.rc, c.buf, c.ctx, fr, units, x, y, lw, lh, halves, split)
    return e.fl[LAMBDA] * bits(e.rc[COST])


def search_tree(t, x, y, lw=6, lh=6, halves=0, depth=0, path=0, limit=np.inf):
    """Best split of a block; the picture, units and levels are left as chosen. Returns its cost.

    `t`: coder, scratch, encoder, fr, pictures, units, levels. A split is given up where it costs more than `limit`.
    """
    c, _, e, fr, dpb, units, levels = t
    if x >= fr[WIDTH] or y >= fr[HEIGHT]:
        return 0.0
    if x + (1 << lw) > fr[WIDTH] or y + (1 << lh) > fr[HEIGHT]:
        e.hints[depth] = 0
        return sum(search_tree(t, *part, 0, depth + 1, path | QUAD << 2 * depth) for part in parts(x, y, lw, lh, QUAD))
    forget(fr, units, x, y, lw, lh)
    allowed = may_split(fr, lw, lh, halves)
    best = whole_cost = np.inf
    placed = skipped = False
    if allowed & 1:
        best = search_leaf(t, x, y, lw, lh, depth, path)
        best += split_cost(c, e, fr, units, x, y, lw, lh, halves, NONE)
        skipped = e.best[SKIP] == 1
        whole_cost = best
        place(fr, dpb, units, levels, e, depth, x, y, lw, lh)
        placed = True
    for split in (QUAD, ROWS, COLUMNS):
        if skipped or not allowed & SPLIT_BIT[split] or (split != QUAD and best < 0.8 * whole_cost):
            continue
        forget(fr, units, x, y, lw, lh)
        cost = split_cost(c, e, fr, units, x, y, lw, lh, halves, split)
        for part in parts(x, y, lw, lh, split):
            if cost >= min(best, limit):
                cost = np.inf
                break
            deeper = 0 if split == QUAD else halves + 1, depth + 1, path | split << 2 * depth
            cost += search_tree(t, *part, *deeper, min(best, limit) - cost)
        placed = cost < best
        if placed:
            best = cost
            keep(fr, dpb, levels, e, depth, x, y, lw, lh)
            keep_fields(fr, units, e, depth, x, y, lw, lh)
    if not placed:
        bring(fr, dpb, levels, e, depth, x, y, lw, lh)
        bring_fields(fr, units, e, depth, x, y, lw, lh)
    return best
