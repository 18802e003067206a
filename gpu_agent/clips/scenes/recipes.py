"""The scenes: one small generator each, unlike each other in what makes them hard to code."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from gpu_agent.codec_kit.frames import Frame, VideoInfo

from .optics import View, dim, ellipse, grain, lay_over, look, look_in_depth, mix
from .photographs import disparity, photograph


@dataclass(frozen=True)
class Scene:
    """`version` is raised whenever the recipe changes the frames."""

    title: str
    description: str
    info: VideoInfo
    render: Callable[[VideoInfo], Iterator[Frame]]
    version: int = 1


def sway(time: float, phase: float) -> float:
    """A hand that holds a camera: slow, irregular, within about -1 to 1."""
    return 0.6 * math.sin(2.1 * time + phase) + 0.3 * math.sin(5.3 * time + 2 * phase) + 0.1 * math.sin(13 * time)


def pan(info: VideoInfo) -> Iterator[Frame]:
    photo, depth, rng = photograph("motorcycle_left.png"), disparity(), np.random.Generator(np.random.PCG64(1))
    for n in range(info.frames):
        t = n / float(info.fps)
        view = View(330 + 34 * t + 2 * sway(t, 0), 262 + 2 * sway(t, 1), 2.05 + 0.06 * t, 0.006 * sway(t, 2))
        yield grain(look_in_depth(photo, depth, 0.35 * (t - 1), view, info.width, info.height), rng, 2)


def objects(info: VideoInfo) -> Iterator[Frame]:
    ground, rng = photograph("gravel.png", (124, 132)), np.random.Generator(np.random.PCG64(2))
    cup = ellipse(photograph("coffee.png"), 308, 190, 190, 166)
    cat = ellipse(photograph("chelsea.png"), 220, 130, 130, 124)
    face = ellipse(photograph("astronaut.png"), 224, 120, 76, 104)
    for n in range(info.frames):
        t = n / float(info.fps)
        frame = look(ground, View(256 + 20 * t, 256 - 46 * t, 1.35, 0.02 * sway(t, 3)), info.width, info.height)
        lay_over(frame, cup, 90 + 205 * t, 120 + 40 * math.sin(2.4 * t), 0.55, 0.9 * t)
        lay_over(frame, cat, 560 - 190 * t, 225 + 30 * math.sin(3.1 * t + 1), 0.7 + 0.12 * t, 0.2 * math.sin(2 * t))
        lay_over(frame, face, 330 + 120 * math.cos(2.2 * t), 180 - 90 * math.sin(2.2 * t), 0.8, 0.15 * math.sin(5 * t))
        yield grain(frame, rng, 1)


def portrait(info: VideoInfo) -> Iterator[Frame]:
    photo, rng = photograph("astronaut.png"), np.random.Generator(np.random.PCG64(3))
    for n in range(info.frames):
        t = n / float(info.fps)
        view = View(236 + 1.5 * sway(t, 4), 196 + 1.5 * sway(t, 5), 1.45 + 0.12 * t, 0.004 * sway(t, 6))
        flicker = 256 + round(6 * math.sin(17 * t) + 4 * math.sin(29 * t + 1))
        yield grain(dim(look(photo, view, info.width, info.height), flicker), rng, 8)


def cuts(info: VideoInfo) -> Iterator[Frame]:
    """Four shots with two cuts, a dissolve, a flash of light before one cut and a fade to black."""
    rng = np.random.Generator(np.random.PCG64(4))

    def shot(number: int, t: float) -> Frame:
        if number == 0:
            photo, view = photograph("chelsea.png"), View(220 + 14 * t, 140, 1.15 + 0.1 * t, 0.01 * sway(t, 7))
        elif number == 1:
            photo, view = photograph("coffee.png"), View(300 - 30 * t, 210 - 24 * t, 0.95, 0.1 * t)
        elif number == 2:
            photo, view = photograph("camera.png"), View(200 + 60 * t, 190, 1.1, 0.01 * sway(t, 8))
        else:
            photo, view = photograph("rocket.jpg"), View(320, 260 - 40 * t, 1.2 - 0.1 * t)
        return look(photo, view, info.width, info.height)

    bounds = (0, 14, 29, 44)
    for n in range(info.frames):
        number = sum(n >= bound for bound in bounds) - 1
        t = n / float(info.fps)
        frame = shot(number, t)
        if 26 <= n < 32:
            frame = mix(shot(1, t), shot(2, t), 256 * (n - 25) // 7)
        if n in (12, 13):
            frame = dim(frame, 380 if n == 12 else 560)
        if n >= info.frames - 8:
            frame = dim(frame, 256 * (info.frames - 1 - n) // 8)
        yield grain(frame, rng, 1)


def night(info: VideoInfo) -> Iterator[Frame]:
    photo, rng = photograph("rocket.jpg"), np.random.Generator(np.random.PCG64(5))
    for n in range(info.frames):
        t = n / float(info.fps)
        view = View(300 + 8 * t, 270 - 38 * t, 1.3 + 0.02 * t)
        light = min(256, 24 + 12 * n) * (100 + round(3 * math.sin(23 * t))) // 100
        yield grain(dim(look(photo, view, info.width, info.height), light), rng, 3)


def texture(info: VideoInfo) -> Iterator[Frame]:
    meadow, stones = photograph("grass.png", (118, 122)), photograph("brick.png", (120, 140))
    for n in range(info.frames):
        t = n / float(info.fps)
        frame = look(meadow, View(256 + 40 * t, 256, 1.3 + 0.1 * t, 0.16 * t), info.width, info.height)
        lay_over(frame, ellipse(stones, 256, 256, 250, 250, 0.05), 320 + 150 * math.sin(1.7 * t), 190, 0.5, -1.1 * t)
        yield frame


SCENES: dict[str, Scene] = {
    "scene-pan": Scene(
        "Garage, 720p",
        "A hand-held camera moves sideways past a motorcycle: near things pass faster than far ones. Light grain. "
        "Rendered from a photograph of scikit-image and its depth.",
        VideoInfo(1280, 720, 50, Fraction(25)),
        pan,
    ),
    "scene-objects": Scene(
        "Moving objects",
        "Three objects with soft edges turn, grow and cross before a ground that moves on its own. "
        "Rendered from photographs of scikit-image.",
        VideoInfo(640, 360, 60, Fraction(30000, 1001)),
        objects,
    ),
    "scene-grain": Scene(
        "Portrait with film grain",
        "A slow zoom towards a face under strong film grain and flickering light: most of the bits are noise. "
        "Rendered from a photograph of scikit-image.",
        VideoInfo(512, 384, 48, Fraction(24000, 1001)),
        portrait,
    ),
    "scene-cut": Scene(
        "Cuts, dissolve, flash, fade",
        "Four shots with hard cuts, a dissolve, a flash of light and a fade to black: prediction from the past fails. "
        "Rendered from photographs of scikit-image.",
        VideoInfo(480, 270, 60, Fraction(30)),
        cuts,
    ),
    "scene-night": Scene(
        "Dusk",
        "A dark sky with a fine gradient, lit lamps and sensor noise, fading in: banding shows at once. "
        "Rendered from a photograph of scikit-image.",
        VideoInfo(640, 360, 48, Fraction(24)),
        night,
    ),
    "scene-texture": Scene(
        "Turning textures, 50 fps",
        "Grass turns and grows under a disc of bricks that turns the other way: dense detail that no translation of a "
        "block predicts. Rendered from photographs of scikit-image.",
        VideoInfo(640, 360, 80, Fraction(50)),
        texture,
    ),
}
