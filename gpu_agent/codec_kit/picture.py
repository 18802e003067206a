"""How the champion's kernels keep pictures: names of rows and fields, and the arrays that hold them.

A picture's three planes lie in one int16 array, luma above, U and V side by side below it, each with a margin of
repeated samples around it, so that every function works on any plane by its origin. What was decided for each 4x4
luma samples lies in an int16 array of FIELDS values. Frame-wide numbers are in `fr` (int64).
"""

from __future__ import annotations

import numpy as np

from .jit import lean

MARGIN = 80
UNIT = 4
CTU = 64

# Fields of a 4x4 unit. MODE is 0 until the unit is coded in this picture; so it also says what is available.
MODE, SKIP, LW, LH, LUMA, CHROMA, MV, REF, DIST, CBF = 0, 1, 2, 3, 4, 5, 6, 10, 12, 14
MERGE, MVP, PATH, MVD, KIND, FIELDS = 15, 16, 17, 18, 22, 24
INTRA, INTER = 1, 2

# Rows of `fr`. Per list (0 past, 1 future) and index: slot of the reference, and its distance in frames.
WIDTH, HEIGHT, SLOT, KEY, QP, QPC, COL, COUNTS, SLOTS, DISTS = 0, 1, 2, 3, 4, 5, 6, 8, 10, 18
ORIGIN_Y, ORIGIN_X, FLAT_Y, FLAT_X, SIZE = 30, 33, 36, 39, 64
MAX_REFS = 4
MAX_DISTANCE = 1 << 12


def frame_rows(width: int, height: int) -> np.ndarray:
    """`fr` of a picture; sizes are padded up to a multiple of 8."""
    fr = np.zeros(SIZE, np.int64)
    w, h = -(-width // 8) * 8, -(-height // 8) * 8
    fr[WIDTH], fr[HEIGHT] = w, h
    half = MARGIN // 2
    fr[ORIGIN_Y : ORIGIN_Y + 3] = MARGIN, h + 2 * MARGIN + half, h + 2 * MARGIN + half
    fr[ORIGIN_X : ORIGIN_X + 3] = MARGIN, half, w // 2 + MARGIN + half
    fr[FLAT_Y : FLAT_Y + 3] = 0, h, h
    fr[FLAT_X : FLAT_X + 3] = 0, 0, w // 2
    return fr


def pictures(fr: np.ndarray, slots: int) -> tuple[np.ndarray, np.ndarray]:
    """Planes (slots, rows, columns) with margins, and units (slots, H/4, W/4, FIELDS)."""
    w, h = int(fr[WIDTH]), int(fr[HEIGHT])
    rows = h + 2 * MARGIN + h // 2 + MARGIN
    return np.zeros((slots, rows, w + 2 * MARGIN), np.int16), np.zeros((slots, h // 4, w // 4, FIELDS), np.int16)


def flat(fr: np.ndarray) -> np.ndarray:
    """Three planes without margins: for the source and for levels."""
    return np.zeros((int(fr[HEIGHT]) * 3 // 2, int(fr[WIDTH])), np.int16)


def load(fr: np.ndarray, frame, out: np.ndarray) -> None:
    """A frame into a flat picture, padded by repeating its last row and column."""
    for p, plane in enumerate(frame):
        h, w = int(fr[HEIGHT]) >> (p > 0), int(fr[WIDTH]) >> (p > 0)
        y, x = int(fr[FLAT_Y + p]), int(fr[FLAT_X + p])
        pads = ((0, h - plane.shape[0]), (0, w - plane.shape[1]))
        out[y : y + h, x : x + w] = np.pad(plane, pads, mode="edge")


def planes(fr: np.ndarray, picture: np.ndarray, width: int, height: int) -> list[np.ndarray]:
    """The three planes of a picture with margins, cropped to the video's size, as uint8."""
    out = []
    for p in range(3):
        y, x = int(fr[ORIGIN_Y + p]), int(fr[ORIGIN_X + p])
        out.append(picture[y : y + (height >> (p > 0)), x : x + (width >> (p > 0))].astype(np.uint8))
    return out


@lean
def extend(fr, dpb, slot):
    """Fill the margins of a picture with its border samples."""
    for p in range(3):
        s = 1 if p > 0 else 0
        w, h, m = fr[WIDTH] >> s, fr[HEIGHT] >> s, MARGIN >> s
        oy, ox = fr[ORIGIN_Y + p], fr[ORIGIN_X + p]
        for y in range(oy, oy + h):
            for x in range(m):
                dpb[slot, y, ox - 1 - x] = dpb[slot, y, ox]
                dpb[slot, y, ox + w + x] = dpb[slot, y, ox + w - 1]
        for y in range(m):
            for x in range(ox - m, ox + w + m):
                dpb[slot, oy - 1 - y, x] = dpb[slot, oy, x]
                dpb[slot, oy + h + y, x] = dpb[slot, oy + h - 1, x]
