"""One exact frame as PNG: the samples themselves through one documented conversion, at the visible size.

RGB by the matrix of BT.601 (Kr 0.299, Kb 0.114) or BT.709 (Kr 0.2126, Kb 0.0722), limited range 16–235/240 or full,
computed in double precision and rounded to nearest. Each chroma sample covers its 2x2 luma samples: nothing is
interpolated, so what is seen is what was decoded. A difference is decoded minus source, times the gain, around 128 in
all three planes, shown as full-range YUV: grey where equal, brighter where the decoded frame is too bright, tinted
where its colour is off.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from gpu_agent.codec_kit.frames import Frame, VideoInfo, planes_of
from gpu_agent.models import Clip

from .raw import read_frame

LUMA_WEIGHTS = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722)}
"""Kr and Kb: ITU-R BT.601-7 section 2.5.1, BT.709-6 item 3.2."""
COMPRESSION = 2
"""zlib level: twice the speed of the default for a few per cent of size."""


def frame_png(
    source: Path,
    decoded: Path | None,
    info: VideoInfo,
    index: int,
    kind: Literal["source", "decoded", "difference"],
    *,
    gain: float = 4,
    facts: Clip,
) -> bytes:
    """Frame `index` of the raw planes as PNG. ValueError for a frame that is not there or planes that are missing."""
    if kind == "source":
        frame, full_range = planes_of(read_frame(source, info, index), info), facts.full_range
    elif decoded is None:
        raise ValueError("The decoded frames are not there; only the source can be shown.")
    elif kind == "decoded":
        frame, full_range = planes_of(read_frame(decoded, info, index), info), facts.full_range
    elif kind == "difference":
        reference = planes_of(read_frame(source, info, index), info)
        frame = difference(reference, planes_of(read_frame(decoded, info, index), info), gain)
        full_range = True
    else:
        raise ValueError(f"A frame is shown as source, decoded or difference, not as {kind!r}.")
    rgb = to_rgb(frame, facts.matrix, full_range)[: facts.visible_height, : facts.visible_width]
    return encode_png(rgb)


def planes_png(planes: Path, info: VideoInfo, index: int) -> bytes:
    """The samples of frame `index` themselves, losslessly: a grey picture as wide as the coded luma and half as high again.

    Its rows hold the raw frame byte by byte: Y, then U, then V. Nothing is converted, cropped or interpolated.
    """
    return encode_png(read_frame(planes, info, index).reshape(info.height * 3 // 2, info.width))


def encode_png(rgb: np.ndarray) -> bytes:
    """(H, W, 3) uint8 RGB, or (H, W) uint8 grey, as PNG."""
    bgr = rgb if rgb.ndim == 2 else np.ascontiguousarray(rgb[..., ::-1])
    good, png = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, COMPRESSION])
    if not good:
        raise ValueError("The picture could not be written as PNG.")
    return png.tobytes()


def to_rgb(frame: Frame, matrix: str, full_range: bool) -> np.ndarray:
    """(H, W, 3) uint8 RGB of an 8-bit 4:2:0 frame; see the module for the formula."""
    kr, kb = LUMA_WEIGHTS[matrix]
    levels = np.arange(256, dtype=np.float64)
    luma = levels if full_range else (levels - 16) * (255 / 219)
    chroma = (levels - 128) * (1 if full_range else 255 / 224)
    y = luma[frame.y]
    u, v = (np.repeat(np.repeat(chroma[plane], 2, 0), 2, 1) for plane in (frame.u, frame.v))
    red = y + 2 * (1 - kr) * v
    blue = y + 2 * (1 - kb) * u
    green = (y - kr * red - kb * blue) / (1 - kr - kb)
    return np.clip(np.rint(np.stack([red, green, blue], -1)), 0, 255).astype(np.uint8)


def difference(source: Frame, decoded: Frame, gain: float) -> Frame:
    """Decoded minus source, amplified, around 128 in all planes."""
    shown = np.clip(np.rint(128 + gain * np.arange(-255, 256)), 0, 255).astype(np.uint8)
    return Frame(*(shown[b.astype(np.int16) - a + 255] for a, b in zip(source, decoded)))
