"""An archive's rates held to its files: a row's bytes are its bitstream's size, and its kbps and bpp follow from them."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

from ..bitstream import BitstreamError, read_bitstream
from ..models import ClipRef, Experiment, ResultRow
from .layout import KEPT, MAX_FRAMES, MAX_SIDE, ArchiveError, name_of

SAME = 1e-6
"""Relative: the figures are written whole, and a sum may be ordered otherwise elsewhere."""


def check_figures(record: Experiment, sizes: dict[str, int]) -> None:
    """`sizes`: bytes of the archive's files by name. Raises ArchiveError."""
    clips = {clip.name: clip for clip in record.clips}
    for clip in record.clips:
        if max(clip.width or 0, clip.height or 0) > MAX_SIDE or (clip.frames or 0) > MAX_FRAMES:
            raise ArchiveError(f"The record's clip {clip.name} is larger or longer than any clip of a lab.")
    for row in record.results:
        point, clip = f"{row.clip} at rate {row.rate:g}", clips[row.clip]
        if not 0 < row.frames <= (clip.frames or MAX_FRAMES):
            raise ArchiveError(f"{point} has {row.frames:,} frames; its clip has not so many.")
        size = sizes.get(name_of(row.artifacts.get("bitstream", KEPT["bitstream"])))
        if size is not None and size != row.bytes:
            raise ArchiveError(f"{point} claims {row.bytes:,} bytes, but its bitstream has {size:,}.")
        check_rate(row, clip, point)


def check_rate(row: ResultRow, clip: ClipRef, point: str) -> None:
    fps, pixels = fps_of(clip), visible_pixels(clip)
    if fps is None or not pixels:
        raise ArchiveError(f"The size or the frame rate of {point} is not in the record.")
    kbps = row.bytes * 8 * float(fps) / row.frames / 1000
    if not math.isclose(row.kbps, kbps, rel_tol=SAME):
        raise ArchiveError(f"{point} claims {row.kbps:.6g} kbps, but its bytes, frames and fps give {kbps:.6g}.")
    bpp = [row.bytes * 8 / (count * row.frames) for count in pixels]
    if not any(math.isclose(row.bpp, possible, rel_tol=SAME) for possible in bpp):
        raise ArchiveError(f"{point} claims {row.bpp:.6g} bits a pixel, but its bytes and frames give {bpp[0]:.6g}.")


def fps_of(clip: ClipRef) -> Fraction | None:
    try:
        fps = Fraction(clip.fps or "")
    except (ValueError, ZeroDivisionError):
        return None
    return fps if 0 < fps < 1 << 16 else None


def visible_pixels(clip: ClipRef) -> list[int]:
    """Of a frame, as many as there may be: the record has the coded size, and the visible one may be one less."""
    if not clip.width or not clip.height or min(clip.width, clip.height) < 2:
        return []
    return [(clip.width - x) * (clip.height - y) for x in (0, 1) for y in (0, 1)]


def packets_of(file: Path, name: str, row: ResultRow, clip: ClipRef, most: int) -> int:
    """How many packets the bitstream has. Raises ArchiveError where it is none, not of this point, or has over `most`."""
    try:
        info, packets = read_bitstream(file)
        if (info.width, info.height, info.frames, info.fps) != (clip.width, clip.height, row.frames, fps_of(clip)):
            raise ArchiveError(f"{name} says another size, frame rate or number of frames than its point has.")
        count = 0
        for count, _ in enumerate(packets, 1):
            if count > most:
                raise ArchiveError("The archive's bitstreams have too many packets.")
    except (BitstreamError, OSError) as e:
        raise ArchiveError(f"{name} is no bitstream: {e}") from e
    return count
