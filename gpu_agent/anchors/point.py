"""One anchor at one rate: encode with ffmpeg, weigh the elementary stream, decode, measure with the lab's own code."""

from __future__ import annotations

import re
import shlex
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..codec_kit.frames import VideoInfo
from ..hashing import file_sha256
from ..measure import measure, vmaf
from ..measure.ffmpeg import raw_input, run_ffmpeg
from .catalogue import Anchor
from .records import AnchorPoint

IVF_HEADER, IVF_FRAME_HEADER = 32, 12
COLORSPACES = {"bt709": "bt709", "bt601": "smpte170m"}
NICENESS = 10
"""Anchors are made in the background: codecs that are being timed come first."""


class Planes(NamedTuple):
    """A clip's raw 4:2:0 frames on disk, and how they are to be understood."""

    path: Path
    info: VideoInfo
    visible: tuple[int, int]
    full_range: bool
    matrix: str


class Coded(NamedTuple):
    """One trip through an encoder and back: the elementary stream, 8-bit raw planes, and what it took."""

    stream: Path
    decoded: Path
    bytes: int
    encode_seconds: float
    decode_seconds: float
    command: str
    log: str


class Encoded(NamedTuple):
    point: AnchorPoint
    encoder_version: str | None


def code_point(
    anchor: Anchor,
    rate: int,
    planes: Planes,
    folder: Path,
    *,
    ffmpeg: str,
    on_progress: Callable[[str, int], None] = lambda stage, frames: None,
    cancel: threading.Event | None = None,
    niceness: int = NICENESS,
) -> Coded:
    """Encode and decode in `folder`, where both files stay. Raises FfmpegError where the encoder refuses."""
    run = {"ffmpeg": ffmpeg, "cancel": cancel, "niceness": niceness}
    stream, decoded = folder / f"stream.{anchor.format}", folder / "decoded.yuv"
    runs = encode_arguments(anchor, rate, planes)
    began = time.perf_counter()
    for arguments in runs:
        log = run_ffmpeg(arguments, folder=folder, on_progress=lambda n: on_progress("encode", n), **run)
    encode_seconds = time.perf_counter() - began
    began = time.perf_counter()
    unpack = ["-f", anchor.format, "-i", str(stream), "-fps_mode", "passthrough", "-f", "rawvideo", str(decoded)]
    run_ffmpeg(unpack, on_progress=lambda n: on_progress("decode", n), **run)
    decode_seconds = time.perf_counter() - began
    if anchor.coded_depth == 10:
        decoded = narrow(decoded, planes.info)
    command = " && ".join(shlex.join(["ffmpeg", *r]) for r in runs)
    command = command.replace(str(planes.path.absolute()), "source.yuv")
    return Coded(stream, decoded, stream_bytes(stream), encode_seconds, decode_seconds, command, log)


def measure_point(
    anchor: Anchor,
    rate: int,
    planes: Planes,
    folder: Path,
    *,
    ffmpeg: str,
    on_progress: Callable[[str, int], None] = lambda stage, frames: None,
    cancel: threading.Event | None = None,
) -> Encoded:
    """Raises FfmpegError where the encoder refuses, MeasureError where what it decodes to is not the clip's frames.

    Temporary files lie under `folder` and are gone afterwards. `on_progress` hears the stage and its frames done.
    """
    info, visible = planes.info, planes.visible
    with tempfile.TemporaryDirectory(prefix="anchor-", dir=folder) as scratch:
        coded = code_point(anchor, rate, planes, Path(scratch), ffmpeg=ffmpeg, on_progress=on_progress, cancel=cancel)
        figures = measure(
            planes.path,
            coded.decoded,
            info,
            visible=visible,
            on_progress=lambda n: on_progress("measure", n),
            cancel=cancel,
        ).to_dict()
        perceptual = vmaf(planes.path, coded.decoded, info, ffmpeg=ffmpeg, visible=visible, threads=1, cancel=cancel)
        digest = file_sha256(coded.decoded)
    point = AnchorPoint(
        rate=rate,
        bytes=coded.bytes,
        kbps=float(coded.bytes * 8 / 1000 / (info.frames / info.fps)),
        bpp=coded.bytes * 8 / (info.frames * visible[0] * visible[1]),
        vmaf=perceptual.mean,
        vmaf_neg=perceptual.neg_mean,
        encode_seconds=coded.encode_seconds,
        decode_seconds=coded.decode_seconds,
        command=coded.command,
        decoded_sha256=digest,
        **{name: value for name, value in figures.items() if name in AnchorPoint.model_fields},
    )
    return Encoded(point, encoder_version(coded.log))


def encode_arguments(anchor: Anchor, rate: int, planes: Planes) -> list[list[str]]:
    """ffmpeg's arguments, a list a pass, to write `stream.FORMAT` in the current folder.

    Range and matrix are said, so that no scaler finds anything to do.
    """
    full = anchor.full_range or (planes.full_range and anchor.coded_depth == 8)  # swscale widens only "tv" by a shift
    colour = ["-color_range", "pc" if full else "tv", "-colorspace", COLORSPACES[planes.matrix]]
    source = ["-y", *colour, *raw_input(planes.path.absolute(), planes.info)]
    count = ["-fps_mode", "passthrough", "-frames:v", str(planes.info.frames)]
    depth = [] if anchor.coded_depth == 8 else ["-pix_fmt", "yuv420p10le"]
    encode = [*source, *count, *depth, *anchor.encoder_arguments(rate)]
    target = ["-f", anchor.format, f"stream.{anchor.format}"]
    if not anchor.two_pass:
        return [[*encode, *target]]
    return [[*encode, "-pass", "1", "-f", "null", "-"], [*encode, "-pass", "2", *target]]


def stream_bytes(stream: Path) -> int:
    """Size of an elementary stream. IVF, which VP9 has for want of one, is counted without its headers."""
    size = stream.stat().st_size
    if stream.suffix != ".ivf":
        return size
    packets, position = 0, IVF_HEADER
    with stream.open("rb") as file:
        while position < size:
            file.seek(position)
            packets += 1
            position += IVF_FRAME_HEADER + int.from_bytes(file.read(4), "little")
    return size - IVF_HEADER - packets * IVF_FRAME_HEADER


def narrow(wide: Path, info: VideoInfo) -> Path:
    """Round 10-bit little-endian samples to 8 bits, a frame at a time, in a new file beside `wide`, which goes."""
    target = wide.with_name("decoded8.yuv")
    with wide.open("rb") as source, target.open("wb") as out:
        while frame := source.read(2 * info.frame_bytes):
            samples = np.frombuffer(frame, "<u2")
            out.write(np.minimum((samples + 2) >> 2, 255).astype(np.uint8).tobytes())
    wide.unlink()
    return target


def encoder_version(log: str) -> str | None:
    """The version that an encoder's library prints, where it prints one."""
    found = re.search(
        r"HEVC encoder version (\S+)|SVT-AV1 Encoder Lib (\S+)|libvvenc version: (\S+)|\] (v\d\S+)$", log, re.M
    )
    return found and next(group for group in found.groups() if group)
