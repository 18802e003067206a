import json
import math
import threading
from fractions import Fraction

import numpy as np
import pytest

from gpu_agent.codec_kit.frames import VideoInfo
from gpu_agent.measure import MeasureCancelled, MeasureError, measure

from .pairs import natural, noisy, write_pair


def moving(count, height=144, width=176):
    return [natural(height, width, 4 * i) for i in range(count)]


def test_aggregates_follow_from_the_series(tmp_path):
    frames = moving(5)
    decoded = [frames[0]] + [noisy(y, sigma, seed=i) for i, (y, sigma) in enumerate(zip(frames[1:], (1, 3, 9, 20)))]
    m = measure(*write_pair(tmp_path, frames, decoded))
    series = m.series
    assert series.psnr_y[0] is None
    assert series.sse_y[0] == 0
    dbs = [60.0, *series.psnr_y[1:]]
    assert dbs == sorted(dbs, reverse=True)
    assert m.psnr_y == pytest.approx(np.mean(dbs))
    assert m.psnr_y_min == dbs[-1]
    assert m.psnr_y_p5 == pytest.approx(np.percentile(dbs, 5))
    assert m.psnr_yuv == pytest.approx((6 * m.psnr_y + m.psnr_u + m.psnr_v) / 8)
    assert m.psnr_y_mse == pytest.approx(10 * math.log10(255**2 * 144 * 176 * 5 / sum(series.sse_y)))
    assert m.ssim == pytest.approx(np.mean(series.ssim_y))
    assert not m.lossless
    assert series.ssim_y[0] == 1.0
    json.dumps([series.to_dict(), m.to_dict()], allow_nan=False)


def test_identical_video_is_lossless_and_capped(tmp_path):
    m = measure(*write_pair(tmp_path, moving(3), moving(3)))
    assert m.lossless
    assert (m.psnr_y, m.psnr_yuv, m.psnr_y_mse) == (60.0, 60.0, None)
    assert m.series.psnr_y == [None] * 3
    assert (m.ssim, m.ssim_ffmpeg) == (1.0, 1.0)
    json.dumps([m.series.to_dict(), m.to_dict()], allow_nan=False)


def test_a_frame_above_the_cap_counts_as_the_cap(tmp_path):
    frames = moving(2)
    touched = [y.copy() for y in frames]
    for y in touched:
        y[0, 0] ^= 1
    m = measure(*write_pair(tmp_path, frames, touched))
    assert m.series.psnr_y[0] > 60
    assert m.psnr_y == 60.0
    assert m.psnr_y_mse > 60
    assert not m.lossless


def test_a_difference_in_chroma_alone_is_not_lossless(tmp_path):
    source, decoded, info = write_pair(tmp_path, moving(1), moving(1))
    raw = bytearray(decoded.read_bytes())
    raw[-1] ^= 1
    decoded.write_bytes(raw)
    m = measure(source, decoded, info)
    assert (m.lossless, m.psnr_y_mse, m.psnr_u_mse, m.series.sse_v) == (False, None, None, [1])


def test_threads_do_not_change_a_single_figure(tmp_path):
    frames = moving(9)
    pair = write_pair(tmp_path, frames, [noisy(y, 3, seed=i) for i, y in enumerate(frames)])
    assert measure(*pair, threads=1) == measure(*pair, threads=5)


@pytest.mark.parametrize(
    ("width", "height", "missing"),
    [
        (8, 8, {"ssim", "ssim_u", "ssim_v", "ms_ssim"}),
        (4, 4, {"ssim", "ssim_u", "ssim_v", "ms_ssim", "ssim_ffmpeg"}),
        (12, 12, {"ssim_u", "ssim_v", "ms_ssim"}),
        (176, 144, {"ms_ssim"}),
        (176, 176, set()),
    ],
)
def test_what_a_small_frame_cannot_have_is_none_with_a_reason(tmp_path, width, height, missing):
    frame = natural(height, width)
    m = measure(*write_pair(tmp_path, [frame], [noisy(frame, 8)]))
    figures = m.to_dict()
    assert set(m.missing) == missing
    assert {name for name in ("ssim", "ssim_u", "ssim_v", "ms_ssim", "ssim_ffmpeg") if figures[name] is None} == missing
    assert all("needs planes of at least" in reason for reason in m.missing.values())


def test_padding_outside_the_visible_luma_is_not_measured(tmp_path):
    frame = natural(98, 130)
    damaged = frame.copy()
    damaged[97:] ^= 255
    damaged[:, 129:] ^= 255
    source, decoded, info = write_pair(tmp_path, [frame], [frame])
    raw = bytearray(decoded.read_bytes())
    raw[: damaged.size] = damaged.tobytes()
    decoded.write_bytes(raw)
    assert not measure(source, decoded, info).lossless
    assert measure(source, decoded, info, visible=(129, 97)).lossless


def test_a_visible_size_that_does_not_belong_is_refused(tmp_path):
    pair = write_pair(tmp_path, moving(1), moving(1))
    with pytest.raises(MeasureError, match="174x144 does not belong to frames of 176x144"):
        measure(*pair, visible=(174, 144))


def test_files_of_the_wrong_size_are_refused(tmp_path):
    source, decoded, info = write_pair(tmp_path, moving(2), moving(2))
    with pytest.raises(MeasureError, match=r"source\.yuv holds 2 frames of 176x144, not 3"):
        measure(source, decoded, info._replace(frames=3))
    with pytest.raises(MeasureError, match=r"decoded\.yuv holds 2 frames of 176x144, not 1"):
        measure(source, decoded, info._replace(frames=1))
    with pytest.raises(MeasureError, match="0 frames"):
        measure(source, decoded, info._replace(frames=0))


def test_a_run_on_the_first_frames_measures_a_longer_source(tmp_path):
    source, decoded, info = write_pair(tmp_path, moving(4), moving(4))
    decoded.write_bytes(decoded.read_bytes()[: 2 * info.frame_bytes])
    m = measure(source, decoded, VideoInfo(info.width, info.height, 2, Fraction(25)))
    assert m.lossless
    assert len(m.series.psnr_y) == 2


def test_progress_counts_every_frame_in_order(tmp_path):
    seen = []
    measure(*write_pair(tmp_path, moving(6), moving(6)), threads=3, on_progress=seen.append)
    assert seen == [1, 2, 3, 4, 5, 6]


def test_cancel_stops_a_measurement(tmp_path):
    cancel, seen = threading.Event(), []

    def progress(frames):
        seen.append(frames)
        cancel.set()

    pair = write_pair(tmp_path, [natural(32, 32)] * 200, [natural(32, 32)] * 200)
    with pytest.raises(MeasureCancelled):
        measure(*pair, threads=2, on_progress=progress, cancel=cancel)
    assert len(seen) < 20
