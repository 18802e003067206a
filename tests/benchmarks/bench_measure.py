"""Speed and memory of measuring, against scikit-image and against ffmpeg's own filters on the same 1080p frames."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from gpu_agent.codec_kit.frames import VideoInfo, planes_of
from gpu_agent.measure import gaussian, integer, measure, warm
from gpu_agent.measure.ffmpeg import executable, raw_input
from gpu_agent.measure.pipeline import areas
from gpu_agent.measure.raw import RawVideo

from .row import Row, fastest

HD = VideoInfo(1920, 1080, 48, Fraction(30))
UHD = VideoInfo(3840, 2160, 60, Fraction(30))
MEMORY_MB = 300


def run() -> list[Row]:
    warm()
    with tempfile.TemporaryDirectory(prefix="codec-lab-bench-") as folder:
        source, decoded = moving_pair(Path(folder), HD)
        rows = [
            one_plane(source, decoded),
            ffmpegs_set(source, decoded),
            whole_set(source, decoded),
            against_scikit_image(source, decoded),
        ]
        source.unlink()
        decoded.unlink()
        for label, info in (("10 s of 1080p", HD._replace(frames=300)), ("60 s of 1080p", HD._replace(frames=1800))):
            peak = peak_memory(Path(folder), info)
            target = f"≤ {MEMORY_MB} MB"
            rows.append(Row(f"peak memory, {label}", f"{peak:.0f} MB", "", "", target, peak <= MEMORY_MB))
        rows.append(Row("peak memory, 2 s of 2160p", f"{peak_memory(Path(folder), UHD):.0f} MB", "", ""))
    return rows


def moving_pair(folder: Path, info: VideoInfo) -> tuple[Path, Path]:
    """Smooth texture that moves, and the same with noise."""
    rng = np.random.default_rng(0)
    steps = rng.normal(0, 1.5, info.frame_bytes)
    texture = (np.abs(np.cumsum(steps) % 510 - 255)).astype(np.uint8)
    noise = rng.integers(-4, 5, info.frame_bytes, np.int16)
    source, decoded = folder / "source.yuv", folder / "decoded.yuv"
    with source.open("wb") as a, decoded.open("wb") as b:
        for t in range(info.frames):
            frame = np.roll(texture, 2 * t)
            a.write(frame.tobytes())
            b.write(np.clip(frame + np.roll(noise, 7919 * t), 0, 255).astype(np.uint8).tobytes())
    return source, decoded


def scikit_ssim(a: np.ndarray, b: np.ndarray) -> float:
    return structural_similarity(a, b, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)


def one_plane(source: Path, decoded: Path) -> Row:
    a, b = (planes_of(path.read_bytes()[: HD.frame_bytes], HD).y for path in (source, decoded))
    luma, _ = areas(HD, None)
    ours, scikit = fastest(
        lambda: gaussian.ssim_gaussian(a.ravel(), b.ravel(), *luma), lambda: scikit_ssim(a, b), clock=time.process_time
    )
    ratio = scikit / ours
    return Row(
        "Gaussian SSIM of a 1080p luma plane, CPU time",
        f"{ours * 1e3:.1f} ms",
        f"{scikit * 1e3:.0f} ms scikit-image",
        f"{ratio:.0f}x",
        "≥ 40x",
        ratio >= 40,
    )


def ffmpegs_set(source: Path, decoded: Path) -> Row:
    """PSNR and SSIM (8x8) of Y, U and V: what `-lavfi psnr` and `ssim` compute."""
    parts = areas(HD, None)

    def ours() -> None:
        with RawVideo(source, HD, exact=True) as original, RawVideo(decoded, HD, exact=True) as result:
            for index in range(HD.frames):
                for a, b, area in zip(original.frame(index), result.frame(index), (parts[0], parts[1], parts[1])):
                    integer.sse(a, b, *area, 1)
                    integer.ssim_ffmpeg(a, b, *area)
                original.release(index)
                result.release(index)

    graph = "[0:v]split[a][b];[1:v]split[c][d];[a][c]psnr;[b][d]ssim"
    command = [executable(), "-v", "error", *raw_input(decoded, HD), *raw_input(source, HD)]

    def theirs() -> None:
        subprocess.run([*command, "-lavfi", graph, "-f", "null", "-"], check=True, capture_output=True)

    mine, ffmpeg = fastest(ours, theirs, rounds=3, clock=cpu_seconds)
    ratio = mine / ffmpeg
    return Row(
        "ffmpeg's set (PSNR, SSIM of Y, U, V), CPU time per 1080p frame",
        f"{mine / HD.frames * 1e3:.2f} ms",
        f"{ffmpeg / HD.frames * 1e3:.2f} ms ffmpeg",
        f"{ratio:.2f}x",
        "≤ 0.85x",
        ratio <= 0.85,
    )


def cpu_seconds() -> float:
    """User and system time of this process and of the children it has waited for."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def whole_set(source: Path, decoded: Path) -> Row:
    (seconds,) = fastest(lambda: measure(source, decoded, HD, threads=2), rounds=3)
    (cpu,) = fastest(lambda: measure(source, decoded, HD, threads=2), rounds=1, clock=time.process_time)
    rate = HD.frames / seconds
    return Row(
        "full set without VMAF, 1080p, two threads",
        f"{rate:.0f} frames/s",
        f"{cpu / HD.frames * 1e3:.1f} ms CPU time a frame",
        "",
        "≥ 150 frames/s",
        rate >= 150,
    )


def against_scikit_image(source: Path, decoded: Path) -> Row:
    """The naive way: scikit-image's PSNR and SSIM of each plane, a frame after the other."""
    frames = 4
    info = HD._replace(frames=frames)
    short = decoded.with_name("short.yuv")
    short.write_bytes(decoded.read_bytes()[: frames * HD.frame_bytes])
    raws = source.read_bytes()[: frames * HD.frame_bytes], short.read_bytes()

    def naive() -> None:
        for index in range(frames):
            start = index * HD.frame_bytes
            for a, b in zip(*(planes_of(raw[start : start + HD.frame_bytes], HD) for raw in raws)):
                peak_signal_noise_ratio(a, b, data_range=255)
                scikit_ssim(a, b)

    ours, scikit = fastest(lambda: measure(source, short, info, threads=2), naive, rounds=2)
    return Row(
        "full set per 1080p frame (with MS-SSIM, ffmpeg's SSIM)",
        f"{ours / frames * 1e3:.1f} ms",
        f"{scikit / frames * 1e3:.0f} ms scikit-image, PSNR and SSIM only",
        f"{scikit / ours:.0f}x",
    )


MEASURE_ONCE = r"""
import re, sys
from fractions import Fraction
from pathlib import Path
from gpu_agent.codec_kit.frames import VideoInfo
from gpu_agent.measure import measure, warm
width, height, frames = map(int, sys.argv[3:])
warm()
measure(Path(sys.argv[1]), Path(sys.argv[2]), VideoInfo(width, height, frames, Fraction(30)), threads=2)
print(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text()).group(1))
"""
"""Asks VmHWM, because ru_maxrss of a child starts at its parent's size."""


def peak_memory(folder: Path, info: VideoInfo) -> float:
    """Peak resident MB of a process of its own that measures sparse files of this length."""
    paths = folder / "black.yuv", folder / "marked.yuv"
    for path in paths:
        with path.open("wb") as file:
            file.truncate(info.frames * info.frame_bytes)
            for index in range(0, info.frames if path is paths[1] else 0, 8):
                file.seek(index * info.frame_bytes + info.width)
                file.write(b"\xff")  # a frame that differs, so that every metric is computed
    command = [sys.executable, "-c", MEASURE_ONCE, *map(str, (*paths, info.width, info.height, info.frames))]
    peak = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) / 1024
    for path in paths:
        path.unlink()
    return peak
