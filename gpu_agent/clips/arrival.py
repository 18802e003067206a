"""The agent's side of one reading: packets of a process that a hostile file may have taken over, checked and hashed.

Nothing is believed that the agent can see itself (sizes, count, hash); the rest must be possible, and is text.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, BinaryIO, Literal

from av.video.format import names as pixel_formats
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from . import packets
from .decode import LARGEST, SMALLEST
from .errors import Cancel, ClipError, DamagedError, Progress, check_cancel
from .identity import Digest, Facts

LARGEST_PACKET = 1 + LARGEST * LARGEST * 3 // 2
FACTS_BYTES = 16 << 10
SENTENCE_BYTES = 1 << 10
HIGHEST_RATE = 1 << 31
"""What a rate can be in FFmpeg (AVRational)."""

Note = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Rate = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,29}/[1-9][0-9]{0,29}$")]


class ImplausibleError(ClipError):
    """What came is not what a reader of the lab sends: the process is not believed in anything."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The decoder was led astray by this file ({what}), so the file is refused.")


class Said(BaseModel):
    """The facts as they may be."""

    model_config = ConfigDict(strict=True, extra="forbid")

    visible_width: int = Field(ge=SMALLEST, le=LARGEST)
    visible_height: int = Field(ge=SMALLEST, le=LARGEST)
    fps: Rate
    frames: int = Field(ge=1)
    full_range: bool
    matrix: Literal["bt601", "bt709"]
    pix_fmt: Annotated[str, StringConstraints(max_length=32)]
    notes: list[Note] = Field(max_length=16)


class Arrival:
    """`take` gets every packet in order; `outcome` then is the clip's hash and facts. One frame is held at a time.

    `sink`, `total`, `cancel`, `on_progress` are as for `identity.identify`; a `tolerant` reading never ends with damage.
    `take` raises ImplausibleError at the first packet that cannot be; `outcome` what the reader said of the file:
    DamagedError, or ClipError with its sentence.
    """

    def __init__(
        self,
        sink: BinaryIO | None = None,
        *,
        tolerant: bool = False,
        total: int | None = None,
        cancel: Cancel = None,
        on_progress: Progress = None,
    ) -> None:
        self._digest, self._total, self._cancel, self._on_progress = Digest(sink), total, cancel, on_progress
        self._tolerant, self._frames = tolerant, 0
        self._size: tuple[int, int] | None = None
        self._end: ClipError | Facts | None = None

    def take(self, packet: memoryview) -> None:
        check_cancel(self._cancel)
        if self._end is not None:
            raise ImplausibleError("it went on after its end")
        kind, rest = bytes(packet[:1]), packet[1:]
        if kind == packets.FRAME:
            self._frame(rest)
        elif kind == packets.SIZE:
            self._announced(rest)
        elif kind == packets.FACTS:
            self._end = self._facts(rest)
        elif kind == packets.REFUSED:
            self._end = ClipError(sentence(rest))
        elif kind == packets.DAMAGED and not rest and not self._tolerant:
            self._end = DamagedError("The decoder found damage in this file.")
        else:
            raise ImplausibleError("it sent what is no frame and no fact")

    @property
    def outcome(self) -> tuple[str, Facts]:
        if self._end is None:
            raise ImplausibleError("it ended without the facts of the clip")
        if isinstance(self._end, ClipError):
            raise self._end
        return self._digest.close(self._end), self._end

    def _announced(self, rest: memoryview) -> None:
        if self._size is not None or len(rest) != packets.SIZE_FORMAT.size:
            raise ImplausibleError("it announced its size twice, or not in one piece")
        width, height = packets.SIZE_FORMAT.unpack(rest)
        if width % 2 or height % 2 or min(width, height) < SMALLEST or max(width, height) > LARGEST:
            raise ImplausibleError(f"it announced frames of {width}x{height}")
        self._size = width, height

    def _frame(self, samples: memoryview) -> None:
        wanted = 0 if self._size is None else self._size[0] * self._size[1] * 3 // 2
        if len(samples) != wanted or not wanted:
            raise ImplausibleError(f"frame {self._frames} has {len(samples):,} bytes, not {wanted:,}")
        self._digest.add(samples)
        self._frames += 1
        if self._on_progress is not None:
            self._on_progress(self._frames, self._total)

    def _facts(self, rest: memoryview) -> Facts:
        if len(rest) > FACTS_BYTES:
            raise ImplausibleError("its facts are too long")
        try:
            said = Said.model_validate_json(bytes(rest))
        except ValidationError:
            raise ImplausibleError("its facts cannot be true") from None
        size = said.visible_width + said.visible_width % 2, said.visible_height + said.visible_height % 2
        rate = Fraction(said.fps)
        if size != self._size or said.frames != self._frames or rate > HIGHEST_RATE:
            raise ImplausibleError("its facts are not those of its frames")
        if said.pix_fmt not in pixel_formats or not all(note.isprintable() for note in said.notes):
            raise ImplausibleError("its facts are in no words of the lab")
        return Facts(
            *size,
            said.visible_width,
            said.visible_height,
            rate,
            self._frames,
            said.full_range,
            said.matrix,
            said.pix_fmt,
            said.notes,
        )


def sentence(said: memoryview) -> str:
    """A refusal's sentence as plain text on one line."""
    try:
        text = bytes(said[: SENTENCE_BYTES + 1]).decode()
    except UnicodeDecodeError:
        text = ""
    if not text.strip() or len(said) > SENTENCE_BYTES or not text.isprintable():
        raise ImplausibleError("its refusal is no sentence")
    return text
