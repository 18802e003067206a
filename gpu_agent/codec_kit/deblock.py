"""An in-loop deblocking filter: `from codec_kit.deblock import deblock`."""

from __future__ import annotations

import numpy as np


def deblock(planes: list[np.ndarray], coded: list[np.ndarray], step: int) -> None:
    """Soften the 8x8 block edges of integer planes in place: where a block beside was coded (bool, one a block) and the
    jump is small enough to be the doing of a quantiser with this step (in sixteenths of a sample). H.264's filter for
    edges between inter blocks, with thresholds in proportion to the step.
    """
    for plane, near in zip(planes, coded):
        for p, on in (plane, near), (plane.T, near.T):
            a, b, c, d = p[:, 6:-8:8], p[:, 7:-8:8], p[:, 8::8], p[:, 9::8]
            edge = (on[:, :-1] | on[:, 1:]).repeat(8, 0) & (np.abs(c - b) < step >> 3)
            edge &= (np.abs(a - b) < step >> 5) & (np.abs(c - d) < step >> 5)
            delta = np.clip((4 * (c - b) + a - d + 4) >> 3, -(step >> 7), step >> 7) * edge
            b += delta
            c -= delta
