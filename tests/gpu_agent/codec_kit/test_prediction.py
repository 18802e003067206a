"""Prediction and loop filters against plain, slow references."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_agent.codec_kit import picture
from gpu_agent.codec_kit.inter import TAPS, fetch, predict_motion
from gpu_agent.codec_kit.intra import CENTRE, CUBIC, DC, HORIZONTAL, PLANAR, VERTICAL, predict, references, smooth
from gpu_agent.codec_kit.loopfilter import LoopFilter
from gpu_agent.codec_kit.motionsearch import quarter, sad, satd, seed
from gpu_agent.codec_kit.mvpred import merge_candidates, scale
from gpu_agent.codec_kit.picture import MARGIN, extend, frame_rows, load, pictures, planes
from gpu_agent.codec_kit.quant import lagrangian
from gpu_agent.codec_kit.rangecoder import finish, reader, writer
from gpu_agent.codec_kit.state import Coder, fresh_models, scratch
from gpu_agent.codec_kit.wiener import OFFSETS, apply_luma
from gpu_agent.codec_kit.wiener import TAPS as WIENER_TAPS
from tests.gpu_agent import kit  # noqa: F401


def filled(width=64, height=48, slots=2, seed=0):
    """`fr`, pictures of random samples with margins, and units."""
    fr = frame_rows(width, height)
    dpb, units = pictures(fr, slots)
    rng = np.random.default_rng(seed)
    for slot in range(slots):
        load_into(fr, dpb[slot], [rng.integers(0, 256, (height >> (p > 0), width >> (p > 0))) for p in range(3)])
        extend(fr, dpb, slot)
    return fr, dpb, units


def load_into(fr, target, frame):
    for p, plane in enumerate(frame):
        y, x = fr[picture.ORIGIN_Y + p], fr[picture.ORIGIN_X + p]
        target[y : y + plane.shape[0], x : x + plane.shape[1]] = plane


def test_planes_come_back_and_margins_repeat_the_border():
    fr, dpb, _ = filled(40, 24)
    y, u, v = planes(fr, dpb[0], 38, 22)
    assert (y.shape, u.shape, v.shape) == ((22, 38), (11, 19), (11, 19))
    full = dpb[0, : 24 + 2 * MARGIN, : 40 + 2 * MARGIN]
    np.testing.assert_array_equal(full, np.pad(full[MARGIN:-MARGIN, MARGIN:-MARGIN], MARGIN, mode="edge"))
    flat = picture.flat(fr)
    load(fr, (y, u, v), flat)
    np.testing.assert_array_equal(flat[:22, :38], y)
    np.testing.assert_array_equal(flat[24:35, 20:39], v)


@settings(max_examples=60)
@given(
    st.integers(-(2**14), 2**14 - 1), st.integers(-(2**14), 2**14 - 1), st.integers(0, 2), st.sampled_from([4, 8, 32])
)
def test_motion_compensation_is_the_filter_of_the_padded_picture(mvx, mvy, plane, size):
    fr, dpb, _ = filled()
    s, taps = plane > 0, TAPS[int(plane > 0)]
    h, w = 48 >> s, 64 >> s
    source = dpb[1, fr[picture.ORIGIN_Y + plane] :, fr[picture.ORIGIN_X + plane] :][:h, :w].astype(np.int64)
    x, y, unit, step = 8 >> s, 4 >> s, (8 if s else 4), (1 if s else 2)
    near = all(-60 < (v // unit) < 60 for v in (mvx, mvy))
    out = np.zeros((64, 64), np.int32)
    size >>= s
    fetch(fr, dpb, 1, plane, x, y, size, size, mvx, mvy, np.zeros((72, 64), np.int32), out)
    if near or not s:
        beyond = lambda start, length: np.clip(start - 3 + np.arange(size + 8), 0, length - 1)
        cut = source[beyond(y + mvy // unit, h)][:, beyond(x + mvx // unit, w)]
        fx, fy = taps[mvx % unit * step], taps[mvy % unit * step]
        rows = sum(fx[k] * cut[:, k : k + size] for k in range(8))
        both = sum(fy[k] * rows[k : k + size] for k in range(8))
        if near or mvx % unit == mvy % unit == 0:
            np.testing.assert_array_equal(out[:size, :size], (both + 32) >> 6)
    assert np.abs(out).max() < 1 << 16


def test_two_predictions_are_averaged_with_one_rounding():
    fr, dpb, _ = filled()
    fr[picture.SLOTS], fr[picture.SLOTS + 4] = 0, 1
    out, temp, second = np.zeros((64, 64), np.int32), np.zeros((72, 64), np.int32), np.zeros((64, 64), np.int32)
    predict_motion(fr, dpb, 0, 0, 0, 8, 8, np.array([0, 0, 4, 0, 0, 0]), temp, second, out)
    o = MARGIN
    expected = (dpb[0, o : o + 8, o : o + 8] + dpb[1, o : o + 8, o + 1 : o + 9] + 1) >> 1
    np.testing.assert_array_equal(out[:8, :8], expected)


def predicted(mode, r, lw, lh):
    out = np.zeros((64, 64), np.int32)
    predict(mode, r, lw, lh, np.zeros(264, np.int64), out)
    return out[: 1 << lh, : 1 << lw]


@pytest.mark.parametrize(("lw", "lh"), [(1, 1), (2, 2), (2, 3), (5, 4), (5, 5)])
def test_every_direction_continues_a_flat_or_striped_border(lw, lh):
    flat = np.full(264, 77, np.int64)
    for mode in range(35):
        assert (predicted(mode, flat, lw, lh) == 77).all()
    rng = np.random.default_rng(0)
    r = np.full(264, 90, np.int64)
    r[CENTRE + 1 : CENTRE + 65] = rng.integers(0, 256, 64)
    r[CENTRE] = 90
    np.testing.assert_array_equal(predicted(VERTICAL, r, lw, lh)[-1], r[CENTRE + 1 : CENTRE + 1 + (1 << lw)])
    diagonal = predicted(34, r, lw, lh)
    for y in range(1 << lh):
        np.testing.assert_array_equal(diagonal[y], r[CENTRE + 2 + y : CENTRE + 2 + y + (1 << lw)])
    np.testing.assert_array_equal(predicted(HORIZONTAL, r[::-1][3:].copy(), lw, lh)[:, -1:].shape, (1 << lh, 1))
    assert (CUBIC.sum(1) == 64).all()
    assert predicted(PLANAR, r, lw, lh).min() >= 0
    assert predicted(DC, r, lw, lh).max() <= 255


def test_transposed_borders_give_transposed_predictions():
    rng = np.random.default_rng(1)
    r = np.full(264, 0, np.int64)
    r[CENTRE - 32 : CENTRE + 33] = rng.integers(0, 256, 65)
    mirrored = r.copy()
    mirrored[CENTRE - 32 : CENTRE + 33] = r[CENTRE - 32 : CENTRE + 33][::-1]
    for mode in range(2, 35):
        np.testing.assert_array_equal(predicted(mode, r, 3, 3), predicted(36 - mode, mirrored, 3, 3).T)


def test_references_repeat_what_is_there():
    fr, dpb, units = filled()
    r = np.zeros(264, np.int64)
    references(fr, dpb, units, 0, 0, 8, 8, 8, 8, r)
    assert (r[CENTRE - 16 : CENTRE + 17] == 128).all()
    units[0, 1, 2:4, picture.MODE] = 1  # only above
    references(fr, dpb, units, 0, 0, 8, 8, 8, 8, r)
    above = dpb[0, MARGIN + 7, MARGIN + 8 : MARGIN + 16]
    np.testing.assert_array_equal(r[CENTRE + 1 : CENTRE + 9], above)
    assert (r[CENTRE - 16 : CENTRE + 1] == above[0]).all()
    assert (r[CENTRE + 9 : CENTRE + 17] == above[-1]).all()
    out = np.zeros(264, np.int64)
    smooth(r, 16, out)
    assert out[CENTRE + 3] == (r[CENTRE + 2] + 2 * r[CENTRE + 3] + r[CENTRE + 4] + 2) >> 2


@given(st.integers(-(2**14), 2**14 - 1), st.integers(-64, 64), st.integers(-64, 64))
def test_scaled_vectors_round_to_nearest(v, have, want):
    got = scale(v, have, want)
    exact = v if have in (0, want) else min(max(v * want / have, -(2**14)), 2**14 - 1)
    assert abs(got - exact) <= 0.5


def test_merge_candidates_are_different_and_complete():
    fr, _, units = filled()
    fr[picture.COL] = -1
    fr[picture.COUNTS : picture.COUNTS + 2] = 1
    units[0, :, :, picture.REF : picture.REF + 2] = -1
    units[0, 3, 3, [picture.MODE, picture.MV, picture.REF]] = 2, 5, 0
    units[0, 1, 5, [picture.MODE, picture.MV + 2, picture.REF + 1]] = 2, 9, 0
    out = np.zeros((6, 6), np.int64)
    merge_candidates(fr, units, 16, 8, 8, 8, out)
    assert out[0].tolist() == [5, 0, 0, 0, 0, -1]
    assert out[1].tolist() == [0, 0, 9, 0, -1, 0]
    assert out[2].tolist() == [5, 0, 9, 0, 0, 0]


def test_costs_are_their_definitions():
    _, dpb, _ = filled()
    rng = np.random.default_rng(0)
    source = rng.integers(0, 256, (48, 64)).astype(np.int16)
    difference = source[4:12, 8:24] - dpb[0, 90:98, 95:111]
    assert sad(dpb, 0, 90, 95, source, 4, 8, 16, 8, 1 << 40) == np.abs(difference).sum()
    hadamard = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]])
    block = np.zeros((64, 64), np.int32)
    block[:8, :16] = source[4:12, 8:24] - difference
    tiles = [difference[j : j + 4, i : i + 4] for j in (0, 4) for i in (0, 4, 8, 12)]
    assert satd(block, source, 4, 8, 16, 8) == sum((np.abs(hadamard @ t @ hadamard.T).sum() + 1) // 2 for t in tiles)


def test_coarse_search_finds_a_far_shift():
    y, x = np.mgrid[:128, :192]
    texture = lambda dy, dx: (
        128 + 60 * np.sin((y + dy) / 7) * np.cos((x + dx) / 9) + 40 * np.sin((x + dx) * (y + dy) / 900)
    ).astype(np.int16)
    now, ref = np.zeros((32, 48), np.int16), np.zeros((32, 48), np.int16)
    quarter(texture(0, 0), 0, 0, 192, 128, now)
    quarter(texture(12, -36), 0, 0, 192, 128, ref)
    out = np.zeros((8, 12, 2), np.int64)
    seed(now, ref, 1, out)
    assert (out[3:5, 3:8] == (36, -12)).all()


def test_wiener_filter_is_its_formula_and_crosses_the_bitstream():
    fr, dpb, units = filled(64, 64, 1)
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:64, :64]
    clean = (128 + 80 * np.sin(x / 3) * np.cos(y / 4)).astype(np.int64)
    half = (128 + 40 * np.sin(x / 3)).astype(np.int64)[:32, :32]
    load_into(fr, dpb[0], [np.clip(p + rng.normal(0, 9, p.shape), 0, 255) for p in (clean, half, half)])
    source = picture.flat(fr)
    load(fr, (clean, half, half), source)
    units[0, :, :, picture.MODE], units[0, :, :, picture.LW : picture.LH + 1] = 2, 6
    fr[picture.QP] = fr[picture.QPC] = 30
    f = LoopFilter(fr)
    before = f.deblock(fr, dpb, units)
    choice = f.fit(fr, dpb, before, source, lagrangian(20), 1.0)
    np.testing.assert_array_equal(dpb[0], before)
    rc, buf = writer(10000)
    models = fresh_models()
    f.code(Coder(rc, buf, *models), choice)
    other = LoopFilter(fr)
    got = other.code(Coder(*reader(finish(rc, buf)), *models), None)
    other.classes[:] = f.classes
    other.apply(fr, dpb, before, got)
    noisy, now = (np.mean((planes(fr, p, 64, 64)[0] - clean.astype(float)) ** 2) for p in (before, dpb[0]))
    assert now < 0.6 * noisy
    assert len(got.sets if hasattr(got, "sets") else other.sets) == 1

    filters, mapping = np.zeros((8, WIENER_TAPS), np.int64), np.zeros(25, np.int64)
    filters[0] = rng.integers(-20, 20, WIENER_TAPS)
    out = before.copy()
    apply_luma(fr, before, f.classes, filters, mapping, np.ones((1, 1), np.int64), out)
    p = before[MARGIN - 4 : MARGIN + 68, MARGIN - 4 : MARGIN + 68].astype(np.int64)
    at = lambda dy, dx: p[4 + dy : 68 + dy, 4 + dx : 68 + dx]
    s = sum(t * (at(dy, dx) + at(-dy, -dx) - 2 * at(0, 0)) for t, (dy, dx) in zip(filters[0], OFFSETS))
    expected = np.clip(at(0, 0) + ((s + 64) >> 7), 0, 255)
    np.testing.assert_array_equal(out[MARGIN : MARGIN + 64, MARGIN : MARGIN + 64], expected)


def test_deblocking_softens_small_steps_at_edges_only():
    fr, dpb, units = filled(64, 64, 1)
    steps = np.repeat([100, 104, 108, 255], 16)[None].repeat(64, 0)
    load_into(fr, dpb[0], [steps, np.full((32, 32), 50), np.full((32, 32), 50)])
    units[0, :, :, picture.MODE], units[0, :, :, picture.LW : picture.LH + 1] = 1, 4
    fr[picture.QP] = fr[picture.QPC] = 36
    LoopFilter(fr).deblock(fr, dpb, units)
    row = planes(fr, dpb[0], 64, 64)[0][20].astype(int)
    assert np.abs(np.diff(row))[[15, 31]].max() < 4
    assert row[46:50].tolist() == [108, 108, 255, 255]
    assert scratch().first.shape == (64, 64)
