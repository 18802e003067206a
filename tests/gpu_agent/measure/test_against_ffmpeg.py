"""The lab's figures are those that the ffmpeg binary prints, to the last printed digit."""

import re
import subprocess

import imageio_ffmpeg
import numpy as np
import pytest

from gpu_agent.measure import measure

from .pairs import natural, noisy, write_pair


def ffmpeg_prints(source, decoded, width, height):
    """(PSNR per plane from the mean MSE, SSIM of Y, U and V) from ffmpeg's own summary lines."""
    size = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{width}x{height}"]
    graph = "[0:v]split[a][b];[1:v]split[c][d];[a][c]psnr;[b][d]ssim"
    inputs = [*size, "-i", decoded, *size, "-i", source]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", *inputs, "-lavfi", graph, "-f", "null", "-"]
    log = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    psnr = re.search(r"PSNR y:(\S+) u:(\S+) v:(\S+)", log).groups()
    ssim = re.search(r"SSIM Y:(\S+) \(\S+\) U:(\S+) \(\S+\) V:(\S+)", log).groups()
    return [float(value) for value in psnr], [float(value) for value in ssim]


@pytest.mark.parametrize(("height", "width"), [(144, 176), (98, 130), (64, 46)])
def test_psnr_and_ssim_are_what_ffmpeg_prints(tmp_path, height, width):
    frames = [natural(height, width, shift) for shift in (0, 3, 9)]
    source, decoded, info = write_pair(tmp_path, frames, [noisy(y, s) for y, s in zip(frames, (1, 4, 12))])
    ours = measure(source, decoded, info)
    psnr, ssim = ffmpeg_prints(source, decoded, width, height)
    assert [ours.psnr_y_mse, ours.psnr_u_mse, ours.psnr_v_mse] == pytest.approx(psnr, abs=1e-6)
    assert ours.ssim_ffmpeg == pytest.approx(ssim[0], abs=1e-6)


@pytest.mark.parametrize(("a", "b"), [(0, 255), (16, 17), (255, 254)])
def test_flat_extremes_are_what_ffmpeg_prints(tmp_path, a, b):
    source, decoded, info = write_pair(tmp_path, [np.full((32, 48), a, np.uint8)], [np.full((32, 48), b, np.uint8)])
    ours = measure(source, decoded, info)
    psnr, ssim = ffmpeg_prints(source, decoded, 48, 32)
    assert [ours.psnr_y_mse, ours.psnr_u_mse, ours.psnr_v_mse] == pytest.approx(psnr, abs=1e-6)
    assert ours.ssim_ffmpeg == pytest.approx(ssim[0], abs=1e-6)


def test_odd_visible_sizes_are_what_ffmpeg_prints_for_the_cropped_video(tmp_path):
    width, height = 131, 97
    padded = [np.pad(natural(height, width, s), ((0, 1), (0, 1)), constant_values=7) for s in (0, 5)]
    damaged = [noisy(y, 5) for y in padded]
    for y in damaged:
        y[:, -1], y[-1] = 255, 0  # padding that a codec mangled: no viewer sees it
    source, decoded, info = write_pair(tmp_path, padded, damaged)
    ours = measure(source, decoded, info, visible=(width, height))
    for path in (source, decoded):  # the same video without the padding of luma; chroma has none
        raw = np.frombuffer(path.read_bytes(), np.uint8).reshape(info.frames, info.frame_bytes)
        luma = info.width * info.height
        cropped = [
            frame[:luma].reshape(info.luma_shape)[:height, :width].tobytes() + frame[luma:].tobytes() for frame in raw
        ]
        path.with_suffix(".odd").write_bytes(b"".join(cropped))
    psnr, ssim = ffmpeg_prints(source.with_suffix(".odd"), decoded.with_suffix(".odd"), width, height)
    assert [ours.psnr_y_mse, ours.psnr_u_mse, ours.psnr_v_mse] == pytest.approx(psnr, abs=1e-6)
    assert ours.ssim_ffmpeg == pytest.approx(ssim[0], abs=1e-6)
