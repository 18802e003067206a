"""Exact frames as YUV4MPEG2 (y4m), which ffmpeg, x264 and the metric tools read: nothing is lost or scaled."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from gpu_agent.codec_kit.frames import VideoInfo

from .raw import read_frames


def plane_y4m(planes: Path, info: VideoInfo, target_stream: BinaryIO, *, full_range: bool = False) -> None:
    """Write the first `info.frames` frames of a raw planes file at the coded (even) size.

    Square pixels, progressive, chroma sited as in MPEG-2 and H.264. Raises ValueError where the file is too short.
    """
    header = f"YUV4MPEG2 W{info.width} H{info.height} F{info.fps.numerator}:{info.fps.denominator} Ip A1:1 C420mpeg2"
    header += " XYSCSS=420MPEG2" + (" XCOLORRANGE=FULL" if full_range else " XCOLORRANGE=LIMITED")
    target_stream.write(header.encode("ascii") + b"\n")
    for samples in read_frames(planes, info):
        target_stream.write(b"FRAME\n")
        target_stream.write(samples.data)
