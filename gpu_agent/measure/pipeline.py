"""Measures a whole decoded video: frames in parallel on threads, memory bounded whatever the length."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import numpy as np

from ..codec_kit.frames import VideoInfo
from .alignment import alignment_warning, shift_errors
from .frame import FrameMeter, PlaneArea
from .gaussian import MS_SSIM_MIN_SIDE
from .raw import FlatPlanes, MeasureError, RawVideo
from .series import Measurement, summarise

KEPT_FRAMES = 2
"""Frames behind the last finished one that stay mapped, for the alignment guard's look at neighbours."""

T = TypeVar("T")


class MeasureCancelled(Exception):
    """`cancel` was set while measuring; nothing was concluded."""


def measure(
    source: Path,
    decoded: Path,
    info: VideoInfo,
    *,
    visible: tuple[int, int] | None = None,
    threads: int | None = None,
    on_progress: Callable[[int], None] = lambda frames: None,
    cancel: threading.Event | None = None,
) -> Measurement:
    """Measure `info.frames` raw 4:2:0 frames of `decoded` against the first as many of `source`.

    `visible` is the visible luma (width, height) where a side is odd and was padded to even: luma is measured on it,
    chroma on whole planes, which then have no padding. `on_progress` hears the number of frames done, in this thread.
    Raises MeasureError where a file's size is wrong, MeasureCancelled once `cancel` is set.
    """
    luma, chroma = areas(info, visible)
    meter = FrameMeter(luma, chroma)
    scores, shifts = [], []
    with RawVideo(source, info, exact=False) as original, RawVideo(decoded, info, exact=True) as result:

        def one(index: int):
            if cancel is not None and cancel.is_set():
                raise MeasureCancelled
            return meter(original.frame(index), result.frame(index)), shift_errors(original, result, index, luma)

        for score, shift in in_order(one, info.frames, threads or usable_cores()):
            scores.append(score)
            shifts.append(shift)
            original.release(len(scores) - KEPT_FRAMES)
            result.release(len(scores) - KEPT_FRAMES)
            on_progress(len(scores))
    outcome = summarise(scores, luma, chroma)
    outcome.alignment_warning = alignment_warning(shifts)
    return outcome


def in_order(work: Callable[[int], T], count: int, threads: int) -> Iterator[T]:
    """`work` of 0 to count - 1 on threads, results in order; only a few are ever waiting, however many there are."""
    with ThreadPoolExecutor(threads, thread_name_prefix="measure") as pool:
        waiting: deque[Future[T]] = deque()
        try:
            for index in range(count):
                waiting.append(pool.submit(work, index))
                if len(waiting) > 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def areas(info: VideoInfo, visible: tuple[int, int] | None) -> tuple[PlaneArea, PlaneArea]:
    """The measured luma and chroma areas of frames of this size."""
    width, height = visible or (info.width, info.height)
    if (width + width % 2, height + height % 2) != (info.width, info.height):
        raise MeasureError(
            f"a visible size of {width}x{height} does not belong to frames of {info.width}x{info.height}"
        )
    half = info.width // 2
    return PlaneArea(info.width, width, height), PlaneArea(half, half, info.height // 2)


def usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def warm() -> None:
    """Compile or load every kernel, so that the first measurement does not wait for it (seconds when nothing is cached)."""
    side = MS_SSIM_MIN_SIDE
    info = VideoInfo(side, side, 1, Fraction(25))
    grey, noise = (np.full(info.frame_bytes, 128, np.uint8), np.arange(info.frame_bytes).astype(np.uint8))
    for flat in (grey, noise):
        flat.setflags(write=False)  # read-only arrays, like those of a mapped file, are a type of their own to numba

    def planes(flat: np.ndarray) -> FlatPlanes:
        size = side * side
        return FlatPlanes(flat[:size], flat[size : size * 5 // 4], flat[size * 5 // 4 :])

    FrameMeter(*areas(info, None))(planes(grey), planes(noise))
