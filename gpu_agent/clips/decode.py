"""A video file's frames, decoded with FFmpeg's libraries (PyAV) one at a time, and the facts they show.

The frame count is by decoding. A file that is damaged part of the way is used up to the damage, and its facts say so;
a file without one good frame is refused. Only plain media containers are opened (no playlists, no network), so an
upload cannot make the agent read anything but itself.
"""

from __future__ import annotations

import array
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import av.error

from gpu_agent.codec_kit.frames import Frame

from . import convert, timing
from .errors import ClipError
from .identity import Facts

CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,yuv4mpegpipe,h264,hevc,avi,ivf,mpegts,mpeg,mpegvideo,m4v,obu,flv,ogg,gif"
)
READABLE = "mp4, mov, mkv, webm, avi, y4m, raw .264/.h264 and .265/.hevc"
SMALLEST, LARGEST = 16, 8192


class FileReader:
    """Iterate once for the frames of `path`'s first video stream; `facts` is complete at the end.

    Raises ClipError where the file cannot be opened, has no video, no good frame, or changes its frame size.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.facts = Facts()

    def __iter__(self) -> Iterator[Frame]:
        try:
            container = av.open(
                str(self.path), options={"format_whitelist": CONTAINERS, "protocol_whitelist": "file"}, timeout=None
            )
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise ClipError(f"This file is not a video the lab can read ({READABLE}).") from error
        with container:
            videos = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
            if not videos:
                raise ClipError("This file has no video stream.")
            yield from self._frames(container, videos[0])

    def _frames(self, container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[Frame]:
        facts, stamps, interlaced = self.facts, array.array("q"), False
        stream.thread_type = "AUTO"
        size: tuple[int, int] | None = None
        stamped = True
        for picture in self._pictures(container, stream):
            if size is None:
                size = picture.width, picture.height
                _check_size(*size)
                convert.describe(picture, facts)
            elif (picture.width, picture.height) != size or picture.format.name != facts.pix_fmt:
                raise ClipError(
                    f"The picture changes from {size[0]}x{size[1]} {facts.pix_fmt} to "
                    f"{picture.width}x{picture.height} {picture.format.name} at frame {facts.frames + 1}; "
                    "a clip needs one size and format throughout."
                )
            if picture.pts is None:
                stamped = False
            else:
                stamps.append(picture.pts)
            interlaced = interlaced or bool(picture.interlaced_frame)
            facts.frames += 1
            yield convert.planes(picture)
        if facts.frames == 0:
            raise ClipError("No frame of this file could be decoded.")
        if interlaced:
            facts.note("Interlaced video: both fields stay woven in one frame.")
        if stream.frames > facts.frames:
            facts.note(f"The file announces {stream.frames} frames; {facts.frames} could be decoded.")
        self._set_rate(stream, stamps if stamped else None)

    def _pictures(self, container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame]:
        """Decoded pictures up to the first damage. Errors before the first picture are passed over: a stream may be cut in mid-GOP."""
        packets, seen = container.demux(stream), 0
        while True:
            try:
                packet = next(packets, None)
                pictures = [] if packet is None else packet.decode()
            except av.error.FFmpegError:
                if seen:
                    self._damaged(seen)
                    return
                continue
            if packet is None:
                return
            for picture in pictures:
                if picture.is_corrupt:
                    if seen:
                        self._damaged(seen)
                        return
                    continue
                seen += 1
                yield picture

    def _damaged(self, good: int) -> None:
        self.facts.note(f"The file is damaged after frame {good}; only the frames before it are used.")

    def _set_rate(self, stream: av.VideoStream, stamps: array.array | None) -> None:
        facts = self.facts
        declared = [_fraction(stream.average_rate), _fraction(stream.guessed_rate), _fraction(stream.base_rate)]
        if stamps is None:
            facts.fps = _fraction(stream.guessed_rate) or timing.FALLBACK
            facts.note(
                f"The stream carries no time stamps: {float(facts.fps):.5g} frames per second is its header's word, "
                "or 25 where it has none."
            )
            return
        if len(stamps) == 1:
            facts.fps = next((rate for rate in declared if rate and rate <= timing.HIGHEST), timing.FALLBACK)
            return
        constant = timing.constant_rate(stamps, Fraction(stream.time_base), declared)
        if constant is not None:
            facts.fps = constant
            return
        facts.fps = timing.average_rate(stamps, Fraction(stream.time_base)) or declared[0] or timing.FALLBACK
        facts.note(
            f"Variable frame rate: every frame is kept, shown at the average of {float(facts.fps):.5g} a second."
        )


def _fraction(rate: Fraction | None) -> Fraction | None:
    return Fraction(rate) if rate else None


def _check_size(width: int, height: int) -> None:
    if min(width, height) < SMALLEST or max(width, height) > LARGEST:
        raise ClipError(
            f"The picture is {width}x{height}; the lab takes {SMALLEST}x{SMALLEST} to {LARGEST}x{LARGEST} samples."
        )
