"""The array coder against itself: symmetry for any data, and compression close to what the statistics allow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_agent.codec_kit.bits import Bits

calls = st.lists(st.tuples(st.sampled_from("abc"), st.lists(st.integers(-(2**19), 2**19), max_size=30)), max_size=6)


@settings(max_examples=50)
@given(packets=st.lists(calls, min_size=1, max_size=3))
def test_what_was_written_is_read(packets):
    writer, reader = Bits(), Bits()
    for packet in packets:
        writer.write()
        for name, values in packet:
            v = np.array(values, np.int64)
            writer.signed(name, v, np.abs(v) % 5 * 0, np.arange(len(v)))
        data = writer.close()
        reader.read(data)
        for name, values in packet:
            n = len(values)
            got = reader.signed(name, np.zeros(n, np.int64), np.zeros(n, np.int64), np.arange(n))
            np.testing.assert_array_equal(got, values)


def test_statistics_bring_the_size_near_the_entropy():
    rng = np.random.default_rng(0)
    context = rng.integers(0, 2, 40_000)
    p = np.where(context, 0.03, 0.4)
    bits = rng.random(len(p)) < p
    bound = -(p * np.log2(p) + (1 - p) * np.log2(1 - p)).sum() / 8
    coder = Bits().write()
    for part in np.split(np.arange(len(p)), 100):
        coder.code("x", bits[part], context[part], context[part] * 0)
    assert bound * 0.97 < len(coder.close()) < bound * 1.04


@pytest.mark.parametrize("data", [b"", b"\0" * 8, b"\1\2\3\4" * 16])
def test_any_words_read_as_values_in_range(data):
    reader = Bits().read(data)
    got = reader.unary("x", np.zeros(500, np.int64), 9, np.arange(500))
    assert got.min() >= 0
    assert got.max() <= 9


def test_words_that_no_writer_makes_are_refused():
    with pytest.raises(ValueError, match="damaged"):
        Bits().read(b"\xff" * 64).unary("x", np.zeros(500, np.int64), 9, np.arange(500))


def test_half_a_word_is_refused():
    with pytest.raises(ValueError, match="buffer size"):
        Bits().read(b"\1\2\3")
