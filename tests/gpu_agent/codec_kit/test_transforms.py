"""Transforms against floating-point ones, quantisation against its definition, residual coding against itself."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import scipy.fft
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_agent.codec_kit import transforms
from gpu_agent.codec_kit.quant import MAX_LEVEL, choose_levels, dequantise, dequantise_block, lagrangian
from gpu_agent.codec_kit.rangecoder import finish, reader, writer
from gpu_agent.codec_kit.residual import SCAN, SCAN_AT, code_residual
from gpu_agent.codec_kit.state import fresh_models, scratch
from gpu_agent.codec_kit.transforms import BASIS, DCT, DST, forward, inverse
from tests.gpu_agent import kit  # noqa: F401

SIZES = [(lw, lh) for lw in range(1, 6) for lh in range(1, 6)]


def blank():
    return np.zeros((32, 32), np.int32)


def transformed(residual, kind=DCT):
    h, w = residual.shape
    block, out = blank(), blank()
    block[:h, :w] = residual
    forward(block, w.bit_length() - 1, h.bit_length() - 1, kind, kind, np.zeros((72, 64), np.int32), out)
    return out


@pytest.mark.parametrize(("lw", "lh"), SIZES)
def test_forward_is_the_orthonormal_dct(lw, lh):
    w, h = 1 << lw, 1 << lh
    residual = np.random.default_rng(lw * 8 + lh).integers(-255, 256, (h, w))
    expected = scipy.fft.dctn(residual.astype(float), norm="ortho") * 2 ** (7 - (lw + lh) / 2)
    np.testing.assert_allclose(transformed(residual)[:h, :w], expected, atol=max(3.0, 0.003 * np.abs(expected).max()))


@pytest.mark.parametrize("kind", [DCT, DST])
@pytest.mark.parametrize(("lw", "lh"), SIZES)
def test_inverse_brings_the_residual_back(lw, lh, kind):
    w, h = 1 << lw, 1 << lh
    residual = np.random.default_rng(lw * 8 + lh).integers(-255, 256, (h, w))
    out = blank()
    inverse(transformed(residual, kind), lw, lh, kind, kind, w - 1, h - 1, np.zeros((72, 64), np.int32), out)
    assert np.abs(out[:h, :w] - residual).max() <= 2


def test_bases_are_nearly_orthogonal_and_the_same_everywhere():
    for kind in (DCT, DST):
        for log in range(1, 6):
            n = 1 << log
            m = BASIS[kind, log, :n, :n].astype(float) / (256 * np.sqrt(n))
            np.testing.assert_allclose(m @ m.T, np.eye(n), atol=0.006)
    assert hashlib.sha256(BASIS.astype("<i4").tobytes()).hexdigest()[:16] == "1e5de80a7aae9935"


@settings(max_examples=40)
@given(st.sampled_from(SIZES), st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 32767]), st.sampled_from([DCT, DST]))
def test_inverse_of_any_levels_stays_in_bounds(size, seed, largest, kind):
    lw, lh = size
    levels, coefficients, out = blank(), blank(), blank()
    rng = np.random.default_rng(seed)
    levels[: 1 << lh, : 1 << lw] = rng.integers(-largest, largest + 1, (1 << lh, 1 << lw))
    right, bottom = dequantise_block(levels, lw, lh, 63, coefficients)
    inverse(coefficients, lw, lh, kind, kind, right, bottom, np.zeros((72, 64), np.int32), out)
    assert np.abs(coefficients).max() <= 32768
    assert np.abs(out).max() <= 1 << 20


def test_step_doubles_every_six_and_is_as_in_h265():
    assert [dequantise(64, qp, 2, 2) for qp in (4, 10, 16)] == [64 * 32, 64 * 64, 64 * 128]
    assert dequantise(100, 22, 3, 2) == pytest.approx(100 * 8 * 2**4.5, rel=0.01)
    assert lagrangian(18) == pytest.approx(4 * lagrangian(12))


def test_chosen_levels_cost_less_than_rounding_or_nothing():
    rng = np.random.default_rng(5)
    residual = rng.laplace(0, 12, (8, 8)).astype(int).cumsum(1) // 2
    coefficients, s = transformed(residual), scratch()
    out = blank()
    ctx, mix = fresh_models()
    lam = lagrangian(32)
    end, rate, distortion = choose_levels(
        ctx, mix, coefficients, 3, 3, 0, 0, 32, lam, 0.5, s.magnitudes, s.spent, out
    )  # fmt: skip
    zero = float((coefficients[:8, :8].astype(float) ** 2).sum() / 2**8)
    assert 0 < end <= 64
    assert distortion + lam * rate / 1024 < zero
    scan = [(p >> 5, p & 31) for p in SCAN[SCAN_AT[3, 3] : SCAN_AT[3, 3] + 64]]
    assert out[scan[end - 1]] != 0
    assert all(out[p] == 0 for p in scan[end:])
    back = np.array([[dequantise(int(v), 32, 3, 3) for v in row[:8]] for row in out[:8]])
    assert distortion == pytest.approx(((back - coefficients[:8, :8]) ** 2).sum() / 2**8, rel=0.05)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from(SIZES), st.integers(0, 2**32 - 1), st.sampled_from([1, 3, 40, MAX_LEVEL])),
        min_size=1,
        max_size=5,
    )
)
def test_residual_that_was_written_is_read(blocks):
    a = scratch().magnitudes
    rc, buf = writer(60000)
    models, wanted = fresh_models(), []
    for (lw, lh), seed, largest in blocks:
        rng = np.random.default_rng(seed)
        plane = np.zeros((40, 40), np.int16)
        block = rng.integers(-largest, largest + 1, (1 << lh, 1 << lw)) * (rng.random((1 << lh, 1 << lw)) < 0.3)
        block[0, 0] = block[0, 0] or 1
        plane[3 : 3 + (1 << lh), 5 : 5 + (1 << lw)] = block
        wanted.append(plane)
        code_residual(rc, buf, *models, seed % 2, seed // 2 % 2, plane, 5, 3, lw, lh, a)
    rc, buf = reader(finish(rc, buf))
    models = fresh_models()
    for ((lw, lh), seed, _), plane in zip(blocks, wanted):
        got = np.full((40, 40), 7, np.int16)
        code_residual(rc, buf, *models, seed % 2, seed // 2 % 2, got, 5, 3, lw, lh, a)
        inside = np.s_[3 : 3 + (1 << lh), 5 : 5 + (1 << lw)]
        np.testing.assert_array_equal(got[inside], plane[inside])
        got[inside] = 7
        assert (got == 7).all()


def test_scan_orders_visit_each_place_once_by_diagonals():
    for lw, lh in SIZES:
        at = SCAN[SCAN_AT[lw, lh] : SCAN_AT[lw, lh] + (1 << (lw + lh))]
        assert sorted(at) == sorted(y * 32 + x for y in range(1 << lh) for x in range(1 << lw))
        assert (np.diff((at >> 5) + (at & 31)) >= 0).all()
    assert transforms.SIDE == 32
