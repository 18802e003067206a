"""From a block's fields and levels to its samples: what decoder and encoder must do alike."""

from __future__ import annotations

import numpy as np

from .inter import predict_motion
from .intra import CROSS, DC, HORIZONTAL, PLANAR, VERTICAL, predict, predict_cross, references, smooth, wants_smooth
from .jit import lean
from .picture import (
    CBF,
    CHROMA,
    FLAT_X,
    FLAT_Y,
    INTER,
    KIND,
    LUMA,
    MODE,
    MV,
    ORIGIN_X,
    ORIGIN_Y,
    QP,
    QPC,
    REF,
    SLOT,
)
from .quant import dequantise_block
from .transforms import inverse


@lean
def chroma_direction(choice, luma):
    """The intra direction that a chroma choice stands for (`syntax.CHROMA_MODES`)."""
    if choice == 0:
        return luma
    if choice == 1:
        return CROSS
    return PLANAR if choice == 2 else (DC if choice == 3 else (HORIZONTAL if choice == 4 else VERTICAL))


@lean
def predict_intra(fr, dpb, units, s, plane, x, y, lw, lh, direction):
    """Intra prediction of a block of a plane into s.first."""
    w, h = 1 << lw, 1 << lh
    references(fr, dpb, units, fr[SLOT], plane, x, y, w, h, s.refs)
    if direction == CROSS:
        predict_cross(fr, dpb, fr[SLOT], x, y, w, h, s.refs, s.first)
    elif plane == 0 and wants_smooth(direction, lw, lh):
        smooth(s.refs, w + h, s.smoothed)
        predict(direction, s.smoothed, lw, lh, s.line, s.first)
    else:
        predict(direction, s.refs, lw, lh, s.line, s.first)


@lean
def put(dpb, slot, y, x, w, h, block):
    for j in range(h):
        row = dpb[slot, y + j, x : x + w]
        for i in range(w):
            row[i] = block[j, i]


@lean
def add_residual(fr, dpb, levels, s, plane, x, y, lw, lh, kind):
    """Add the residual of one transform block to the prediction that lies in the picture."""
    w, h = 1 << lw, 1 << lh
    fy, fx = fr[FLAT_Y + plane] + y, fr[FLAT_X + plane] + x
    for j in range(h):
        row = levels[fy + j, fx : fx + w]
        for i in range(w):
            s.levels[j, i] = row[i]
    right, bottom = dequantise_block(s.levels, lw, lh, fr[QPC] if plane > 0 else fr[QP], s.coefficients)
    inverse(s.coefficients, lw, lh, kind, kind, right, bottom, s.temp, s.residual)
    oy, ox, slot = fr[ORIGIN_Y + plane] + y, fr[ORIGIN_X + plane] + x, fr[SLOT]
    for j in range(h):
        row = dpb[slot, oy + j, ox : ox + w]
        for i in range(w):
            row[i] = min(max(np.int32(row[i]) + s.residual[j, i], 0), 255)


@lean
def reconstruct(fr, dpb, units, levels, s, x, y, lw, lh, u):
    """Samples of the block at luma (x, y) with fields `u`, in all planes."""
    for f in range(4):
        s.motion[f] = u[MV + f]
    s.motion[4], s.motion[5] = u[REF], u[REF + 1]
    for plane in range(3):
        sh = 1 if plane > 0 else 0
        px, py, w, h = x >> sh, y >> sh, (1 << lw) >> sh, (1 << lh) >> sh
        if u[MODE] == INTER:
            predict_motion(fr, dpb, plane, px, py, w, h, s.motion, s.temp, s.second, s.first)
        else:
            direction = chroma_direction(u[CHROMA], u[LUMA]) if plane > 0 else u[LUMA]
            predict_intra(fr, dpb, units, s, plane, px, py, lw - sh, lh - sh, direction)
        put(dpb, fr[SLOT], fr[ORIGIN_Y + plane] + py, fr[ORIGIN_X + plane] + px, w, h, s.first)
        tw, th = min(lw - sh, 5), min(lh - sh, 5)
        tile = 4 * plane
        for j in range(0, h, 1 << th):
            for i in range(0, w, 1 << tw):
                if (u[CBF] >> tile) & 1:
                    add_residual(fr, dpb, levels, s, plane, px + i, py + j, tw, th, u[KIND] if plane == 0 else 0)
                tile += 1
