"""What only an encoder has: the source, the rate point's numbers, and the arrays that its decisions are made in."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .mvpred import MERGES
from .picture import FIELDS, HEIGHT, WIDTH

LAMBDA, ROOT, CHROMA_WEIGHT, DEAD = range(4)
SHELVES = 8


class Encoder(NamedTuple):
    """What only an encoder has: the source, the rate point's numbers `fl`, and shelves of candidates."""

    source: np.ndarray
    fl: np.ndarray
    rc: np.ndarray
    samples: np.ndarray
    levels: np.ndarray
    fields: np.ndarray
    hints: np.ndarray
    seeds: np.ndarray
    starts: np.ndarray
    merges: np.ndarray
    vector: np.ndarray
    found: np.ndarray
    best: np.ndarray
    trial: np.ndarray
    ranked: np.ndarray
    other: np.ndarray
    alone: np.ndarray
    block: np.ndarray
    before: np.ndarray
    tile: np.ndarray
    rough: np.ndarray
    nodes: np.ndarray
    costs: np.ndarray


def encoder(fr: np.ndarray, source: np.ndarray) -> Encoder:
    height, width = int(fr[HEIGHT]), int(fr[WIDTH])
    return Encoder(
        source=source,
        fl=np.zeros(4, np.float64),
        rc=np.zeros(10, np.int64),
        samples=np.zeros((SHELVES, 96, 64), np.int16),
        levels=np.zeros((SHELVES, 96, 64), np.int16),
        fields=np.zeros((SHELVES, 16, 16, FIELDS), np.int16),
        hints=np.zeros((SHELVES + 1, 8, 2), np.int64),
        seeds=np.zeros((8, height // 16 + 1, width // 16 + 1, 2), np.int64),
        starts=np.zeros((24, 2), np.int64),
        merges=np.zeros((MERGES, 6), np.int64),
        vector=np.zeros(2, np.int64),
        found=np.zeros((8, 6), np.int64),
        best=np.zeros(FIELDS, np.int64),
        trial=np.zeros(FIELDS, np.int64),
        ranked=np.zeros(4, np.int64),
        other=np.zeros((64, 64), np.int32),
        alone=np.full((64, 64), -(1 << 20), np.int32),
        block=np.zeros((64, 64), np.int32),
        before=np.zeros((64, 64), np.int32),
        tile=np.zeros((2, 32, 32), np.int32),
        rough=np.zeros(8, np.float64),
        nodes=np.zeros((SHELVES + 1, 16), np.int64),
        costs=np.zeros((SHELVES + 1, 4), np.float64),
    )
