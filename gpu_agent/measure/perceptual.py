"""VMAF, VMAF-NEG and XPSNR, from libvmaf and the xpsnr filter of the ffmpeg binary.

These are others' definitions, taken from others' code: what cannot be had (a binary without the filter, a frame too
small) is a reason in the result, never a number.
"""

from __future__ import annotations

import json
import math
import re
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ..codec_kit.frames import VideoInfo
from .ffmpeg import FfmpegError, raw_input, run_ffmpeg
from .pipeline import usable_cores

VMAF_MODEL = "vmaf_v0.6.1"
VMAF_MODELS = (VMAF_MODEL, "vmaf_v1.0.16_3d0h")
"""The model every paper quotes, and the newer one (v1, for a screen seen from three times its height)."""

NEG_MODELS = {VMAF_MODEL: "vmaf_v0.6.1neg"}
"""NEG ("no enhancement gain") gives no credit for contrast and sharpness that the source does not have."""


@dataclass
class VmafResult:
    """VMAF from 0 to 100, per frame and mean. All None and empty where `reason` says why there is none."""

    model: str
    mean: float | None = None
    frames: list[float] = field(default_factory=list)
    neg_model: str | None = None
    neg_mean: float | None = None
    neg_frames: list[float] = field(default_factory=list)
    reason: str | None = None


@dataclass
class XpsnrResult:
    """XPSNR in dB per plane as ffmpeg averages it, and of luma per frame; None where infinite (`identical`)."""

    y: float | None = None
    u: float | None = None
    v: float | None = None
    frames_y: list[float | None] = field(default_factory=list)
    identical: bool = False
    reason: str | None = None


def vmaf(
    source: Path,
    decoded: Path,
    info: VideoInfo,
    *,
    ffmpeg: str | None = None,
    model: str = VMAF_MODEL,
    visible: tuple[int, int] | None = None,
    threads: int | None = None,
    on_progress: Callable[[int], None] = lambda frames: None,
    cancel: threading.Event | None = None,
) -> VmafResult:
    """VMAF of raw 4:2:0 `decoded` against `source`, and VMAF-NEG in the same pass where the model has it."""
    models = {"vmaf": model} | ({"neg": NEG_MODELS[model]} if model in NEG_MODELS else {})
    wanted = "|".join(f"version={version}\\:name={name}" for name, version in models.items())
    option = f"libvmaf=model='{wanted}':log_fmt=json:log_path=log:n_threads={threads or usable_cores()}"
    result = VmafResult(model, neg_model=models.get("neg"))
    try:
        log = filter_log(option, decoded, source, info, ffmpeg, visible, on_progress, cancel)
        frames = [frame["metrics"] for frame in json.loads(log)["frames"]]
    except (FfmpegError, OSError, ValueError) as e:
        result.reason = f"VMAF could not be computed: {e}"
        return result
    if len(frames) != info.frames:
        result.reason = f"VMAF could not be computed: libvmaf saw {len(frames)} of {info.frames} frames"
        return result
    result.frames = [frame["vmaf"] for frame in frames]
    result.mean = math.fsum(result.frames) / len(frames)
    if result.neg_model:
        result.neg_frames = [frame["neg"] for frame in frames]
        result.neg_mean = math.fsum(result.neg_frames) / len(frames)
    return result


def xpsnr(
    source: Path,
    decoded: Path,
    info: VideoInfo,
    *,
    ffmpeg: str | None = None,
    visible: tuple[int, int] | None = None,
    on_progress: Callable[[int], None] = lambda frames: None,
    cancel: threading.Event | None = None,
) -> XpsnrResult:
    """XPSNR (Helmrich et al., 2020) of raw 4:2:0 `decoded` against `source`, whose activity weights the errors."""
    try:
        log = filter_log("xpsnr=stats_file=log", source, decoded, info, ffmpeg, visible, on_progress, cancel)
    except (FfmpegError, OSError) as e:
        return XpsnrResult(reason=f"XPSNR could not be computed: {e}")
    frames = re.findall(r"^n: +\d+ +XPSNR y: (\S+)", log, re.MULTILINE)
    average = re.search(r"^XPSNR average, \d+ frames +y: (\S+) +u: (\S+) +v: (\S+)", log, re.MULTILINE)
    if len(frames) != info.frames or average is None:
        return XpsnrResult(reason=f"XPSNR could not be computed: the filter saw {len(frames)} of {info.frames} frames")
    y, u, v = map(finite, average.groups())
    return XpsnrResult(y, u, v, [finite(value) for value in frames], identical=y is None and u is None and v is None)


def finite(printed: str) -> float | None:
    value = float(printed)
    return value if math.isfinite(value) else None


def filter_log(
    option: str,
    first: Path,
    second: Path,
    info: VideoInfo,
    ffmpeg: str | None,
    visible: tuple[int, int] | None,
    on_progress: Callable[[int], None],
    cancel: threading.Event | None,
) -> str:
    """What a filter of two inputs writes to the file named `log`, on the first `info.frames` frames of both."""
    width, height = visible or (info.width, info.height)
    crop = "null" if (width, height) == (info.width, info.height) else f"crop={width}:{height}:0:0:exact=1"
    inputs = [
        argument
        for path in (first, second)
        for argument in ("-t", f"{float(info.frames / info.fps) + 1e-6:.6f}", *raw_input(path.absolute(), info))
    ]
    graph = f"[0:v]{crop}[a];[1:v]{crop}[b];[a][b]{option}"
    with tempfile.TemporaryDirectory(prefix="codec-lab-") as folder:
        run_ffmpeg(
            [*inputs, "-lavfi", graph, "-f", "null", "-"],
            ffmpeg=ffmpeg,
            folder=Path(folder),
            cancel=cancel,
            on_progress=on_progress,
        )
        log = Path(folder) / "log"
        if not log.exists():  # libvmaf's models differ in the sizes they bear, and it succeeds without a result
            raise FfmpegError(f"the filter gave no figures for frames of {width}x{height}")
        return log.read_text()
