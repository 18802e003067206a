"""Clips whose pixels say which frame they are and which side: a bar code of the number on a coloured ground."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

WIDTH, HEIGHT, BITS = 320, 180, 8
BAR = WIDTH // BITS
GROUND = {"source": (150, 60, 60), "decoded": (60, 60, 150)}
EXACT_MARK = {"source": (20, 200, 20), "decoded": (20, 200, 200)}
"""What only the exact pictures carry, in the top right corner, so that a test can tell them from the previews."""


def picture(number: int, side: str, *, exact: bool = False) -> np.ndarray:
    """RGB: the number in the lower half, most significant bit left, white for one; a fine grid in the upper half."""
    rgb = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    rgb[:] = GROUND[side]
    rgb[10:80:10, 10:300:10] = 255
    rgb[20:40, 30:60] = (200, 200, 40)
    for bit in range(BITS):
        rgb[HEIGHT // 2 :, bit * BAR : (bit + 1) * BAR] = 235 if number >> (BITS - 1 - bit) & 1 else 20
    if exact:
        rgb[:8, -24:] = EXACT_MARK[side]
    return rgb


def samples(number: int, kind: str) -> np.ndarray:
    """The raw 4:2:0 frame as a grey picture, byte by byte: noise of its own for each frame and kind."""
    noise = np.random.default_rng([number, *kind.encode()])
    return noise.integers(0, 256, (HEIGHT * 3 // 2, WIDTH), np.uint8)


def read_number(rgb: np.ndarray) -> int:
    """The number in a picture of any size."""
    height, width = rgb.shape[:2]
    row = rgb[int(height * 0.72)].mean(axis=1)
    return sum(int(row[int((bit + 0.5) * width / BITS)] > 128) << (BITS - 1 - bit) for bit in range(BITS))


def write_clip(path: Path, side: str, frames: int, fps: Fraction) -> None:
    """An H.264 preview as the agent makes them: all intra, yuv420p, faststart."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as out:
        stream = out.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.time_base = 1 / fps
        stream.options = {"preset": "ultrafast", "crf": "10", "g": "1", "bf": "0"}
        for n in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(n, side), "rgb24")
            frame.pts, frame.time_base = n, 1 / fps
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
