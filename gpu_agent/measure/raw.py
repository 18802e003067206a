"""Raw planar 4:2:0 files, mapped: the frames that are measured, read without a copy and without holding them."""

from __future__ import annotations

import mmap
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import numpy as np

from ..codec_kit.frames import VideoInfo


class MeasureError(ValueError):
    """The files cannot be measured as they are; the message says which and why."""


class FlatPlanes(NamedTuple):
    """One frame's planes as flat uint8 arrays, read-only views of the file."""

    y: np.ndarray
    u: np.ndarray
    v: np.ndarray


class RawVideo:
    """`info.frames` frames of `info.frame_bytes` each, Y then U then V.

    A source may hold more frames than `info` asks for (a run on the first few frames of a clip); with `exact` the file
    must hold these and nothing else. Raises MeasureError where the size is wrong.
    """

    def __init__(self, path: Path, info: VideoInfo, *, exact: bool) -> None:
        need, have = info.frames * info.frame_bytes, path.stat().st_size
        if info.frames < 1 or info.width % 2 or info.height % 2:
            raise MeasureError(f"cannot measure {info.frames} frames of {info.width}x{info.height}: sizes must be even")
        if have < need or (exact and have > need):
            frames = have / info.frame_bytes
            raise MeasureError(f"{path.name} holds {frames:g} frames of {info.width}x{info.height}, not {info.frames}")
        self.info = info
        self._luma = info.width * info.height
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), need, access=mmap.ACCESS_READ)
        self._samples = np.frombuffer(self._map, np.uint8)
        self._released = 0

    def frame(self, index: int) -> FlatPlanes:
        start = index * self.info.frame_bytes
        luma, chroma = self._luma, self._luma // 4
        flat = self._samples[start : start + self.info.frame_bytes]
        return FlatPlanes(flat[:luma], flat[luma : luma + chroma], flat[luma + chroma :])

    def release(self, before: int) -> None:
        """Unmap the pages of frames below `before`, so that memory stays small; reading them again is still right."""
        end = before * self.info.frame_bytes // mmap.PAGESIZE * mmap.PAGESIZE
        if end > self._released:
            self._map.madvise(mmap.MADV_DONTNEED, self._released, end - self._released)
            self._released = end

    def __enter__(self) -> RawVideo:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        del (
            self._samples,
            self._map,
        )  # closing would raise while a caller holds a frame: the map goes with the last view
