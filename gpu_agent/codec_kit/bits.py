"""Adaptive binary range coding of whole numpy arrays: `from codec_kit.bits import Bits`.

A bit's probability is a logistic mix (Mahoney, PAQ) of what each of its contexts has seen so far. Statistics move on
after every array, not after every bit, so that a codec codes thousands of bits a call: contexts may use everything
coded in earlier calls, not the array itself. Integers throughout: the same bits on every machine.

Writer and reader run the same calls, so a codec states its syntax once: every method returns the coded values, and in
reading the values passed in are not looked at (any array of the right length will do). A damaged packet reads as wrong
values or ends in ValueError; either way no call reads more values than it asks for.
"""

from __future__ import annotations

import constriction
import numpy as np

CONTEXTS = 4096
"""Values a context may take: 0 to CONTEXTS - 1."""

_LIMIT = 600  # counts are halved above it: the window that probabilities are taken from
_STRETCH = np.round(256 * np.log((np.arange(4096) + 0.5) / (4095.5 - np.arange(4096)))).astype(np.int64)
_SQUASH = np.clip(np.round(65536 / (1 + np.exp(-np.arange(-2560, 2561) / 256))), 16, 65520).astype(np.int64)
_BERNOULLI = constriction.stream.model.Bernoulli(perfect=False)


class Bits:
    """One side of a bitstream. Statistics are kept by name from packet to packet until the object is dropped."""

    def __init__(self) -> None:
        self.reading = False
        self._seen: dict[str, np.ndarray] = {}
        self._weights: dict[str, np.ndarray] = {}

    def write(self) -> Bits:
        """Begin a packet; `close` gives its bytes."""
        self._coder, self.reading = constriction.stream.queue.RangeEncoder(), False
        return self

    def read(self, packet: bytes) -> Bits:
        """Read what `write` … `close` made. ValueError if it is not a whole number of 32-bit words."""
        words = np.frombuffer(packet, "<u4").astype(np.uint32)
        self._coder, self.reading = constriction.stream.queue.RangeDecoder(words), True
        return self

    def close(self) -> bytes:
        return self._coder.get_compressed().astype("<u4").tobytes()

    def raw(self, bits: np.ndarray) -> np.ndarray:
        """Bits that nothing is known about, such as signs."""
        return self._pass(bits, np.full(len(bits), 0.5))

    def code(self, name: str, bits: np.ndarray, *contexts: np.ndarray) -> np.ndarray:
        """Bits (n,) with one or more contexts (n,) each; `name` owns the statistics."""
        if not len(bits):
            return np.zeros(0, np.int64)
        if name not in self._seen:
            self._seen[name] = np.ones((len(contexts), 2, CONTEXTS), np.int64)
            self._weights[name] = np.full(len(contexts), 80000 // len(contexts), np.int64)
        seen, weights = self._seen[name], self._weights[name]
        stretched = np.empty((len(contexts), len(bits)), np.int64)
        for row, (zeros, ones), c in zip(stretched, seen, contexts, strict=True):
            hits = ones[c]
            row[:] = _STRETCH[(hits << 12) // (zeros[c] + hits)]
        p = _SQUASH[np.clip((weights @ stretched) >> 16, -2560, 2560) + 2560]
        bits = self._pass(bits, p / 65536)
        weights += (stretched @ ((bits << 16) - p) // (len(bits) + 50)) >> 10
        for table, c in zip(seen, contexts):
            np.add.at(table, (bits, c), 2)
            full = c[table[0, c] + table[1, c] > _LIMIT]
            table[:, full] = (table[:, full] + 1) >> 1
        return bits

    def unary(self, name: str, values: np.ndarray, top: int, *contexts: np.ndarray) -> np.ndarray:
        """Values 0 to top: one bit 'larger?' after the other."""
        out, alive = np.zeros(len(values), np.int64), np.arange(len(values))
        for k in range(top):
            more = self.code(f"{name}>{k}", values[alive] > k, *(c[alive] for c in contexts))
            alive = alive[more == 1]
            if not len(alive):
                break
            out[alive] = k + 1
        return out

    def number(self, name: str, values: np.ndarray, *contexts: np.ndarray) -> np.ndarray:
        """Values from 0 below 2**20 (Exp-Golomb): the count of binary digits in unary, then those below the first."""
        digits = self.unary(name, np.frexp(values)[1], 20, *contexts)
        out = (digits > 0).astype(np.int64)
        for k in range(1, int(digits.max(initial=0))):
            alive = np.flatnonzero(digits > k)
            low = values[alive] >> np.maximum(digits[alive] - 1 - k, 0) & 1
            low = self.code(f"{name}.", low, digits[alive]) if k == 1 else self.raw(low)
            out[alive] = out[alive] * 2 + low
        return out

    def signed(self, name: str, values: np.ndarray, *contexts: np.ndarray) -> np.ndarray:
        """Values between -2**20 and 2**20, as likely above zero as below."""
        out = self.number(name, np.abs(values), *contexts)
        some = np.flatnonzero(out)
        out[some] *= 1 - 2 * self.raw(values[some] < 0)
        return out

    def _pass(self, bits: np.ndarray, p: np.ndarray) -> np.ndarray:
        if self.reading:
            try:
                return self._coder.decode(_BERNOULLI, p).astype(np.int64)
            except AssertionError:  # how constriction reports it
                raise ValueError("the packet is damaged: no writer makes these words") from None
        self._coder.encode(bits.astype(np.int32), _BERNOULLI, p)
        return bits.astype(np.int64)
