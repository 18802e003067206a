"""The encoder's choice of intra directions: many roughly, few in full, then chroma."""

from __future__ import annotations

import numpy as np

from .encoder import LAMBDA, ROOT
from .intra import predict, references, smooth, wants_smooth
from .jit import lean
from .modes import CHROMA_MODES, code_luma_mode, likely_modes
from .motionsearch import satd
from .picture import (
    CBF,
    CHROMA,
    DIST,
    INTRA,
    KIND,
    LUMA,
    MERGE,
    MODE,
    ORIGIN_X,
    ORIGIN_Y,
    REF,
    SKIP,
    SLOT,
)
from .rangecoder import COST
from .reconstruct import chroma_direction, predict_intra, put
from .shelves import accept
from .trials import bits, code_plane, header_bits, squared


@lean
def rough_intra(c, s, e, fr, dpb, units, x, y, lw, lh, ranked, enough):
    """SATD + sqrt(lambda) * bits of intra directions; the best four into `ranked` (int64). Returns the least.

    Gives up after a first look where nothing is below `enough`.
    """
    w, h = 1 << lw, 1 << lh
    references(fr, dpb, units, fr[SLOT], 0, x, y, w, h, s.refs)
    smooth(s.refs, w + h, s.smoothed)
    likely_modes(fr, units, x, y, w, h, s.likely)
    top = e.rough
    for n in range(4):
        top[n], ranked[n] = np.inf, -1
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


@lean
def predict_chroma(fr, dpb, units, s, plane, x, y, lw, lh, u):
    predict_intra(fr, dpb, units, s, plane, x // 2, y // 2, lw - 1, lh - 1, chroma_direction(u[CHROMA], u[LUMA]))
    oy, ox = fr[ORIGIN_Y + plane] + y // 2, fr[ORIGIN_X + plane] + x // 2
    put(dpb, fr[SLOT], oy, ox, 1 << (lw - 1), 1 << (lh - 1), s.first)


@lean
def intra_chroma(c, s, e, fr, dpb, units, levels, x, y, lw, lh, u):
    cost = 0.0
    for plane in range(1, 3):
        predict_chroma(fr, dpb, units, s, plane, x, y, lw, lh, u)
        cost += code_plane(c, s, e, fr, dpb, levels, plane, x, y, lw, lh, u)
    return cost


@lean
def try_intra(c, s, e, fr, dpb, units, levels, shelf, x, y, lw, lh, u, ranked, count, best):
    """The best of the `count` first ranked directions, with the best chroma; returns the best cost so far."""
    lam = e.fl[LAMBDA]
    u[MODE], u[SKIP], u[REF], u[REF + 1], u[MERGE], u[DIST], u[DIST + 1] = INTRA, 0, -1, -1, -1, 0, 0
    least, direction, last, luma = np.inf, 0, -1, 0.0
    plane = np.int64(0)  # not a literal, for which numba would compile its own functions
    for n in range(count + 1):
        final = n == count  # the best direction again, with both transforms
        if final and least >= 1.1 * best:
            return best
        u[LUMA], u[CHROMA], u[CBF], u[KIND] = direction if final else ranked[n], 0, 0, -1 if final else 0
        if u[LUMA] < 0:
            continue
        predict_intra(fr, dpb, units, s, plane, x, y, lw, lh, u[LUMA])
        put(dpb, fr[SLOT], fr[ORIGIN_Y] + y, fr[ORIGIN_X] + x, 1 << lw, 1 << lh, s.first)
        luma = code_plane(c, s, e, fr, dpb, levels, plane, x, y, lw, lh, u)
        if not final:
            cost = luma + lam * header_bits(c, s, e, fr, units, x, y, lw, lh, u)
            if cost < least:
                least, direction = cost, ranked[n]
    if luma >= best:
        return best
    rough = e.rough
    for n in range(CHROMA_MODES):
        rough[n] = np.inf
        if n > 1 and chroma_direction(n, direction) == direction:
            continue
        u[CHROMA], rough[n] = n, 0.0
        for plane in range(1, 3):
            predict_chroma(fr, dpb, units, s, plane, x, y, lw, lh, u)
            rough[n] += squared(fr, dpb, e.source, plane, x // 2, y // 2, 1 << (lw - 1), 1 << (lh - 1))
        rough[n] += lam * n
    least, choice = np.inf, 0
    for _ in range(2):
        n = 0
        for k in range(1, CHROMA_MODES):
            if rough[k] < rough[n]:
                n = k
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
