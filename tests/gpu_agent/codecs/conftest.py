"""Starters as fresh modules with `codec_kit` as the jail gives it, and small videos made of nothing but numpy."""

from __future__ import annotations

import sys
import types
from fractions import Fraction

import numpy as np
import pytest

from gpu_agent import codec_kit
from gpu_agent.codec_kit import Frame, VideoInfo
from gpu_agent.codecs import starter


class Clip(list):
    """Frames with `.info`, as encode gets them."""

    def __init__(self, frames: list[Frame]) -> None:
        super().__init__(frames)
        h, w = frames[0].y.shape
        self.info = VideoInfo(w, h, len(frames), Fraction(25))


def moving(width: int, height: int, frames: int, seed: int = 0) -> Clip:
    """A smooth texture that drifts by fractions of a sample, with a little noise."""
    rng = np.random.default_rng(seed)
    waves = rng.uniform(-0.25, 0.25, (12, 2))
    phase = rng.uniform(0, 6.28, 12)

    def plane(h, w, t, scale):
        y, x = np.mgrid[:h, :w] * scale
        a = sum(np.sin((y + 0.7 * t) * p + (x - 1.3 * t) * q + f) for (p, q), f in zip(waves, phase))
        return np.clip(128 + 18 * a + rng.normal(0, 1.5, (h, w)), 0, 255).astype(np.uint8)

    sizes = (height, width, 1), (height // 2, width // 2, 2), (height // 2, width // 2, 2)
    return Clip([Frame(*(plane(h, w, t, scale) for h, w, scale in sizes)) for t in range(frames)])


def filled(width: int, height: int, frames: int, value) -> Clip:
    """Every sample is value(shape)."""
    shapes = (height, width), (height // 2, width // 2), (height // 2, width // 2)
    return Clip([Frame(*(np.broadcast_to(value(s), s).astype(np.uint8) for s in shapes)) for _ in range(frames)])


@pytest.fixture
def fresh(monkeypatch):
    """fresh(name): the starter as a new module of its own, as each jail imports it."""
    monkeypatch.setitem(sys.modules, "codec_kit", codec_kit)

    def load(name: str) -> types.ModuleType:
        module = types.ModuleType(name)
        exec(compile(starter(name).code(), starter(name).path, "exec"), module.__dict__)
        return module

    yield load
    for name in [n for n in sys.modules if n.startswith("codec_kit.")]:
        del sys.modules[name]
