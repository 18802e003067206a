"""An anchor's point made again to be looked at: encoded with the same settings, and shown only if it is what was measured.

No stream of an anchor is kept, because its settings say all that is needed. What comes out must have the recorded
size and the recorded figures (and the recorded hash, where the point has one); an encoder that is not deterministic,
or another version of it, is refused with a sentence rather than shown in place of what was measured.
"""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path
from typing import NamedTuple

from ..codec_kit.frames import VideoInfo
from ..hashing import file_sha256
from ..measure import MeasureError, measure
from ..measure.ffmpeg import FfmpegError, executable
from ..models import Clip
from .catalogue import Anchor
from .point import Coded, Planes, code_point
from .records import AnchorPoint

SAME_DB = 1e-6
"""Figures go through JSON; beyond that, the same frames have the same figures."""


class NotTheSame(RuntimeError):
    """What came out is not what was measured, or nothing came out; the message is a sentence."""


class Again(NamedTuple):
    """`series`: the figures frame by frame, as an experiment's `frames.json` has them; bits by frame are not known."""

    coded: Coded
    series: dict[str, list | None]


def point_key(clip_sha256: str, frames: int, anchor: str, point: AnchorPoint) -> str:
    """Where the files of a point lie among the artifacts. Another measurement of the same settings has another place."""
    figures = json.dumps([point.bytes, point.psnr_y, point.psnr_u, point.psnr_v, point.decoded_sha256])
    mark = hashlib.sha256(figures.encode()).hexdigest()[:12]
    return f"clips/{clip_sha256}/anchors/{frames}/{anchor}/r{point.rate}/{mark}"


def planes_of_clip(clip: Clip, source: Path, frames: int) -> Planes:
    """The first `frames` frames of a clip whose raw planes are `source`."""
    info = VideoInfo(clip.width, clip.height, frames, clip.fps_fraction)
    return Planes(source, info, (clip.visible_width, clip.visible_height), clip.full_range, clip.matrix)


def code_again(
    anchor: Anchor, point: AnchorPoint, planes: Planes, folder: Path, *, cancel: threading.Event | None = None
) -> Again:
    """Make the point again in `folder`. Raises NotTheSame, or MeasureCancelled once `cancel` is set."""
    try:
        run = {"ffmpeg": executable(), "cancel": cancel, "niceness": 0}  # somebody waits for it
        coded = code_point(anchor, point.rate, planes, folder, **run)
        if coded.bytes != point.bytes:
            found, wanted = f"{coded.bytes:,}", f"{point.bytes:,}"
            raise NotTheSame(
                f"{anchor.label} at {point.rate} came out with {found} bytes, but {wanted} were measured: this encoder "
                "is another version, or does not give the same bits twice. Its frames are not shown."
            )
        seen = measure(planes.path, coded.decoded, planes.info, visible=planes.visible, cancel=cancel)
    except (FfmpegError, MeasureError) as e:
        raise NotTheSame(f"{anchor.label} at {point.rate} cannot be made again here: {e}") from e
    hashed = point.decoded_sha256 is None or file_sha256(coded.decoded) == point.decoded_sha256
    figures = ("psnr_y", "psnr_u", "psnr_v")
    if not hashed or any(abs(getattr(seen, name) - getattr(point, name)) > SAME_DB for name in figures):
        raise NotTheSame(
            f"{anchor.label} at {point.rate} came out with other frames than were measured. They are not shown."
        )
    return Again(coded, seen.series.to_dict() | {"bits": None})
