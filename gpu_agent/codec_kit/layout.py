"""Where each syntax element's adaptive contexts begin in the champion's table; those of coefficients come first."""

from __future__ import annotations

from .mvpred import MERGES
from .residual import CONTEXTS as FIRST

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
