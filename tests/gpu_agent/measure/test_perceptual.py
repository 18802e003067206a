import re
import threading

import pytest

from gpu_agent.measure import MeasureCancelled
from gpu_agent.measure.ffmpeg import FfmpegError, run_ffmpeg
from gpu_agent.measure.perceptual import VMAF_MODELS, vmaf, xpsnr

from .pairs import natural, noisy, write_pair


@pytest.fixture
def pair(tmp_path):
    frames = [natural(144, 176, 4 * i) for i in range(4)]
    return write_pair(tmp_path, frames, [noisy(y, sigma) for y, sigma in zip(frames, (2, 5, 10, 20))])


def test_vmaf_is_what_libvmaf_prints(pair):
    source, decoded, info = pair
    result = vmaf(source, decoded, info)
    raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "176x144", "-r", "25", "-i"]
    log = run_ffmpeg([*raw, str(decoded), *raw, str(source), "-lavfi", "libvmaf", "-f", "null", "-"])
    assert result.mean == pytest.approx(float(re.search(r"VMAF score: (\S+)", log).group(1)), abs=1e-5)
    assert (result.model, result.neg_model, result.reason) == ("vmaf_v0.6.1", "vmaf_v0.6.1neg", None)
    assert len(result.frames) == len(result.neg_frames) == 4
    assert result.frames[0] > result.frames[3]
    assert result.neg_mean < result.mean + 1


@pytest.mark.parametrize("model", VMAF_MODELS)
def test_each_offered_model_is_in_the_binary(tmp_path, model):
    frames = [natural(192, 320, 4 * i) for i in range(3)]
    result = vmaf(*write_pair(tmp_path, frames, [noisy(y, 8) for y in frames]), model=model)
    assert result.reason is None
    assert 0 < result.mean < 100


def test_vmaf_gives_a_source_against_itself_the_top(pair):
    source, _, info = pair
    assert vmaf(source, source, info).mean > 95


def test_what_vmaf_cannot_do_is_a_reason_and_no_number(pair):
    source, decoded, info = pair
    for result in (
        vmaf(source, decoded, info, model="vmaf_v9"),
        vmaf(source, decoded, info, ffmpeg="/no/such/ffmpeg"),
        vmaf(source, decoded, info._replace(frames=9)),
        vmaf(source, decoded, info._replace(width=8, height=8)),
    ):
        assert result.mean is None
        assert result.frames == []
        assert result.reason.startswith("VMAF could not be computed: ")
    assert "176x144" in vmaf(source, decoded, info, model=VMAF_MODELS[1]).reason  # too small for that model
    assert "vmaf_v9" in vmaf(source, decoded, info, model="vmaf_v9").reason


def test_xpsnr_weights_with_the_sources_activity(pair):
    source, decoded, info = pair
    result = xpsnr(source, decoded, info)
    raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "176x144", "-r", "25", "-i"]
    log = run_ffmpeg([*raw, str(source), *raw, str(decoded), "-lavfi", "xpsnr", "-f", "null", "-"])
    assert [result.y, result.u, result.v] == [
        float(value) for value in re.search(r"XPSNR  y: (\S+)  u: (\S+)  v: (\S+)", log).groups()
    ]
    assert result.frames_y == sorted(result.frames_y, reverse=True)
    assert xpsnr(decoded, source, info).y != result.y


def test_xpsnr_of_identical_video_is_a_flag(pair):
    source, _, info = pair
    result = xpsnr(source, source, info)
    assert (result.y, result.identical, result.frames_y) == (None, True, [None] * 4)


def test_only_the_first_frames_and_the_visible_area_are_seen(pair):
    source, decoded, info = pair
    two = info._replace(frames=2)
    assert xpsnr(source, decoded, two).frames_y == xpsnr(source, decoded, info).frames_y[:2]
    assert len(vmaf(source, decoded, two).frames) == 2
    assert xpsnr(source, decoded, info, visible=(175, 143)).y != xpsnr(source, decoded, info).y


def test_a_cancelled_run_leaves_no_process_and_no_result(pair):
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(MeasureCancelled):
        vmaf(*pair, cancel=cancel)


def test_ffmpeg_fails_in_its_own_words(tmp_path):
    with pytest.raises(FfmpegError, match="No such file"):
        run_ffmpeg(["-i", str(tmp_path / "missing.mp4"), "-f", "null", "-"])
