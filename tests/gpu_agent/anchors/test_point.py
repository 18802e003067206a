from fractions import Fraction

import av
import numpy as np
import pytest

from gpu_agent.anchors.catalogue import CATALOGUE, Anchor, anchor_named
from gpu_agent.anchors.point import Planes, encode_arguments, measure_point, narrow, stream_bytes
from gpu_agent.codec_kit.frames import VideoInfo
from gpu_agent.measure.ffmpeg import executable, run_ffmpeg

ON_CPU = [anchor for anchor in CATALOGUE if not anchor.gpu]
LOSSLESS = Anchor("x264-lossless", "x264 lossless", "libx264", "-qp 0", (0,), "h264")


def encode(anchor, rate, planes, folder):
    """Only the elementary stream."""
    for arguments in encode_arguments(anchor, rate, planes):
        run_ffmpeg(arguments, folder=folder)
    return folder / f"stream.{anchor.format}"


def planes_of(clip_file, full_range=False, matrix="bt709"):
    path, clip = clip_file
    info = VideoInfo(clip.width, clip.height, clip.frames, clip.fps_fraction)
    return Planes(path, info, (clip.visible_width, clip.visible_height), full_range, matrix)


@pytest.mark.parametrize("anchor", ON_CPU, ids=[anchor.name for anchor in ON_CPU])
def test_every_anchor_encodes_decodes_and_is_measured(clip_file, tmp_path, anchor):
    stages = set()
    point, _ = measure_point(
        anchor,
        anchor.rates[0],
        planes_of(clip_file),
        tmp_path,
        ffmpeg=executable(),
        on_progress=lambda stage, frames: stages.add(stage),
    )
    assert point.psnr_y > 38
    assert point.psnr_u > 38
    assert 0.9 < point.ssim < 1
    assert 200 < point.bytes < 50_000
    assert point.kbps == pytest.approx(point.bytes * 8 / 1000 / 0.24)
    assert point.bpp == pytest.approx(point.bytes * 8 / (6 * 127 * 95))
    assert point.command.startswith("ffmpeg -y -color_range")
    assert f"-c:v {anchor.encoder}" in point.command
    assert str(tmp_path) not in point.command
    assert {"encode", "decode", "measure"} <= stages
    assert [path.name for path in tmp_path.iterdir()] == ["source.yuv"]


@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("matrix", ["bt709", "bt601"])
def test_labels_of_range_and_matrix_convert_nothing(clip_file, tmp_path, full_range, matrix):
    point, _ = measure_point(LOSSLESS, 0, planes_of(clip_file, full_range, matrix), tmp_path, ffmpeg=executable())
    assert point.lossless
    assert point.psnr_y_mse is None


@pytest.mark.parametrize("full_range", [False, True])
def test_ten_bit_anchors_get_the_samples_shifted_and_nothing_else(tmp_path, full_range):
    info = VideoInfo(32, 32, 1, Fraction(25))
    samples = (np.arange(info.frame_bytes) % 256).astype(np.uint8)
    source, wide = tmp_path / "ramp.yuv", tmp_path / "wide.yuv"
    source.write_bytes(samples.tobytes())
    planes = Planes(source, info, (32, 32), full_range, "bt709")
    (arguments,) = encode_arguments(anchor_named("vvenc-fast"), 22, planes)
    raw = [*arguments[: arguments.index("-c:v")], "-f", "rawvideo", str(wide)]
    run_ffmpeg(raw)
    assert np.array_equal(np.frombuffer(wide.read_bytes(), "<u2"), samples.astype(np.uint16) << 2)


def test_vp9_is_encoded_in_two_passes_and_says_so(clip_file, tmp_path):
    point, _ = measure_point(anchor_named("vp9"), 36, planes_of(clip_file), tmp_path, ffmpeg=executable())
    first, second = point.command.split(" && ")
    assert first.endswith("-pass 1 -f null -")
    assert second.endswith("-pass 2 -f ivf stream.ivf")


def test_ten_bit_samples_come_back_rounded(tmp_path):
    info = VideoInfo(4, 2, 1, Fraction(25))
    wide = tmp_path / "wide.yuv"
    wide.write_bytes(np.array([0, 1, 2, 5, 6, 512, 1020, 1021, 1022, 1023, 4, 8], "<u2").tobytes())
    narrowed = np.frombuffer(narrow(wide, info).read_bytes(), np.uint8)
    assert narrowed.tolist() == [0, 0, 1, 1, 2, 128, 255, 255, 255, 255, 1, 2]
    assert not wide.exists()


@pytest.mark.parametrize("name", ["vp9", "x264-medium", "x265-medium", "mpeg4", "mjpeg"])
def test_streams_are_weighed_without_a_container(clip_file, tmp_path, name):
    anchor = anchor_named(name)
    stream = encode(anchor, anchor.rates[2], planes_of(clip_file), tmp_path)
    with av.open(str(stream), format=anchor.format) as container:
        packets = sum(packet.size for packet in container.demux(video=0))
    assert stream_bytes(stream) == packets


@pytest.mark.parametrize(
    ("name", "signature"), [("x264-medium", b"x264"), ("x265-medium", b"x265"), ("mjpeg", b"Lavc")]
)
def test_streams_are_not_charged_for_an_encoders_signature(clip_file, tmp_path, name, signature):
    anchor = anchor_named(name)
    stream = encode(anchor, anchor.rates[-1], planes_of(clip_file), tmp_path)
    assert signature not in stream.read_bytes()


def test_x264_anchors_are_the_same_bits_again(clip_file, tmp_path):
    anchor = anchor_named("x264-medium")
    streams = [encode(anchor, 29, planes_of(clip_file), tmp_path).read_bytes() for _ in range(2)]
    assert streams[0] == streams[1]
