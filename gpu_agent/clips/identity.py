"""What makes two clips the same: the hash over their frames as the measurement sees them.

The identity of a clip is

    sha256(planes || trailer)
    planes  = for each frame in display order: Y, then U, then V, 8 bits a sample, coded (even) size, no padding
    trailer = "\\n{width}x{height} {fps numerator}/{fps denominator}\\n", the fraction in lowest terms, ASCII

so the container, the codec it was stored with and its name do not enter, and anybody can check it:
`(cat planes.yuv; printf '\\n176x144 30000/1001\\n') | sha256sum`. The trailer comes last because the rate is known
only when the last time stamp has been read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import BinaryIO, Protocol

import numpy as np

from gpu_agent.codec_kit.frames import Frame

from .errors import Cancel, ClipError, Progress, check_cancel


@dataclass
class Facts:
    """What is known of a clip from its frames. Sizes in luma samples; `width` and `height` are even."""

    width: int = 0
    height: int = 0
    visible_width: int = 0
    visible_height: int = 0
    fps: Fraction = Fraction(0)
    frames: int = 0
    full_range: bool = False
    matrix: str = "bt709"
    pix_fmt: str = "yuv420p"
    notes: list[str] = field(default_factory=list)

    def note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)


class Reader(Protocol):
    """A clip's frames, once, in display order. `facts` is complete when the iteration has ended.

    The planes of a frame may be reused for the next one.
    """

    facts: Facts

    def __iter__(self) -> Iterator[Frame]: ...


def trailer(width: int, height: int, fps: Fraction) -> bytes:
    return f"\n{width}x{height} {fps.numerator}/{fps.denominator}\n".encode("ascii")


class Digest:
    """The hash while the frames come: each plane with `add`, in order, then `close`."""

    def __init__(self, sink: BinaryIO | None = None) -> None:
        self._hash, self._sink = hashlib.sha256(), sink

    def add(self, samples: memoryview) -> None:
        """Samples of the next plane or frame; they are written to the sink as well."""
        self._hash.update(samples)
        if self._sink is not None:
            self._sink.write(samples)

    def close(self, facts: Facts) -> str:
        """The clip's sha256 (hex)."""
        self._hash.update(trailer(facts.width, facts.height, facts.fps))
        return self._hash.hexdigest()


def identify(
    reader: Reader,
    sink: BinaryIO | None = None,
    *,
    total: int | None = None,
    cancel: Cancel = None,
    on_progress: Progress = None,
) -> str:
    """The clip's sha256 (hex); each frame is also written to `sink` as raw planes. One frame is held at a time."""
    digest, done = Digest(sink), 0
    for frame in reader:
        check_cancel(cancel)
        for plane in frame:
            digest.add(np.ascontiguousarray(plane).data.cast("B"))
        done += 1
        if on_progress is not None:
            on_progress(done, total)
    facts = reader.facts
    if done == 0 or done != facts.frames:
        raise ClipError("The clip has no frame that could be decoded.")
    return digest.close(facts)
