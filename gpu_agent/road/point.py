"""One point of the rate-distortion curve: a trip of a clip at a rate, measured, and what of it is kept."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..codec_kit.frames import VideoInfo
from ..hashing import file_sha256
from ..measure import Measurement, measure
from ..models import Clip, ErrorCategory, Experiment, Failure, Rate, ResultRow
from ..preview import make_preview
from .perceptual import expected
from .report import RunFailed
from .timing import Timing, spread
from .tools import Tools, rate_key
from .trip import Coded, Source, Tick, code_and_decode, stop_if
from .worst import find_worst, picture, write_list


@dataclass
class Point:
    """A measured point: its row, what the codec printed by phase, and what somebody who relies on it should know."""

    row: ResultRow
    printed: list[tuple[str, str]]
    warnings: list[str]


def run_point(
    tools: Tools, experiment: Experiment, source: Source, rate: Rate, folder: Path, tick: Tick, cancel: threading.Event
) -> Point:
    """The whole point, its artifacts stored under ID/CLIP/rRATE/."""
    total = source.info.frames
    coded = code_and_decode(tools, experiment, source, rate, folder, tick, cancel)
    times, differs = timed(tools, experiment, source, rate, folder, tick, cancel, coded)
    tick("measure", 0, total)
    clip = source.clip
    visible = (clip.visible_width, clip.visible_height)
    measured = measure(
        source.planes,
        coded.decoded,
        source.info,
        visible=visible,
        on_progress=lambda n: tick("measure", n, total),
        cancel=cancel,
    )
    stop_if(cancel)
    droppable = {"decoded": coded.decoded}
    if tools.previews:
        tick("preview", 0, total)
        droppable["preview"] = folder / "preview.mp4"
        make_preview(
            coded.decoded,
            source.info,
            droppable["preview"],
            clip_facts=clip,
            encoder=tools.preview_by.encoder,
            cancel=cancel.is_set,
        )
        stop_if(cancel)
    tick("store", total, total)
    row = row_of(source, rate, coded, times, measured, expected(tools.settings.vmaf))
    series = folder / "frames.json"
    series.write_text(json.dumps(frame_series(coded, measured, source.info), allow_nan=False))
    base = f"{clip.name}/{rate_key(rate)}"
    worst = find_worst(source.planes, coded.decoded, source.info, measured.series.psnr_y, visible)
    for w in worst:
        png = picture(w, source.planes, coded.decoded, source.info, clip)
        tools.artifacts.put_bytes(f"{experiment.id}/{base}/{w.file}", png, droppable=True)
    write_list(folder / "worst.json", worst)
    kept = {"bitstream": coded.bitstream, "frames": series, "worst": folder / "worst.json"}
    for files, drop in ((kept, False), (droppable, True)):
        for name, path in files.items():
            row.artifacts[name] = f"{base}/{path.name}"
            tools.artifacts.put_file(f"{experiment.id}/{base}/{path.name}", path, droppable=drop)
    printed = [(o.mode, text) for o in (coded.encode, coded.decode) if (text := o.log.strip("\n"))]
    if experiment.timing_runs > 1:
        row.more["timing"] = times._asdict()
    if coded.gpu is not None:
        row.more["gpu_memory"] = coded.gpu.sentence
    unclear = coded.gpu.sentence if coded.gpu is not None and coded.gpu.problem else None
    return Point(row, printed, [text for text in (measured.alignment_warning, differs, unclear) if text])


def timed(
    tools: Tools,
    experiment: Experiment,
    source: Source,
    rate: Rate,
    folder: Path,
    tick: Tick,
    cancel: threading.Event,
    first: Coded,
) -> tuple[Timing, str | None]:
    """The point's times over `experiment.timing_runs` trips, and a warning where a later one gave another bitstream."""
    times = Timing((first.encode.wall_seconds,), (first.decode.wall_seconds,))
    known, other = file_sha256(first.bitstream), 0
    for number in range(2, experiment.timing_runs + 1):
        again = folder / f"timing-{number}"
        again.mkdir()
        tick("encode", 0, source.info.frames)
        coded = code_and_decode(tools, experiment, source, rate, again, tick, cancel)
        times = times.and_then(coded.encode.wall_seconds, coded.decode.wall_seconds)
        other += file_sha256(coded.bitstream) != known
        shutil.rmtree(again)
    if not other:
        return times, None
    return times, f"{other} of {experiment.timing_runs - 1} further encodes gave another bitstream than the first."


def row_of(source: Source, rate: Rate, coded: Coded, times: Timing, m: Measurement, later: dict[str, str]) -> ResultRow:
    info, size = source.info, coded.bitstream.stat().st_size
    pixels = source.clip.visible_width * source.clip.visible_height * info.frames
    return ResultRow(
        clip=source.clip.name,
        rate=rate,
        frames=info.frames,
        bytes=size,
        kbps=size * 8 * float(info.fps) / info.frames / 1000,
        bpp=size * 8 / pixels,
        psnr_y=m.psnr_y,
        psnr_u=m.psnr_u,
        psnr_v=m.psnr_v,
        psnr_yuv=m.psnr_yuv,
        psnr_y_mse=m.psnr_y_mse,
        psnr_y_min=m.psnr_y_min,
        psnr_y_p5=m.psnr_y_p5,
        lossless=m.lossless,
        ssim=m.ssim,
        encode_seconds=times.encode_seconds,
        decode_seconds=times.decode_seconds,
        encode_fps=info.frames / times.encode_seconds,
        decode_fps=info.frames / times.decode_seconds,
        encode_spread=spread(times.encode),
        decode_spread=spread(times.decode),
        encode_cpu_seconds=coded.encode.cpu_seconds,
        decode_cpu_seconds=coded.decode.cpu_seconds,
        encode_peak_mb=megabytes(coded.encode.peak_memory_bytes),
        decode_peak_mb=megabytes(coded.decode.peak_memory_bytes),
        packets=len(coded.packet_sizes),
        bitstream_sha256=file_sha256(coded.bitstream),
        decoded_sha256=file_sha256(coded.decoded),
        more=further(m, later),
    )


def further(m: Measurement, later: dict[str, str]) -> dict[str, Any]:
    """Figures that have no field of their own, and under `missing` why others are not there (or not yet: `later`)."""
    names = ("ms_ssim", "ssim_ffmpeg", "ssim_u", "ssim_v", "psnr_u_mse", "psnr_v_mse")
    found = {name: value for name in names if (value := getattr(m, name)) is not None}
    return found | {"missing": m.missing | later}


def frame_series(coded: Coded, m: Measurement, info: VideoInfo) -> dict:
    """Per-frame figures. Bits belong to frames only where the codec wrote one packet a frame; else that part is null.

    `packets` and `encode_ms` have a value a packet, everything else a value a frame.
    """
    one_each = len(coded.packet_sizes) == info.frames
    bits = [8 * n for n in coded.packet_sizes] if one_each else None
    times = {"encode_ms": coded.encode_ms, "decode_ms": coded.decode_ms}
    return m.series.to_dict() | {"bits": bits, "packets": coded.packet_sizes} | times


def megabytes(size: int | None) -> float | None:
    return None if size is None else round(size / 1e6, 1)


def lost(message: str) -> RunFailed:
    """A failure of the agent, not of the codec."""
    return RunFailed(Failure(category=ErrorCategory.LOST, message=message))


def bytes_needed(clips: Iterable[Clip], frames: int | None, timing_runs: int = 1) -> int:
    """Disk that the planes of all clips and the largest point take together; a timing run decodes beside the first."""
    sizes = [c.width * c.height * 3 // 2 * min(frames or c.frames, c.frames) for c in clips]
    return sum(sizes) + (2 if timing_runs == 1 else 3) * max(sizes, default=0)
