"""Browser-playable previews: H.264 4:2:0 in mp4, every frame a key frame, index in front.

Without inter prediction they are the fastest to make and to seek; without B frames and with a time base of one frame,
frame n lasts from n/fps to (n+1)/fps exactly, so a player that seeks to (n+0.5)/fps shows it.
Matrix and range are the clip's; primaries and transfer are always tagged BT.709, so that a browser does the same
matrix conversion as `frame_png` and no second one. The picture has the coded (even) size.
"""

from __future__ import annotations

import logging
import os
import secrets
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import PictureType
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from gpu_agent.clips.errors import Cancel, Progress, check_cancel
from gpu_agent.codec_kit.frames import VideoInfo
from gpu_agent.models import Clip

from .encoders import X264, Encoder
from .raw import read_frames

THREADS = 2
log = logging.getLogger(__name__)


def make_preview(
    planes: Path,
    info: VideoInfo,
    target: Path,
    *,
    clip_facts: Clip,
    encoder: Encoder = X264,
    on_progress: Progress = None,
    cancel: Cancel = None,
) -> None:
    """Write the first `info.frames` frames of `planes` to `target`, which appears only when it is whole.

    Where another encoder than x264 refuses or fails, x264 makes the preview from the start. Uses `full_range` and
    `matrix` of `clip_facts`. Raises ValueError where the planes file is too short and ClipCancelled where `cancel`
    says so.
    """
    try:
        encode_preview(encoder, planes, info, target, clip_facts, on_progress, cancel)
    except av.FFmpegError as problem:
        if encoder == X264:
            raise
        log.warning("%s failed, so libx264 makes this preview: %s", encoder.name, problem)
        encode_preview(X264, planes, info, target, clip_facts, on_progress, cancel)


def encode_preview(
    encoder: Encoder,
    planes: Path,
    info: VideoInfo,
    target: Path,
    clip_facts: Clip,
    on_progress: Progress = None,
    cancel: Cancel = None,
) -> None:
    """As `make_preview`, by this encoder alone: raises av.FFmpegError where it refuses or fails."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}) as container:
            stream = _stream(container, encoder, info, clip_facts)
            for index, samples in enumerate(read_frames(planes, info)):
                check_cancel(cancel)
                picture = av.VideoFrame.from_numpy_buffer(
                    samples.reshape(info.height * 3 // 2, info.width), format="yuv420p"
                )
                picture.pts, picture.time_base = index, 1 / Fraction(info.fps)
                picture.pict_type = PictureType.I
                container.mux(stream.encode(picture))
                if on_progress is not None:
                    on_progress(index + 1, info.frames)
            container.mux(stream.encode())
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def _stream(container: av.container.OutputContainer, encoder: Encoder, info: VideoInfo, clip: Clip) -> av.VideoStream:
    stream = container.add_stream(encoder.name, rate=Fraction(info.fps), options=encoder.options)
    stream.width, stream.height, stream.pix_fmt = info.width, info.height, "yuv420p"
    context = stream.codec_context
    context.time_base = 1 / Fraction(info.fps)
    context.thread_count = THREADS
    context.color_range = ColorRange.JPEG if clip.full_range else ColorRange.MPEG
    context.colorspace = Colorspace.SMPTE170M if clip.matrix == "bt601" else Colorspace.ITU709
    context.color_primaries = ColorPrimaries.BT709
    context.color_trc = ColorTrc.BT709
    return stream
