"""What happens to a picture after its last block: deblocking, then Wiener filters, fitted by the encoder and sent."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .edges import deblock
from .jit import lean
from .picture import CTU, FLAT_X, FLAT_Y, HEIGHT, ORIGIN_X, ORIGIN_Y, SLOT, UNIT, WIDTH, extend
from .rangecoder import code_bit, code_raw, contexts
from .state import Coder
from .wiener import (
    AGAIN,
    CHROMA_ON,
    CHROMA_TAPS,
    CLASSES,
    CONTEXTS,
    FILTERS,
    FLAG,
    LIMIT,
    ON,
    SETS,
    TAPS,
    apply_chroma,
    apply_luma,
    classify,
    code_filters,
    code_tap,
    gather,
    gather_chroma,
)


class Choice(NamedTuple):
    """Filters of one picture. `again`: which remembered set, -1 a new one. `flags`: CTUs; none set: luma stays."""

    again: int
    filters: np.ndarray
    mapping: np.ndarray
    flags: np.ndarray
    chroma_on: list[int]
    chroma: np.ndarray


class LoopFilter:
    """Filter state of a stream: adaptive contexts and the luma sets sent last."""

    def __init__(self, fr: np.ndarray) -> None:
        h, w = int(fr[HEIGHT]), int(fr[WIDTH])
        self.ctx = contexts(CONTEXTS)
        self.sets: list[tuple[np.ndarray, np.ndarray]] = []
        self.grid = -(-h // CTU), -(-w // CTU)
        self.classes = np.zeros((h // UNIT, w // UNIT), np.int64)

    def empty(self) -> Choice:
        filters, mapping = np.zeros((FILTERS, TAPS), np.int64), np.zeros(CLASSES, np.int64)
        return Choice(-1, filters, mapping, np.zeros(self.grid, np.int64), [0, 0], np.zeros((2, CHROMA_TAPS), np.int64))

    def deblock(self, fr: np.ndarray, dpb: np.ndarray, units: np.ndarray) -> np.ndarray:
        """Deblock the picture, classify its luma; returns a copy with margins for the Wiener filters to read."""
        deblock(fr, dpb, units)
        extend(fr, dpb, fr[SLOT])
        before = dpb[fr[SLOT]].copy()
        classify(fr, before, self.classes)
        return before

    def code(self, c: Coder, choice: Choice | None) -> Choice:
        """Write the choice, or read one where it is None."""
        at = (c.rc, c.buf, self.ctx)
        _, filters, mapping, flags, chroma_on, chroma = choice = choice or self.empty()
        if code_bit(*at, ON, int(flags.any())):
            again = -1
            if self.sets and code_bit(*at, AGAIN, int(choice.again >= 0)):
                again = min(code_raw(c.rc, c.buf, 2, max(choice.again, 0)), len(self.sets) - 1)
                filters, mapping = self.sets[again]
            else:
                code_filters(*at, filters, mapping)
                self.sets = [(filters, mapping), *self.sets][:SETS]
            for y, x in np.ndindex(self.grid):
                flags[y, x] = code_bit(*at, FLAG, int(flags[y, x]))
        for p in range(2):
            chroma_on[p] = code_bit(*at, CHROMA_ON + p, chroma_on[p])
            for k in range(CHROMA_TAPS if chroma_on[p] else 0):
                chroma[p, k] = code_tap(*at, k, chroma[p, k])
        return Choice(choice.again, filters, mapping, flags, chroma_on, chroma)

    def apply(self, fr: np.ndarray, dpb: np.ndarray, before: np.ndarray, choice: Choice) -> None:
        out = dpb[fr[SLOT]]
        if choice.flags.any():
            apply_luma(fr, before, self.classes, choice.filters, choice.mapping, choice.flags, out)
        for p in range(2):
            if choice.chroma_on[p]:
                apply_chroma(fr, before, 1 + p, choice.chroma[p], out)

    def fit(self, fr: np.ndarray, dpb: np.ndarray, before: np.ndarray, source: np.ndarray, lam: float, weight: float):
        """The encoder's choice: filters of least distortion + lam * bits; chroma distortion counts `weight` times."""
        choice = self.empty()
        best = 0.0
        flags = np.ones(self.grid, np.int64)
        plain = np.zeros(self.grid)
        ctu_errors(fr, before, source, plain)
        for _ in range(2):
            moments, cross = np.zeros((CLASSES, TAPS, TAPS)), np.zeros((CLASSES, TAPS))
            gather(fr, before, self.classes, source, flags, moments, cross)
            options = [(-1, *fit_set(moments, cross, lam))]
            options += [(n, *known, 3.0) for n, known in enumerate(self.sets)]
            gains = [set_gain(moments, cross, f, m) - lam * bits for _, f, m, bits in options]
            again, filters, mapping, bits = options[int(np.argmax(gains))]
            out = dpb[fr[SLOT]]
            apply_luma(fr, before, self.classes, filters, mapping, np.ones(self.grid, np.int64), out)
            filtered = np.zeros(self.grid)
            ctu_errors(fr, out, source, filtered)
            flags = (filtered < plain).astype(np.int64)
            gain = np.maximum(plain - filtered, 0).sum() - lam * (bits + flags.size)
            if gain <= best:
                break
            best, choice = gain, Choice(again, filters, mapping, flags, choice.chroma_on, choice.chroma)
        out[:] = before
        for p in range(2):
            moments, cross = np.zeros((CHROMA_TAPS, CHROMA_TAPS)), np.zeros(CHROMA_TAPS)
            gather_chroma(fr, before, 1 + p, source, fr[FLAT_Y + 1 + p], fr[FLAT_X + 1 + p], moments, cross)
            taps = solve(moments, cross)
            if gain_of(moments, cross, taps) * weight > lam * (1 + tap_bits(taps)):
                choice.chroma[p], choice.chroma_on[p] = taps, 1
        return choice


@lean
def ctu_errors(fr, planes, source, out):
    """Squared luma error of each CTU."""
    for y in range(fr[HEIGHT]):
        for x in range(fr[WIDTH]):
            d = float(planes[fr[ORIGIN_Y] + y, fr[ORIGIN_X] + x] - source[y, x])
            out[y // CTU, x // CTU] += d * d


def solve(moments: np.ndarray, cross: np.ndarray) -> np.ndarray:
    """Least-squares coefficients in 1/128, rounded."""
    ridge = np.eye(len(cross)) * (1e-3 * np.trace(moments) / len(cross) + 1.0)
    return np.clip(np.round(128 * np.linalg.solve(moments + ridge, cross)), -LIMIT, LIMIT).astype(np.int64)


def gain_of(moments: np.ndarray, cross: np.ndarray, taps: np.ndarray) -> float:
    """Squared error that the taps take away."""
    c = taps / 128
    return float(2 * c @ cross - c @ moments @ c)


def tap_bits(taps: np.ndarray) -> float:
    return float(np.sum(1.5 + 2 * np.log2(np.abs(taps) + 1)))


def set_gain(moments: np.ndarray, cross: np.ndarray, filters: np.ndarray, mapping: np.ndarray) -> float:
    return sum(gain_of(moments[n], cross[n], filters[mapping[n]]) for n in range(CLASSES))


def fit_set(moments: np.ndarray, cross: np.ndarray, lam: float) -> tuple[np.ndarray, np.ndarray, float]:
    """(filters, class to filter, bits): classes merged pair by pair where that loses least, then the best number."""
    groups = [[n] for n in range(CLASSES)]
    sums = [(moments[n], cross[n]) for n in range(CLASSES)]
    gains = [gain_of(*s, solve(*s)) for s in sums]

    def loss(i, j):
        both = sums[i][0] + sums[j][0], sums[i][1] + sums[j][1]
        return gains[i] + gains[j] - gain_of(*both, solve(*both))

    losses = {(i, j): loss(i, j) for i in range(CLASSES) for j in range(i)}
    alive, best = list(range(CLASSES)), None
    while True:
        if len(alive) <= FILTERS:
            taps = [solve(*sums[i]) for i in alive]
            bits = sum(tap_bits(t) for t in taps) + (CLASSES - 1) * np.log2(len(alive)) + len(alive) + 3
            j = lam * bits - sum(gain_of(*sums[i], t) for i, t in zip(alive, taps, strict=True))
            if best is None or j < best[0]:
                best = j, bits, [groups[i] for i in alive], taps
        if len(alive) == 1:
            break
        i, j = min(losses, key=losses.get)
        groups[i], sums[i] = groups[i] + groups[j], (sums[i][0] + sums[j][0], sums[i][1] + sums[j][1])
        gains[i] = gain_of(*sums[i], solve(*sums[i]))
        alive.remove(j)
        losses = {pair: v for pair, v in losses.items() if i not in pair and j not in pair}
        losses |= {(i, k): loss(i, k) for k in alive if k != i}
    _, bits, groups, taps = best
    filters, mapping = np.zeros((FILTERS, TAPS), np.int64), np.zeros(CLASSES, np.int64)
    for n, k in enumerate(sorted(range(len(groups)), key=lambda k: min(groups[k]))):
        filters[n] = taps[k]
        mapping[groups[k]] = n
    return filters, mapping, float(bits)
