"""Adaptive binary arithmetic coding: one function that writes, reads or only counts, so both directions agree.

A coder is four arrays: `rc` (int64 registers, see the names below), `buf` (uint8 bytes), `ctx` (int32, one row a
context: fast estimate, slow estimate, times seen) and `mix` (int32 mixing weights). Probabilities are of a one bit,
16 bits. Range coder with carry: G. N. N. Martin 1979, in the form of LZMA. Two estimates a context with different
windows: as in H.266 clause 9.3.4.3. Mixing of several contexts in the logistic domain: M. Mahoney, PAQ/lpaq.
Everything is integer arithmetic; the tables are checked by a hash in the tests.
"""

from __future__ import annotations

import numpy as np

from .jit import lean

MODE, LOW, RANGE, CODE, POS, END, COST, CACHE, PENDING, OVER = range(10)
ESTIMATE, WRITE, READ = 0, 1, 2

HALF = 1 << 15
FAST, SLOW = 4, 7
TOP = 1 << 24
MASK = 0xFFFFFFFF
COST_BITS = 10
"""Costs are counted in 1/1024 bit."""

INPUTS = 6
"""Weights of a mixer: two estimates of each of three contexts."""
WEIGHT = 16
LEARN = 17


def _squash() -> np.ndarray:
    """16-bit probability of the log odds i / 256 - 8, i in 0..4095."""
    x = (np.arange(4096) - 2048) / 256
    return np.clip(np.round(65536 / (1 + np.exp(-x))), 24, 65536 - 24).astype(np.int32)


def _stretch() -> np.ndarray:
    """Log odds in 1/256 of the 12-bit probability (i + 1/2) / 4096."""
    p = (np.arange(4096) + 0.5) / 4096
    return np.round(256 * np.log(p / (1 - p))).astype(np.int32)


SQUASH, STRETCH = _squash(), _stretch()
COSTS = np.round(-np.log2((np.arange(1024) + 0.5) / 1024) * (1 << COST_BITS)).astype(np.int32)
WINDOW = np.floor(np.log2(np.arange(256) + 2)).astype(np.int32)
"""Adaptation shift of a context seen n times: young contexts learn fast."""


def contexts(count: int) -> np.ndarray:
    """`count` fresh contexts."""
    ctx = np.zeros((count, 3), np.int32)
    ctx[:, :2] = HALF
    return ctx


def mixers(count: int) -> np.ndarray:
    """`count` fresh mixers."""
    return np.full((count, INPUTS), int(0.22 * (1 << WEIGHT)), np.int32)


def writer(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Registers and a buffer of at most `size` bytes to write to; end with `finish`."""
    rc = np.zeros(10, np.int64)
    rc[MODE], rc[RANGE], rc[PENDING] = WRITE, MASK, 1
    return rc, np.zeros(size + 16, np.uint8)


def reader(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Registers and buffer to read from; beyond its end `data` goes on with zeros, and rc[OVER] counts them."""
    rc, buf = np.zeros(10, np.int64), np.frombuffer(data + bytes(4), np.uint8).copy()
    rc[MODE], rc[RANGE], rc[END], rc[POS] = READ, MASK, len(data), 4
    rc[CODE] = int.from_bytes(buf[:4].tobytes(), "big")
    return rc, buf


def finish(rc: np.ndarray, buf: np.ndarray) -> bytes:
    """The bytes written, as few as still read back the same. Raises OverflowError where the buffer was too small."""
    high = int(rc[LOW] + rc[RANGE] - 1)
    for drop in range(32, -1, -1):
        value = high >> drop << drop
        if value >= rc[LOW]:
            break
    rc[LOW] = value
    for _ in range(5):
        shift_low(rc, buf)
    if rc[OVER]:
        raise OverflowError(f"more than {len(buf) - 16:,} bytes were written to the range coder's buffer")
    return buf[1 : rc[POS]].tobytes().rstrip(b"\0")


@lean
def shift_low(rc, buf):
    """Move the top byte of the low end of the interval to the buffer, with carry into bytes held back."""
    low = rc[LOW]
    if low < 0xFF000000 or low > MASK:
        carry = low >> 32
        byte = rc[CACHE]
        while rc[PENDING] > 0:
            if rc[POS] < len(buf):
                buf[rc[POS]] = (byte + carry) & 255
                rc[POS] += 1
            else:
                rc[OVER] = 1
            byte = 255
            rc[PENDING] -= 1
        rc[CACHE] = (low >> 24) & 255
    rc[PENDING] += 1
    rc[LOW] = (low & 0x00FFFFFF) << 8


@lean
def code(rc, buf, p, bit):
    """One decision with probability `p` (16 bits) of a one. Returns the bit: given, or read."""
    mode = rc[MODE]
    if mode == ESTIMATE:
        rc[COST] += COSTS[p >> 6] if bit else COSTS[1023 - (p >> 6)]
        return bit
    span = rc[RANGE]
    bound = (span >> 16) * p
    if mode == READ:
        value = rc[CODE]
        if value < bound:
            bit = 1
            span = bound
        else:
            bit = 0
            value -= bound
            span -= bound
        while span < TOP:
            byte = 0
            if rc[POS] < rc[END]:
                byte = np.int64(buf[rc[POS]])
            else:
                rc[OVER] += 1
            rc[POS] += 1
            value = ((value << 8) | byte) & MASK
            span <<= 8
        rc[CODE], rc[RANGE] = value, span
        return bit
    if bit:
        span = bound
    else:
        rc[LOW] += bound
        span -= bound
    while span < TOP:
        span <<= 8
        shift_low(rc, buf)
    rc[RANGE] = span
    return bit


@lean
def learn(ctx, i, bit):
    """Move both estimates of context `i` towards the bit."""
    n = ctx[i, 2]
    window = WINDOW[n]
    goal = 65535 if bit else 0
    ctx[i, 0] += (goal - ctx[i, 0]) >> min(FAST, window)
    ctx[i, 1] += (goal - ctx[i, 1]) >> min(SLOW, window)
    if n < 255:
        ctx[i, 2] = n + 1


@lean
def chance(ctx, i):
    """Probability of a one in context `i`, kept away from certainty."""
    return min(max((ctx[i, 0] + ctx[i, 1]) >> 1, 48), 65536 - 48)


@lean
def code_bit(rc, buf, ctx, i, bit):
    """One decision in context `i`; a count leaves the context as it is."""
    bit = code(rc, buf, chance(ctx, i), bit)
    if rc[MODE] != ESTIMATE:
        learn(ctx, i, bit)
    return bit


@lean
def mixed(ctx, mix, i, j, k, m):
    """Probability of a one by three contexts, weighted by mixer `m`."""
    dot = mix[m, 0] * STRETCH[ctx[i, 0] >> 4] + mix[m, 1] * STRETCH[ctx[i, 1] >> 4]
    dot += mix[m, 2] * STRETCH[ctx[j, 0] >> 4] + mix[m, 3] * STRETCH[ctx[j, 1] >> 4]
    dot += mix[m, 4] * STRETCH[ctx[k, 0] >> 4] + mix[m, 5] * STRETCH[ctx[k, 1] >> 4]
    return SQUASH[min(max((dot >> WEIGHT) + 2048, 0), 4095)]


@lean
def code_mixed(rc, buf, ctx, mix, i, j, k, m, bit):
    """One decision in three contexts and a mixer, all of which learn from it."""
    p = mixed(ctx, mix, i, j, k, m)
    bit = code(rc, buf, p, bit)
    if rc[MODE] != ESTIMATE:
        error = (65535 if bit else 0) - p
        for n in range(3):
            c = i if n == 0 else (j if n == 1 else k)
            for e in range(2):
                step = (STRETCH[ctx[c, e] >> 4] * error + (1 << (LEARN - 1))) >> LEARN
                mix[m, 2 * n + e] = min(max(mix[m, 2 * n + e] + step, -(1 << 19)), 1 << 19)
            learn(ctx, c, bit)
    return bit


@lean
def code_raw(rc, buf, count, value):
    """`count` bits of `value`, most significant first, each as likely zero as one."""
    out = 0
    for n in range(count - 1, -1, -1):
        out = (out << 1) | code(rc, buf, HALF, (value >> n) & 1)
    return out


@lean
def code_golomb(rc, buf, ctx, i, span, order, value):
    """Exp-Golomb code of `value` >= 0 whose length is coded in contexts `i` .. `i + span - 1`; at most 2**24 or so."""
    value += 1 << order
    length = order
    if rc[MODE] != READ:
        while (value >> (length + 1)) > 0:
            length += 1
    n = order
    while n < 24 and code_bit(rc, buf, ctx, i + min(n - order, span - 1), 1 if n < length else 0) == 1:
        n += 1
    return ((1 << n) | code_raw(rc, buf, n, value & ((1 << n) - 1))) - (1 << order)
