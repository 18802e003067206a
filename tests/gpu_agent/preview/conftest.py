from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from gpu_agent.codec_kit.frames import VideoInfo
from gpu_agent.models import Clip


def clip_of(info: VideoInfo, **facts) -> Clip:
    """A Clip of that size; `facts` override."""
    return Clip(
        **{
            "name": "test",
            "title": "Test",
            "origin": "upload",
            "sha256": "0" * 64,
            "width": info.width,
            "height": info.height,
            "visible_width": info.width,
            "visible_height": info.height,
            "frames": info.frames,
            "fps": f"{info.fps.numerator}/{info.fps.denominator}",
            "seconds": float(info.frames / info.fps),
            **facts,
        }
    )


@pytest.fixture
def numbered(tmp_path) -> Callable[..., tuple[Path, VideoInfo]]:
    """Makes a raw planes file whose frame n carries n as eight bright or dark blocks in two rows."""

    def make(frames: int = 12, fps: str = "25", width: int = 64, height: int = 32) -> tuple[Path, VideoInfo]:
        info = VideoInfo(width, height, frames, Fraction(fps))
        path = tmp_path / f"numbered-{frames}-{fps.replace('/', '_')}-{width}x{height}.yuv"
        with path.open("wb") as file:
            for n in range(frames):
                bits = np.array([n >> b & 1 for b in range(8)], np.uint8).reshape(2, 4)
                y = np.kron(bits * 180 + 30, np.ones((height // 2, width // 4), np.uint8))
                file.write(y.tobytes() + bytes([128]) * (width * height // 2))
        return path, info

    return make
