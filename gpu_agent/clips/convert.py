"""One decoded picture as 8-bit 4:2:0 planes of even size: what is taken as it is, what is converted, and how.

Taken bit for bit: 8-bit 4:2:0 (limited or full range), NV12 and 8-bit grey (chroma 128). Everything else goes once
through swscale (bicubic, bit-exact, accurate rounding) and the clip says so. Full range stays full range.
Odd sizes are padded to even by repeating the last column and row; 4:2:0 chroma of an odd size already has that size.
Rotation by quarter turns is carried out on the planes, which loses nothing.
"""

from __future__ import annotations

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation

from gpu_agent.codec_kit.frames import Frame

from .identity import Facts

PLANAR = {"yuv420p", "yuvj420p"}
EXACT = PLANAR | {"nv12", "gray"}
BT601_MATRICES = {4, 5, 6}
"""AVCOL_SPC_FCC, BT470BG, SMPTE170M: FCC's coefficients (0.30, 0.59, 0.11) are BT.601's to two digits."""
_SCALER = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.BITEXACT


def describe(picture: av.VideoFrame, facts: Facts) -> None:
    """Fill `facts` with size, range, matrix and what `planes` will convert, from the clip's first picture."""
    name, space = picture.format.name, int(picture.colorspace)
    turned = picture.rotation % 180 != 0
    facts.visible_width, facts.visible_height = (
        (picture.height, picture.width) if turned else (picture.width, picture.height)
    )
    facts.width, facts.height = (
        facts.visible_width + facts.visible_width % 2,
        facts.visible_height + (facts.visible_height % 2),
    )
    facts.pix_fmt = name
    facts.full_range = is_full_range(picture)
    facts.matrix = matrix_of(picture)
    if space not in {0, 1, 2, *BT601_MATRICES}:
        facts.note(f"Its colour matrix (code {space} of ITU-T H.273) is kept and shown as BT.709.")
    if int(picture.color_trc) in {16, 18}:
        facts.note("It is high dynamic range video; its samples are kept without tone mapping.")
    if name == "gray":
        facts.note("Grey video: the chroma planes are 128 everywhere.")
    elif name not in EXACT:
        facts.note(f"Converted once from {name} to 8-bit 4:2:0 (swscale, bicubic, bit-exact).")
    if picture.rotation % 360:
        facts.note(f"Turned upright by {picture.rotation % 360} degrees, as the file asks.")
    if (facts.width, facts.height) != (facts.visible_width, facts.visible_height):
        facts.note(
            f"Padded from {facts.visible_width}x{facts.visible_height} to {facts.width}x{facts.height} "
            "by repeating the last column or row."
        )


def is_full_range(picture: av.VideoFrame) -> bool:
    name = picture.format.name
    if name.startswith("yuvj"):
        return True
    return int(picture.color_range) == ColorRange.JPEG and not picture.format.is_rgb


def matrix_of(picture: av.VideoFrame) -> str:
    """bt601 or bt709: what the stream says, else by size as players do (standard definition is BT.601)."""
    space = int(picture.colorspace)
    if space in BT601_MATRICES:
        return "bt601"
    if space == 2 and not picture.format.is_rgb:
        return "bt601" if picture.width < 1280 and picture.height <= 576 else "bt709"
    return "bt709"


def planes(picture: av.VideoFrame) -> Frame:
    """The picture as Y, U, V of even size. The arrays may be views of the decoder's memory: copy what must last."""
    turns = picture.rotation % 360 // 90
    name = picture.format.name
    if name not in EXACT:
        picture = _rescale(picture)
    y = _samples(picture, 0, picture.width, picture.height)
    w, h = (picture.width + 1) // 2, (picture.height + 1) // 2
    if name == "gray":
        u = v = np.full((h, w), 128, np.uint8)
    elif name == "nv12":
        both = _samples(picture, 1, 2 * w, h)
        u, v = both[:, 0::2], both[:, 1::2]
    else:
        u, v = _samples(picture, 1, w, h), _samples(picture, 2, w, h)
    y, u, v = (np.rot90(plane, turns) if turns else plane for plane in (y, u, v))
    if y.shape[0] % 2 or y.shape[1] % 2:
        y = np.pad(y, ((0, y.shape[0] % 2), (0, y.shape[1] % 2)), mode="edge")
    return Frame(y, u, v)


def _samples(picture: av.VideoFrame, index: int, width: int, height: int) -> np.ndarray:
    plane = picture.planes[index]
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:height, :width]


def _rescale(picture: av.VideoFrame) -> av.VideoFrame:
    if picture.format.is_rgb or picture.format.name == "pal8":
        return picture.reformat(
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=_SCALER,
            threads=1,
        )
    matrix = Colorspace.ITU601 if matrix_of(picture) == "bt601" else Colorspace.ITU709
    span = ColorRange.JPEG if is_full_range(picture) else ColorRange.MPEG
    return picture.reformat(
        format="yuv420p",
        src_colorspace=matrix,
        dst_colorspace=matrix,
        src_color_range=span,
        dst_color_range=span,
        interpolation=_SCALER,
        threads=1,
    )
