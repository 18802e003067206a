"""Pairs of planes that metrics get wrong, and raw files of them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
from skimage import data

from gpu_agent.codec_kit.frames import VideoInfo

AROUND_A_STRIP = ((137, 12), (138, 13), (139, 58), (153, 59), (154, 60), (266, 61), (267, 11))
"""Widths and heights at which the Gaussian kernel's strips of columns, vectors and rows begin and end."""


def natural(height: int, width: int, shift: int = 0) -> np.ndarray:
    """A photograph's luma, moved sideways by `shift`."""
    grey = data.astronaut().mean(axis=2).astype(np.uint8)
    return np.ascontiguousarray(np.roll(np.tile(grey, (4, 4)), shift, axis=1)[:height, :width])


def noisy(plane: np.ndarray, sigma: float, seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, sigma, plane.shape)
    return np.clip(np.round(plane + noise), 0, 255).astype(np.uint8)


def plane_pairs() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    shape = (97, 131)
    noise, other = (rng.integers(0, 256, shape, np.uint8) for _ in range(2))
    checker = (np.indices(shape).sum(axis=0) % 2 * 255).astype(np.uint8)
    flat = lambda value: np.full(shape, value, np.uint8)
    near = lambda value: (value + rng.integers(-1, 2, shape)).astype(np.uint8)
    return {
        "natural": (natural(*shape), noisy(natural(*shape), 6)),
        "natural, large": (natural(270, 481), noisy(natural(270, 481), 2)),
        "identical noise": (noise, noise.copy()),
        "independent noise": (noise, other),
        "inverted noise": (noise, 255 - noise),
        "black against white": (flat(0), flat(255)),
        "flat, one step": (flat(255), flat(254)),
        "dark, one step of noise": (near(2), near(2)),
        "bright, one step of noise": (near(253), near(253)),
        "checker against its inverse": (checker, 255 - checker),
        "checker against grey": (checker, flat(128)),
        "one sample differs": (natural(*shape), one_sample_off(natural(*shape))),
        "11x11": (noise[:11, :11].copy(), other[:11, :11].copy()),
        "12x11": (noise[:11, :12].copy(), other[:11, :12].copy()),
        "11x12": (noise[:12, :11].copy(), other[:12, :11].copy()),
        "one column of windows, tall": (noise[:, :11].copy(), other[:, :11].copy()),
        "27 columns": (noise[:16, :27].copy(), other[:16, :27].copy()),
        **{f"{w}x{h}": (natural(h, w), noisy(natural(h, w), 9)) for w, h in AROUND_A_STRIP},
    }


def one_sample_off(plane: np.ndarray) -> np.ndarray:
    changed = plane.copy()
    changed[40, 60] ^= 1
    return changed


def video(frames: list[np.ndarray]) -> bytes:
    """Raw 4:2:0 of luma planes (even sides); chroma is a thinned, inverted luma, so that planes differ."""
    return b"".join(p.tobytes() for y in frames for p in (y, 255 - y[::2, ::2], y[1::2, ::2]))


def write_pair(folder: Path, source: list[np.ndarray], decoded: list[np.ndarray]) -> tuple[Path, Path, VideoInfo]:
    paths = folder / "source.yuv", folder / "decoded.yuv"
    for path, frames in zip(paths, (source, decoded)):
        path.write_bytes(video(frames))
    height, width = source[0].shape
    return *paths, VideoInfo(width, height, len(source), Fraction(25))
