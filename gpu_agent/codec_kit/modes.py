"""Coding of intra directions: a luma direction by three likely ones, a chroma direction by the luma one."""

from __future__ import annotations

from .jit import lean
from .layout import CHROMAS, DIRECTION, LIKELY
from .picture import INTRA, LUMA, MODE, SLOT, UNIT
from .rangecoder import code_bit

CHROMA_MODES = 6
"""0: the luma direction; 1: from luma; then planar, DC, horizontal, vertical."""


@lean
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


@lean
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


@lean
def code_chroma_mode(rc, buf, ctx, mode):
    n = 0
    while n < CHROMA_MODES - 1 and code_bit(rc, buf, ctx, CHROMAS + n, 1 if n < mode else 0):
        n += 1
    return n
