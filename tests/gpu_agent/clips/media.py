"""Small video files of known frames, made by PyAV in the test itself."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

LOSSLESS = {"qp": "0", "preset": "ultrafast"}


def moving_planes(width: int, height: int, frames: int, seed: int = 0) -> list[tuple[np.ndarray, ...]]:
    """Smooth, moving, coloured 4:2:0 frames; odd sizes have (n + 1) / 2 chroma samples."""
    down, across = np.mgrid[0:height, 0:width]
    half_down, half_across = np.mgrid[0 : (height + 1) // 2, 0 : (width + 1) // 2]
    made = []
    for n in range(frames):
        y = 120 + 60 * np.sin((across + 3 * n + seed) / 9) + 30 * np.cos((down - 2 * n) / 7)
        u = 128 + 40 * np.sin((half_across + half_down + n) / 8)
        v = 128 + 40 * np.cos((half_across - half_down + n + seed) / 6)
        made.append(tuple(np.rint(plane).clip(16, 235).astype(np.uint8) for plane in (y, u, v)))
    return made


def picture_of(planes: Sequence[np.ndarray], pix_fmt: str = "yuv420p") -> av.VideoFrame:
    """A VideoFrame of planar samples (8 bits, or 16 for the deeper formats), without any conversion."""
    height, width = planes[0].shape
    picture = av.VideoFrame(width, height, pix_fmt)
    for plane, samples in zip(picture.planes, planes):
        room = np.zeros((plane.height, plane.line_size), np.uint8)
        data = np.ascontiguousarray(samples).view(np.uint8)
        room[: data.shape[0], : data.shape[1]] = data
        plane.update(room)
    return picture


def write_video(
    path: Path,
    pictures: Sequence[av.VideoFrame],
    codec: str = "libx264",
    *,
    rate: Fraction | int = 25,
    options: dict[str, str] | None = None,
    container: str | None = None,
    stamps: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    rotation: int = 0,
    full_range: bool = False,
    colorspace: int | None = None,
    interlaced: bool = False,
) -> Path:
    """Encode `pictures`; `stamps` in `time_base` make the frame rate variable."""
    rate = Fraction(rate)
    options = dict(LOSSLESS if options is None and codec == "libx264" else options or {})
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate, options=options)
        stream.width, stream.height = pictures[0].width, pictures[0].height
        stream.pix_fmt = pictures[0].format.name
        base = time_base or 1 / rate
        stream.codec_context.time_base = base
        if full_range:
            stream.codec_context.color_range = 2
        if colorspace is not None:
            stream.codec_context.colorspace = colorspace
        if rotation:
            stream.set_display_rotation(rotation)
        for n, picture in enumerate(pictures):
            picture.pts, picture.time_base = (n if stamps is None else stamps[n]), base
            out.mux(stream.encode(picture))
        out.mux(stream.encode())
    return path


def write_y4m(path: Path, frames: Sequence[Sequence[np.ndarray]], rate: Fraction | int = 25, tags: str = "") -> Path:
    """By hand, so that what is read does not depend on what wrote it."""
    rate = Fraction(rate)
    height, width = frames[0][0].shape
    with path.open("wb") as file:
        file.write(
            f"YUV4MPEG2 W{width} H{height} F{rate.numerator}:{rate.denominator} Ip A1:1 C420jpeg{tags}\n".encode()
        )
        for frame in frames:
            file.write(b"FRAME\n" + b"".join(np.ascontiguousarray(plane).tobytes() for plane in frame))
    return path


def raw_bytes(frames: Sequence[Sequence[np.ndarray]]) -> bytes:
    return b"".join(np.ascontiguousarray(plane).tobytes() for frame in frames for plane in frame)
