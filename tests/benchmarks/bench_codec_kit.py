"""The kit's binary coder and block functions on one core."""

from __future__ import annotations

import time

import numpy as np
from numba import njit

from gpu_agent.codec_kit.rangecoder import code_bit, code_mixed, contexts, finish, mixers, reader, writer
from gpu_agent.codec_kit.state import scratch
from gpu_agent.codec_kit.transforms import DCT, forward, inverse
from tests.gpu_agent import kit  # noqa: F401  (first: where compiled functions are kept)

from .row import Row, fastest

DECISIONS = 2_000_000
TARGET = 10e6
"""Decisions a second in one context, writing and reading."""


@njit
def all_bits(rc, buf, ctx, bits):
    for n in range(len(bits)):
        bits[n] = code_bit(rc, buf, ctx, n & 63, bits[n])


@njit
def all_mixed(rc, buf, ctx, mix, bits):
    for n in range(len(bits)):
        bits[n] = code_mixed(rc, buf, ctx, mix, n & 63, 64 + (n & 7), 72, 0, bits[n])


@njit
def all_blocks(block, temp, coefficients, out, count):
    for _ in range(count):
        forward(block, 3, 3, DCT, DCT, temp, coefficients)
        inverse(coefficients, 3, 3, DCT, DCT, 7, 7, temp, out)


def run() -> list[Row]:
    bits = (np.random.default_rng(0).random(DECISIONS) < 0.15).astype(np.int64)
    rows = []
    for name, code, models in (
        ("one context", all_bits, lambda: (contexts(80),)),
        ("three mixed contexts", all_mixed, lambda: (contexts(80), mixers(1))),
    ):
        done = {}

        def write(code=code, models=models, done=done):
            rc, buf = writer(DECISIONS)
            code(rc, buf, *models(), bits.copy())
            done["data"] = finish(rc, buf)

        def read(code=code, models=models, done=done):
            out = np.zeros_like(bits)
            code(*reader(done["data"]), *models(), out)
            assert np.array_equal(out, bits)

        for way, seconds in zip(("written", "read"), fastest(write, read, clock=time.process_time)):
            rate, single = DECISIONS / seconds, code is all_bits
            target = f"{TARGET / 1e6:g} M/s" if single else ""
            met = rate >= TARGET if single else None
            rows.append(Row(f"decisions {way}, {name}", f"{rate / 1e6:.1f} M/s", "", "", target, met))
    s = scratch()
    s.levels[:8, :8] = np.random.default_rng(1).integers(-99, 99, (8, 8))
    (seconds,) = fastest(lambda: all_blocks(s.levels, s.temp, s.coefficients, s.residual, 20000))
    rows.append(Row("8x8 DCT and back", f"{64 * 20000 / seconds / 1e6:.0f} M samples/s", "", ""))
    return rows
