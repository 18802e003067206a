"""The two bundles of arrays that the champion's kernels pass on: the entropy coder, and scratch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .layout import CONTEXTS
from .rangecoder import contexts, mixers
from .residual import MIXERS, PITCH


class Coder(NamedTuple):
    """Registers, bytes, contexts and mixers of `rangecoder`."""

    rc: np.ndarray
    buf: np.ndarray
    ctx: np.ndarray
    mix: np.ndarray


class Scratch(NamedTuple):
    """Arrays that hold nothing between two blocks."""

    waiting: np.ndarray
    fields: np.ndarray
    likely: np.ndarray
    merge: np.ndarray
    predictors: np.ndarray
    motion: np.ndarray
    magnitudes: np.ndarray
    spent: np.ndarray
    refs: np.ndarray
    smoothed: np.ndarray
    line: np.ndarray
    temp: np.ndarray
    first: np.ndarray
    second: np.ndarray
    residual: np.ndarray
    coefficients: np.ndarray
    levels: np.ndarray


def fresh_models() -> tuple[np.ndarray, np.ndarray]:
    """Contexts and mixers that have seen nothing."""
    return contexts(CONTEXTS), mixers(MIXERS)


def scratch() -> Scratch:
    block = lambda: np.zeros((64, 64), np.int32)
    small = lambda: np.zeros((32, 32), np.int32)
    return Scratch(
        waiting=np.zeros((32, 7), np.int64),
        fields=np.zeros(24, np.int64),
        likely=np.zeros(3, np.int64),
        merge=np.zeros((6, 6), np.int64),
        predictors=np.zeros((2, 2), np.int64),
        motion=np.zeros(6, np.int64),
        magnitudes=np.zeros(PITCH * PITCH, np.int32),
        spent=np.zeros((1024, 4), np.float64),
        refs=np.zeros(264, np.int32),
        smoothed=np.zeros(264, np.int32),
        line=np.zeros(264, np.int32),
        temp=np.zeros((72, 64), np.int32),
        first=block(),
        second=block(),
        residual=small(),
        coefficients=small(),
        levels=small(),
    )
