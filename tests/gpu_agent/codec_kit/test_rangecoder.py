"""The binary coder: symmetry for any data, sizes near the entropy, and reading damaged bytes without harm."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_agent.codec_kit import rangecoder as rc_
from gpu_agent.codec_kit.rangecoder import (
    code_bit,
    code_golomb,
    code_mixed,
    code_raw,
    contexts,
    finish,
    mixers,
    reader,
    writer,
)  # fmt: skip
from tests.gpu_agent import kit  # noqa: F401  (first: where compiled functions are kept)

CALL = st.one_of(
    st.tuples(st.just("bit"), st.integers(0, 7), st.integers(0, 1)),
    st.tuples(st.just("mixed"), st.integers(0, 3), st.integers(0, 1)),
    st.tuples(st.just("raw"), st.integers(1, 20), st.integers(0, 2**20 - 1)),
    st.tuples(st.just("golomb"), st.integers(0, 3), st.integers(0, 2**22)),
)


def walk(rc, buf, calls, given_values):
    """The same calls for either direction; returns the values."""
    ctx, mix = contexts(40), mixers(4)
    out = []
    for name, a, value in calls:
        v = value if given_values else 0
        if name == "bit":
            out.append(code_bit(rc, buf, ctx, a, v))
        elif name == "mixed":
            out.append(code_mixed(rc, buf, ctx, mix, a, 4 + a, 8, a, v))
        elif name == "raw":
            out.append(code_raw(rc, buf, a, v & ((1 << a) - 1)))
        else:
            out.append(code_golomb(rc, buf, ctx, 10, 24, a, v))
    return out


@settings(max_examples=150)
@given(st.lists(CALL, max_size=80))
def test_what_was_written_is_read(calls):
    rc, buf = writer(4096)
    wrote = walk(rc, buf, calls, True)
    assert walk(*reader(finish(rc, buf)), calls, False) == wrote
    assert [v for (n, _, v), w in zip(calls, wrote) if n in ("bit", "golomb")] == [
        w for (n, _, _), w in zip(calls, wrote) if n in ("bit", "golomb")
    ]


@settings(max_examples=60)
@given(data=st.binary(max_size=60), calls=st.lists(CALL, max_size=60))
def test_any_bytes_can_be_read(data, calls):
    for (name, a, _), value in zip(calls, walk(*reader(data), calls, False)):
        assert 0 <= value < {"bit": 2, "mixed": 2, "raw": 1 << a, "golomb": 1 << 25}[name]


@pytest.mark.parametrize("p", [0.5, 0.1, 0.01])
def test_size_is_near_the_entropy(p):
    rng = np.random.default_rng(1)
    bits = (rng.random(20000) < p).astype(int)
    rc, buf = writer(10000)
    ctx = contexts(1)
    for b in bits:
        code_bit(rc, buf, ctx, 0, int(b))
    entropy = -(p * np.log2(p) + (1 - p) * np.log2(1 - p)) * len(bits) / 8
    assert 0.95 * entropy < len(finish(rc, buf)) < 1.06 * entropy + 8


def test_mixing_follows_the_context_that_knows():
    rng = np.random.default_rng(2)
    told, noise = rng.integers(0, 2, 4000), rng.integers(0, 8, 4000)
    rc, buf = writer(4096)
    ctx, mix = contexts(20), mixers(1)
    for t, n in zip(told, noise):
        code_mixed(rc, buf, ctx, mix, int(t), 4 + int(n), 15, 0, int(t))
    assert len(finish(rc, buf)) < 60  # the mean of the three contexts alone would take about 290


def test_estimates_count_what_writing_takes():
    rng = np.random.default_rng(3)
    rc, buf = writer(4096)
    counted = np.zeros(10, np.int64)
    ctx = contexts(1)
    for b in (rng.random(5000) < 0.2).astype(int):
        code_bit(counted, buf, ctx, 0, int(b))
        code_bit(rc, buf, ctx, 0, int(b))
    assert counted[rc_.COST] / 1024 / 8 == pytest.approx(len(finish(rc, buf)), rel=0.02)


def test_a_full_buffer_is_an_error():
    rc, buf = writer(10)
    for n in range(200):
        code_raw(rc, buf, 8, n)
    with pytest.raises(OverflowError, match="10 bytes"):
        finish(rc, buf)


def test_tables_are_the_same_everywhere():
    tables = b"".join(t.astype("<i4").tobytes() for t in (rc_.SQUASH, rc_.STRETCH, rc_.WINDOW))
    assert hashlib.sha256(tables).hexdigest()[:16] == "5663f57b328bbe3e"
