"""A clip that never existed before: rendered from a seed, small, and the same frames again from the same seed.

Every choice is drawn: photograph, crop, camera path, light, grain, and an object that crosses. A codec cannot have
seen the clip, and yet whoever doubts a figure can make it again from the seed in the evidence.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from ..clips.scenes.optics import View, dim, ellipse, grain, lay_over, look
from ..clips.scenes.photographs import photograph
from ..codec_kit.frames import Frame, VideoInfo
from ..hashing import file_sha256
from ..models import Clip

INFO = VideoInfo(176, 144, 16, Fraction(25))
GROUNDS = (
    "astronaut.png",
    "chelsea.png",
    "coffee.png",
    "motorcycle_left.png",
    "motorcycle_right.png",
    "rocket.jpg",
    "camera.png",
    "brick.png",
    "gravel.png",
    "grass.png",
)
OBJECTS = ("astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png")


@dataclass(frozen=True)
class FreshClip:
    clip: Clip
    planes: Path
    info: VideoInfo


def make(seed: int, folder: Path) -> FreshClip:
    """Render the clip of this seed into a raw file in `folder`."""
    path = folder / "fresh.yuv"
    with path.open("wb") as file:
        for frame in render(seed):
            for plane in frame:
                file.write(np.ascontiguousarray(plane))
    clip = Clip(
        name=f"fresh-{seed:x}"[:32],
        title="Fresh clip",
        origin="rendered",
        sha256=file_sha256(path),
        width=INFO.width,
        height=INFO.height,
        visible_width=INFO.width,
        visible_height=INFO.height,
        frames=INFO.frames,
        fps=str(INFO.fps),
        seconds=float(INFO.frames / INFO.fps),
    )
    return FreshClip(clip, path, INFO)


def render(seed: int, info: VideoInfo = INFO) -> Iterator[Frame]:
    """The frames: a hand-held camera over a photograph, an object passing, a little grain and flicker."""
    rng = np.random.Generator(np.random.PCG64(seed))
    draw = lambda low, high: float(rng.uniform(low, high))
    ground = photograph(GROUNDS[rng.integers(len(GROUNDS))], (int(rng.integers(112, 145)), int(rng.integers(112, 145))))
    height, width = ground.y.shape
    zoom, growth, turn = draw(0.6, 1.4), draw(-0.1, 0.1), draw(-0.05, 0.05)
    x, y = draw(0.3, 0.7) * width, draw(0.3, 0.7) * height
    heading, speed, phase = draw(0, 2 * math.pi), draw(4, 40), draw(0, 2 * math.pi)
    cutout = drawn_object(rng)
    object_zoom, object_turn, object_phase = draw(0.25, 0.5), draw(-1, 1), draw(0, 2 * math.pi)
    strength, flicker = int(rng.integers(0, 3)), draw(0, 4)
    for n in range(info.frames):
        t = n / float(info.fps)
        sway = 1.2 * math.sin(5 * t + phase)
        view = View(
            x + speed * math.cos(heading) * t + sway,
            y + speed * math.sin(heading) * t + sway / 2,
            zoom + growth * t,
            turn * t * 4,
        )
        frame = look(ground, view, info.width, info.height)
        across = info.width * (0.5 + 0.4 * math.cos(2.5 * t + object_phase))
        down = info.height * (0.5 + 0.3 * math.sin(1.7 * t + object_phase))
        lay_over(frame, cutout, across, down, object_zoom, object_turn * t)
        yield grain(dim(frame, 256 + round(flicker * math.sin(19 * t))), rng, strength)


def drawn_object(rng: np.random.Generator):
    """An ellipse somewhere in a photograph; all its numbers even."""
    photo = photograph(OBJECTS[rng.integers(len(OBJECTS))])
    height, width = photo.y.shape
    rx, ry = (2 * int(rng.integers(25, 45)) for _ in range(2))
    x = 2 * int(rng.integers(rx // 2, (width - rx) // 2))
    y = 2 * int(rng.integers(ry // 2, (height - ry) // 2))
    return ellipse(photo, x, y, rx, ry)
