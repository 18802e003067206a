"""Integer networks: exact whatever the machine, coded as changes; the numpy side needs no torch."""

from __future__ import annotations

import hashlib
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_agent.codec_kit.bits import Bits
from gpu_agent.codec_kit.network import LIMIT, ONE, WEIGHT_LIMIT, WEIGHT_SCALE, Layer, classes, code_layers, fresh, run

SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3))


def plainly(layers, x):
    """The definition, in Python's own integers of any size."""
    hold = lambda v: max(-LIMIT, min(LIMIT, int(v)))
    for n, (weight, bias) in enumerate(layers):
        side, (before, h, w) = weight.shape[-1] // 2, x.shape
        out = np.zeros((len(weight), h, w), object)
        for o, i, j in np.ndindex(out.shape):
            total = 0
            for c, a, b in np.ndindex(before, *weight.shape[2:]):
                y, z = min(max(i + a - side, 0), h - 1), min(max(j + b - side, 0), w - 1)
                total += int(weight[o, c, a, b]) * hold(x[c, y, z])
            v = (total + WEIGHT_SCALE // 2) // WEIGHT_SCALE + int(bias[o]) * (ONE // WEIGHT_SCALE)
            out[o, i, j] = v if n == len(layers) - 1 else max(v, 0)
        x = out
    return np.vectorize(hold, otypes=[np.int64])(x)


@settings(max_examples=20)
@given(SHAPES, st.integers(1, 5), st.integers(1, 5), st.sampled_from([1, 64, WEIGHT_LIMIT]), st.integers(0, 2**32 - 1))
def test_it_is_what_unbounded_integers_give(channels, height, width, reach, seed):
    rng = np.random.default_rng(seed)
    layers = [
        Layer(rng.integers(-reach, reach + 1, (o, i, k, k)), rng.integers(-reach, reach + 1, o))
        for i, o, k in zip(channels, channels[1:], (3, 1))
    ]
    x = rng.integers(-2 * LIMIT, 2 * LIMIT, (channels[0], height, width))
    np.testing.assert_array_equal(run(layers, x), plainly(layers, x))


def test_both_sides_begin_from_the_same_features_everywhere():
    layers = fresh((3, 8, 2), (3, 3))
    digest = hashlib.sha256(b"".join(layer.weight.astype("<i8").tobytes() for layer in layers)).hexdigest()
    assert digest[:16] == "8b231667802f1579"
    assert not run(layers, np.arange(27).reshape(3, 3, 3) * ONE).any()
    assert layers[0].weight.any()


@pytest.mark.parametrize("reach", [0, 3, 5000])
def test_weights_come_back_as_they_were_sent_and_no_change_is_cheap(reach):
    rng = np.random.default_rng(reach)
    known = fresh((4, 6, 2), (3, 1), seed=5)
    wanted = [Layer(*(a + rng.integers(-reach, reach + 1, a.shape) for a in layer)) for layer in known]
    bits = Bits().write()
    sent = code_layers(bits, "net", wanted, known)
    data = bits.close()
    got = code_layers(Bits().read(data), "net", known, known)
    for a, b, c in zip(sent, got, wanted):
        for x, y, z in zip(a, b, c):
            np.testing.assert_array_equal(x, y)
            np.testing.assert_array_equal(x, z)
    assert len(data) <= (40 if reach == 0 else 1000)


def test_damaged_weights_stay_within_what_is_exact():
    known = fresh((2, 2), (1,))
    for seed in range(20):
        data = np.random.default_rng(seed).integers(0, 256, 40, np.uint8).tobytes()
        for layer in code_layers(Bits().read(data), "net", known, known):
            assert max(abs(a).max() for a in layer) <= WEIGHT_LIMIT


def test_classes_are_half_powers_of_two():
    assert classes(np.array([0, ONE // 2, ONE, -ONE, 99 * ONE, -99 * ONE])).tolist() == [16, 17, 18, 14, 31, 0]


def test_without_torch_the_learned_part_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "gpu_agent.codec_kit.learned", raising=False)
    with pytest.raises(ImportError, match="needs torch, which this agent does not have"):
        import gpu_agent.codec_kit.learned  # noqa: F401
