"""A video file's frames, decoded with FFmpeg's libraries (PyAV) one at a time, and the facts they show.

The frame count is by decoding. Only plain media containers are opened (no playlists, no network), so a file cannot make
anybody read anything but itself. In the agent's own process only the lab's own files are decoded; a person's file is
untrusted, and this code reads it inside the jail (`reading`, `reader`).

A file is first decoded strictly, on all cores. Where the decoder finds anything wrong, the file is read again on one
thread, because what a decoder conceals on several depends on their timing and would not hash the same twice: that
reading ends at the first damage the decoder cannot conceal, and the clip's facts say what was done.
"""

from __future__ import annotations

import array
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
import av.error

from gpu_agent.codec_kit.frames import Frame

from . import convert, timing
from .errors import Cancel, ClipError, DamagedError, Progress
from .identity import Facts, identify

CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,yuv4mpegpipe,h264,hevc,avi,ivf,mpegts,mpeg,mpegvideo,m4v,obu,flv,ogg,gif"
)
READABLE = "mp4, mov, mkv, webm, avi, y4m, raw .264/.h264 and .265/.hevc"
SMALLEST, LARGEST = 16, 8192


def identify_file(
    path: Path,
    sink: BinaryIO | None = None,
    *,
    total: int | None = None,
    cancel: Cancel = None,
    on_progress: Progress = None,
) -> tuple[str, Facts]:
    """The file's hash and facts, as `identity.identify`; read strictly, and tolerantly where that finds damage."""

    def read(tolerant: bool) -> tuple[str, Facts]:
        reader = FileReader(path, tolerant=tolerant)
        return identify(reader, sink, total=total, cancel=cancel, on_progress=on_progress), reader.facts

    return strict_then_tolerant(read, sink)


def strict_then_tolerant(read: Callable[[bool], tuple[str, Facts]], sink: BinaryIO | None) -> tuple[str, Facts]:
    """`read(False)`, and `read(True)` into an emptied sink where that finds damage."""
    try:
        return read(False)
    except DamagedError:
        if sink is not None:
            sink.seek(0)
            sink.truncate()
    return read(True)


class FileReader:
    """Iterate once for the frames of the first video stream of `source`, a path or an open file with a name; `facts` is
    complete at the end.

    Raises ClipError where the file cannot be opened, has no video, no good frame, or changes its frame size, and,
    unless `tolerant`, DamagedError at the first thing the decoder objects to.
    """

    def __init__(self, source: Path | BinaryIO, *, tolerant: bool = False) -> None:
        self.source = str(source) if isinstance(source, Path) else source
        self.tolerant = tolerant
        self.facts = Facts()

    def __iter__(self) -> Iterator[Frame]:
        try:
            container = av.open(
                self.source, options={"format_whitelist": CONTAINERS, "protocol_whitelist": "file"}, timeout=None
            )
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise ClipError(f"This file is not a video the lab can read ({READABLE}).") from error
        with container:
            videos = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
            if not videos:
                raise ClipError("This file has no video stream.")
            if videos[0].codec_context is None:
                raise ClipError("The video in this file is in a format that the lab cannot decode.")
            yield from self._frames(container, videos[0])

    def _frames(self, container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[Frame]:
        facts, stamps, interlaced = self.facts, array.array("q"), False
        if self.tolerant:
            stream.thread_type, stream.codec_context.thread_count = "NONE", 1
        else:
            stream.thread_type, stream.codec_context.options = "AUTO", {"err_detect": "crccheck+explode"}
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
        """Decoded pictures up to the first damage.

        When tolerant, errors before the first picture are passed over: a stream may have been cut in mid-GOP.
        """
        packets, seen = container.demux(stream), 0
        while True:
            try:
                packet = next(packets, None)
                pictures = [] if packet is None else packet.decode()
            except av.error.FFmpegError as error:
                if not self.tolerant:
                    raise DamagedError("The decoder found damage in this file.") from error
                if seen:
                    break
                continue
            if packet is None:
                if self.tolerant and seen:
                    self.facts.note("Parts of this file are damaged; the decoder concealed or left out what it lacked.")
                return
            for picture in pictures:
                if picture.is_corrupt and not self.tolerant:
                    raise DamagedError("The decoder found damage in this file.")
                if picture.is_corrupt and seen:
                    break
                if not picture.is_corrupt:
                    seen += 1
                    yield picture
            else:
                continue
            break
        self.facts.note(f"The file is damaged after frame {seen}; only the frames before it are used.")

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
