"""What a camera does to a picture: where it looks, what passes before it, film grain, light.

Samples are interpolated by OpenCV on 8-bit planes with positions in 32nds of a sample (bicubic), which is integer
arithmetic; blending and grain are integer arithmetic here. Frames are therefore the same on every machine in practice;
where a build of OpenCV or numpy should differ in a last bit, the clip's hash is that of the machine's own frames.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np

from gpu_agent.codec_kit.frames import Frame

DEPTH_UNITS = 16
"""Disparities are integers, in 16ths of a sample."""


class View(NamedTuple):
    """The photograph's point (x, y) is in the picture's centre, `zoom` samples per photograph sample, turned by `turn` radians."""

    x: float
    y: float
    zoom: float
    turn: float = 0.0

    def matrix(self, width: int, height: int, subsampling: int) -> np.ndarray:
        """2x3, from indices of the picture's plane to indices of the photograph's (sample centres at +0.5)."""
        cos, sin = math.cos(self.turn) / self.zoom, math.sin(self.turn) / self.zoom
        left, top = 0.5 * subsampling - width / 2, 0.5 * subsampling - height / 2
        return np.array(
            [
                [cos, -sin, (self.x + cos * left - sin * top) / subsampling - 0.5],
                [sin, cos, (self.y + sin * left + cos * top) / subsampling - 0.5],
            ]
        )


def look(photo: Frame, view: View, width: int, height: int) -> Frame:
    """The photograph as seen through `view`, `width` x `height` luma samples; mirrored beyond its edges."""
    return Frame(
        *(
            cv2.warpAffine(
                plane,
                view.matrix(width, height, s),
                (width // s, height // s),
                flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REFLECT_101,
            )
            for plane, s in zip(photo, (1, 2, 2))
        )
    )


def look_in_depth(photo: Frame, depth: np.ndarray, shift: float, view: View, width: int, height: int) -> Frame:
    """As `look`, from a camera moved sideways: points move by `shift` times their disparity.

    `depth` has two rows and columns per sample of the photograph, int32, in 1/DEPTH_UNITS samples.
    """
    planes, step = [], np.int32(round(shift * 65536 * 32 / DEPTH_UNITS))
    for plane, s in zip(photo, (1, 2, 2)):
        (a, b, c), (d, e, f) = view.matrix(width, height, s)
        column, row = np.arange(width // s)[None, :], np.arange(height // s)[:, None]
        # Positions in 32nds of a sample, as int32, which cv2.remap takes without rounding.
        x, y = _thirty_seconds(a * column, b * row + c), _thirty_seconds(d * column, e * row + f)
        near = depth[
            np.clip((y * s >> 4) + (s == 2), 0, depth.shape[0] - 1),
            np.clip((x * s >> 4) + (s == 2), 0, depth.shape[1] - 1),
        ]
        x += near * step // s + (1 << 15) >> 16
        whole = np.stack([x >> 5, y >> 5], -1).astype(np.int16)
        part = ((y & 31) * 32 + (x & 31)).astype(np.uint16)
        planes.append(cv2.remap(plane, whole, part, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101))
    return Frame(*planes)


def _thirty_seconds(across: np.ndarray, down: np.ndarray) -> np.ndarray:
    return np.rint(across * 32).astype(np.int32) + np.rint(down * 32).astype(np.int32)


class Cutout(NamedTuple):
    """A part of a photograph with a soft outline: `planes` and `alpha` (0–255, luma and chroma size), all even-sized."""

    planes: Frame
    alpha: Frame


def ellipse(photo: Frame, x: int, y: int, rx: int, ry: int, softness: float = 0.12) -> Cutout:
    """The ellipse about (x, y) with radii rx, ry; its edge falls off over `softness` of the radius. All numbers even."""
    left, top, right, bottom = x - rx, y - ry, x + rx, y + ry
    planes = Frame(
        photo.y[top:bottom, left:right],
        *(plane[top // 2 : bottom // 2, left // 2 : right // 2] for plane in photo[1:]),
    )
    alphas = []
    for plane in planes:
        h, w = plane.shape
        down, across = np.mgrid[0:h, 0:w]
        radius = np.sqrt(((across + 0.5) * 2 / w - 1) ** 2 + ((down + 0.5) * 2 / h - 1) ** 2)
        alphas.append(np.rint(255 * np.clip((1 - radius) / softness, 0, 1)).astype(np.uint8))
    return Cutout(planes, Frame(*alphas))


def lay_over(frame: Frame, cutout: Cutout, x: float, y: float, zoom: float, turn: float) -> None:
    """Blend the cutout into `frame` in place, its centre at (x, y) of the picture; what is outside is cut off."""
    height, width = frame.y.shape
    ch, cw = cutout.planes.y.shape
    reach = math.ceil(zoom * math.hypot(cw, ch) / 2) + 2
    left, top = max(0, int(x - reach)) // 2 * 2, max(0, int(y - reach)) // 2 * 2
    right, bottom = min(width, int(x + reach)) // 2 * 2, min(height, int(y + reach)) // 2 * 2
    if right <= left or bottom <= top:
        return
    # A view of the cutout whose centre falls on (x, y) of the picture: displaced against the patch's own centre.
    dx, dy = (left + right) / 2 - x, (top + bottom) / 2 - y
    cos, sin = math.cos(turn) / zoom, math.sin(turn) / zoom
    view = View(cw / 2 + cos * dx - sin * dy, ch / 2 + sin * dx + cos * dy, zoom, turn)
    w, h = right - left, bottom - top
    for plane, sprite, alpha, s in zip(frame, cutout.planes, cutout.alpha, (1, 2, 2)):
        matrix, size = view.matrix(w, h, s), (w // s, h // s)
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        over = cv2.warpAffine(sprite, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE).astype(np.uint16)
        weight = cv2.warpAffine(alpha, matrix, size, flags=flags, borderMode=cv2.BORDER_CONSTANT).astype(np.uint16)
        patch = plane[top // s : bottom // s, left // s : right // s]
        patch[:] = (patch * (255 - weight) + over * weight + 127) // 255


def mix(a: Frame, b: Frame, weight: int) -> Frame:
    """A dissolve: `weight` 256ths of b, the rest of a."""
    return Frame(
        *(
            ((p.astype(np.uint16) * (256 - weight) + q.astype(np.uint16) * weight + 128) >> 8).astype(np.uint8)
            for p, q in zip(a, b)
        )
    )


def dim(frame: Frame, light: int) -> Frame:
    """Less or more light: contrast and colour times `light` 256ths about black (16) and grey (128)."""
    levels = np.arange(256, dtype=np.int32)
    luma = np.clip(16 + ((levels - 16) * light + 128 >> 8), 16, 235).astype(np.uint8)
    chroma = np.clip(128 + ((levels - 128) * light + 128 >> 8), 16, 240).astype(np.uint8)
    return Frame(luma[frame.y], chroma[frame.u], chroma[frame.v])


def grain(frame: Frame, rng: np.random.Generator, strength: int) -> Frame:
    """Film grain: new in every frame, a little larger than a sample, strongest in the mid tones.

    `strength` is its standard deviation in mid tones, in luma levels; chroma gets half of it.
    """
    tones = np.arange(256, dtype=np.int32)
    envelope = np.clip(64 - np.abs(tones - 116) * 48 // 120, 16, 64)
    planes = []
    for plane, share in zip(frame, (strength, strength / 2, strength / 2)):
        noise = _noise(plane.shape, rng)
        gain = np.int32(round(share * 1024 / NOISE_DEVIATION))
        swing = noise * gain * (envelope[plane] if plane is frame.y else np.int32(64)) + (1 << 15) >> 16
        planes.append(np.clip(plane + swing, 16, 240).astype(np.uint8))
    return Frame(*planes)


NOISE_DEVIATION = 3 * math.sqrt(2 * (256**2 - 1) / 12)
"""Of `_noise`: nine sums of two uniform bytes added up."""


def _noise(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """int32, zero mean, near to normal, correlated over 3x3 samples."""
    count = shape[0] * shape[1]
    draws = np.frombuffer(rng.bytes(2 * count), np.uint8).reshape(2, *shape)
    white = draws[0].astype(np.int16) + draws[1] - 255
    return cv2.boxFilter(white, cv2.CV_32S, (3, 3), normalize=False)
