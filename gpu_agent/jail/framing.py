"""The agent's side of the output pipe: bytes of an untrusted writer cut into packets or frames, with bounds."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from typing import Protocol

from .policy import FRAMING_BYTES

READ_BYTES = 1 << 20


class TooLarge(Exception):
    """The code wrote more than it may."""


class TooMany(TooLarge):
    """The code wrote more packets than it may; the text is the sentence."""


class Output(Protocol):
    """Reads the output pipe. `total` counts every byte that arrived, `sent` what was handed on whole."""

    total: int
    sent: int

    def read(self, fd: int) -> bool:
        """Take what the pipe has now; False at its end. Raises TooLarge, BlockingIOError, or what the sink raises."""
        ...

    def fault(self) -> str | None:
        """After the end: what is wrong with the output as a whole, in words; None where it is whole."""
        ...


class PacketOutput:
    """Length-prefixed packets (u32 little endian, then the bytes): `most` of them, at most `limit` bytes with the framing.

    Memory grows with what arrived, never with what a length field claims.
    """

    def __init__(self, limit: int, on_packet: Callable[[bytes], None], *, most: int) -> None:
        self.total = self.sent = 0
        self._limit, self._most, self._on_packet = limit, most, on_packet
        self._buffer = bytearray()

    def read(self, fd: int) -> bool:
        data = os.read(fd, READ_BYTES)
        self.total += len(data)
        self._buffer += data
        if self.total > self._limit:
            raise TooLarge
        at = 0
        while len(self._buffer) - at >= FRAMING_BYTES:
            (size,) = struct.unpack_from("<I", self._buffer, at)
            end = at + FRAMING_BYTES + size
            if self.total - len(self._buffer) + end > self._limit:
                raise TooLarge
            if self.sent == self._most:
                raise TooMany(
                    f"It yielded more than the {self._most:,} packets that a bitstream of this clip may have."
                )
            if end > len(self._buffer):
                break
            self.sent += 1
            self._on_packet(bytes(memoryview(self._buffer)[at + FRAMING_BYTES : end]))
            at = end
        del self._buffer[:at]
        return bool(data)

    def fault(self) -> str | None:
        if self._buffer:
            return (
                f"the output ended within packet {self.sent}: its last {len(self._buffer):,} bytes are no whole packet"
            )
        return None


class StreamOutput:
    """Packets as `PacketOutput` has them, where all together are too much to hold: one buffer for one packet after the
    other, of at most `largest` bytes. The view handed on is read-only and lives for the call.

    The buffer grows with what arrived, never with what a length field claims.
    """

    def __init__(self, limit: int, largest: int, on_packet: Callable[[memoryview], None]) -> None:
        self.total = self.sent = 0
        self._limit, self._largest, self._on_packet = limit, largest, on_packet
        self._head, self._buffer = bytearray(FRAMING_BYTES), bytearray()
        self._size: int | None = None
        self._filled = 0

    def read(self, fd: int) -> bool:
        if self._size is None:
            got = self._take(fd, self._head, FRAMING_BYTES)
            if self._filled < FRAMING_BYTES:
                return got > 0
            (size,) = struct.unpack("<I", self._head)
            if size > self._largest or self.total + size > self._limit:
                raise TooLarge
            self._size, self._filled = size, 0
        else:
            upto = min(self._size, self._filled + READ_BYTES)
            if len(self._buffer) < upto:
                self._buffer.extend(bytes(upto - len(self._buffer)))
            got = self._take(fd, self._buffer, upto)
        if self._filled == self._size:
            self._size, self._filled, size = None, 0, self._size
            self.sent += 1
            with memoryview(self._buffer) as whole, whole[:size].toreadonly() as packet:
                self._on_packet(packet)
        return got > 0

    def _take(self, fd: int, into: bytearray, upto: int) -> int:
        with memoryview(into) as whole, whole[self._filled : upto] as room:
            got = os.readv(fd, [room])
        self.total += got
        self._filled += got
        return got

    def fault(self) -> str | None:
        if self._size is not None or self._filled:
            return f"the output ended within packet {self.sent}"
        return None


class FrameOutput:
    """Raw frames, exactly `frames` of `frame_bytes` each. The view handed on is read-only and lives for the call."""

    def __init__(self, frames: int, frame_bytes: int, on_frame: Callable[[memoryview], None]) -> None:
        self.total = self.sent = 0
        self._frames, self._frame_bytes, self._on_frame = frames, frame_bytes, on_frame
        self._buffer = bytearray(frame_bytes)
        self._filled = 0

    def read(self, fd: int) -> bool:
        if self.sent == self._frames:
            surplus = os.read(fd, 1)
            self.total += len(surplus)
            if surplus:
                raise TooLarge
            return False
        got = os.readv(fd, [memoryview(self._buffer)[self._filled :]])
        self.total += got
        self._filled += got
        if self._filled == self._frame_bytes:
            self._filled = 0
            self.sent += 1
            self._on_frame(memoryview(self._buffer).toreadonly())
        return got > 0

    def fault(self) -> str | None:
        if self.sent != self._frames:
            rest = f" and {self._filled:,} bytes" if self._filled else ""
            return f"{self._frames} frames were expected, {self.sent}{rest} arrived"
        return None
