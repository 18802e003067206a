from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.charts.frames import CURRENT, decimate, frames_figure, mark_frame, read_series
from app.results.format import THIN


def series(psnr, bits=None, name="rate 22"):
    return read_series(name, {"psnr_y": psnr, "bits": bits})


def test_quality_and_bits_lie_over_one_frame_axis():
    figure = frames_figure([series([36.0, 35.5, 37.0], [9000, 400, 500])])
    quality, bits = figure.data
    assert list(quality.x) == list(bits.x) == [0, 1, 2]
    assert list(quality.y) == [36.0, 35.5, 37.0]
    assert list(bits.y) == [9000, 400, 500]
    assert quality.xaxis == bits.xaxis == "x2"
    assert (quality.yaxis, bits.yaxis) == ("y", "y2")
    assert figure.layout.yaxis.title.text == "Y-PSNR (dB)"
    assert figure.layout.yaxis2.title.text == "Bits per frame"
    assert figure.layout.xaxis2.title.text == "Frame"
    assert (figure.layout.hovermode, figure.layout.hoversubplots) == ("x unified", "axis")


def test_every_trace_can_be_clicked_and_knows_its_frames():
    figure = frames_figure([series([36.0, None, 37.0], [1, 2, 3])])
    for drawn in figure.data:
        assert "markers" in drawn.mode, "Plotly selects only points that have a marker"
        assert list(drawn.customdata) == list(drawn.x)


def test_identical_frames_are_stars_at_the_cap_and_said():
    figure = frames_figure([series([36.0, None, 71.5])])
    line, stars = figure.data
    assert list(line.y) == [36.0, 60.0, 60.0]
    assert list(line.text) == ["36.00 dB", "identical", "71.50 dB"]
    assert list(stars.x) == [1]
    assert list(stars.y) == [60.0]
    assert stars.marker.symbol == "star"
    assert "identical, shown at 60 dB" in stars.name


def test_all_identical_is_still_a_figure():
    assert list(frames_figure([series([None, None])]).data[0].y) == [60.0, 60.0]


def test_unknown_bits_leave_a_gap_and_no_bits_leave_one_plot():
    assert list(frames_figure([series([36.0, 35.0, 34.0], [9000, None, 500])]).data[1].x) == [0, 2]
    for bits in (None, [None, None, None]):
        figure = frames_figure([series([36.0, 35.0, 34.0], bits)])
        assert len(figure.data) == 1
        assert figure.layout.xaxis.title.text == "Frame"


def test_hover_gives_the_time_once():
    drawn = frames_figure([series([36.0] * 31), series([30.0] * 31, name="rate 37")], fps=Fraction(30000, 1001)).data
    assert drawn[0].text[30].replace(THIN, " ") == "36.00 dB · 1.00 s"
    assert drawn[1].text[30].replace(THIN, " ") == "30.00 dB"


def test_the_player_s_frame_is_marked_and_moves():
    figure = frames_figure([series([36.0, 35.0, 34.0], [1, 2, 3])], current=1)
    assert [(s.name, s.x0, s.x1, s.yref) for s in figure.layout.shapes] == [(CURRENT, 1, 1, "paper")]
    assert figure.layout.shapes[0].xref == "x2"
    mark_frame(figure, 2)
    assert [s.x0 for s in figure.layout.shapes] == [2]


def test_a_long_clip_is_thinned_but_keeps_its_worst_frame_and_true_index():
    n = 90_000
    psnr = (36 + np.sin(np.arange(n) / 700)).tolist()
    bits = [1000] * n
    psnr[54_321], bits[12_345], psnr[77_777] = 11.5, 99_999, None
    figure = frames_figure([series(psnr, bits)], max_points=2000)
    quality, stars, sizes = figure.data
    assert len(quality.x) <= 2000
    drawn = dict(zip(quality.customdata, quality.y))
    assert drawn[54_321] == 11.5
    assert dict(zip(sizes.customdata, sizes.y))[12_345] == 99_999
    assert list(stars.customdata) == [77_777]
    assert all(drawn[i] == psnr[i] for i in (0, n - 1))


@settings(max_examples=60)
@given(st.integers(1, 3), st.integers(1, 400), st.integers(8, 120), st.data())
def test_thinning_keeps_extremes_ends_and_its_budget(count, length, most, data):
    floats = st.floats(-1e6, 1e6) | st.just(np.nan)
    columns = [data.draw(arrays(np.float64, length, elements=floats)) for _ in range(count)]
    index = decimate(columns, most)
    assert list(index) == sorted(set(index))
    assert {0, length - 1} <= set(index.tolist())
    assert len(index) <= max(most, 2 + 2 * count)
    for values in columns:
        if np.isfinite(values).any():
            assert np.nanmin(values[index]) == np.nanmin(values)
            assert np.nanmax(values[index]) == np.nanmax(values)


def test_nothing_to_draw_is_no_figure():
    assert frames_figure([]) is None
    assert frames_figure([series([36.0])], plane="ssim_y") is None
    assert frames_figure([series([])]) is None
    assert frames_figure([read_series("r", {"psnr_y": [1.0], "ssim_y": [None]})], plane="ssim_y") is None


def test_another_plane_keeps_its_own_scale_and_gaps():
    ssim = read_series("r", {"ssim_y": [0.9, None, 1.0], "psnr_y": [1, 2, 3]})
    drawn = frames_figure([ssim], plane="ssim_y").data
    assert len(drawn) == 1
    assert drawn[0].text[0] == "0.9000"
    assert np.isnan(drawn[0].y[1])


@pytest.mark.parametrize(
    ("artifact", "words"),
    [
        ([], "not a JSON object"),
        ({"bits": [1]}, "has none of psnr_y"),
        ({"psnr_y": [1.0, 2.0], "bits": [1]}, "differ in length: psnr_y 2, bits 1"),
        ({"psnr_y": ["36"]}, "psnr_y of rate 22 must be a list of numbers and nulls"),
        ({"psnr_y": 36.0}, "must be a list"),
        ({"psnr_y": [float("inf")]}, "must be a list of numbers and nulls"),
        ({"psnr_y": [True]}, "must be a list of numbers and nulls"),
    ],
)
def test_a_broken_artifact_is_a_sentence(artifact, words):
    with pytest.raises(ValueError, match=words):
        read_series("rate 22", artifact)


def test_vmaf_and_times_are_series_where_they_have_a_value_a_frame():
    artifact = {"psnr_y": [36.0, 35.0], "vmaf": [91.5, 88.25], "encode_ms": [12.5, 3.0], "decode_ms": [4.0, 2.0]}
    whole = read_series("rate 22", artifact | {"bits": [900, 300]})
    for plane, title, first in (("vmaf", "VMAF", "91.50"), ("encode_ms", "Encode (ms)", "12.50")):
        figure = frames_figure([whole], plane)
        assert figure.layout.yaxis.title.text.startswith(title)
        assert figure.data[0].text[0] == first
    several = read_series("rate 22", artifact | {"encode_ms": [9.0, 1.0, 1.0], "packets": [10, 20, 30]})
    assert set(several.values) == {"psnr_y", "vmaf", "decode_ms"}, "three packets for two frames have no frame each"
