"""Reading frames out of a raw planes file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gpu_agent.codec_kit.frames import VideoInfo


def read_frame(path: Path, info: VideoInfo, index: int) -> np.ndarray:
    """Frame `index` as `info.frame_bytes` samples. ValueError where the file has no such frame."""
    if not 0 <= index < info.frames:
        raise ValueError(f"There is no frame {index}; the clip has frames 0 to {info.frames - 1}.")
    samples = np.fromfile(path, np.uint8, info.frame_bytes, offset=index * info.frame_bytes)
    if samples.size != info.frame_bytes:
        raise ValueError(f"{path.name} ends before frame {index}: it does not hold {info.frames} frames of this size.")
    return samples


def read_frames(path: Path, info: VideoInfo) -> Iterator[np.ndarray]:
    """The first `info.frames` frames, one fresh array each. ValueError where the file is shorter."""
    with path.open("rb") as file:
        for index in range(info.frames):
            samples = np.fromfile(file, np.uint8, info.frame_bytes)
            if samples.size != info.frame_bytes:
                raise ValueError(
                    f"{path.name} ends before frame {index}: it does not hold {info.frames} frames of this size."
                )
            yield samples
