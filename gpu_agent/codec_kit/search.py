"""The encoder's choice of how a CTU is split, and of what each block is predicted from.

Exhaustive over the splits but for three short cuts: a block that is best skipped is not split, halves are not
tried where quarters are clearly better than the whole, and a split is given up once its parts cost more than the best.
"""

from __future__ import annotations

import numpy as np

from .encoder import LAMBDA
from .intersearch import try_merges, try_searched
from .intrasearch import rough_intra, try_intra
from .jit import lean
from .picture import CBF, FIELDS, HEIGHT, KEY, LH, LW, MERGE, PATH, REF, SKIP, SLOT, WIDTH
from .rangecoder import COST
from .shelves import bring, bring_fields, forget, keep, keep_fields
from .splits import NONE, PARTS, QUAD, SPLIT_BIT, code_split, may_split, part
from .syntax import fill
from .trials import bits

X, Y, W, H, HALVES, WAY, ALLOWED, SPLIT, NEXT, PLACED, SKIPPED = range(11)
"""Columns of e.nodes, a row for each open block from the CTU down: log2 sizes W and H, WAY the splits that led here,
SPLIT the one tried now, NEXT its next part, PLACED whether the picture holds the best."""
BEST, WHOLE, SPENT, LIMIT = range(4)
"""Columns of e.costs: least so far, that of the block whole, that of the split tried now, and what is too much."""


@lean
def search_leaf(t, x, y, lw, lh, depth, path):
    """The block whole: best of merged, searched and intra. Left on shelf `depth`, fields in e.best."""
    c, s, e, fr, dpb, units, levels = t
    u, ranked = e.trial, e.ranked
    for f in range(FIELDS):
        u[f] = 0
    u[LW], u[LH], u[PATH], u[REF], u[REF + 1], u[MERGE] = lw, lh, path, -1, -1, -1
    best = least = np.inf
    inter = fr[KEY] == 0 and lw + lh > 4
    if inter:
        best, least = try_merges(c, s, e, fr, dpb, units, levels, depth, x, y, lw, lh, u, best)
        best = try_searched(c, s, e, fr, dpb, units, levels, depth, x, y, lw, lh, u, best)
    if max(lw, lh) < 6 and not (inter and e.best[CBF] == 0):
        enough = 1.2 * least if inter else np.inf
        if rough_intra(c, s, e, fr, dpb, units, x, y, lw, lh, ranked, 1.2 * enough) < enough:
            best = try_intra(c, s, e, fr, dpb, units, levels, depth, x, y, lw, lh, u, ranked, 3 if inter else 4, best)
    return best


@lean
def place(fr, dpb, units, levels, e, depth, x, y, lw, lh):
    """Put the best whole block, on shelf `depth` with fields e.best, into the picture, and its fields on the shelf."""
    bring(fr, dpb, levels, e, depth, x, y, lw, lh)
    fill(units, fr[SLOT], x, y, lw, lh, e.best)
    keep_fields(fr, units, e, depth, x, y, lw, lh)


@lean
def split_cost(c, e, fr, units, x, y, lw, lh, halves, split):
    e.rc[COST] = 0
    code_split(e.rc, c.buf, c.ctx, fr, units, x, y, lw, lh, halves, split)
    return e.fl[LAMBDA] * bits(e.rc[COST])


@lean
def set_block(e, depth, x, y, lw, lh, halves, way, limit):
    """The block to open at `depth`."""
    node = e.nodes[depth]
    node[X], node[Y], node[W], node[H], node[HALVES], node[WAY] = x, y, lw, lh, halves, way
    e.costs[depth, LIMIT] = limit


@lean
def open_block(t, depth):
    """The block set at `depth` comes up: tried whole, where it may stay so."""
    c, _, e, fr, dpb, units, levels = t
    node, cost = e.nodes[depth], e.costs[depth]
    x, y, lw, lh, halves, way = node[X], node[Y], node[W], node[H], node[HALVES], node[WAY]
    node[ALLOWED], node[SPLIT], node[NEXT], node[PLACED], node[SKIPPED] = 0, NONE, 0, 0, 0
    cost[BEST], cost[WHOLE], cost[SPENT] = np.inf, np.inf, 0.0
    if x + (1 << lw) > fr[WIDTH] or y + (1 << lh) > fr[HEIGHT]:  # it can only be quartered, and nothing says so
        node[SPLIT], cost[LIMIT] = QUAD, np.inf
        for row in range(8):
            e.hints[depth, row, 0], e.hints[depth, row, 1] = 0, 0
        return
    forget(fr, units, x, y, lw, lh)
    node[ALLOWED] = may_split(fr, lw, lh, halves)
    if node[ALLOWED] & 1:
        cost[BEST] = search_leaf(t, x, y, lw, lh, depth, way)
        cost[BEST] += split_cost(c, e, fr, units, x, y, lw, lh, halves, NONE)
        cost[WHOLE], node[SKIPPED], node[PLACED] = cost[BEST], e.best[SKIP], 1
        place(fr, dpb, units, levels, e, depth, x, y, lw, lh)


@lean
def next_split(t, depth):
    """Set up the next split worth a try of the block at `depth`; False where there is none."""
    c, _, e, fr, _, units, _ = t
    node, cost = e.nodes[depth], e.costs[depth]
    for split in range(node[SPLIT] + 1, len(PARTS)):
        better = split != QUAD and cost[BEST] < 0.8 * cost[WHOLE]
        if node[SKIPPED] or better or not node[ALLOWED] & SPLIT_BIT[split]:
            continue
        node[SPLIT], node[NEXT] = split, 0
        forget(fr, units, node[X], node[Y], node[W], node[H])
        cost[SPENT] = split_cost(c, e, fr, units, node[X], node[Y], node[W], node[H], node[HALVES], split)
        return True
    return False


@lean
def next_part(t, depth):
    """Set the next part of the split tried at `depth` to be opened; False where the split is done with."""
    _, _, e, fr, _, _, _ = t
    node, cost = e.nodes[depth], e.costs[depth]
    left = min(cost[BEST], cost[LIMIT]) - cost[SPENT]
    while node[NEXT] < PARTS[node[SPLIT]] and left > 0:
        split = node[SPLIT]
        x, y, lw, lh = part(node[X], node[Y], node[W], node[H], split, node[NEXT])
        node[NEXT] += 1
        if x < fr[WIDTH] and y < fr[HEIGHT]:
            halves = 0 if split == QUAD else node[HALVES] + 1
            set_block(e, depth + 1, x, y, lw, lh, halves, node[WAY] | split << 2 * depth, left)
            return True
    return False


@lean
def end_split(t, depth):
    """All parts of a split are in the picture, or it was given up: keep it where it is the best so far."""
    _, _, e, fr, dpb, units, levels = t
    node, cost = e.nodes[depth], e.costs[depth]
    if node[SPLIT] == NONE:
        return
    if node[ALLOWED] == 0:
        cost[BEST] = cost[SPENT]
        return
    complete = node[NEXT] == PARTS[node[SPLIT]]
    node[PLACED] = 1 if complete and cost[SPENT] < cost[BEST] else 0
    if node[PLACED]:
        cost[BEST] = cost[SPENT]
        keep(fr, dpb, levels, e, depth, node[X], node[Y], node[W], node[H])
        keep_fields(fr, units, e, depth, node[X], node[Y], node[W], node[H])


@lean
def search_tree(t, x, y):
    """Best split of the CTU at (x, y); the picture, units and levels are left as chosen. Returns its cost.

    `t`: coder, scratch, encoder, fr, pictures, units, levels.
    """
    _, _, e, fr, dpb, units, levels = t
    set_block(e, 0, x, y, 6, 6, 0, 0, np.inf)
    depth, new = np.int64(0), True  # not a literal, for which numba would compile everything again
    while True:
        if new:
            open_block(t, depth)
        new = next_part(t, depth)
        if new:
            depth += 1
            continue
        end_split(t, depth)
        node = e.nodes[depth]
        if next_split(t, depth):
            continue
        if node[ALLOWED] and not node[PLACED]:
            bring(fr, dpb, levels, e, depth, node[X], node[Y], node[W], node[H])
            bring_fields(fr, units, e, depth, node[X], node[Y], node[W], node[H])
        if depth == 0:
            return e.costs[0, BEST]
        depth -= 1
        e.costs[depth, SPENT] += e.costs[depth + 1, BEST]
